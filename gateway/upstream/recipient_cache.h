// RecipientCache: what the upstreams said of recipients, by group of upstreams, for a while: so
// that a dictionary attack costs them one question for each name. Only answers that speak of the
// recipient alone are kept, never one that may be about the sender, and never a 4xx. Bounded: the
// oldest entry goes. Part of a Snapshot, so a reload begins with an empty one. Any thread: parts of
// their own lock, held for one look-up at a time and never over a wait.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>

#include "gateway/base/aged_map.h"
#include "gateway/base/time.h"
#include "gateway/smtp/address.h"
#include "gateway/smtp/reply.h"
#include "gateway/upstream/recipient_cache_settings.h"
#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {

class RecipientCache {
 public:
  explicit RecipientCache(const RecipientCacheSettings& settings);

  struct Known {
    smtp::Reply reply;     // the upstream's own: its refusal, or its acceptance
    std::string upstream;  // whose
  };
  [[nodiscard]] std::optional<Known> find(const Upstreams& group, const smtp::Mailbox& recipient,
                                          TimePoint now);
  // What `upstream` answered to RCPT; kept if it is of the kind that is.
  void learn(const Upstreams& group, const smtp::Mailbox& recipient, const smtp::Reply& reply,
             const std::string& upstream, TimePoint now);
  void forget(const Upstreams& group, const smtp::Mailbox& recipient);

 private:
  static constexpr std::size_t kParts = 16;
  struct Entry {
    Known known;
    TimePoint expires;
  };
  struct Part {
    std::mutex mutex;
    std::optional<AgedMap<std::string, Entry>> entries;  // guarded by mutex; set from birth
  };
  Part& part_of(const std::string& key);
  [[nodiscard]] Duration lifetime_of(const smtp::Reply& reply) const;  // zero: not kept

  const RecipientCacheSettings settings_;
  std::array<Part, kParts> parts_;
};

}  // namespace sekisho::upstream
