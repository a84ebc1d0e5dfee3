// What LimitBook keeps on disk: a version, the hash key, and for each limit its keys with what they
// hold, relative to the moment of writing, since steady clocks begin anew with each start of the
// machine. SHA-256 of it all at the end. Numbers are little-endian; a reader believes nothing.
#include <array>
#include <bit>
#include <cerrno>
#include <concepts>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/base/file.h"
#include "gateway/base/file_io.h"
#include "rules/limits/limit_book.h"

namespace sekisho::rules::limits {
namespace {

constexpr std::string_view kMagic = "sekisho limits 1\n";
constexpr std::size_t kMaxSnapshot = 1UL << 30U;

class Writer {
 public:
  std::string out{kMagic};

  void number(std::unsigned_integral auto value) {
    if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    out += text;
  }
  void hash(Hash128 hash) {
    number(hash.low);
    number(hash.high);
  }
  void wide(Wide value) {
    number(static_cast<std::uint64_t>(value));
    number(static_cast<std::uint64_t>(value >> 64U));
  }
  // A number that is known only later.
  [[nodiscard]] std::size_t later() {
    number(std::uint64_t{0});
    return out.size() - sizeof(std::uint64_t);
  }
  void set(std::size_t place, std::uint64_t value) {
    if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
    std::memcpy(&out[place], &value, sizeof value);
  }
};

std::string sum_of(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> sum{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), sum.data());
  return {reinterpret_cast<const char*>(sum.data()), sum.size()};
}

std::uint64_t wall_ns(WallTime wall) {
  const auto since =
      std::chrono::duration_cast<std::chrono::nanoseconds>(wall.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<decltype(since)>(since, 0));
}

// Whole or not at all; readable by its owner alone, since it has the hash key in it.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::string name = path.native() + ".new.XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  File file(fd, name);
  if (fd < 0) return file.failed_to("create");
  auto done = file.write(bytes);
  if (done) done = file.sync();
  if (done && ::rename(name.c_str(), path.c_str()) != 0) done = File(-1, path).failed_to("replace");
  if (!done) {
    ::unlink(name.c_str());
    return done;
  }
  return sync_folder(path.parent_path().empty() ? "." : path.parent_path());
}

}  // namespace

class SnapshotReader {
 public:
  explicit SnapshotReader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral Number>
  Number number() {
    Number value = 0;
    if (!has(sizeof value)) return 0;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
    return value;
  }
  std::string_view bytes(std::size_t size) {
    if (!has(size)) return {};
    const auto out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  Hash128 hash() {
    Hash128 hash;
    hash.low = number<std::uint64_t>();
    hash.high = number<std::uint64_t>();
    return hash;
  }
  Wide wide() {
    const Wide low = number<std::uint64_t>();
    return (static_cast<Wide>(number<std::uint64_t>()) << 64U) | low;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return good_ && rest_.empty(); }

 private:
  bool has(std::size_t size) {
    if (rest_.size() < size) good_ = false;
    return good_;
  }
  std::string_view rest_;
  bool good_ = true;
};

std::string LimitBook::encode(TimePoint now, WallTime wall) const {
  Writer out;
  out.number(wall_ns(wall));
  out.out.append(reinterpret_cast<const char*>(hash_key_.bytes.data()), hash_key_.bytes.size());
  const auto all = counters();
  out.number(static_cast<std::uint32_t>(all.size()));
  for (const auto& [name, counter] : all) {
    const auto period = static_cast<std::uint64_t>(counter->rate().period.count());
    out.text(name);
    out.text(counter->shape());
    out.number(counter->rate().amount);
    out.number(period);
    out.number(ticks(now) % period);  // how far the window of a share has gone
    auto place = out.later();
    std::uint64_t count = 0;
    counter->each_level(now, [&](Hash128 key, Wide level) {
      out.hash(key);
      out.wide(level);
      ++count;
    });
    out.set(place, count);
    place = out.later();
    count = 0;
    counter->each_share(now, [&](Hash128 key, const Share::Kept& kept) {
      out.hash(key);
      out.number(kept.windows);
      for (const auto one : {kept.total, kept.refused, kept.total_before, kept.refused_before}) {
        out.number(one);
      }
      ++count;
    });
    out.set(place, count);
  }
  const auto place = out.later();
  std::uint64_t count = 0;
  recipients_->each(now, [&](Hash128 who, std::int32_t age) {
    out.hash(who);
    out.number(static_cast<std::uint32_t>(std::max(age, 0)));
    ++count;
  });
  out.set(place, count);
  out.out += sum_of(out.out);
  return std::move(out.out);
}

Result<void> LimitBook::decode(std::string_view bytes, TimePoint now, WallTime wall) {
  if (!bytes.starts_with(kMagic))
    return fail(ErrorKind::invalid, "it is none, or of another version");
  if (bytes.size() < kMagic.size() + SHA256_DIGEST_LENGTH)
    return fail(ErrorKind::invalid, "it is cut off");
  const auto body = bytes.substr(0, bytes.size() - SHA256_DIGEST_LENGTH);
  if (sum_of(body) != bytes.substr(body.size()))
    return fail(ErrorKind::invalid, "its checksum is wrong");
  SnapshotReader in(body.substr(kMagic.size()));
  const auto written = in.number<std::uint64_t>();
  // A wall clock that was turned back: as if no time had passed.
  const std::uint64_t gone = wall_ns(wall) > written ? wall_ns(wall) - written : 0;
  const auto key = in.bytes(hash_key_.bytes.size());
  if (in.good()) std::memcpy(hash_key_.bytes.data(), key.data(), key.size());
  for (auto limits = in.number<std::uint32_t>(); limits > 0 && in.good(); --limits) {
    const std::string name(in.bytes(in.number<std::uint32_t>()));
    Saved saved;
    saved.shape = in.bytes(in.number<std::uint32_t>());
    saved.rate.amount = in.number<std::uint64_t>();
    const auto period = in.number<std::uint64_t>();
    const auto phase = in.number<std::uint64_t>();
    if (period == 0 ||
        period > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return fail(ErrorKind::invalid, "a limit in it has no time");
    saved.rate.period = std::chrono::nanoseconds(static_cast<std::int64_t>(period));
    for (auto left = in.number<std::uint64_t>(); left > 0 && in.good(); --left) {
      const auto who = in.hash();
      const auto level = in.wide();
      const Wide run_off = static_cast<Wide>(gone) * saved.rate.amount;
      if (in.good() && level > run_off) saved.levels.emplace_back(who, level - run_off);
    }
    for (auto left = in.number<std::uint64_t>(); left > 0 && in.good(); --left) {
      const auto who = in.hash();
      Share::Kept kept;
      kept.windows = in.number<std::uint64_t>() + (phase + gone) / period;
      kept.total = in.number<std::uint32_t>();
      kept.refused = in.number<std::uint32_t>();
      kept.total_before = in.number<std::uint32_t>();
      kept.refused_before = in.number<std::uint32_t>();
      if (in.good() && kept.windows < 2) saved.shares.emplace_back(who, kept);
    }
    if (in.good()) saved_.insert_or_assign(name, std::move(saved));
  }
  constexpr std::uint64_t kMinute = 60'000'000'000;
  for (auto left = in.number<std::uint64_t>(); left > 0 && in.good(); --left) {
    const auto who = in.hash();
    const auto age = in.number<std::uint32_t>() + gone / kMinute;
    if (in.good() && age < 1U << 30U) recipients_->put(who, static_cast<std::int32_t>(age), now);
  }
  if (!in.at_end()) return fail(ErrorKind::invalid, "it is not as long as it says");
  return {};
}

LimitBook::Opened LimitBook::open(const std::filesystem::path& file, Options options, TimePoint now,
                                  WallTime wall) {
  Opened opened{std::make_unique<LimitBook>(options), std::nullopt};
  struct stat there{};
  if (::stat(file.c_str(), &there) != 0 && errno == ENOENT) return opened;
  auto bytes = read_whole_file(file, kMaxSnapshot);
  Result<void> done;
  if (bytes) {
    done = opened.book->decode(*bytes, now, wall);
  } else {
    done = std::unexpected(bytes.error());
  }
  if (done) return opened;
  // What was read up to the mistake counts for nothing.
  opened.book = std::make_unique<LimitBook>(options);
  const auto aside = file.native() + ".damaged";
  ::rename(file.c_str(), aside.c_str());
  LogLine line("limits-lost", LogLevel::error);
  line.add("file", file.native()).add("why", done.error().text).add("kept-as", aside);
  line.add("now", "all limits begin empty");
  opened.alarm = std::move(line);
  return opened;
}

Result<void> LimitBook::save(const std::filesystem::path& file, TimePoint now,
                             WallTime wall) const {
  const std::lock_guard one_at_a_time(saving_);
  return write_file(file, encode(now, wall));
}

}  // namespace sekisho::rules::limits
