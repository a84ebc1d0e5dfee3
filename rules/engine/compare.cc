#include "rules/engine/compare.h"

#include <optional>

#include "gateway/base/text.h"

namespace sekisho::rules::engine {
namespace {

std::optional<double> number_of(const Fact& fact) {
  if (const auto* number = std::get_if<double>(&fact)) return *number;
  if (const auto* whole = std::get_if<std::uint64_t>(&fact)) return static_cast<double>(*whole);
  return std::nullopt;
}

// A domain, and one or *.one.
bool domain_fits(std::string_view domain, std::string_view constant) {
  if (!constant.starts_with("*.")) return iequals(domain, constant);
  const auto below = constant.substr(1);
  return domain.size() > below.size() && iends_with_text(domain, below);
}

}  // namespace

std::string_view text_of(const Fact& fact) {
  const auto* text = std::get_if<std::string_view>(&fact);
  return text == nullptr ? std::string_view() : *text;
}

bool istarts_with_text(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

bool iends_with_text(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && iequals(text.substr(text.size() - suffix.size()), suffix);
}

bool same(const Fact& a, const Fact& b) {
  const auto* left = std::get_if<std::string_view>(&a);
  const auto* right = std::get_if<std::string_view>(&b);
  if (left != nullptr && right != nullptr) return iequals(*left, *right);
  if (left != nullptr || right != nullptr) return false;
  const auto x = number_of(a);
  const auto y = number_of(b);
  return x && y ? *x == *y : a == b;
}

bool fits(Type type, const Fact& value, const Fact& constant) {
  const auto pattern = text_of(constant);
  if (pattern.empty()) return same(value, constant);
  const auto text = text_of(value);
  switch (type) {
    case Type::domain:
      return domain_fits(text, pattern);
    case Type::address: {
      if (!pattern.starts_with('@')) break;
      const auto at = text.rfind('@');
      return at != std::string_view::npos && domain_fits(text.substr(at + 1), pattern.substr(1));
    }
    case Type::media_type:
      if (!pattern.ends_with("/*")) break;
      return istarts_with_text(text, pattern.substr(0, pattern.size() - 1));
    default:
      break;
  }
  return same(value, constant);
}

bool lies_in(const Fact& value, const Fact& network) {
  const auto* outer = std::get_if<Network>(&network);
  if (outer == nullptr) return false;
  if (const auto* address = std::get_if<IpAddress>(&value)) return outer->contains(*address);
  const auto* inner = std::get_if<Network>(&value);
  return inner != nullptr && outer->contains(*inner);
}

std::partial_ordering order(const Fact& a, const Fact& b) {
  const auto x = number_of(a);
  const auto y = number_of(b);
  return x && y ? *x <=> *y : std::partial_ordering::unordered;
}

bool holds(Op op, std::partial_ordering order) {
  switch (op) {
    case Op::less:
      return order == std::partial_ordering::less;
    case Op::less_equal:
      return order == std::partial_ordering::less || order == std::partial_ordering::equivalent;
    case Op::greater:
      return order == std::partial_ordering::greater;
    case Op::greater_equal:
      return order == std::partial_ordering::greater || order == std::partial_ordering::equivalent;
    default:
      return false;
  }
}

}  // namespace sekisho::rules::engine
