#include "gateway/upstream/reply_channel.h"

#include <utility>

#include <fmt/format.h>

namespace sekisho::upstream {
namespace {

using smtp::Reply;

// What is already there to be read needs no waiting; the rest of a line that is under way, little.
constexpr auto kLastWordsWait = 1s;

}  // namespace

Error ReplyChannel::break_with(Error why) {
  if (!broken()) why_broken_ = why.text;
  return why;
}

void ReplyChannel::settle() {
  if (!ahead_.empty() && !broken())
    break_with(Error{ErrorKind::protocol, "the upstream said more than it was asked"});
}

Task<Result<Reply>> ReplyChannel::ask(std::string_view command, std::string_view what,
                                      Deadline deadline) {
  auto farewell = co_await write(command, what, deadline);
  if (!farewell) co_return std::unexpected(std::move(farewell.error()));
  if (*farewell) co_return std::move(**farewell);
  auto reply = co_await read(what, deadline);
  settle();
  co_return std::move(reply);
}

Task<Result<std::optional<Reply>>> ReplyChannel::write(std::string_view bytes,
                                                       std::string_view what, Deadline deadline,
                                                       Meanwhile upstream) {
  if (broken()) co_return std::unexpected(why_broken());
  if (spoke()) co_return co_await out_of_turn(what, deadline);
  if (deadline.passed(Clock::now()))  // a stream tries first, and looks at the time when it waits
    co_return std::unexpected(
        break_with(Error{ErrorKind::timeout, fmt::format("no time was left to send {}", what)}));
  auto written = upstream == Meanwhile::silent
                     ? co_await stream_->write_until_input(bytes, deadline)
                     : co_await stream_->write_all(bytes, deadline);
  if (written) co_return std::nullopt;
  Error why = std::move(written.error());
  // An upstream that refuses in the middle of a message answers, closes, and our write fails: its
  // words are worth more than "connection reset".
  if (why.kind != ErrorKind::cancelled && stream_->readable_now())
    if (auto words = co_await read(what, Deadline::in(kLastWordsWait).or_sooner(deadline))) {
      if (words->code == 421) co_return std::move(*words);
      why.text += fmt::format(", after the upstream said: {}", words->summary());
    }
  why.text = fmt::format("{} could not be sent: {}", what, why.text);
  co_return std::unexpected(break_with(std::move(why)));
}

Task<Result<std::optional<Reply>>> ReplyChannel::out_of_turn(std::string_view what,
                                                             Deadline deadline) {
  auto words = co_await read(what, Deadline::in(kLastWordsWait).or_sooner(deadline));
  if (!words) co_return std::unexpected(std::move(words.error()));
  if (words->code == 421) co_return std::move(*words);
  co_return std::unexpected(
      break_with(Error{ErrorKind::protocol,
                       fmt::format("before {} the upstream said: {}", what, words->summary())}));
}

Task<Result<Reply>> ReplyChannel::read(std::string_view what, Deadline deadline) {
  smtp::ReplyParser parser;
  std::string_view bytes = ahead_;
  std::string rest;
  while (true) {
    auto taken = parser.feed(bytes);
    if (!taken)
      co_return std::unexpected(
          break_with(Error{ErrorKind::protocol,
                           fmt::format("unreadable answer to {}: {}", what, taken.error().text)}));
    if (parser.complete()) {
      rest = bytes.substr(*taken);
      break;
    }
    auto got = co_await stream_->read_some(loop_.scratch(), deadline);
    if (!got)
      co_return std::unexpected(break_with(Error{
          got.error().kind, fmt::format("no whole answer to {}: {}", what, got.error().text)}));
    if (*got == 0)
      co_return std::unexpected(break_with(
          Error{ErrorKind::closed,
                fmt::format("the upstream closed the connection instead of answering {}", what)}));
    bytes = std::string_view(loop_.scratch().data(), *got);
  }
  ahead_ = std::move(rest);
  Reply reply = parser.take();
  if (reply.code < 200 || reply.code > 599)
    co_return std::unexpected(break_with(
        Error{ErrorKind::protocol, fmt::format("answer to {} with code {}", what, reply.code)}));
  if (reply.code == 421)
    break_with(Error{ErrorKind::closed, fmt::format("the upstream said: {}", reply.summary())});
  co_return std::move(reply);
}

}  // namespace sekisho::upstream
