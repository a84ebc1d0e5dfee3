// ReadVisitor fills settings from a Document: finds each key, checks its type and range, and at the
// end tells which keys nobody asked for. One pass, then finish().
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gateway/base/settings_visitor.h"
#include "gateway/config/document.h"
#include "gateway/config/load.h"
#include "gateway/config/problems.h"

namespace sekisho::config {

class ReadVisitor final : public SettingsVisitor {
 public:
  ReadVisitor(const Document& document, Problems& problems, Origins& origins);

  void field(std::string_view key, bool& value, std::string_view doc) override;
  void field(std::string_view key, std::int64_t& value, std::string_view doc, std::int64_t min,
             std::int64_t max) override;
  void field(std::string_view key, Bytes& value, std::string_view doc) override;
  void field(std::string_view key, std::chrono::milliseconds& value, std::string_view doc) override;
  void field(std::string_view key, std::string& value, std::string_view doc) override;
  void field(std::string_view key, std::vector<std::string>& value, std::string_view doc) override;
  void field(std::string_view key, std::filesystem::path& value, std::string_view doc) override;
  void field(std::string_view key, std::vector<Network>& value, std::string_view doc) override;
  void table(std::string_view key, std::string_view doc,
             const std::function<void(SettingsVisitor&)>& visit) override;
  void error(std::string_view key, std::string message) override;
  [[nodiscard]] bool is_set(std::string_view key) const override;
  [[nodiscard]] std::string_view table_name() const override { return frame().name; }
  void ignore_rest() override { frame().ignore_rest = true; }

  // Tells the unknown keys. Call once, after the visit.
  void finish();

 protected:
  void choice_index(std::string_view key, std::size_t& index,
                    const std::vector<std::string_view>& words, std::string_view doc) override;
  void named_tables(
      std::string_view key, const std::vector<std::string>& existing, std::string_view doc,
      const std::function<void(const std::string& name, SettingsVisitor&)>& visit) override;

 private:
  // The table that is being visited; `node` is null when the configuration doesn't have it.
  struct Frame {
    const Node* node = nullptr;
    std::string path;
    std::string name;
    std::set<std::string, std::less<>> known;
    bool ignore_rest = false;
  };
  struct Unknown {
    const Node* node;
    std::string table;  // its path
    std::string key;
    std::set<std::string, std::less<>> known;  // what the table does know
  };

  [[nodiscard]] Frame& frame() { return frames_.back(); }
  [[nodiscard]] const Frame& frame() const { return frames_.back(); }
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] Place table_place() const;
  const Node* take(std::string_view key);
  const Node* take(std::string_view key, Node::Kind kind, std::string_view example);
  void wrong_type(const Node& node, std::string_view key, std::string_view wanted,
                  std::string hint);
  void wrong_value(const Node& node, std::string_view setting, std::string_view message,
                   std::string hint = {});
  // Control bytes in a path or a name are never meant; told when there is one.
  bool is_printable(const Node& node, const std::string& setting);
  void enter(const Node* node, std::string path, std::string name,
             const std::function<void()>& visit);
  void tell_unknown(const Unknown& unknown);

  const Document& document_;
  Problems& problems_;
  Origins& origins_;
  std::vector<Frame> frames_;
  std::vector<Unknown> unknown_;
  std::multimap<std::string, std::string, std::less<>> tables_by_key_;  // "max_errors" → "limits"
};

}  // namespace sekisho::config
