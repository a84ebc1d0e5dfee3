#include "gateway/mail/mime_entity.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/mail/encoded_words.h"
#include "gateway/mail/headers.h"
#include "gateway/mail/mime_names.h"
#include "gateway/mail/mime_parameters.h"

namespace sekisho::mail {
namespace {

constexpr std::size_t kMaxAlternatives = 8;  // types, encodings, boundaries of one part
constexpr std::size_t kMaxNames = 64;        // readings of the names of one part

// Folding as RFC 5322 undoes it, folding with its blanks dropped, and the whole value as encoded
// words, which some readers decode before they look for parameters.
std::vector<std::string> value_readings(std::string_view raw) {
  std::vector<std::string> readings{Headers::unfold(raw)};
  if (raw.contains('\n')) {
    std::string squeezed;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '\r') continue;
      if (raw[i] != '\n') {
        squeezed += raw[i];
        continue;
      }
      while (i + 1 < raw.size() && (raw[i + 1] == ' ' || raw[i + 1] == '\t')) ++i;
    }
    add_unique(readings, std::move(squeezed));
  }
  if (raw.contains("=?")) add_unique(readings, decode_encoded_words(readings.front()));
  return readings;
}

void read_names(const std::vector<std::string>& values, MimeEntity& entity) {
  for (const std::string& value : values) {
    for (const std::string_view attribute : {"filename", "name"}) {
      const auto readings = read_parameter(value, attribute);
      entity.overflow = entity.overflow || readings.overflow;
      for (const std::string& name : readings.values) {
        if (entity.names.size() > kMaxNames) return;
        add_name_readings(entity.names, name);
      }
    }
  }
}

void read_boundaries(const std::vector<std::string>& values, MimeEntity& entity) {
  for (const std::string& value : values) {
    const auto readings = read_parameter(value, "boundary");
    entity.overflow = entity.overflow || readings.overflow;
    for (const std::string& boundary : readings.values) {
      if (boundary.empty() && readings.values.size() > 1) continue;
      // Blanks at the end are cut off the lines, too (RFC 2046 section 5.1.1).
      add_unique(entity.boundaries, boundary.substr(0, boundary.find_last_not_of(" \t") + 1));
    }
  }
}

std::string read_charset(const std::string& value) {
  const auto readings = read_parameter(value, "charset");
  return readings.values.empty() ? std::string() : to_lower(trim(readings.values.front()));
}

template <class T>
void bound(std::vector<T>& values, std::size_t most, bool& overflow) {
  if (values.size() <= most) return;
  values.resize(most);
  overflow = true;
}

}  // namespace

MimeEntity read_entity(const std::vector<std::string>& content_fields,
                       std::string_view default_type) {
  MimeEntity entity;
  bool has_disposition = false;
  for (const std::string& field : content_fields) {
    const std::string_view name = field_name(field);
    const std::string_view raw = std::string_view(field).substr(field.find(':') + 1);
    if (iequals(name, "Content-Type")) {
      const auto values = value_readings(raw);
      for (const std::string& value : values) {
        add_unique(entity.types, read_media_type(value));
      }
      if (entity.charset.empty()) entity.charset = read_charset(values.front());
      read_names(values, entity);
      read_boundaries(values, entity);
    } else if (iequals(name, "Content-Disposition")) {
      const auto values = value_readings(raw);
      if (!std::exchange(has_disposition, true)) entity.disposition = read_token(values.front());
      read_names(values, entity);
    } else if (iequals(name, "Content-Transfer-Encoding")) {
      add_unique(entity.encodings, read_token(Headers::unfold(raw)));
    }
  }
  // No type, or one that says nothing: RFC 2045 section 5.2.
  std::ranges::replace(entity.types, std::string(), std::string(default_type));
  if (entity.types.empty()) entity.types.emplace_back(default_type);
  if (entity.encodings.empty()) entity.encodings.emplace_back();
  bound(entity.types, kMaxAlternatives, entity.overflow);
  bound(entity.encodings, kMaxAlternatives, entity.overflow);
  bound(entity.boundaries, kMaxAlternatives * 2, entity.overflow);
  bound(entity.names, kMaxNames, entity.overflow);
  return entity;
}

}  // namespace sekisho::mail
