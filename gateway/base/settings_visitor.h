// SettingsVisitor: how a settings struct tells the rest of the program about its fields, once.
// Each struct has `void visit(SettingsVisitor&)`, which names every field with the sentence that
// documents it. Reading TOML, printing the effective values and printing the reference are three
// visitors (gateway/config/), so a setting can't exist without all three.
//
//   void LimitSettings::visit(SettingsVisitor& v) {
//     v.field("max_recipients", max_recipients, "Recipients accepted in one transaction.");
//   }
//
// A field's value before the visit is its default. Errors are the visitor's business.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/ip.h"

namespace sekisho {

// Units are part of the type, so that `timeout = 30` is an error and `timeout = "30s"` is not.
struct Bytes {
  std::uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};

class SettingsVisitor {
 public:
  virtual ~SettingsVisitor() = default;

  virtual void field(std::string_view key, bool& value, std::string_view doc) = 0;
  virtual void field(std::string_view key, std::int64_t& value, std::string_view doc,
                     std::int64_t min = 0, std::int64_t max = INT64_MAX) = 0;
  virtual void field(std::string_view key, Bytes& value, std::string_view doc) = 0;  // "25MB"
  virtual void field(std::string_view key, std::chrono::milliseconds& value,         // "30s"
                     std::string_view doc) = 0;
  virtual void field(std::string_view key, std::string& value, std::string_view doc) = 0;
  virtual void field(std::string_view key, std::vector<std::string>& value,
                     std::string_view doc) = 0;
  // A relative path counts from the folder of the file that holds it.
  virtual void field(std::string_view key, std::filesystem::path& value, std::string_view doc) = 0;
  virtual void field(std::string_view key, std::vector<Network>& value, std::string_view doc) = 0;

  // An enumeration by its words: v.choice("mode", mode, {{"enforce", Mode::enforce}, …}, "…").
  template <class E>
  void choice(std::string_view key, E& value,
              const std::vector<std::pair<std::string_view, E>>& words, std::string_view doc) {
    std::vector<std::string_view> names;
    std::size_t index = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
      names.push_back(words[i].first);
      if (words[i].second == value) index = i;
    }
    choice_index(key, index, names, doc);
    value = words[index].second;
  }

  // A sub-table with fixed keys: [limits].
  virtual void table(std::string_view key, std::string_view doc,
                     const std::function<void(SettingsVisitor&)>& visit) = 0;

  // Tables by a name that the administrator chooses: [listener.submission]. `visit` is called for
  // each name found (adding it) and, when printing, for each that exists.
  template <class T>
  void tables(std::string_view key, std::map<std::string, T>& entries, std::string_view doc) {
    std::vector<std::string> existing;
    for (const auto& [name, unused] : entries) existing.push_back(name);
    named_tables(key, existing, doc,
                 [&](const std::string& name, SettingsVisitor& v) { entries[name].visit(v); });
  }

  // Reports that the value of `key` of the table being visited is wrong, at the place where it
  // stands (at the table when the key isn't set). The message is told behind the setting's name;
  // one about an element of a list quotes the element. Visitors that don't read ignore it.
  virtual void error(std::string_view key, std::string message) = 0;
  // Was the key given by the administrator, as against its default?
  [[nodiscard]] virtual bool is_set(std::string_view key) const = 0;
  // NAME while [kind.NAME] is visited; empty elsewhere.
  [[nodiscard]] virtual std::string_view table_name() const { return {}; }
  // The other keys of this table can't be judged, since what decides over them is itself wrong.
  virtual void ignore_rest() {}

 protected:
  virtual void choice_index(std::string_view key, std::size_t& index,
                            const std::vector<std::string_view>& words, std::string_view doc) = 0;
  virtual void named_tables(
      std::string_view key, const std::vector<std::string>& existing, std::string_view doc,
      const std::function<void(const std::string& name, SettingsVisitor&)>& visit) = 0;
};

}  // namespace sekisho
