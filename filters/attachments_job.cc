#include "filters/attachments_job.h"

#include <algorithm>
#include <array>
#include <vector>

#include "gateway/base/encode.h"
#include "gateway/base/fields.h"
#include "gateway/base/text.h"

namespace sekisho::filters {
namespace {

using Fields = std::vector<std::string_view>;

constexpr std::string_view kYes = "yes";
constexpr std::string_view kNo = "no";
constexpr std::size_t kShown = 1000;  // bytes of a name or a reason

// Before the extensions and the types: the fields of a job's input.
enum Field : std::size_t { kPrograms, kDepth, kParts, kPartHeader, kTime, kExtensions, kFirst };

struct Orders {
  AttachmentRules rules;
  mail::MimeLimits limits;
};

std::optional<std::int64_t> read_count(std::string_view text) {
  const auto value = parse_uint(text);
  if (!value || *value > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(*value);
}

std::optional<Orders> decode_orders(std::string_view input) {
  const auto fields = decode_fields(input);
  if (!fields || fields->size() < kFirst) return std::nullopt;
  const auto depth = read_count((*fields)[kDepth]);
  const auto parts = read_count((*fields)[kParts]);
  const auto header = read_count((*fields)[kPartHeader]);
  const auto time = read_count((*fields)[kTime]);
  const auto extensions = parse_uint((*fields)[kExtensions]);
  if (!depth || !parts || !header || !time || !extensions) return std::nullopt;
  if (*extensions > fields->size() - kFirst) return std::nullopt;
  Orders orders;
  orders.rules.programs = (*fields)[kPrograms] == kYes;
  orders.limits.max_depth = *depth;
  orders.limits.max_parts = *parts;
  orders.limits.max_part_header.count = static_cast<std::uint64_t>(*header);
  orders.limits.max_time = std::chrono::milliseconds(*time);
  for (std::size_t i = kFirst; i < fields->size(); ++i)
    (i - kFirst < *extensions ? orders.rules.extensions : orders.rules.types).emplace((*fields)[i]);
  return orders;
}

std::string join(const Fields& fields) {
  std::string joined;
  append_fields(joined, fields);
  return joined;
}

std::optional<Offence> offence_of(const mail::MimePart& part, const AttachmentRules& rules) {
  const std::string name = part.names.empty() ? "" : part.names.front();
  for (const std::string& extension : part.extensions()) {
    if (rules.extensions.contains(extension)) return Offence{"." + extension, name};
  }
  const std::string_view type = part.type;
  const std::string_view family = type.substr(0, type.find('/') + 1);
  if (rules.types.contains(type) || rules.types.contains(family)) {
    return Offence{"type " + encode_for_smtp(type, 80), name};
  }
  if (rules.programs && is_program(part)) return Offence{"a program", name};
  return std::nullopt;
}

AttachmentFindings look(const mail::MimeView& view, const AttachmentRules& rules) {
  AttachmentFindings findings;
  for (const mail::MimePart& part : view.parts) {
    findings.offence = offence_of(part, rules);
    if (findings.offence) break;
  }
  if (!view.complete)
    findings.unread = view.incomplete_reason.empty() ? "unknown" : view.incomplete_reason;
  return findings;
}

std::string encode(const AttachmentFindings& findings) {
  const auto shown = [](const std::string& text) {
    return std::string_view(text).substr(0, kShown);
  };
  const Offence none;
  const Offence& offence = findings.offence ? *findings.offence : none;
  return join({findings.offence ? kYes : kNo, shown(offence.kind), shown(offence.name),
               shown(findings.unread)});
}

}  // namespace

std::string encode(const AttachmentRules& rules, const mail::MimeLimits& limits) {
  const std::vector<std::string> numbers{
      std::to_string(limits.max_depth), std::to_string(limits.max_parts),
      std::to_string(limits.max_part_header.count), std::to_string(limits.max_time.count()),
      std::to_string(rules.extensions.size())};
  Fields fields{rules.programs ? kYes : kNo};
  fields.insert(fields.end(), numbers.begin(), numbers.end());
  fields.insert(fields.end(), rules.extensions.begin(), rules.extensions.end());
  fields.insert(fields.end(), rules.types.begin(), rules.types.end());
  return join(fields);
}

Result<AttachmentFindings> decode_findings(std::string_view result) {
  const auto fields = decode_fields(result);
  if (!fields || fields->size() != 4)
    return fail(ErrorKind::protocol, "the inspect worker's findings can't be read");
  AttachmentFindings findings;
  if ((*fields)[0] == kYes)
    findings.offence = Offence{std::string((*fields)[1]), std::string((*fields)[2])};
  findings.unread = (*fields)[3];
  return findings;
}

Result<std::string> find_attachment(const worker::JobInput& job) {
  const auto orders = decode_orders(job.input);
  if (!orders || !job.message)
    return fail(ErrorKind::invalid, "no rules, or no message to look at");
  const std::string_view message = *job.message;
  const auto view = mail::MimeView::parse(
      [message](std::uint64_t offset, std::size_t max, std::string& out) -> Result<void> {
        out = offset < message.size() ? message.substr(static_cast<std::size_t>(offset), max)
                                      : std::string_view();
        return {};
      },
      orders->limits);
  if (!view) return std::unexpected(view.error());
  return encode(look(*view, orders->rules));
}

bool is_program(const mail::MimePart& part) {
  using namespace std::string_view_literals;
  static constexpr std::array kMagic{
      "\x7f"
      "ELF"sv,
      "\xfe\xed\xfa\xce"sv,
      "\xfe\xed\xfa\xcf"sv,
      "\xce\xfa\xed\xfe"sv,
      "\xcf\xfa\xed\xfe"sv,
      "\xca\xfe\xba\xbe"sv};
  const std::string_view start = part.magic;
  if (std::ranges::any_of(kMagic, [&](auto magic) { return start.starts_with(magic); }))
    return true;
  if (!start.starts_with("MZ")) return false;
  // A text may begin with these two letters; a program's header is never free of control bytes
  // unless somebody made it so, and then it isn't sent as text.
  const bool has_control = std::ranges::any_of(start, [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\r' && c != '\n' && c != '\t';
  });
  return has_control || !part.type.starts_with("text/");
}

}  // namespace sekisho::filters
