#include "gateway/upstream/acceptance.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "gateway/base/text.h"

namespace sekisho::upstream {
namespace {

constexpr std::size_t kMaxQueueId = 64;

bool is_id_char(char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; }

// The id at the start of `text`; empty when there is none or it is too long to be one.
std::string_view leading_id(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && is_id_char(text[length])) ++length;
  while (length > 0 && text[length - 1] == '.') --length;  // the full stop of a sentence
  return length <= kMaxQueueId ? text.substr(0, length) : std::string_view{};
}

// Of Dovecot's LMTP: "<user@example.org> ID Saved", with an ID in base64.
std::string_view dovecot_id(std::string_view line) {
  line.remove_suffix(std::string_view(" saved").size());
  const std::size_t blank = line.rfind(' ');
  if (blank == std::string_view::npos) return {};
  const std::string_view id = line.substr(blank + 1);
  const bool whole = std::ranges::all_of(
      id, [](char c) { return is_alnum(c) || c == '+' || c == '/' || c == '='; });
  return whole && id.size() <= kMaxQueueId ? id : std::string_view{};
}

std::string_view id_in(std::string_view line) {
  const std::string lower = to_lower(line);
  // Postfix: "Ok: queued as ID"; Exchange: "[InternalId=ID, …]"; Exim: "OK id=ID".
  constexpr std::array<std::string_view, 3> kBefore{"queued as ", "internalid=", "id="};
  for (const std::string_view before : kBefore) {
    const std::size_t at = lower.find(before);
    if (at == std::string::npos) continue;
    if (before == "id=" && at > 0 && is_alnum(lower[at - 1])) continue;
    return leading_id(line.substr(at + before.size()));
  }
  if (line.starts_with('<') && lower.ends_with(" saved")) return dovecot_id(line);
  // Sendmail and OpenSMTPD: "ID Message accepted for delivery".
  const std::size_t after = lower.find(" message accepted for delivery");
  if (after == std::string::npos || after == 0) return {};
  const std::string_view id = line.substr(0, after);
  return leading_id(id).size() == id.size() ? id : std::string_view{};
}

}  // namespace

std::string UpstreamAcceptance::queue_id() const {
  for (const std::string& line : reply_.lines)
    if (const std::string_view id = id_in(line); !id.empty()) return std::string(id);
  return {};
}

}  // namespace sekisho::upstream
