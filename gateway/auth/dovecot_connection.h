// DovecotConnection: one connection to Dovecot's authentication socket, shared by the log-ins of
// one loop: each has an id, and the answers come in any order. It reads only while somebody waits
// for an answer, by a coroutine that is gone before the last of them goes on, so that nothing of it
// is left when the sessions are. DovecotConnections keeps one for each socket; owned by the
// LoopThread, outlives its sessions. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/async/loop.h"
#include "gateway/auth/dovecot_protocol.h"
#include "gateway/base/descriptor.h"

namespace sekisho::auth {

class DovecotConnection : public std::enable_shared_from_this<DovecotConnection> {
 public:
  // Connects and says hello; ErrorKind::unavailable when nobody takes the connection.
  static Result<std::shared_ptr<DovecotConnection>> open(Loop& loop, const std::string& path);
  explicit DovecotConnection(Loop& loop, Descriptor socket)
      : loop_(loop), socket_(std::move(socket)) {}
  DovecotConnection(const DovecotConnection&) = delete;
  DovecotConnection& operator=(const DovecotConnection&) = delete;

  // Can new log-ins use it? Not once the server has closed it, broken the protocol or been silent.
  [[nodiscard]] bool is_usable() const;
  [[nodiscard]] std::uint32_t new_id() { return ++last_id_; }
  // Waits for the server's hello and says what it offers; empty when none comes.
  Task<std::vector<dovecot::Mechanism>> await_mechanisms(Deadline deadline, CancelSource& cancel);
  // What the server offers; empty until its hello has come.
  [[nodiscard]] const std::vector<dovecot::Mechanism>& mechanisms() const { return mechanisms_; }

  // Sends a line about `id`, wipes it, and waits for the answer: that, or ErrorKind::unavailable
  // when the connection is lost or the deadline has passed, or ErrorKind::cancelled.
  Task<Result<dovecot::Answer>> ask(std::uint32_t id, std::string line, Deadline deadline,
                                    CancelSource& cancel);
  // Nobody will go on with `id`.
  void forget(std::uint32_t id);

 private:
  struct Waiting;
  static constexpr std::uint32_t kNobody = 0;  // the id under which the hello is awaited
  Result<void> send(std::string_view bytes);
  static Task<void> read_answers(std::shared_ptr<DovecotConnection> self);
  [[nodiscard]] bool read_some();
  void take(std::string_view line);
  void deliver(dovecot::Answer answer);
  void lose(std::string_view why);

  Loop& loop_;
  Descriptor socket_;
  std::map<std::uint32_t, Waiting*> waiting_;
  std::string ahead_;  // the beginning of a line
  std::vector<dovecot::Mechanism> mechanisms_;
  std::vector<dovecot::Mechanism> offered_;  // until DONE
  CancelSource* pause_ = nullptr;            // stops the reader's wait; null: no wait
  Event reader_ended_;
  std::uint32_t last_id_ = 0;
  bool reading_ = false;
  bool greeted_ = false;
  bool lost_ = false;
  bool silent_ = false;
};

class DovecotConnections {
 public:
  explicit DovecotConnections(Loop& loop) : loop_(loop) {}
  // The one that is there, or a new one.
  Result<std::shared_ptr<DovecotConnection>> to(const std::string& path);

 private:
  Loop& loop_;
  std::map<std::string, std::shared_ptr<DovecotConnection>> open_;
};

}  // namespace sekisho::auth
