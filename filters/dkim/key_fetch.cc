#include "filters/dkim/key_fetch.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "filters/dkim/tag_list.h"
#include "gateway/dns/ask_all.h"

namespace sekisho::dkim {
namespace {

// Is it a key, one that wants to be one, or a TXT of another kind?
enum class Kind : std::uint8_t { key, broken_key, other };
Kind kind_of(std::string_view text) {
  const auto tags = TagList::parse(text);
  if (tags) return tags->find("p") ? Kind::key : Kind::other;
  return text.starts_with("v=DKIM1") ? Kind::broken_key : Kind::other;
}

}  // namespace

KeyAnswer key_answer(const Result<dns::Answer>& answer) {
  using Status = KeyAnswer::Status;
  if (!answer)
    return {answer.error().kind == ErrorKind::invalid ? Status::none : Status::failed, {}};
  // Of several keys none may be taken (RFC 6376 section 3.6.2.2), but some have a TXT of another
  // kind there. A broken one is there only to be named as such.
  for (const Kind wanted : {Kind::key, Kind::broken_key}) {
    const auto is_wanted = [wanted](const dns::Record& one) { return kind_of(one.text) == wanted; };
    const auto count = std::ranges::count_if(answer->records, is_wanted);
    if (count == 1) return {Status::found, std::ranges::find_if(answer->records, is_wanted)->text};
    if (count > 1) break;
  }
  return {};
}

Task<Result<std::vector<KeyAnswer>>> fetch_keys(Loop& loop, dns::Resolver& resolver,
                                                const std::vector<Candidate>& candidates,
                                                Deadline deadline, CancelSource& cancel) {
  std::vector<std::string> names;
  for (const Candidate& one : candidates)
    if (one.open() && std::ranges::find(names, one.key_name) == names.end())
      names.push_back(one.key_name);
  const auto answers =
      co_await dns::ask_all(loop, resolver, dns::Type::txt, names, deadline, cancel);
  for (const auto& answer : answers)
    if (!answer && answer.error().kind == ErrorKind::cancelled)
      co_return std::unexpected(answer.error());
  std::vector<KeyAnswer> keys;
  for (const Candidate& one : candidates) {
    keys.emplace_back();
    if (!one.open()) continue;
    const auto place = std::ranges::find(names, one.key_name) - names.begin();
    keys.back() = key_answer(answers[static_cast<std::size_t>(place)]);
  }
  co_return keys;
}

}  // namespace sekisho::dkim
