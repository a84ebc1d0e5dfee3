#include "gateway/config/document.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/file_io.h"
#include "gateway/config/include.h"
#include "gateway/config/parse.h"

namespace sekisho::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = 1024 * 1024;  // more is not a configuration

void merge(Node& into, Node&& from, const std::string& path, Problems& problems) {
  for (auto& [name, node] : from.children) {
    const std::string setting = path.empty() ? name : path + "." + name;
    const auto found = into.children.find(name);
    if (found == into.children.end()) {
      into.children.emplace(name, std::move(node));
    } else if (found->second.kind == Node::Kind::table && node.kind == Node::Kind::table) {
      merge(found->second, std::move(node), setting, problems);
    } else {
      problems.error(
          {}, node.key,
          fmt::format("`{}` is set already at {}", setting, found->second.key.to_string()),
          "no file overrides another: remove one of the two");
    }
  }
}

const Source& add_source(Document& document, fs::path path, std::string text) {
  const std::size_t order = document.sources.size();
  document.sources.push_back(
      std::make_unique<const Source>(std::move(path), std::move(text), order));
  return *document.sources.back();
}

// nullptr, and told, when the file can't be read.
const Source* open_source(Document& document, const fs::path& file, std::string hint,
                          Problems& problems) {
  Result<std::string> text = read_whole_file(file, kMaxBytes);
  const bool readable = text.has_value();
  const Source& source = add_source(document, file, readable ? std::move(*text) : std::string());
  if (readable) return &source;
  problems.error({}, Place{&source, 0, 0, 1}, text.error().text, std::move(hint));
  problems.mark_incomplete();
  return nullptr;
}

}  // namespace

Place Document::whole() const {
  return Place{sources.empty() ? nullptr : sources.front().get(), 0, 0, 1};
}

Document read_document(const fs::path& file, Problems& problems) {
  Document document;
  const Source* main = open_source(document, file, "name another one with --config FILE", problems);
  if (main != nullptr) document.root = parse(*main, problems);
  document.root.place = document.root.key = document.whole();

  for (const fs::path& included : included_files(document.root.child("include"), file, problems)) {
    const Source* source = open_source(document, included, {}, problems);
    if (source == nullptr) continue;
    Node tree = parse(*source, problems);
    if (const Node* nested = tree.child("include")) {
      problems.error({}, nested->key, "an included file can't include others",
                     fmt::format("add the pattern to `include` in {}", file.string()));
      tree.children.erase("include");
    }
    merge(document.root, std::move(tree), {}, problems);
  }
  return document;
}

Document read_text(std::string_view text, const fs::path& name, Problems& problems) {
  Document document;
  document.root = parse(add_source(document, name, std::string(text)), problems);
  document.root.place = document.root.key = document.whole();
  return document;
}

}  // namespace sekisho::config
