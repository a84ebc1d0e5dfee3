// What an SmtpClient is made of, for its own files: the state of one connection, shared with the
// verb that is under way so that it outlives a client that is destroyed meanwhile. One loop.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "gateway/upstream/introduction.h"
#include "gateway/upstream/outgoing_text.h"
#include "gateway/upstream/reply_channel.h"
#include "gateway/upstream/smtp_client.h"

namespace sekisho::upstream {

inline Error out_of_order(std::string_view what) {
  return Error{ErrorKind::invalid, fmt::format("{} is not possible now", what)};
}

struct SmtpClient::Impl {
  // So many refusals on one connection are enough: Postfix gets slow at 10.
  static constexpr int kRefusals = 5;

  enum class State : std::uint8_t {
    idle,         // after EHLO, RSET, or the answer to the dot
    transaction,  // MAIL was accepted, or may have been
    data,         // between 354 and the dot
    dot_sent,     // the dot may be with the upstream; its answer was not understood
  };

  std::string name;
  std::chrono::milliseconds command_timeout{};
  std::chrono::milliseconds data_timeout{};
  std::chrono::milliseconds final_timeout{};
  CancelSource cancel;  // the stream in `channel` refers to it
  std::unique_ptr<ReplyChannel> channel;
  smtp::Capabilities capabilities;
  std::string note;
  State state = State::idle;
  bool answers_each = false;           // LMTP
  bool smtp_utf8 = false;              // of the transaction
  std::size_t accepted = 0;            // recipients of the transaction
  bool binary = false;                 // of the transaction: BDAT
  Deadline bound = Deadline::never();  // the caller's
  std::int64_t messages = 0;
  int refusals = 0;      // of whatever we said, since the last accepted message
  std::string hostname;  // ours
  ForwardClient forward = ForwardClient::none;
  bool forward_login = false;
  std::string xclient_offer;      // the attributes, of the last EHLO in dial()
  std::string introduced;         // the XCLIENT that holds; empty: none
  bool one_client = false;        // carries no other's mail
  bool forwarded = false;         // an XFORWARD was taken on this connection
  bool forwarded_before = false;  // … for an earlier message
  std::string forward_refused;    // the answer to one that was not taken
  OutgoingText text;

  [[nodiscard]] Deadline within(Duration limit) const {
    return Deadline::in(limit).or_sooner(bound);
  }
  [[nodiscard]] bool in_step() const { return !channel->broken() && !cancel.cancelled(); }
  [[nodiscard]] bool reusable() const {
    // What was said of this client could not be said of the next one.
    const bool stuck = forwarded && !forward_refused.empty();
    return state == State::idle && in_step() && refusals < kRefusals && !stuck;
  }

  // Before each write: a stream writes what needs no waiting even after cancel().
  Result<void> check_cancel() {
    if (!cancel.cancelled()) return {};
    return std::unexpected(channel->break_with({ErrorKind::cancelled, "cancelled"}));
  }

  // A command and its reply, 2xx, 4xx or 5xx; DATA may be answered with 354 and not with 2xx.
  Task<Result<smtp::Reply>> ask(std::string_view verb) {
    if (auto going = check_cancel(); !going) co_return std::unexpected(std::move(going.error()));
    auto reply = co_await channel->ask(fmt::format("{}\r\n", verb), verb, within(command_timeout));
    if (!reply) co_return reply;
    co_return check(std::move(*reply), verb);
  }

  // Commands in their order. The first `asides` are XFORWARDs, whose refusal decides nothing.
  struct Commands {
    std::vector<std::string> lines;
    std::size_t asides = 0;
  };
  Task<Result<std::vector<smtp::Reply>>> ask_all(Commands commands);
  Task<Result<void>> fly(const Commands& commands, std::size_t end,
                         std::vector<smtp::Reply>& replies);
  static bool refused_mail(const Commands& commands, const std::vector<smtp::Reply>& replies);
  Result<std::string> introduction_of(const mail::Peer* client) const;
  Result<void> take_xforward(const smtp::Reply& reply);

  Result<smtp::Reply> check(smtp::Reply reply, std::string_view what) {
    const bool fits = what == "DATA" ? reply.code == 354 : reply.positive();
    const bool refused = reply.transient() || reply.permanent();
    if (refused) ++refusals;
    if (fits || refused) return reply;
    return std::unexpected(channel->break_with(
        {ErrorKind::protocol, fmt::format("{} was answered with: {}", what, reply.summary())}));
  }

  void count_accepted(const std::vector<smtp::Reply>& rcpts) {
    accepted += static_cast<std::size_t>(std::ranges::count_if(rcpts, &smtp::Reply::positive));
  }
  Task<Result<Answer>> read_answer();

  Task<Result<std::optional<smtp::Reply>>> send_block();

  // A block of text. Any word from the upstream before the dot is the end.
  Task<Result<void>> write_text(std::string_view block, std::string_view what) {
    if (auto going = check_cancel(); !going) co_return going;
    auto early = co_await channel->write(block, what, within(data_timeout));
    if (!early) co_return std::unexpected(std::move(early.error()));
    if (*early)
      co_return fail(ErrorKind::closed,
                     fmt::format("before {} the upstream said: {}", what, (*early)->summary()));
    co_return Result<void>{};
  }
};

}  // namespace sekisho::upstream
