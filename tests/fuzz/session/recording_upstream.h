// RecordingUpstream: an SMTP server on a loopback port, on the loop of the session under test. It
// takes every message, unless its Misbehaviour says otherwise, and keeps what it was asked. What no
// client may ever send to it (a control byte in a command, a bare LF in a message) ends the
// program. Owned by the fuzz target.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/net/line_reader.h"
#include "gateway/net/listener.h"
#include "tests/fuzz/session/misbehaviour.h"

namespace sekisho::fuzz {

class RecordingUpstream {
 public:
  struct Message {
    std::size_t recipients = 0;  // that were accepted
    std::string text;            // decoded
    bool taken = false;          // this server will deliver it
  };
  // All since begin().
  struct Record {
    std::vector<std::string> asked_for;  // the argument of each RCPT, accepted or not
    std::vector<Message> messages;       // whose final dot came
  };

  explicit RecordingUpstream(Loop& loop);

  void begin(const Misbehaviour& misbehaviour, bool has_extensions);
  [[nodiscard]] const Record& record() const { return record_; }
  [[nodiscard]] std::uint16_t port() const { return listener_.address().port; }
  // Until every connection has ended.
  Task<void> wait_quiet();

 private:
  // What a point of the dialogue does: goes on, expects the message, or ends the connection.
  enum class Next : std::uint8_t { command, message, end };
  struct Connection;

  Task<void> serve(int fd);
  Task<void> converse(Connection& connection);
  Task<Next> obey(Connection& connection, std::string line);
  Task<Next> take_message(Connection& connection);
  Task<Next> take_chunk(Connection& connection, std::string line);
  Task<Next> keep(Connection& connection, Message message);
  // Says `good`, or what the misbehaviour wants at that point.
  Task<Next> answer(Connection& connection, std::string_view at, std::string_view good);
  [[nodiscard]] bool misbehaves(std::string_view at) const;

  Loop& loop_;
  CancelSource never_;
  Misbehaviour misbehaviour_;
  bool has_extensions_ = true;
  std::size_t times_there_ = 0;  // at the point of the misbehaviour
  Record record_;
  std::size_t open_ = 0;
  Event closed_;
  Listener listener_;
};

}  // namespace sekisho::fuzz
