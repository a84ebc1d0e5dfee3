// TlsCertificates: all certificates of a server, and which of them a handshake shows. They are read
// anew when their files change, each pair by itself: one that does not fit or is half-written is
// refused and the one before it stays. Sessions keep what they began with. Any thread; reading is
// not for a loop.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/net/tls_pair.h"

namespace sekisho {

class TlsCertificates {
 public:
  struct Sources {
    std::vector<TlsPairFiles> pairs;  // the first is the default
    // Searched for pairs, and each folder in it: fullchain.pem with privkey.pem (certbot), tls.crt
    // with tls.key (Kubernetes), NAME.crt with NAME.key (lego).
    std::filesystem::path directory{};
    std::string hostname{};  // without `pairs` the default is the first one for this name
    bool operator==(const Sources&) const = default;
  };
  struct Look {
    std::vector<std::string> changed;  // "FILE: example.com, *.example.com"
    std::vector<std::string> refused;  // why; each reason once, not at every look
  };

  // Refused as a whole when one pair is, or when there is none.
  static Result<std::shared_ptr<TlsCertificates>> open(Sources sources);
  ~TlsCertificates();

  [[nodiscard]] const Sources& sources() const { return sources_; }
  Look look_for_changes();

  // Has `context` show them: by the name that the client asks for (an exact name before a wildcard,
  // which stands for one label), else the default; one of each kind of key. Must outlive it.
  void install(SSL_CTX* context) const;
  // The pairs for a name, "" for none.
  [[nodiscard]] std::vector<std::shared_ptr<const TlsPair>> choose(std::string_view name) const;

 private:
  struct Known;
  struct Table;
  explicit TlsCertificates(Sources sources);
  [[nodiscard]] Result<std::vector<TlsPairFiles>> find_files() const;
  // Both: true where what handshakes show must be put together anew.
  bool drop_absent(const std::vector<TlsPairFiles>& present, Look& look);
  bool read(const TlsPairFiles& files, Look& look);
  void publish();
  [[nodiscard]] std::shared_ptr<const Table> table() const;
  static int show(SSL* ssl, void* certificates);

  const Sources sources_;
  std::mutex looking_;
  std::map<TlsPairFiles, Known> known_;  // guarded by looking_
  std::string search_refused_;           // guarded by looking_
  mutable std::mutex table_mutex_;
  std::shared_ptr<const Table> table_;  // guarded by table_mutex_
};

// The pairs in a folder and in the folders in it, sorted.
Result<std::vector<TlsPairFiles>> find_tls_pairs(const std::filesystem::path& directory);

}  // namespace sekisho
