#include "rules/lists/fold.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>

#include "gateway/base/idna.h"
#include "gateway/base/text.h"

namespace sekisho::rules::lists {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Nothing where it is no name that DNS could have: it is compared as it is then.
std::optional<std::string> a_labels(std::string_view domain) {
  const auto form = to_idna(domain);
  return form ? std::optional(to_lower(*form)) : std::nullopt;
}

// RFC 5321 4.1.2: "ivan"@ and ivan@ are the same mailbox.
std::string unquoted(std::string_view local) {
  std::string out;
  for (std::size_t i = 1; i + 1 < local.size(); ++i) {
    if (local[i] == '\\' && i + 2 < local.size()) ++i;
    out += local[i];
  }
  return out;
}

}  // namespace

Folded::Folded(Type type, std::string_view text) {
  if (type == Type::domain) {
    take_domain(text);
  } else if (type == Type::address) {
    take_address(text);
  } else {
    take_lower(text);
  }
}

char* Folded::room(std::size_t size) {
  if (size <= sizeof short_) {
    view_ = {short_, size};
    return short_;
  }
  long_.resize(size);
  view_ = long_;
  return long_.data();
}

void Folded::take_lower(std::string_view text) {
  std::ranges::transform(text, room(text.size()), ascii_lower);
}

void Folded::take_domain(std::string_view domain) {
  if (domain.size() > 1 && domain.ends_with('.')) domain.remove_suffix(1);
  if (is_ascii(domain)) return take_lower(domain);
  const bool below = domain.starts_with("*.");
  const auto form = a_labels(below ? domain.substr(2) : domain);
  take_lower(form ? (below ? "*." + *form : *form) : std::string(domain));
}

void Folded::take_address(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return take_lower(address);
  auto local = address.substr(0, at);
  auto domain = address.substr(at + 1);
  const bool quoted = local.size() > 1 && local.starts_with('"') && local.ends_with('"');
  if (!quoted && is_ascii(domain) && !domain.ends_with('.')) return take_lower(address);
  const Folded name(Type::domain, domain);
  const std::string plain = quoted ? unquoted(local) : std::string(local);
  take_lower(plain + "@" + std::string(name.view()));
}

}  // namespace sekisho::rules::lists
