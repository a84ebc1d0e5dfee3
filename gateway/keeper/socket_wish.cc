#include "gateway/keeper/socket_wish.h"

#include <charconv>

#include <fmt/format.h>

namespace sekisho::keeper {
namespace {

constexpr std::size_t kFields = 4;
constexpr std::size_t kUnixFields = 6;
constexpr int kOctal = 8;
constexpr mode_t kAllRights = 0777;

template <class Number>
std::optional<Number> parse_number(const std::string& text, int base = 10) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

}  // namespace

std::vector<std::string> fields_of(const SocketWish& wish) {
  std::vector<std::string> fields{"open", wish.address.to_string(), std::to_string(wish.count),
                                  wish.shared ? "1" : "0"};
  if (!wish.address.is_unix()) return fields;
  fields.push_back(fmt::format("{:o}", wish.rights.mode));
  fields.push_back(wish.rights.group ? std::to_string(*wish.rights.group) : "");
  return fields;
}

std::optional<SocketWish> parse_wish(const std::vector<std::string>& fields) {
  if (fields.size() < kFields || fields[0] != "open") return std::nullopt;
  const auto address = SocketAddress::parse(fields[1]);
  const auto count = parse_number<std::size_t>(fields[2]);
  if (!address || !count) return std::nullopt;
  if (fields.size() != (address->is_unix() ? kUnixFields : kFields)) return std::nullopt;
  SocketWish wish{.address = *address, .count = *count, .shared = fields[3] == "1"};
  if (!address->is_unix()) return wish;
  const auto mode = parse_number<mode_t>(fields[4], kOctal);
  if (!mode || *mode > kAllRights) return std::nullopt;
  wish.rights.mode = *mode;
  if (fields[5].empty()) return wish;
  wish.rights.group = parse_number<gid_t>(fields[5]);
  return wish.rights.group ? std::optional(wish) : std::nullopt;
}

}  // namespace sekisho::keeper
