// ScramServer: the server's half of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, 7677, 9266) by
// libgsasl, which gets stored keys only. The client's messages go in, ours come out. Waits for
// nothing: microseconds. One for each attempt; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/auth/scram_secret.h"

namespace sekisho::auth {

class ScramServer {
 public:
  enum class Outcome : std::uint8_t { more, proven, wrong, malformed };
  struct Step {
    Outcome outcome = Outcome::malformed;
    std::string text;  // more, proven: what the client gets; else the reason, for the log
  };
  // The secret of a name, as it stands in the client's message; one that fits no password for
  // nobody. Asked once.
  using Lookup = std::function<ScramSecret(const std::string& name)>;
  struct Terms {
    bool plus = false;            // is it SCRAM-SHA-256-PLUS?
    std::string channel_binding;  // tls-exporter; not empty: -PLUS was offered
  };

  ScramServer(Terms terms, Lookup lookup);
  ~ScramServer();
  ScramServer(const ScramServer&) = delete;
  ScramServer& operator=(const ScramServer&) = delete;

  // `proven`: what it says proves to the client that we know its secret; then it is over.
  Step step(std::string_view message);

  // Of the client's first message, when that made sense; both as they stand there.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& authorize_as() const { return authorize_as_; }

 private:
  struct Library;
  struct Session;
  [[nodiscard]] std::string objection(std::string_view first) const;
  bool look_up();

  Terms terms_;
  Lookup lookup_;
  std::string name_;
  std::string authorize_as_;
  std::unique_ptr<Session> session_;
  bool begun_ = false;
};

}  // namespace sekisho::auth
