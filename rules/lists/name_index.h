// Domains and addresses as tables: by the whole name, and by the names above it. Filled, finished,
// then any thread.
#pragma once

#include "rules/lists/item_index.h"

namespace sekisho::rules::lists {

// example.com, and *.example.com for all below it.
class DomainTable {
 public:
  void add(std::string_view folded, std::uint32_t id);
  [[nodiscard]] std::uint32_t find(std::string_view folded) const;
  [[nodiscard]] std::size_t size() const { return exact_.size() + below_.size(); }
  [[nodiscard]] std::size_t bytes() const { return exact_.bytes() + below_.bytes(); }
  void finish();

 private:
  TextTable exact_;
  TextTable below_;  // without "*."
};

class DomainIndex : public ItemIndex {
 public:
  void add(const Constant& item, std::uint32_t id) override;
  void finish() override { table_.finish(); }
  [[nodiscard]] std::uint32_t find(const engine::Fact& value) const override;
  [[nodiscard]] std::size_t size() const override { return table_.size(); }
  [[nodiscard]] std::size_t bytes() const override { return table_.bytes(); }

 private:
  DomainTable table_;
};

// ann@example.com, ann@*.example.com, @example.com, @*.example.com: found in this order.
class AddressIndex : public ItemIndex {
 public:
  void add(const Constant& item, std::uint32_t id) override;
  void finish() override;
  [[nodiscard]] std::uint32_t find(const engine::Fact& value) const override;
  [[nodiscard]] std::size_t size() const override;
  [[nodiscard]] std::size_t bytes() const override;

 private:
  TextTable exact_;
  TextTable local_below_;  // ann@example.com for ann@*.example.com
  DomainTable domains_;    // of those without a local part
};

}  // namespace sekisho::rules::lists
