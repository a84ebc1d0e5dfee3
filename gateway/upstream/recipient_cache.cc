#include "gateway/upstream/recipient_cache.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"

namespace sekisho::upstream {
namespace {

// A refusal has a line or two; what is longer is cut, so that an entry is small.
constexpr std::size_t kMaxLines = 2;
constexpr std::size_t kMaxLine = 256;

// Upstreams are told apart by their names: within one snapshot a name is one upstream. No name and
// no address holds a line end.
std::string key_of(const Upstreams& group, const smtp::Mailbox& recipient) {
  std::string key;
  for (const auto& upstream : group) key += upstream->name + "\n";
  return key + recipient.local + "@" + to_lower(recipient.domain);
}

smtp::Reply shortened(smtp::Reply reply) {
  if (reply.lines.size() > kMaxLines) reply.lines.resize(kMaxLines);
  for (std::string& line : reply.lines)
    if (line.size() > kMaxLine) line.resize(kMaxLine);
  return reply;
}

}  // namespace

RecipientCache::RecipientCache(const RecipientCacheSettings& settings) : settings_(settings) {
  const auto all = static_cast<std::size_t>(settings.max_entries);
  for (Part& part : parts_) part.entries.emplace((all + kParts - 1) / kParts);
}

RecipientCache::Part& RecipientCache::part_of(const std::string& key) {
  return parts_.at(std::hash<std::string>()(key) % kParts);
}

Duration RecipientCache::lifetime_of(const smtp::Reply& reply) const {
  if (reply.positive()) return settings_.known;
  if (!reply.permanent()) return Duration::zero();
  const std::string code =
      reply.enhanced ? reply.enhanced->to_string() : fmt::format("{}", reply.code);
  return std::ranges::find(settings_.refusals, code) != settings_.refusals.end()
             ? Duration(settings_.unknown)
             : Duration::zero();
}

std::optional<RecipientCache::Known> RecipientCache::find(const Upstreams& group,
                                                          const smtp::Mailbox& recipient,
                                                          TimePoint now) {
  const std::string key = key_of(group, recipient);
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  const Entry* entry = part.entries->find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->expires > now) return entry->known;
  part.entries->erase(key);
  return std::nullopt;
}

void RecipientCache::learn(const Upstreams& group, const smtp::Mailbox& recipient,
                           const smtp::Reply& reply, const std::string& upstream, TimePoint now) {
  const Duration lifetime = lifetime_of(reply);
  // What we know may have been refuted: a mailbox that is full is one that exists.
  if (lifetime <= Duration::zero()) return forget(group, recipient);
  Entry made{.known = {.reply = shortened(reply), .upstream = upstream}, .expires = now + lifetime};
  const std::string key = key_of(group, recipient);
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  part.entries->renew(key) = std::move(made);
}

void RecipientCache::forget(const Upstreams& group, const smtp::Mailbox& recipient) {
  const std::string key = key_of(group, recipient);
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  part.entries->erase(key);
}

}  // namespace sekisho::upstream
