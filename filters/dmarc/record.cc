#include "filters/dmarc/record.h"

#include <algorithm>
#include <map>

#include "gateway/base/text.h"

namespace sekisho::dmarc {
namespace {

using Tags = std::map<std::string, std::string_view, std::less<>>;

std::optional<Policy> policy_of(std::string_view word) {
  for (const Policy policy : {Policy::none, Policy::quarantine, Policy::reject}) {
    if (iequals(word, to_string(policy))) return policy;
  }
  return std::nullopt;
}

// A tag that isn't there leaves `place` as it is; false: its value is no policy.
bool read_policy(const Tags& tags, std::string_view name, std::optional<Policy>& place) {
  const auto found = tags.find(name);
  if (found == tags.end()) return true;
  place = policy_of(found->second);
  return place.has_value();
}

bool is_value(const Tags& tags, std::string_view name, std::string_view value) {
  const auto found = tags.find(name);
  return found != tags.end() && iequals(found->second, value);
}

// One address for reports at least that is a URI (RFC 3986 section 3): a scheme and something.
bool has_report_address(std::string_view reports) {
  return std::ranges::any_of(split(reports, ','), [](std::string_view uri) {
    uri = trim(uri);
    const auto colon = uri.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == uri.size()) return false;
    const auto scheme = uri.substr(0, colon);
    const auto is_scheme_char = [](char c) {
      return is_alnum(c) || c == '+' || c == '-' || c == '.';
    };
    return is_alpha(scheme.front()) && std::ranges::all_of(scheme, is_scheme_char) &&
           std::ranges::all_of(uri, [](char c) { return c > ' ' && c < 127; });
  });
}

// False: a tag is there a second time, so that the list is invalid as a whole (RFC 6376, 3.2).
bool read_tags(std::string_view text, Tags& tags) {
  for (const std::string_view part : split(text, ';')) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = trim(part.substr(0, equals));
    if (name.empty() ||
        !std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_'; })) {
      continue;
    }
    if (!tags.emplace(to_lower(name), trim(part.substr(equals + 1))).second) return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(Policy policy) {
  switch (policy) {
    case Policy::quarantine:
      return "quarantine";
    case Policy::reject:
      return "reject";
    default:
      return "none";
  }
}

Policy weaker(Policy policy) {
  return policy == Policy::reject ? Policy::quarantine : Policy::none;
}

bool is_dmarc_record(std::string_view text) {
  const std::string_view first = text.substr(0, text.find(';'));
  const auto equals = first.find('=');
  if (equals == std::string_view::npos || first.empty() || ascii_lower(first.front()) != 'v') {
    return false;
  }
  return trim(first.substr(1, equals - 1)).empty() && trim(first.substr(equals + 1)) == "DMARC1";
}

Result<Record> parse_record(std::string_view text) {
  if (!is_dmarc_record(text)) return fail(ErrorKind::invalid, "the record isn't v=DMARC1");
  Tags tags;
  if (!read_tags(text, tags)) {
    return fail(ErrorKind::invalid, "a tag stands in the record more than once");
  }
  Record record;
  if (const auto found = tags.find("rua"); found != tags.end()) record.reports = found->second;
  record.strict_dkim = is_value(tags, "adkim", "s");
  record.strict_spf = is_value(tags, "aspf", "s");
  record.testing = is_value(tags, "t", "y");
  if (is_value(tags, "psd", "y")) record.psd = Psd::yes;
  if (is_value(tags, "psd", "n")) record.psd = Psd::no;
  if (const auto found = tags.find("pct"); found != tags.end()) {
    const auto percent = parse_uint(found->second);
    if (percent && *percent <= 100) record.percent = static_cast<unsigned>(*percent);
  }

  std::optional<Policy> policy;
  const bool valid = read_policy(tags, "p", policy) &&
                     read_policy(tags, "sp", record.subdomain_policy) &&
                     read_policy(tags, "np", record.nonexistent_policy) && policy;
  if (valid) {
    record.policy = *policy;
  } else if (has_report_address(record.reports)) {
    record.subdomain_policy.reset();
    record.nonexistent_policy.reset();
  } else {
    return fail(ErrorKind::invalid, "the record has no valid policy");
  }
  return record;
}

}  // namespace sekisho::dmarc
