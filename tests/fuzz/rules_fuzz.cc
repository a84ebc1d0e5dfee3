// Rule files. Oracles: every mistake lies in its text and prints on whole lines; what parses is
// formatted to the same tokens and comments, twice the same; what was formatted gets no errors that
// the original did not get.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "rules/check/check.h"
#include "rules/format/format.h"

namespace {

using namespace sekisho;
using namespace sekisho::rules;

void require(bool holds) {
  if (!holds) std::abort();
}

class OneFile : public Files {
 public:
  explicit OneFile(std::string_view text) : text_(text) {}
  Result<std::string> read(const std::filesystem::path& path, std::size_t) override {
    if (path != "main.rules") return fail(ErrorKind::io, "there is no such file");
    return text_;
  }
  std::vector<std::filesystem::path> expand(const std::filesystem::path&) override { return {}; }
  bool is_file(const std::filesystem::path&) override { return true; }

 private:
  std::string text_;
};

struct Outcome {
  Sources sources;
  Diagnostics diagnostics;
  Loaded loaded;
};

void run(std::string_view text, Outcome& into) {
  OneFile files(text);
  into.loaded = load({"main.rules"}, files, into.sources, into.diagnostics);
  const CheckContext context{.today = std::chrono::sys_days(std::chrono::days(20'000)),
                             .files = &files,
                             .listeners = {},
                             .upstreams = {}};
  (void)check(into.loaded, into.sources, context, into.diagnostics);
  const auto all = into.diagnostics.sorted();
  require(all.size() <= Diagnostics::kMax);
  for (const auto& one : all) {
    require(one.span.begin <= one.span.end);
    require(one.span.end <= into.sources[one.span.source].text().size());
    for (const char c : render(one, into.sources)) {
      require(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
    }
  }
}

bool same(const Parsed& a, const Parsed& b) {
  if (a.tokens.all.size() != b.tokens.all.size()) return false;
  if (a.tokens.comments.size() != b.tokens.comments.size()) return false;
  for (std::size_t i = 0; i < a.tokens.all.size(); ++i) {
    if (a.tokens.all[i].text != b.tokens.all[i].text) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16'384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Outcome first;
  run(text, first);
  Sources sources;
  Diagnostics diagnostics;
  const auto parsed = parse(sources, sources.add("main.rules", std::string(text)), diagnostics);
  if (diagnostics.has_errors()) return 0;
  const auto formatted = format(parsed, sources);
  const auto again = parse(sources, sources.add("main.rules", formatted), diagnostics);
  require(!diagnostics.has_errors());
  require(same(parsed, again));
  require(format(again, sources) == formatted);
  Outcome second;
  run(formatted, second);
  require(first.diagnostics.errors() == second.diagnostics.errors());
  return 0;
}
