// LimitBook: the counters of all limits, which outlive reloads and, through a file, restarts. One
// for a gateway; rule sets come and go, and each takes the counters of its limits from it. What is
// kept on disk is a copy of a moment: after a crash counters go back by the time since the last
// save, never further. Thread-safe. save() and open() block: not on a loop.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/base/keyed_hash.h"
#include "gateway/base/log.h"
#include "gateway/base/time.h"
#include "rules/check/rule_set.h"
#include "rules/limits/counter.h"

namespace sekisho::rules::limits {

// The counters of one rule set's limits, by index, and what a session needs besides.
struct Counters {
  std::vector<std::shared_ptr<Counter>> limits;
  std::shared_ptr<RecipientMemory> recipients;
  HashKey hash_key;

  [[nodiscard]] Hash128 hash(std::string_view key) const { return keyed_hash128(hash_key, key); }
};

class LimitBook {
 public:
  struct Options {
    std::size_t max_keys = 1'000'000;  // of all limits together; each has the same part
    std::size_t max_recipients = 1'000'000;
    std::chrono::hours remembered{24 * 90};  // recipients, since they were last written to
  };
  struct Opened;

  explicit LimitBook(Options options, HashKey key = HashKey::random());

  // With what was saved there. A file that is not there is no mistake; one that is damaged or of
  // another version gives an empty book and a line that says so, and stays as FILE.damaged.
  static Opened open(const std::filesystem::path& file, Options options, TimePoint now,
                     WallTime wall);
  // Write, sync, rename.
  Result<void> save(const std::filesystem::path& file, TimePoint now, WallTime wall) const;

  // The counters for a rule set that comes into force. Those of the same name and shape go on, with
  // the new amounts; those that no limit has any more are forgotten.
  std::shared_ptr<const Counters> adopt(const RuleSet& set, TimePoint now);

  // Drops what says nothing any more; by the way, from time to time, not on a loop.
  void sweep(TimePoint now);
  [[nodiscard]] std::size_t keys() const;
  [[nodiscard]] std::size_t bytes() const;
  // Keys that were forgotten too early since there were too many: an alarm.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  friend class SnapshotReader;
  struct Saved {  // read from a file, for the first rule set that has the limit
    std::string shape;
    Rate rate;
    std::vector<std::pair<Hash128, Wide>> levels;
    std::vector<std::pair<Hash128, Share::Kept>> shares;
  };

  [[nodiscard]] std::string encode(TimePoint now, WallTime wall) const;
  Result<void> decode(std::string_view bytes, TimePoint now, WallTime wall);
  [[nodiscard]] std::map<std::string, std::shared_ptr<Counter>> counters() const;

  Options options_;
  HashKey hash_key_;
  std::shared_ptr<RecipientMemory> recipients_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Counter>> counters_;  // by name; guarded
  std::map<std::string, Saved> saved_;                        // guarded
  std::uint64_t dropped_before_ = 0;                          // of forgotten counters; guarded
  mutable std::mutex saving_;
};

struct LimitBook::Opened {
  std::unique_ptr<LimitBook> book;
  std::optional<LogLine> alarm;  // event "limits-lost"
};

}  // namespace sekisho::rules::limits
