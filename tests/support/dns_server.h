// A DNS server for tests, on loopback, UDP and TCP on one port that the system chose, with a thread
// of its own. It answers from records or as badly as it is told, and counts what it is asked.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/base/descriptor.h"
#include "gateway/base/ip.h"

namespace sekisho::testing {

class DnsServer {
 public:
  enum class Manner : std::uint8_t {
    answer,    // the records, or NXDOMAIN
    silent,    // nothing at all
    fail,      // SERVFAIL
    truncate,  // over UDP only that it is too long
    wrong_id,  // an answer to another question
    garbage,   // bytes
  };

  DnsServer();
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  [[nodiscard]] Endpoint endpoint() const { return endpoint_; }

  // Names in lower case without a final dot. `type` is a number of the DNS; the data is what stands
  // on the wire: see the helpers below.
  void add(std::string_view name, std::uint16_t type, std::string data);
  void add_a(std::string_view name, std::string_view address);
  void add_mx(std::string_view name, std::uint16_t preference, std::string_view host);
  void add_ptr(std::string_view name, std::string_view host);
  void add_txt(std::string_view name, std::string_view text);
  void behave(Manner manner);
  void silence(std::string_view name);  // this one gets no answer, whatever the manner

  // How often `name` was asked for by queries that reached us, by UDP and TCP together.
  [[nodiscard]] int asked(std::string_view name) const;
  [[nodiscard]] int asked_by_tcp() const;

 private:
  using Key = std::pair<std::string, std::uint16_t>;

  void serve();
  void serve_udp();
  void serve_tcp();
  // Empty: no reply.
  std::string reply(std::string_view query, bool tcp);
  std::string answer(std::string_view query, const Key& key, std::size_t question_end) const;

  Descriptor udp_;
  Descriptor tcp_;
  Descriptor stop_;
  Endpoint endpoint_;
  mutable std::mutex mutex_;
  std::map<Key, std::vector<std::string>> records_;
  std::map<std::string, int, std::less<>> asked_;
  std::set<std::string, std::less<>> silenced_;
  int asked_by_tcp_ = 0;
  Manner manner_ = Manner::answer;
  std::thread thread_;
};

}  // namespace sekisho::testing
