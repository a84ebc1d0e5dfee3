#include "gateway/upstream/recipient_cache_settings.h"

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/smtp/reply.h"

namespace sekisho::upstream {
namespace {

// "5.1.1", or "550".
bool is_permanent_code(const std::string& text) {
  if (const auto code = smtp::EnhancedCode::parse(text)) return code->klass == 5;
  const auto code = parse_uint(text);
  return text.size() == 3 && code && *code >= 500 && *code <= 599;
}

}  // namespace

void RecipientCacheSettings::visit(SettingsVisitor& v) {
  v.field("unknown", unknown,
          "How long a recipient that the upstream doesn't know is refused without asking it again; "
          "\"0s\": it is asked each time. A reload forgets them all.");
  v.field("known", known,
          "How long a recipient that the upstream accepted is accepted without asking it at RCPT; "
          "it is then asked once the message is whole, and what it refuses there refuses the "
          "message. \"0s\": it is asked at each RCPT.");
  v.field("max_entries", max_entries, "Recipients that are remembered; then the oldest go.", 1,
          10'000'000);
  v.field("refusals", refusals,
          "The answers to RCPT that say that there is no such recipient, whoever sends: enhanced "
          "codes, or for an upstream without them a code (\"550\") that it has for nothing else. "
          "Other refusals are not kept.");
  if (unknown.count() < 0) v.error("unknown", "must not be negative");
  if (known.count() < 0) v.error("known", "must not be negative");
  for (const std::string& one : refusals)
    if (!is_permanent_code(one))
      v.error("refusals", fmt::format("\"{}\" is neither an enhanced code (5.y.z) nor a code (5yz) "
                                      "of a permanent refusal",
                                      one));
  if (unknown.count() > 0 && refusals.empty())
    v.error("refusals",
            "without any, nobody counts as unknown: set unknown = \"0s\" if that is "
            "meant");
}

}  // namespace sekisho::upstream
