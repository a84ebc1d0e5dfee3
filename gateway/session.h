// Session: one client's conversation, from the greeting to the close, as one coroutine that reads
// like RFC 5321: a loop, a switch, a verb a function. What a verb means lives elsewhere: the order
// in smtp::Dialog, the log-in in auth_exchange.h, the mail in Transaction. Owned by its LoopThread;
// one thread. It ends by itself: cut() only makes its waits return.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/connection.h"
#include "gateway/conversation.h"
#include "gateway/smtp/dialog.h"
#include "gateway/smtp/xclient.h"
#include "gateway/transaction.h"

namespace sekisho {

class Session {
 public:
  Session(SessionServices& services, Connection connection);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Task<void> run();

  // Ends with 421 as soon as no transaction is under way.
  void drain();
  // Ends now.
  void cut() { cancel_.cancel(); }

 private:
  struct Speaker {
    Endpoint remote;
    Endpoint local;
    bool known = true;
  };
  // Why the session ends: a word for the log. Nothing: it goes on.
  using End = std::optional<std::string_view>;

  Task<std::string_view> converse();
  Task<End> greet();
  Task<Result<LineReader::Line>> next_line();
  Task<End> obey(std::string_view line);
  std::string_view lost_client(const Error& error);

  Task<End> on_hello(smtp::Verb verb, std::string_view argument);
  Task<End> on_starttls();
  Task<End> on_auth(std::string_view argument);
  Task<End> on_xclient(std::string_view argument);
  Task<End> on_mail(std::string_view argument);
  Task<void> on_rcpt(std::string_view argument);
  Task<End> on_data();
  Task<End> on_bdat(std::string_view argument, std::optional<smtp::Reply> refused);
  End end_message(const std::optional<smtp::Reply>& reply);

  filters::ChainRun& chain();
  Task<std::optional<smtp::Reply>> check(filters::Stage stage);
  [[nodiscard]] std::optional<smtp::Reply> refuse_suspended(int code) const;
  Task<bool> begin_tls();
  Task<void> end_transaction();
  void answer(const smtp::Reply& reply);
  auth::LoginContext login_context();
  [[nodiscard]] bool may_speak_for_others() const;
  void become_announced_client();

  SessionServices& services_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::shared_ptr<const ListenerPlan> plan_;
  ConnectionLimits::Ticket ticket_;
  CancelSource cancel_;
  mail::Peer peer_;
  std::string certificate_user_;  // whom the client's certificate names, for AUTH EXTERNAL
  Speaker speaker_;               // who is at the other end, whatever it says of its clients
  smtp::Xclient announced_;       // what it said
  Conversation conversation_;
  smtp::Dialog dialog_;
  std::unique_ptr<filters::ChainRun> chain_;  // made when the first stage that has filters comes
  std::unique_ptr<Transaction> transaction_;
  std::int64_t errors_ = 0;     // 5xx answers
  std::int64_t deferrals_ = 0;  // 4xx answers
  std::int64_t failed_logins_ = 0;
  std::int64_t messages_ = 0;
  bool first_command_ = true;
  bool draining_ = false;
  bool waiting_for_command_ = false;
  bool hang_up_ = false;  // by a filter's order, once its reply is said
};

}  // namespace sekisho
