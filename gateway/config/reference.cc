// `sekisho config reference` and the manual page: every setting, from the same visit() as reading.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/config/known_filters.h"
#include "gateway/config/load.h"
#include "gateway/config/text_visitor.h"

namespace sekisho::config {
namespace {

struct Entry {
  std::string key;
  std::string value;  // the default
  std::string doc;
};
struct Section {
  std::string header;  // "[limits]"; empty for the keys on top
  std::string doc;
  std::vector<Entry> entries;
};

class ReferenceVisitor final : public TextVisitor {
 public:
  ReferenceVisitor() { open({}, "Keys at the top of the file, before the first [table]."); }

  void table(std::string_view key, std::string_view doc,
             const std::function<void(SettingsVisitor&)>& visit) override {
    inside(path_of(key), {}, doc, [&] { visit(*this); });
  }
  [[nodiscard]] bool is_set(std::string_view /*key*/) const override { return false; }
  [[nodiscard]] std::string_view table_name() const override { return name_; }

  [[nodiscard]] std::vector<Section> take() { return std::move(sections_); }

 protected:
  void line(std::string_view key, const std::string& value, std::string_view doc,
            const std::string& range) override {
    if (filter_part_ == FilterPart::own && common_keys_.contains(key)) return;
    if (filter_part_ == FilterPart::common) common_keys_.emplace(key);
    std::string text(doc);
    if (!range.empty()) text += fmt::format(" Value: {}.", range);
    sections_[current_].entries.push_back({std::string(key), value, std::move(text)});
  }

  void named_tables(
      std::string_view key, const std::vector<std::string>& /*existing*/, std::string_view doc,
      const std::function<void(const std::string& name, SettingsVisitor&)>& visit) override {
    const std::string path = fmt::format("{}.NAME", key);
    if (key == "filter") return filters(path, doc, visit);
    inside(path, {}, doc, [&] { visit("NAME", *this); });
  }

 private:
  // What every [filter.NAME] has is told once, then what each filter adds.
  enum class FilterPart { none, common, own };

  void filters(const std::string& path, std::string_view doc,
               const std::function<void(const std::string& name, SettingsVisitor&)>& visit) {
    filter_part_ = FilterPart::common;
    inside(path, "NAME", doc, [&] { visit("NAME", *this); });
    filter_part_ = FilterPart::own;
    for (const filters::CatalogEntry& entry : filters::catalog()) {
      const std::string name(entry.name);
      inside(fmt::format("filter.NAME], use = \"{}\"", name), name, entry.summary,
             [&] { visit(name, *this); });
    }
    filter_part_ = FilterPart::none;
  }

  [[nodiscard]] std::string path_of(std::string_view key) const {
    return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  }

  void open(const std::string& path, std::string_view doc) {
    std::string header;
    if (!path.empty()) header = path.find(']') == std::string::npos ? "[" + path + "]" : "[" + path;
    current_ = sections_.size();
    sections_.push_back({std::move(header), std::string(doc), {}});
  }

  void inside(const std::string& path, const std::string& name, std::string_view doc,
              const std::function<void()>& visit) {
    const std::size_t outer = current_;
    const std::string outer_path = std::exchange(path_, path);
    const std::string outer_name = std::exchange(name_, name);
    open(path, doc);
    visit();
    current_ = outer;
    path_ = outer_path;
    name_ = outer_name;
  }

  std::vector<Section> sections_;
  std::size_t current_ = 0;
  std::string path_;
  std::string name_;
  FilterPart filter_part_ = FilterPart::none;
  std::set<std::string, std::less<>> common_keys_;
};

std::vector<Section> sections() {
  ReferenceVisitor visitor;
  Settings settings;
  settings.visit(visitor);
  return visitor.take();
}

std::string wrapped(std::string_view text, std::string_view first, std::string_view others) {
  constexpr std::size_t kWidth = 79;
  std::string result;
  std::string line(first);
  bool empty = true;
  for (const std::string_view word : split(text, ' ')) {
    if (!empty && line.size() + 1 + word.size() > kWidth) {
      result += line + '\n';
      line = others;
      empty = true;
    }
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  return result + line + '\n';
}

// Troff text: backslashes, hyphens and quotes (in a request they group words) are written by their
// names, and a line must not look like a request.
std::string troff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else if (c == '"') {
      result += "\\(dq";
    } else {
      result += c;
    }
  }
  if (result.starts_with('.') || result.starts_with('\'')) result.insert(0, "\\&");
  return result;
}

constexpr std::string_view kTroffTop = R"(.\" Made by: sekisho config reference --troff
.TH SEKISHO.TOML 5 "" "Sekisho" "File formats"
.SH NAME
sekisho.toml \- configuration of the SMTP gateway Sekisho
.SH DESCRIPTION
The file is TOML.
.BR sekisho (8)
reads it from
.I /etc/sekisho/sekisho.toml
unless it is told another name, and then the files that
.B include
names.
A key may be set in one file only: none overrides another.
.PP
Sizes are text with a unit, such as "25MB" or "64KiB" (KB, MB and GB count in 1000s, KiB, MiB and GiB
in 1024s).
Durations are text with a unit: "500ms", "30s", "5m", "1h", "2d".
A relative path counts from the folder of the file that it stands in.
NAME in a table's header is any name of letters, digits, \- and _.
.PP
.B sekisho check
tells all mistakes at once, each with its place;
.B sekisho config show
prints every value that is in force, and where it was set.
.SH SETTINGS
Each with its default.
)";

constexpr std::string_view kTroffEnd = R"(.SH FILES
.TP
.I /etc/sekisho/sekisho.toml
The main file.
.TP
.I /etc/sekisho/conf.d/*.toml
Included by default, in the order of their names.
.SH SEE ALSO
.BR sekisho (8)
)";

}  // namespace

std::string reference() {
  std::string text =
      "Settings of sekisho.toml, each with its default. Sizes (\"25MB\", \"64KiB\") and\n"
      "durations (\"500ms\", \"30s\", \"5m\") are text with a unit; a relative path counts\n"
      "from the folder of the file that it stands in.\n";
  for (const Section& section : sections()) {
    text += '\n';
    if (!section.header.empty()) text += section.header + '\n';
    text += wrapped(section.doc, "", "");
    for (const Entry& entry : section.entries) {
      text += '\n' + wrapped(fmt::format("{} = {}", entry.key, entry.value), "  ", "        ");
      text += wrapped(entry.doc, "      ", "      ");
    }
  }
  return text;
}

std::string reference_troff() {
  std::string text(kTroffTop);
  for (const Section& section : sections()) {
    text += fmt::format(".SS {}\n{}\n",
                        section.header.empty() ? "Top of the file" : troff(section.header),
                        troff(section.doc));
    for (const Entry& entry : section.entries) {
      text += fmt::format(".TP\n\\fB{}\\fR = {}\n{}\n", troff(entry.key), troff(entry.value),
                          troff(entry.doc));
    }
  }
  return text + std::string(kTroffEnd);
}

}  // namespace sekisho::config
