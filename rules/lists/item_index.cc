#include "rules/lists/item_index.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "rules/lists/fold.h"
#include "rules/lists/name_index.h"
#include "rules/lists/network_table.h"

namespace sekisho::rules::lists {
namespace {

// Words, users, extensions, sums: equal but for the case of ASCII letters.
class TextIndex : public ItemIndex {
 public:
  void add(const Constant& item, std::uint32_t id) override {
    table_.add(Folded(Type::text, std::get<std::string>(item.value)).view(), id);
  }
  void finish() override { table_.finish(); }
  [[nodiscard]] std::uint32_t find(const engine::Fact& value) const override {
    const auto* text = std::get_if<std::string_view>(&value);
    if (text == nullptr || text->size() > table_.longest()) return kNone;
    return table_.find(Folded(Type::text, *text).view());
  }
  [[nodiscard]] std::size_t size() const override { return table_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return table_.bytes(); }

 protected:
  TextTable table_;
};

// "image/*" has all images.
class MediaTypeIndex : public TextIndex {
 public:
  [[nodiscard]] std::uint32_t find(const engine::Fact& value) const override {
    const auto* text = std::get_if<std::string_view>(&value);
    if (text == nullptr || text->size() > 255) return kNone;
    const Folded folded(Type::text, *text);
    const auto whole = table_.find(folded.view());
    const auto slash = folded.view().find('/');
    if (whole != kNone || slash == std::string_view::npos) return whole;
    const auto main = table_.find(std::string(folded.view().substr(0, slash)) + "/*");
    return main != kNone ? main : table_.find("*/*");
  }
};

class NetworkIndex : public ItemIndex {
 public:
  void add(const Constant& item, std::uint32_t id) override {
    table_.add(std::get<Network>(item.value), id);
  }
  void finish() override { table_.finish(); }
  [[nodiscard]] std::uint32_t find(const engine::Fact& value) const override {
    if (const auto* address = std::get_if<IpAddress>(&value)) return table_.find(*address);
    if (const auto* network = std::get_if<Network>(&value)) return table_.find(*network);
    return kNone;
  }
  [[nodiscard]] std::size_t size() const override { return table_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return table_.bytes(); }

 private:
  NetworkTable table_;
};

class NumberIndex : public ItemIndex {
 public:
  void add(const Constant& item, std::uint32_t id) override {
    numbers_.emplace_back(std::get<double>(item.value), id);
  }
  void finish() override {
    std::ranges::sort(numbers_);
    const auto twice = std::ranges::unique(numbers_, {}, &Number::first);
    numbers_.erase(twice.begin(), twice.end());
    numbers_.shrink_to_fit();
  }
  [[nodiscard]] std::uint32_t find(const engine::Fact& value) const override {
    const auto* number = std::get_if<double>(&value);
    if (number == nullptr) return kNone;
    const auto found = std::ranges::lower_bound(numbers_, *number, {}, &Number::first);
    return found != numbers_.end() && found->first == *number ? found->second : kNone;
  }
  [[nodiscard]] std::size_t size() const override { return numbers_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return numbers_.capacity() * sizeof(Number); }

 private:
  using Number = std::pair<double, std::uint32_t>;
  std::vector<Number> numbers_;
};

bool domain_fits(std::string_view item, std::string_view domain) {
  if (!item.starts_with("*.")) return item == domain;
  item.remove_prefix(1);
  return domain.size() > item.size() && domain.ends_with(item);
}

bool address_fits(std::string_view item, std::string_view address) {
  const auto at = address.rfind('@');
  const auto item_at = item.rfind('@');
  if (at == std::string_view::npos || item_at == std::string_view::npos) return false;
  if (item_at > 0 && item.substr(0, item_at) != address.substr(0, at)) return false;
  return domain_fits(item.substr(item_at + 1), address.substr(at + 1));
}

bool media_type_fits(std::string_view item, std::string_view type) {
  if (item == "*/*") return type.contains('/');
  if (!item.ends_with("/*")) return item == type;
  return item == type ||
         (type.starts_with(item.substr(0, item.size() - 1)) && type.find('/') == item.size() - 2);
}

}  // namespace

std::unique_ptr<ItemIndex> make_index(Type type) {
  switch (type) {
    case Type::domain:
      return std::make_unique<DomainIndex>();
    case Type::address:
      return std::make_unique<AddressIndex>();
    case Type::network:
      return std::make_unique<NetworkIndex>();
    case Type::number:
      return std::make_unique<NumberIndex>();
    case Type::media_type:
      return std::make_unique<MediaTypeIndex>();
    default:
      return std::make_unique<TextIndex>();  // the checker lets no list of other kinds be
  }
}

std::string written(const Constant& item) {
  if (const auto* text = std::get_if<std::string>(&item.value)) return *text;
  if (const auto* network = std::get_if<Network>(&item.value)) return network->to_string();
  if (const auto* address = std::get_if<IpAddress>(&item.value)) return address->to_string();
  if (const auto* number = std::get_if<double>(&item.value)) return fmt::format("{}", *number);
  return fmt::format("{}", std::get<std::uint64_t>(item.value));
}

bool fits(Type type, std::string_view item, const engine::Fact& value) {
  if (type == Type::network || type == Type::number) {
    const auto constant = read_constant(type, item);
    if (!constant) return false;
    if (const auto* number = std::get_if<double>(&constant->value)) {
      const auto* asked = std::get_if<double>(&value);
      return asked != nullptr && *asked == *number;
    }
    const auto& network = std::get<Network>(constant->value);
    if (const auto* address = std::get_if<IpAddress>(&value)) return network.contains(*address);
    const auto* inner = std::get_if<Network>(&value);
    return inner != nullptr && network.contains(*inner);
  }
  const auto* text = std::get_if<std::string_view>(&value);
  if (text == nullptr) return false;
  const bool name = type == Type::domain || type == Type::address;
  const Folded asked(name ? type : Type::text, *text);
  const Folded one(name ? type : Type::text, item);
  if (type == Type::domain) return domain_fits(one.view(), asked.view());
  if (type == Type::address) return address_fits(one.view(), asked.view());
  if (type == Type::media_type) return media_type_fits(one.view(), asked.view());
  return one.view() == asked.view();
}

}  // namespace sekisho::rules::lists
