// `sekisho config show`.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gateway/base/encode.h"
#include "gateway/config/load.h"
#include "gateway/config/text_visitor.h"

namespace sekisho::config {
namespace {

class ShowVisitor final : public TextVisitor {
 public:
  explicit ShowVisitor(const Origins& origins) : origins_(origins) { tables_.emplace_back(); }

  void table(std::string_view key, std::string_view /*doc*/,
             const std::function<void(SettingsVisitor&)>& visit) override {
    enter(std::string(key), {}, [&] { visit(*this); });
  }
  [[nodiscard]] bool is_set(std::string_view key) const override {
    return origins_.contains(path_of(key));
  }
  [[nodiscard]] std::string_view table_name() const override { return tables_.back().name; }

  [[nodiscard]] std::string text() const { return print(tables_.front()); }

 protected:
  void line(std::string_view key, const std::string& value, std::string_view /*doc*/,
            const std::string& /*range*/) override {
    const auto origin = origins_.find(path_of(key));
    tables_.back().lines.emplace_back(
        fmt::format("{} = {}", key, value),
        origin == origins_.end() ? "default" : encode_for_log(origin->second));
  }

  void named_tables(
      std::string_view key, const std::vector<std::string>& existing, std::string_view /*doc*/,
      const std::function<void(const std::string& name, SettingsVisitor&)>& visit) override {
    for (const std::string& name : existing) {
      enter(fmt::format("{}.{}", key, name), name, [&] { visit(name, *this); });
    }
  }

 private:
  // A table's own lines must be printed before those of the tables in it, whatever order the
  // settings have.
  struct Table {
    std::string path;
    std::string name;
    std::vector<std::pair<std::string, std::string>> lines;  // "key = value", origin
    std::string inner;                                       // the printed tables in it
  };

  [[nodiscard]] std::string path_of(std::string_view key) const {
    const std::string& table = tables_.back().path;
    return table.empty() ? std::string(key) : fmt::format("{}.{}", table, key);
  }

  void enter(const std::string& key, const std::string& name, const std::function<void()>& visit) {
    tables_.push_back(Table{path_of(key), name, {}, {}});
    visit();
    const Table done = std::move(tables_.back());
    tables_.pop_back();
    tables_.back().inner += print(done);
  }

  static std::string print(const Table& table) {
    std::string text;
    if (!table.path.empty()) text = fmt::format("\n[{}]\n", table.path);
    std::size_t width = 0;
    constexpr std::size_t kMaxWidth = 48;
    for (const auto& [line, origin] : table.lines) {
      width = std::max(width, std::min(line.size(), kMaxWidth));
    }
    for (const auto& [line, origin] : table.lines) {
      text += fmt::format("{:<{}}  # {}\n", line, width, origin);
    }
    return text + table.inner;
  }

  const Origins& origins_;
  std::vector<Table> tables_;
};

}  // namespace

std::string show(const Loaded& loaded) {
  Settings settings = loaded.settings;
  // The files are merged here: reading them again would set everything twice.
  settings.include.clear();
  ShowVisitor visitor(loaded.origins);
  settings.visit(visitor);
  return visitor.text();
}

}  // namespace sekisho::config
