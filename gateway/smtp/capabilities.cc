#include "gateway/smtp/capabilities.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"

namespace sekisho::smtp {
namespace {

void add_mechanisms(std::string_view words, std::vector<std::string>& auth) {
  for (const auto word : split(words, ' ')) {
    auto name = to_upper(trim(word));
    if (!name.empty() && std::ranges::find(auth, name) == auth.end())
      auth.push_back(std::move(name));
  }
}

struct Flag {
  std::string_view keyword;
  bool Capabilities::* member;
};
constexpr std::array kFlags{
    Flag{"PIPELINING", &Capabilities::pipelining},
    Flag{"8BITMIME", &Capabilities::eight_bit_mime},
    Flag{"ENHANCEDSTATUSCODES", &Capabilities::enhanced_status_codes},
    Flag{"STARTTLS", &Capabilities::starttls},
    Flag{"SMTPUTF8", &Capabilities::smtp_utf8},
    Flag{"DSN", &Capabilities::dsn},
    Flag{"CHUNKING", &Capabilities::chunking},
    Flag{"BINARYMIME", &Capabilities::binary_mime},
    Flag{"REQUIRETLS", &Capabilities::require_tls},
};

// One line behind the first: keyword and parameters. "AUTH=LOGIN" is the form of servers older than
// RFC 2554, sent beside the proper one for clients of that age.
void take_line(std::string_view line, Capabilities& into) {
  const auto keyword = line.substr(0, line.find_first_of(" \t="));
  const auto rest = line.substr(keyword.size());
  const auto words = trim(rest.substr(rest.empty() ? 0 : 1));
  if (iequals(keyword, "AUTH")) return add_mechanisms(words, into.auth);
  if (!rest.starts_with('=')) {
    if (iequals(keyword, "SIZE")) {
      into.has_size = true;
      into.size = parse_uint(words).value_or(0);
      return;
    }
    for (const auto& flag : kFlags) {
      if (!iequals(keyword, flag.keyword)) continue;
      into.*flag.member = true;
      return;
    }
  }
  into.others.emplace_back(line);
}

}  // namespace

Capabilities Capabilities::parse(const Reply& ehlo_reply) {
  Capabilities found;
  for (std::size_t i = 1; i < ehlo_reply.lines.size(); ++i) {
    if (const auto line = trim(ehlo_reply.lines[i]); !line.empty()) take_line(line, found);
  }
  return found;
}

Reply Capabilities::to_reply(std::string_view hostname, std::string_view greeting_to) const {
  std::string first(hostname);
  if (!greeting_to.empty()) first.append(" greets ").append(encode_for_smtp(greeting_to));
  Reply reply = Reply::plain(250, first);
  auto& lines = reply.lines;
  if (pipelining) lines.emplace_back("PIPELINING");
  if (has_size) lines.emplace_back(size == 0 ? "SIZE" : "SIZE " + std::to_string(size));
  if (starttls) lines.emplace_back("STARTTLS");
  if (!auth.empty()) {
    std::string line = "AUTH";
    for (const auto& name : auth) line.append(" ").append(name);
    lines.push_back(std::move(line));
  }
  if (enhanced_status_codes) lines.emplace_back("ENHANCEDSTATUSCODES");
  if (eight_bit_mime) lines.emplace_back("8BITMIME");
  if (smtp_utf8) lines.emplace_back("SMTPUTF8");
  if (dsn) lines.emplace_back("DSN");
  if (chunking) lines.emplace_back("CHUNKING");
  if (binary_mime) lines.emplace_back("BINARYMIME");
  if (require_tls) lines.emplace_back("REQUIRETLS");
  lines.insert(lines.end(), others.begin(), others.end());
  return reply;
}

}  // namespace sekisho::smtp
