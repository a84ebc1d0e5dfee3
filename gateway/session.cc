#include "gateway/session.h"

#include <atomic>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "gateway/chunk_discard.h"
#include "gateway/client_certificate.h"
#include "gateway/client_offer.h"
#include "gateway/net/socket_stream.h"

namespace sekisho {
namespace {

using filters::Stage;
using smtp::Reply;
using smtp::Verb;

// So many temporary refusals weigh as much as one error: a list of greylisted recipients is no
// attack.
constexpr std::int64_t kDeferralsPerError = 5;

// Time for our last reply and the TLS goodbye to be taken.
constexpr auto kCloseWait = 5s;

// Unique among the sessions of this host: microseconds since the epoch, then a running number.
std::string make_session_id() {
  static std::atomic<std::uint32_t> running{0};
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  return fmt::format("{:x}-{:x}", micros, running.fetch_add(1) & 0xfffU);
}

}  // namespace

Session::Session(SessionServices& services, Connection connection)
    : services_(services),
      snapshot_(std::move(connection.snapshot)),
      plan_(std::move(connection.plan)),
      ticket_(std::move(connection.ticket)),
      conversation_(services.loop, cancel_,
                    make_socket_stream(services.loop, connection.socket.release(), cancel_),
                    snapshot_->settings.timeouts.reply),
      dialog_(plan_->dialog) {
  speaker_ = {connection.remote, connection.local, connection.client_known};
  peer_.remote = connection.remote;
  peer_.local = connection.local;
  peer_.proxy = connection.proxy;
  peer_.address_known = connection.client_known;
  peer_.listener = plan_->name;
  peer_.lmtp = plan_->dialog.lmtp;
  peer_.session_id = make_session_id();
  peer_.in_trusted_network =
      peer_.address_known && snapshot_->gate->is_trusted_client(peer_.remote.address);
  peer_.is_listed_device =
      peer_.address_known && plan_->networks() && plan_->networks()->find(peer_.remote.address);
  services_.counters.sessions.add();
  services_.counters.sessions_open.add(1);
}

Session::~Session() { services_.counters.sessions_open.add(-1); }

Task<void> Session::run() {
  std::string_view end = "internal error";
  std::string bug;
  try {
    end = co_await converse();
  } catch (const std::exception& exception) {
    bug = exception.what();
  } catch (...) {
    bug = "an exception of no known type";
  }
  if (!bug.empty()) {
    services_.counters.sessions_failed.add();
    services_.log.write(LogLine("session_failed", LogLevel::error)
                            .src(peer_.remote)
                            .add("id", peer_.session_id)
                            .add("what", bug));
    conversation_.say(Reply::of(421, "4.3.0", "internal error, closing connection"));
  }
  co_await end_transaction();
  co_await conversation_.close(Deadline::in(kCloseWait));
  if (services_.log.enabled(LogLevel::debug)) {
    services_.log.write(LogLine("session_end", LogLevel::debug)
                            .src(peer_.remote)
                            .add("id", peer_.session_id)
                            .add("listener", peer_.listener)
                            .add("end", end)
                            .add("messages", messages_)
                            .add("errors", errors_));
  }
}

void Session::drain() {
  draining_ = true;
  if (waiting_for_command_ && !transaction_) cancel_.cancel();
}

void Session::answer(const Reply& reply) {
  if (reply.permanent())
    ++errors_;
  else if (reply.transient())
    ++deferrals_;
  conversation_.say(reply);
}

Task<std::string_view> Session::converse() {
  if (dialog_.rules().implicit_tls && !co_await begin_tls()) co_return "TLS handshake failed";
  if (const End end = co_await greet()) co_return *end;
  while (true) {
    if (draining_ && !transaction_) {
      answer(Reply::of(421, "4.3.2", "this server is shutting down, try again"));
      co_return "drained";
    }
    auto line = co_await next_line();
    if (!line) co_return lost_client(line.error());
    if (line->flaw != LineReader::Flaw::none) {
      answer(reply_to_flaw(line->flaw));
      if (line->flaw == LineReader::Flaw::bare_lf) co_return "bare LF";
      // How much text follows is open to dispute as well.
      if (smtp::parse_command(line->text).verb == Verb::bdat) co_return "a flawed BDAT";
    } else if (const End end = co_await obey(line->text)) {
      co_return *end;
    }
    if (hang_up_) co_return "disconnected by a filter";
    const std::int64_t max_errors = snapshot_->settings.limits.max_errors;
    if (errors_ >= max_errors || deferrals_ >= max_errors * kDeferralsPerError) {
      answer(Reply::of(421, "4.7.0", "too many errors, closing connection"));
      co_return "too many errors";
    }
  }
}

// Also where another client takes over by XCLIENT.
Task<Session::End> Session::greet() {
  if (auto refused = refuse_suspended(421)) {
    answer(*refused);
    co_return "suspended";
  }
  if (auto refused = co_await check(Stage::connect)) {
    // RFC 5321 section 3.1: a greeting is 220 or 554; 421 says that we close.
    const int code = refused->code == 521 ? 521 : refused->permanent() ? 554 : 421;  // RFC 7504
    answer(Reply::of(code, code == 421 ? "4.7.0" : "5.7.1", refused->lines.front()));
    co_return "refused at connect";
  }
  conversation_.say(Reply::plain(220, fmt::format("{} {} Sekisho", snapshot_->settings.hostname,
                                                  peer_.lmtp ? "LMTP" : "ESMTP")));
  co_return std::nullopt;
}

// The next command line. While we wait, an upstream connection is held for a moment only.
Task<Result<LineReader::Line>> Session::next_line() {
  const auto& settings = snapshot_->settings;
  const Deadline deadline =
      Deadline::in(first_command_ ? settings.timeouts.first_command : settings.timeouts.command);
  first_command_ = false;
  waiting_for_command_ = true;
  const auto max = static_cast<std::size_t>(settings.limits.max_command_line);
  const Deadline hold = transaction_ ? transaction_->hold_until() : Deadline::never();
  auto line = co_await conversation_.read_line(max, deadline.or_sooner(hold));
  if (!hold.is_never() && !line && line.error().kind == ErrorKind::timeout) {
    transaction_->pause();
    line = co_await conversation_.read_line(max, deadline);
  }
  waiting_for_command_ = false;
  co_return line;
}

std::string_view Session::lost_client(const Error& error) {
  switch (error.kind) {
    case ErrorKind::timeout:
      conversation_.say(Reply::of(421, "4.4.2", "timed out waiting for you, closing connection"));
      return "timeout";
    case ErrorKind::cancelled:
      conversation_.say(Reply::of(421, "4.3.2", "this server is shutting down, try again"));
      return "drained";
    case ErrorKind::limit:
      conversation_.say(Reply::of(421, "4.7.0", error.text));
      return "over a limit";
    case ErrorKind::closed:
      return "client closed";
    default:
      return "connection lost";
  }
}

// `line` is valid until the first co_await: each verb parses before it waits.
Task<Session::End> Session::obey(std::string_view line) {
  const smtp::Command command = smtp::parse_command(line);
  auto refused = dialog_.refuse(command.verb);
  if (!refused) refused = refuse_without_certificate(plan_->settings, peer_, command.verb);
  if (!refused) refused = smtp::refuse_argument(command);
  if (command.verb == Verb::bdat) co_return co_await on_bdat(command.argument, std::move(refused));
  if (refused) {
    answer(*refused);
    co_return std::nullopt;
  }
  switch (command.verb) {
    case Verb::ehlo:
    case Verb::helo:
    case Verb::lhlo:
      co_return co_await on_hello(command.verb, command.argument);
    case Verb::starttls:
      co_return co_await on_starttls();
    case Verb::auth:
      co_return co_await on_auth(command.argument);
    case Verb::xclient:
      co_return co_await on_xclient(command.argument);
    case Verb::mail:
      co_return co_await on_mail(command.argument);
    case Verb::rcpt:
      co_await on_rcpt(command.argument);
      co_return std::nullopt;
    case Verb::data:
      co_return co_await on_data();
    case Verb::rset:
      co_await end_transaction();
      answer(Reply::of(250, "2.0.0", "ok"));
      co_return std::nullopt;
    case Verb::noop:
      answer(Reply::of(250, "2.0.0", "ok"));
      co_return std::nullopt;
    case Verb::vrfy:
      answer(Reply::of(252, "2.0.0", "send mail and see"));
      co_return std::nullopt;
    case Verb::help:
      answer(Reply::of(214, "2.0.0", "see RFC 5321; this is an SMTP gateway"));
      co_return std::nullopt;
    case Verb::quit:
      answer(Reply::of(221, "2.0.0", "bye"));
      co_return "quit";
    case Verb::bdat:
    case Verb::expn:
    case Verb::unknown:
      break;  // the first is done, the dialog has refused the others
  }
  co_return std::nullopt;
}

Task<Session::End> Session::on_hello(Verb verb, std::string_view argument) {
  auto name = smtp::parse_helo_name(argument);
  if (!name) {
    answer(Reply::of(501, "5.5.4", name.error().text));
    co_return std::nullopt;
  }
  co_await end_transaction();
  // Whoever speaks for another has said that one's name before; this may be its own.
  peer_.helo = announced_.helo.value.value_or(std::move(*name));
  peer_.extended = announced_.extended.value.value_or(verb != Verb::helo);
  if (auto refused = co_await check(Stage::helo)) {
    dialog_.greeting_refused();
    peer_.helo.clear();
    answer(*refused);
    co_return std::nullopt;
  }
  dialog_.greeted(verb != Verb::helo);
  if (verb == Verb::helo) {
    answer(Reply::plain(250, snapshot_->settings.hostname));
    co_return std::nullopt;
  }
  auto offer = offer_to_client(*snapshot_, *plan_, dialog_, login_context());
  if (may_speak_for_others()) offer.others.push_back(xclient_keyword(plan_->settings.proxies));
  answer(offer.to_reply(snapshot_->settings.hostname, peer_.helo));
  co_return std::nullopt;
}

Task<Session::End> Session::on_mail(std::string_view argument) {
  auto command = smtp::parse_mail(argument);
  if (!command) {
    answer(command.error());
    co_return std::nullopt;
  }
  if (auto refused = refuse_parameters(command->parameters, *snapshot_, *plan_, dialog_)) {
    answer(*refused);
    co_return std::nullopt;
  }
  if (auto refused = refuse_suspended(450)) {
    answer(*refused);
    co_return std::nullopt;
  }
  if (const auto& devices = plan_->devices) {
    if (!devices->take_message(peer_.remote.address, Clock::now())) {
      answer(Reply::of(450, "4.7.1", "too many messages from this device, try again later"));
      co_return std::nullopt;
    }
    command->sender = devices->sender();
  }
  if (messages_ >= snapshot_->settings.limits.max_messages) {
    answer(Reply::of(421, "4.7.0", "too many messages on this connection, open a new one"));
    co_return "too many messages";
  }
  transaction_ = std::make_unique<Transaction>(
      SessionView{services_, *snapshot_, *plan_, peer_, chain(), cancel_, hang_up_},
      fmt::format("{}.{}", peer_.session_id, ++messages_), std::move(*command));
  const Reply reply = co_await transaction_->begin();
  if (reply.positive())
    dialog_.mail_accepted();
  else
    transaction_.reset();
  answer(reply);
  co_return std::nullopt;
}

Task<void> Session::on_rcpt(std::string_view argument) {
  auto command = smtp::parse_rcpt(argument, transaction_->envelope().parameters.smtp_utf8);
  if (!command) {
    answer(command.error());
    co_return;
  }
  const Reply reply = co_await transaction_->add_recipient(std::move(*command));
  if (reply.positive()) dialog_.recipient_accepted();
  answer(reply);
}

Task<Session::End> Session::on_data() {
  if (transaction_->envelope().parameters.body == smtp::Body::binary_mime) {
    answer(Reply::of(503, "5.5.1", "a BINARYMIME message comes by BDAT"));  // RFC 3030 section 3
    co_return std::nullopt;
  }
  conversation_.say(Reply::plain(354, "end data with <CRLF>.<CRLF>"));
  co_return end_message(co_await transaction_->receive(conversation_));
}

// Whatever the answer, the chunk's bytes are read away before it: they are no commands.
Task<Session::End> Session::on_bdat(std::string_view argument, std::optional<Reply> refused) {
  const auto chunk = smtp::parse_bdat(argument);
  if (!chunk) {
    answer(chunk.error());
    co_return "a chunk of no known length";
  }
  if (refused) {
    if (transaction_) transaction_->pause();
    const auto read = co_await read_away(conversation_, chunk->size, *snapshot_, *plan_);
    if (!read && read.error().kind != ErrorKind::limit) co_return lost_client(read.error());
    answer(*refused);
    if (!read) co_return "a refused chunk that is too large";
    co_return std::nullopt;
  }
  dialog_.chunk_taken();
  const bool told = transaction_->refused();
  const auto reply = co_await transaction_->receive_chunk(conversation_, *chunk);
  if (!reply || chunk->last || transaction_->framing_broken()) co_return end_message(reply);
  // The refusal of one message is one error, however many of its chunks are on the way.
  if (told)
    conversation_.say(*reply);
  else
    answer(*reply);
  co_return std::nullopt;
}

// The message is over, or the session.
Session::End Session::end_message(const std::optional<Reply>& reply) {
  const auto others = transaction_->take_answers_to_others();
  const Error why = transaction_->ended_because();
  const bool framing_broken = transaction_->framing_broken();
  transaction_.reset();
  dialog_.transaction_ended();
  if (!reply) return lost_client(why);
  answer(*reply);
  for (const Reply& other : others) conversation_.say(other);
  // A sender that sees the message's end elsewhere would have its text obeyed as commands, under
  // its login (SMTP smuggling, as in CVE-2023-51764).
  if (framing_broken) return "broken framing";
  return std::nullopt;
}

Task<void> Session::end_transaction() {
  if (transaction_) co_await transaction_->abandon();
  transaction_.reset();
  dialog_.transaction_ended();
}

}  // namespace sekisho
