#include "rules/lists/name_index.h"

#include <string>

#include "rules/lists/fold.h"

namespace sekisho::rules::lists {

void DomainTable::add(std::string_view folded, std::uint32_t id) {
  if (folded.starts_with("*.")) {
    below_.add(folded.substr(2), id);
  } else {
    exact_.add(folded, id);
  }
}

std::uint32_t DomainTable::find(std::string_view folded) const {
  const auto whole = exact_.find(folded);
  if (whole != kNone || below_.size() == 0) return whole;
  // Names that are longer than any in the table cost no hash.
  for (auto dot = folded.find('.'); dot != std::string_view::npos; dot = folded.find('.')) {
    folded.remove_prefix(dot + 1);
    if (const auto above = below_.find(folded); above != kNone) return above;
  }
  return kNone;
}

void DomainTable::finish() {
  exact_.finish();
  below_.finish();
}

void DomainIndex::add(const Constant& item, std::uint32_t id) {
  table_.add(Folded(Type::domain, std::get<std::string>(item.value)).view(), id);
}

std::uint32_t DomainIndex::find(const engine::Fact& value) const {
  const auto* text = std::get_if<std::string_view>(&value);
  return text == nullptr ? kNone : table_.find(Folded(Type::domain, *text).view());
}

void AddressIndex::add(const Constant& item, std::uint32_t id) {
  const Folded folded(Type::address, std::get<std::string>(item.value));
  const auto text = folded.view();
  const auto at = text.rfind('@');
  if (at == 0) {
    domains_.add(text.substr(1), id);
  } else if (text.substr(at + 1).starts_with("*.")) {
    local_below_.add(std::string(text.substr(0, at + 1)) + std::string(text.substr(at + 3)), id);
  } else {
    exact_.add(text, id);
  }
}

std::uint32_t AddressIndex::find(const engine::Fact& value) const {
  const auto* asked = std::get_if<std::string_view>(&value);
  if (asked == nullptr) return kNone;
  const Folded folded(Type::address, *asked);
  const auto text = folded.view();
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return kNone;
  if (const auto whole = exact_.find(text); whole != kNone) return whole;
  if (local_below_.size() > 0) {
    std::string name(text.substr(0, at + 1));
    auto domain = text.substr(at + 1);
    for (auto dot = domain.find('.'); dot != std::string_view::npos; dot = domain.find('.')) {
      domain.remove_prefix(dot + 1);
      name.resize(at + 1);
      name += domain;
      if (const auto found = local_below_.find(name); found != kNone) return found;
    }
  }
  return domains_.find(text.substr(at + 1));
}

void AddressIndex::finish() {
  exact_.finish();
  local_below_.finish();
  domains_.finish();
}

std::size_t AddressIndex::size() const {
  return exact_.size() + local_below_.size() + domains_.size();
}

std::size_t AddressIndex::bytes() const {
  return exact_.bytes() + local_below_.bytes() + domains_.bytes();
}

}  // namespace sekisho::rules::lists
