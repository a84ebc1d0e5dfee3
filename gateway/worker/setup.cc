#include "gateway/worker/setup.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>

namespace sekisho::worker {
namespace {

constexpr char kNeeded = '!';
constexpr char kOptional = '?';
constexpr int kLengthBytes = 8;  // base/fields.h has two

void append_text(std::string& out, std::string_view text) {
  for (int shift = 8 * (kLengthBytes - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(text.size()) >> shift));
  out.append(text);
}

std::optional<std::string_view> take_text(std::string_view& bytes) {
  if (bytes.size() < kLengthBytes) return std::nullopt;
  std::uint64_t size = 0;
  for (const char byte : bytes.substr(0, kLengthBytes))
    size = size << 8U | static_cast<unsigned char>(byte);
  bytes.remove_prefix(kLengthBytes);
  if (bytes.size() < size) return std::nullopt;
  const std::string_view text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return text;
}

Result<void> prepare_one(const SetupItem& item, std::span<const Preparer> preparers) {
  const auto preparer = std::ranges::find(preparers, item.kind, &Preparer::kind);
  if (preparer == preparers.end())
    return fail(ErrorKind::protocol, "a worker process can't hold a " + item.kind);
  return preparer->prepare(item.content);
}

}  // namespace

std::string encode_setup(std::vector<SetupItem> items) {
  // Of two that differ in their need alone, the needed one comes first and stays.
  std::ranges::sort(items, {}, [](const SetupItem& item) {
    return std::tuple<std::string_view, std::string_view, bool>(item.kind, item.content,
                                                                !item.needed);
  });
  const auto same = std::ranges::unique(items, [](const SetupItem& one, const SetupItem& other) {
    return one.kind == other.kind && one.content == other.content;
  });
  items.erase(same.begin(), same.end());
  std::string setup;
  for (const SetupItem& item : items) {
    setup.push_back(item.needed ? kNeeded : kOptional);
    append_text(setup, item.kind);
    append_text(setup, item.content);
  }
  return setup;
}

Result<std::vector<SetupItem>> decode_setup(std::string_view setup) {
  std::vector<SetupItem> items;
  while (!setup.empty()) {
    const char need = setup.front();
    setup.remove_prefix(1);
    const auto kind = take_text(setup);
    const auto content = kind ? take_text(setup) : std::nullopt;
    if (!content || (need != kNeeded && need != kOptional))
      return fail(ErrorKind::protocol, "a setup that can't be read");
    items.push_back({std::string(*kind), std::string(*content), need == kNeeded});
  }
  return items;
}

Result<void> prepare_all(std::string_view setup, std::span<const Preparer> preparers) {
  const auto items = decode_setup(setup);
  if (!items) return std::unexpected(items.error());
  for (const SetupItem& item : *items)
    if (auto done = prepare_one(item, preparers); !done && item.needed) return done;
  return {};
}

}  // namespace sekisho::worker
