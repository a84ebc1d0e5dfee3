#include "tests/dialog/runner/upstream_side.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <vector>

#include "gateway/base/text.h"
#include "gateway/mail/headers.h"
#include "gateway/smtp/dot_codec.h"
#include "tests/dialog/runner/script.h"

namespace sekisho::dialog {
namespace {

namespace step = test::step;

// What passes between two servers around the mail itself.
constexpr std::array<std::string_view, 5> kAround{"EHLO", "LHLO", "HELO", "RSET", "QUIT"};

std::string_view verb(std::string_view line) { return line.substr(0, line.find(' ')); }

bool is_around(std::string_view command) {
  return std::ranges::find(kAround, verb(command)) != kAround.end();
}

std::optional<test::Step> ending(std::string_view word) {
  if (word == "close") return step::close();
  if (word == "reset") return step::reset();
  if (word == "silence") return step::hold();
  return std::nullopt;
}

}  // namespace

// "RCPT 550 5.1.1 no such user", "MAIL 250-one\n250 two" (with \n in it), "DATA close",
// ". 421 bye, then close", "RCPT raw bytes\r\n"; "always RCPT …" for more than once.
void UpstreamSide::says(std::string_view text) {
  const bool always = text.starts_with("always ");
  if (always) text.remove_prefix(7);
  const std::string point(verb(text));
  std::string_view what = text.substr(std::min(text.size(), point.size() + 1));
  std::optional<test::Step> last = ending(what);
  if (last) what = {};
  if (const auto then = what.rfind(", then "); then != std::string_view::npos) {
    last = ending(what.substr(then + 7));
    if (last) what = what.substr(0, then);
  }
  std::vector<test::Step> steps;
  if (what.starts_with("raw ")) {
    steps.push_back(step::bytes(unescape(what.substr(4))));
  } else if (!what.empty()) {
    std::string reply;
    for (const auto line : split(unescape(what), '\n')) reply += std::string(line) + "\r\n";
    steps.push_back(step::bytes(reply));
  }
  if (last) steps.push_back(*last);
  upstream_.on(point, std::move(steps), always ? 0 : 1);
}

// The next command that counts; false when there is none yet.
bool UpstreamSide::next(std::string_view pattern, std::string& command) {
  const auto commands = upstream_.commands();
  while (heard_ < commands.size() && is_around(commands[heard_]) &&
         verb(commands[heard_]) != verb(pattern))
    ++heard_;
  if (heard_ == commands.size()) return false;
  command = commands[heard_];
  return true;
}

void UpstreamSide::hears(std::string_view pattern) {
  watched_ = true;
  std::string command;
  if (pattern == "nothing") {
    if (next(pattern, command)) throw std::runtime_error("the upstream heard: " + command);
    return;
  }
  if (!upstream_.wait_until([&](const auto&) { return next(pattern, command); }))
    throw std::runtime_error("the upstream heard nothing for 10 s");
  if (!matches(pattern, command)) throw std::runtime_error("the upstream heard: " + command);
  ++heard_;
}

void UpstreamSide::finish() {
  if (watched_) hears("nothing");
}

UpstreamSide::Message UpstreamSide::last_message() const {
  const auto messages = upstream_.messages();
  if (messages.empty()) throw std::runtime_error("the upstream has no message");
  std::string text;
  if (messages.back().in_chunks) {
    text = messages.back().data;
  } else {
    smtp::DotDecoder decoder;
    decoder.feed(messages.back().data + ".\r\n", text);
    if (!decoder.finished() || decoder.flaw() != smtp::DotDecoder::Flaw::none)
      throw std::runtime_error("what the upstream got is no clean message");
  }
  const auto headers = mail::Headers::parse(text);
  if (headers.fields().empty() || !iequals(headers.fields().front().name, "Received"))
    throw std::runtime_error("the message does not begin with a Received field");
  const auto& field = headers.fields().front();
  std::string received = mail::Headers::unfold(field.value);
  std::ranges::replace(received, '\t', ' ');
  return {std::move(received), text.substr(field.raw.size())};
}

}  // namespace sekisho::dialog
