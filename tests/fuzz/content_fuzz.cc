// Reading a message for rules, under any bytes, and the forms that come from outside. Oracles: what
// was found goes through its bytes unharmed, and decoders take only what encoders make.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "rules/content/reader.h"
#include "rules/content/wire.h"

namespace {

using namespace sekisho;
using namespace sekisho::rules::content;

void require(bool condition) {
  if (!condition) std::abort();
}

// A plan that asks for everything.
Plan whole_plan() {
  WireWriter out;
  out.number(1);
  out.number((std::uint64_t{1} << kWants) - 1);
  out.number(1);
  out.text("x-foo");
  const auto atom = [&out](std::string_view value, std::string_view of, Atom::Kind kind,
                           std::string_view text) {
    out.text(value);
    out.text(of);
    out.number(static_cast<std::uint64_t>(kind));
    out.text(text);
    out.text("");
  };
  out.number(6);
  atom("text", "", Atom::Kind::matches, "a.*b");
  atom("html", "", Atom::Kind::contains, "x");
  atom("url", "", Atom::Kind::matches, "^http");
  atom("part.name", "", Atom::Kind::matches, "exe$");
  atom("attachment.extension", "", Atom::Kind::matches, "^e");
  atom("address.name", "header.from", Atom::Kind::matches, "b");
  auto plan = Plan::decode(out.take());
  require(plan.has_value());
  return std::move(*plan);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Plan plan = whole_plan();
  static Matchers matchers = std::move(Matchers::of(plan)).value();
  const std::string all(data, data + size);

  if (const auto decoded = Plan::decode(all)) require(decoded->encode() == all);
  if (const auto decoded = decode_findings(all, plan)) {
    const auto again = encode(*decoded);
    require(again && *again == all);
  }

  mail::MimeLimits limits;
  limits.max_time = std::chrono::minutes(10);  // the clock must not decide what is found
  const auto found = read(all, plan, matchers, limits);
  if (!found) return 0;
  const auto bytes = encode(*found);
  if (!bytes) return 0;
  const auto home = decode_findings(*bytes, plan);
  require(home.has_value());
  require(*home == *found);
  for (const Url& url : found->urls) require(url.domain != std::string());
  return 0;
}
