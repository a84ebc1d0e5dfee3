#include "gateway/base/fields.h"

namespace sekisho {
namespace {

constexpr std::size_t kLengthBytes = 2;

}  // namespace

std::optional<std::size_t> size_of_fields(const std::vector<std::string_view>& fields) {
  std::size_t size = 0;
  for (const std::string_view field : fields) {
    if (field.size() > kMaxField) return std::nullopt;
    size += kLengthBytes + field.size();
  }
  return size;
}

void append_fields(std::string& out, const std::vector<std::string_view>& fields) {
  for (const std::string_view field : fields) {
    out.push_back(static_cast<char>(field.size() >> 8U));
    out.push_back(static_cast<char>(field.size() & 0xffU));
    out.append(field);
  }
}

std::optional<std::vector<std::string_view>> decode_fields(std::string_view bytes) {
  std::vector<std::string_view> fields;
  while (!bytes.empty()) {
    if (bytes.size() < kLengthBytes) return std::nullopt;
    const auto high = static_cast<unsigned char>(bytes[0]);
    const auto low = static_cast<unsigned char>(bytes[1]);
    const std::size_t size = (std::size_t{high} << 8U) | low;
    bytes.remove_prefix(kLengthBytes);
    if (bytes.size() < size) return std::nullopt;
    fields.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return fields;
}

}  // namespace sekisho
