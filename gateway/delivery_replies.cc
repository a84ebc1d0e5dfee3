#include "gateway/delivery_replies.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include <fmt/format.h>

#include "gateway/base/encode.h"

namespace sekisho {

using smtp::Reply;

namespace {

// A mail store with LMTP has a word for each of a message's thousand recipients.
constexpr std::size_t kMaxWordsOfUpstreams = 20;  // lines

// Replies that say something about how this gateway and its upstream are set up, not about the
// mail.
bool speaks_of_the_servers(const Reply& reply) {
  static constexpr std::array kCodes{421, 500, 502, 503, 504, 530, 534, 535, 538};
  return std::ranges::find(kCodes, reply.code) != kCodes.end();
}

// Subject and detail for a reply code that came without; empty where it may mean too much (550: no
// such user, or no such right).
std::string_view subject_and_detail(int code) {
  switch (code) {
    case 450:
      return "2.0";  // mailbox unavailable for a while
    case 451:
      return "3.0";
    case 452:
      return "3.1";
    case 455:
    case 555:
      return "5.4";  // parameters
    case 551:
      return "1.6";  // moved
    case 552:
      return "2.2";  // storage
    case 553:
      return "1.3";  // syntax of the mailbox
    case 556:
      return "1.10";  // a domain that takes no mail (RFC 7504)
    default:
      return {};
  }
}

Reply broken_off(std::string_view how) {
  return Reply::of(451, "4.4.2",
                   fmt::format("the mail server behind this gateway {}, try again", how));
}

}  // namespace

Reply to_client(const Reply& from_upstream, std::string_view default_subject_detail) {
  Reply reply = from_upstream;
  const bool code_fits = reply.positive() || reply.transient() || reply.permanent();
  if (!code_fits || speaks_of_the_servers(reply)) {
    reply = Reply::of(451, "4.3.0", "");
    reply.lines = from_upstream.lines;
    reply.lines.front() =
        "the mail server behind this gateway said: " + std::to_string(from_upstream.code) + " " +
        reply.lines.front();
  }
  const auto klass = static_cast<std::uint16_t>(reply.code / 100);
  if (!reply.enhanced || reply.enhanced->klass != klass) {
    const std::string_view known = subject_and_detail(reply.code);
    reply.enhanced = smtp::EnhancedCode::parse(
        fmt::format("{}.{}", klass, known.empty() ? default_subject_detail : known));
  }
  for (std::string& line : reply.lines) line = encode_for_smtp(line);
  return reply;
}

Reply final_reply(const Acceptances& acceptances, std::string_view id) {
  Reply reply = Reply::of(250, "2.0.0", fmt::format("queued as {}", id));
  for (const auto& acceptance : acceptances) {
    if (reply.lines.size() > kMaxWordsOfUpstreams) break;
    for (const std::string& line : acceptance.reply().lines)
      reply.lines.push_back(encode_for_smtp(line));
  }
  return reply;
}

Reply unavailable(const Error& why) {
  switch (why.kind) {
    case ErrorKind::cancelled:
      return Reply::of(421, "4.3.2", "this server is shutting down, try again");
    case ErrorKind::protocol:
      return broken_off("gave an answer that is none");
    case ErrorKind::closed:
      return broken_off("broke off the connection");
    case ErrorKind::timeout:
      return broken_off("did not answer in time");
    default:
      return Reply::of(451, "4.4.1",
                       "the mail server behind this gateway can't be reached, try again");
  }
}

Reply no_answer() {
  return Reply::of(451, "4.4.2",
                   "the mail server behind this gateway did not confirm the message, try again");
}

}  // namespace sekisho
