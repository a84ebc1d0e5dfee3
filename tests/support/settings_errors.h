// SettingsErrors: a visitor that leaves every setting as it is and keeps what a settings struct
// says about itself: its keys, their sentences, its errors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/settings_visitor.h"

namespace sekisho::test {

class SettingsErrors : public SettingsVisitor {
 public:
  std::vector<std::string> keys;
  std::vector<std::string> undocumented;
  std::vector<std::string> errors;  // "key: message"

  void field(std::string_view key, bool&, std::string_view doc) override { note(key, doc); }
  void field(std::string_view key, std::int64_t&, std::string_view doc, std::int64_t,
             std::int64_t) override {
    note(key, doc);
  }
  void field(std::string_view key, Bytes&, std::string_view doc) override { note(key, doc); }
  void field(std::string_view key, std::chrono::milliseconds&, std::string_view doc) override {
    note(key, doc);
  }
  void field(std::string_view key, std::string&, std::string_view doc) override { note(key, doc); }
  void field(std::string_view key, std::vector<std::string>&, std::string_view doc) override {
    note(key, doc);
  }
  void field(std::string_view key, std::filesystem::path&, std::string_view doc) override {
    note(key, doc);
  }
  void field(std::string_view key, std::vector<Network>&, std::string_view doc) override {
    note(key, doc);
  }
  void table(std::string_view key, std::string_view doc,
             const std::function<void(SettingsVisitor&)>& visit) override {
    note(key, doc);
    visit(*this);
  }
  void error(std::string_view key, std::string message) override {
    errors.push_back(std::string(key) + ": " + message);
  }
  [[nodiscard]] bool is_set(std::string_view) const override { return false; }

 protected:
  void choice_index(std::string_view key, std::size_t&, const std::vector<std::string_view>&,
                    std::string_view doc) override {
    note(key, doc);
  }
  void named_tables(
      std::string_view key, const std::vector<std::string>&, std::string_view doc,
      const std::function<void(const std::string& name, SettingsVisitor&)>&) override {
    note(key, doc);
  }

 private:
  void note(std::string_view key, std::string_view doc) {
    keys.emplace_back(key);
    if (!doc.ends_with('.')) undocumented.emplace_back(key);
  }
};

}  // namespace sekisho::test
