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
  if (!reply.enhanced || reply.enhanced->klass != klass)
    reply.enhanced = smtp::EnhancedCode::parse(fmt::format("{}.{}", klass, default_subject_detail));
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
  if (why.kind == ErrorKind::cancelled)
    return Reply::of(421, "4.3.2", "this server is shutting down, try again");
  return Reply::of(451, "4.4.1", "the mail server behind this gateway can't be reached, try again");
}

Reply no_answer() {
  return Reply::of(451, "4.4.2",
                   "the mail server behind this gateway did not confirm the message, try again");
}

}  // namespace sekisho
