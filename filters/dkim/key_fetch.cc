#include "filters/dkim/key_fetch.h"

#include <algorithm>
#include <string>

#include "gateway/dns/ask_all.h"

namespace sekisho::dkim {

KeyAnswer key_answer(const Result<dns::Answer>& answer) {
  using Status = KeyAnswer::Status;
  if (!answer)
    return {answer.error().kind == ErrorKind::invalid ? Status::none : Status::failed, {}};
  // Of several records no one may be taken (RFC 6376 section 3.6.2.2), but some have a TXT of
  // another kind there.
  std::vector<const dns::Record*> keys;
  for (const dns::Record& record : answer->records)
    if (record.text.find("p=") != std::string::npos) keys.push_back(&record);
  if (keys.size() != 1) return {};
  return {Status::found, keys.front()->text};
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
