// One connection of a ScriptedUpstream, in its own thread: the socket, the default dialogue, and
// the steps that stand in for it. What is shared by the connections and the test is a
// ScriptedRecord.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

#include "tests/support/scripted_upstream.h"

namespace sekisho::test {

struct ScriptedRecord {
  struct Override {
    std::vector<Step> steps;
    std::size_t times = 0;  // 0: always
  };

  // The steps for this point of a connection; none: the default.
  std::optional<std::vector<Step>> take(const std::string& point);
  template <class Change>
  void change(Change change_it) {
    {
      const std::lock_guard lock(mutex);
      change_it(*this);
      ++version;
    }
    changed.notify_all();
  }

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::uint64_t version = 0;  // all below are guarded by mutex
  std::map<std::string, std::deque<Override>, std::less<>> overrides;
  std::vector<ScriptedUpstream::Message> messages;
  std::vector<std::string> commands;
  std::vector<std::string> flights;
  std::size_t final_dots = 0;
  std::size_t connections = 0;
  std::uint64_t body_bytes = 0;
  std::size_t releases = 0;
  bool stopping = false;
  std::vector<int> open;
};

class ScriptedConnection {
 public:
  // Takes `fd`. `tls` may be null.
  ScriptedConnection(int fd, const ScriptedUpstream::Options& options, SSL_CTX* tls,
                     ScriptedRecord& record);
  ~ScriptedConnection();
  ScriptedConnection(const ScriptedConnection&) = delete;
  ScriptedConnection& operator=(const ScriptedConnection&) = delete;

  void run();

 private:
  // What was or would be said at a point; `over` when the connection is.
  struct Said {
    char digit = 0;  // the first of the reply
    bool over = false;
    bool by_default = true;
  };
  // Does the steps of a point, or gives the default answer. `before` is told the reply's first
  // digit before it goes out, so that what the test then sees is already recorded.
  template <class Before>
  Said at(const std::string& point, std::string_view default_reply, Before before);
  Said at(const std::string& point, std::string_view default_reply);
  bool do_step(const Step& step);
  bool command(std::string_view line);
  bool take_message();
  bool take_chunk(std::string_view line);
  bool end_message();
  std::string ehlo_reply() const;
  std::string final_reply() const;

  bool handshake();
  bool say(std::string_view bytes, bool one_by_one);
  std::size_t receive(char* into, std::size_t size);
  bool fill(bool in_body);  // more bytes into in_
  std::optional<std::string> read_line();
  void hold();

  int fd_;
  const ScriptedUpstream::Options& options_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  ScriptedRecord& record_;
  std::string in_;
  ScriptedUpstream::Message message_;
  bool lmtp_ = false;
};

}  // namespace sekisho::test
