#include "gateway/suspensions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "gateway/base/file_io.h"
#include "gateway/base/text.h"

namespace sekisho {
namespace {

using Of = filters::Suspension::Of;
using std::chrono::floor;
using std::chrono::seconds;

constexpr std::array<std::string_view, 3> kWords{"user", "client", "network"};

// In the year 2255; a clock of nanoseconds ends soon after.
constexpr std::int64_t kLatest = 9'000'000'000;

std::string network_of(const IpAddress& client) { return client.client_key().to_string(); }

// The network of one client, as rules name it: the address alone, or with its length.
std::string without_length(std::string_view network) {
  return std::string(network.substr(0, network.find('/')));
}

bool is_plain(std::string_view whom) {
  return !whom.empty() && std::ranges::none_of(whom, [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 127;
  });
}

struct Line {
  Of of;
  WallTime until;
  std::string whom;
};

// "user 1764000000 alice"
std::optional<Line> read_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto* word = std::ranges::find(kWords, line.substr(0, first));
  const std::string_view number = line.substr(first + 1, second - first - 1);
  std::int64_t until = 0;
  const auto [end, bad] = std::from_chars(number.begin(), number.end(), until);
  if (word == kWords.end() || bad != std::errc() || end != number.end()) return std::nullopt;
  until = std::clamp<std::int64_t>(until, 0, kLatest);
  return Line{static_cast<Of>(word - kWords.begin()), WallTime(seconds(until)),
              std::string(line.substr(second + 1))};
}

}  // namespace

Result<std::unique_ptr<Suspensions>> Suspensions::open(std::filesystem::path file, WallTime now) {
  std::unique_ptr<Suspensions> made(new Suspensions(std::move(file)));
  std::error_code failed;
  if (made->file_.empty() || !std::filesystem::exists(made->file_, failed)) return made;
  const auto text = read_whole_file(made->file_);
  if (!text) return std::unexpected(text.error());
  for (std::string_view rest = *text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (auto line = read_line(rest.substr(0, end)); line && line->until > now)
      made->keep({line->of, std::move(line->whom)}, line->until, now);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return made;
}

void Suspensions::add(const filters::Suspension& suspension, WallTime now) {
  std::string whom = to_lower(suspension.whom);
  if (suspension.of == Of::network) whom = without_length(whom);
  if (suspension.of == Of::client) {
    if (const auto address = IpAddress::parse(whom)) whom = address->client_key().to_string();
  }
  keep({suspension.of, std::move(whom)}, now + suspension.time, now);
}

void Suspensions::keep(Key key, WallTime until, WallTime now) {
  const std::lock_guard lock(mutex_);
  if (until_.size() >= kMax) make_room(key.first, now);
  WallTime& kept = until_[std::move(key)];
  kept = std::max(kept, until);
}

// Of the kind of the one that comes, so that addresses, of which a client has many, push out no
// users. Many at once, for this looks at all of them.
void Suspensions::make_room(Of of, WallTime now) {
  std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
  std::vector<WallTime> ends;
  for (const auto& [key, until] : until_)
    if (key.first == of) ends.push_back(until);
  if (until_.size() < kMax || ends.empty()) return;
  const auto last = ends.begin() + static_cast<std::ptrdiff_t>(ends.size() / 100);
  std::ranges::nth_element(ends, last);
  std::erase_if(
      until_, [&](const auto& entry) { return entry.first.first == of && entry.second <= *last; });
}

Result<void> Suspensions::save(WallTime now) const {
  if (file_.empty()) return {};
  const std::lock_guard one_at_a_time(saving_);
  std::map<Key, WallTime> all;
  {
    const std::lock_guard lock(mutex_);
    all = until_;
  }
  std::string text;
  for (const auto& [key, until] : all) {
    if (until <= now || !is_plain(key.second)) continue;
    text += fmt::format("{} {} {}\n", kWords.at(static_cast<std::size_t>(key.first)),
                        floor<seconds>(until).time_since_epoch().count(), key.second);
  }
  std::error_code failed;
  if (!std::filesystem::exists(file_, failed)) {
    std::filesystem::create_directories(file_.parent_path(), failed);
    if (auto made = create_file(file_); !made) return made;
  }
  return replace_file(file_, text);
}

std::optional<WallTime> Suspensions::of_user(std::string_view user, WallTime now) const {
  return find({Of::user, to_lower(user)}, now);
}

std::optional<WallTime> Suspensions::of_client(const IpAddress& client, WallTime now) const {
  const auto one = find({Of::client, client.client_key().to_string()}, now);
  return one ? one : find({Of::network, network_of(client)}, now);
}

std::optional<WallTime> Suspensions::find(const Key& key, WallTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = until_.find(key);
  if (found == until_.end() || found->second <= now) return std::nullopt;
  return found->second;
}

bool Suspensions::empty() const {
  const std::lock_guard lock(mutex_);
  return until_.empty();
}

}  // namespace sekisho
