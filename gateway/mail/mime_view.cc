#include "gateway/mail/mime_view.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/mail/line_source.h"
#include "gateway/mail/mime_budget.h"
#include "gateway/mail/mime_names.h"
#include "gateway/mail/mime_walker.h"

namespace sekisho::mail {
namespace {

// What a policy sees of a part; where it stands is no news.
bool says_the_same(const MimePart& a, const MimePart& b) {
  return a.type == b.type && a.encoding == b.encoding && a.disposition == b.disposition &&
         a.magic == b.magic && a.names == b.names;
}

bool has_the_same_body(const MimePart& a, const std::vector<std::string>& bodies_of_a,
                       const MimePart& b, const std::vector<std::string>& bodies_of_b) {
  if (a.body && b.body) return bodies_of_a[*a.body] == bodies_of_b[*b.body];
  return a.body == b.body && a.offset == b.offset && a.size == b.size;
}

void merge(MimeBudget& into, MimeView more) {
  const std::size_t known = into.view.parts.size();
  const std::size_t bodies = into.view.bodies.size();
  for (MimePart& part : more.parts) {
    const auto end = into.view.parts.begin() + static_cast<std::ptrdiff_t>(known);
    const bool repeated = std::any_of(into.view.parts.begin(), end, [&](const MimePart& other) {
      return says_the_same(part, other) &&
             (!into.keep_bodies || has_the_same_body(part, more.bodies, other, into.view.bodies));
    });
    if (repeated) continue;
    if (part.body) *part.body += bodies;
    into.add(std::move(part));
  }
  std::ranges::move(more.bodies, std::back_inserter(into.view.bodies));
  if (!more.complete) into.incomplete(std::move(more.incomplete_reason));
}

}  // namespace

void MimeLimits::visit(SettingsVisitor& v) {
  v.field("max_depth", max_depth, "Levels of parts within parts that are looked at.", 1,
          MimeBudget::kMaxDepth);
  v.field("max_parts", max_parts, "Parts of one message that are looked at.", 1, 100'000);
  v.field("max_part_header", max_part_header,
          "Bytes of Content-* header fields of one part that are looked at.");
  v.field("max_time", max_time, "How long one message may be looked at.");
}

std::vector<std::string> MimePart::extensions() const {
  std::vector<std::string> out;
  for (const std::string& name : names) add_extensions(out, name);
  return out;
}

Result<MimeView> MimeView::parse(const Reader& read, const MimeLimits& limits, Bodies bodies) {
  const Deadline deadline = Deadline::in(limits.max_time);
  const auto pass = [&](MimeBudget& budget) {
    LineSource source(read);
    return MimeWalker(budget).walk(source);
  };
  MimeBudget standard(limits, deadline, false);
  standard.keep_bodies = bodies == Bodies::keep;
  if (auto done = pass(standard); !done) return std::unexpected(done.error());
  if (standard.ambiguous && !standard.stopped) {
    MimeBudget lenient(limits, deadline, true);
    lenient.keep_bodies = standard.keep_bodies;
    if (auto done = pass(lenient); !done) return std::unexpected(done.error());
    merge(standard, std::move(lenient.view));
  }
  return std::move(standard.view);
}

MimeView MimeView::parse_text(std::string_view message, const MimeLimits& limits, Bodies bodies) {
  const Reader reader = [message](std::uint64_t offset, std::size_t max,
                                  std::string& out) -> Result<void> {
    out.clear();
    if (offset < message.size()) out = message.substr(static_cast<std::size_t>(offset), max);
    return {};
  };
  return std::move(parse(reader, limits, bodies)).value();
}

}  // namespace sekisho::mail
