#include "filters/dkim/signer.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <utility>

#include "gateway/base/text.h"

namespace sekisho::dkim {
namespace {

using namespace std::string_view_literals;

// Of these none may be added to a signed message, since readers show or obey what was added.
constexpr std::array kOversigned{"From"sv,
                                 "To"sv,
                                 "Cc"sv,
                                 "Subject"sv,
                                 "Date"sv,
                                 "Reply-To"sv,
                                 "Message-ID"sv,
                                 "MIME-Version"sv,
                                 "Content-Type"sv,
                                 "Content-Transfer-Encoding"sv,
                                 "Content-Disposition"sv,
                                 "Content-ID"sv,
                                 "Content-Description"sv,
                                 "Content-Language"sv,
                                 "Content-Location"sv};

// These are signed where they are. Mailing lists add the Sender and the List fields, and who sends
// a message again the Resent fields (RFC 5322 section 3.6.6): that shall not break the signature.
constexpr std::array kSigned{"Sender"sv,
                             "In-Reply-To"sv,
                             "References"sv,
                             "Resent-Date"sv,
                             "Resent-From"sv,
                             "Resent-Sender"sv,
                             "Resent-To"sv,
                             "Resent-Cc"sv,
                             "Resent-Message-ID"sv,
                             "List-Id"sv,
                             "List-Help"sv,
                             "List-Unsubscribe"sv,
                             "List-Unsubscribe-Post"sv,
                             "List-Subscribe"sv,
                             "List-Post"sv,
                             "List-Owner"sv,
                             "List-Archive"sv};

// A field's name may hold a semicolon, which h= can't, and be longer than a line.
bool fits_list(std::string_view name) {
  return name.size() <= 60 &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
}

std::string decimal(std::chrono::seconds value) { return std::to_string(value.count()); }

}  // namespace

FieldWriter::FieldWriter(std::string_view field_name) : out_(field_name) {
  out_ += ':';
  column_ = out_.size();
}

// A new tag stays on the line if its name and the first piece of its value do.
void FieldWriter::begin(std::string_view name, std::size_t first_piece) {
  if (!first_) {
    out_ += ';';
    ++column_;
  }
  // One column is kept for the semicolon or colon behind.
  if (!first_ && column_ + 1 + name.size() + 1 + first_piece + 1 > kColumns) {
    out_ += "\r\n";
    column_ = 0;
  }
  first_ = false;
  out_.append(1, ' ').append(name).append(1, '=');
  column_ += name.size() + 2;
}

void FieldWriter::piece(std::string_view text) {
  out_ += text;
  column_ += text.size();
}

void FieldWriter::tag(std::string_view name, std::string_view value) {
  begin(name, value.size());
  piece(value);
}

void FieldWriter::list(std::string_view name, const std::vector<std::string_view>& words) {
  begin(name, words.empty() ? 0 : words.front().size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) {
      piece(":");
      if (column_ + words[i].size() + 1 > kColumns) {
        out_ += "\r\n ";
        column_ = 1;
      }
    }
    piece(words[i]);
  }
}

std::string FieldWriter::end_with_signature() {
  begin("b", 16);
  return std::move(out_);
}

std::string finished(std::string field, std::string_view signature) {
  const std::string text = base64_encode(signature);
  const auto line = field.rfind('\n');
  std::size_t column = field.size() - (line == std::string::npos ? 0 : line + 1);
  for (std::string_view rest = text; !rest.empty();) {
    if (column >= FieldWriter::kColumns) {
      field += "\r\n ";
      column = 1;
    }
    const auto part = rest.substr(0, FieldWriter::kColumns - column);
    field += part;
    column += part.size();
    rest.remove_prefix(part.size());
  }
  return field + "\r\n";
}

std::vector<std::string_view> fields_to_sign(const mail::Headers& headers) {
  // Counted once: a header may have many thousand fields, and each of them a name of its own.
  std::unordered_map<std::string, std::size_t> counts;
  for (const mail::HeaderField& field : headers.fields()) ++counts[to_lower(field.name)];
  const auto take = [&](std::string_view name) {
    const auto found = counts.find(to_lower(name));
    return found == counts.end() ? 0 : std::exchange(found->second, 0);
  };
  std::vector<std::string_view> names;
  for (const std::string_view name : kOversigned) names.insert(names.end(), take(name) + 1, name);
  for (const std::string_view name : kSigned) names.insert(names.end(), take(name), name);
  // What else describes the content.
  for (const mail::HeaderField& field : headers.fields()) {
    if (names.size() > kMaxSignedFields) break;
    if (!istarts_with(field.name, "Content-") || !fits_list(field.name)) continue;
    if (const std::size_t count = take(field.name); count > 0)
      names.insert(names.end(), count + 1, field.name);
  }
  if (names.size() > kMaxSignedFields) names.clear();
  return names;
}

Unsigned prepare(const mail::Headers& headers, const std::vector<std::string_view>& names,
                 std::string_view body_hash, const SignatureOptions& options, WallTime now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  FieldWriter writer("DKIM-Signature");
  writer.tag("v", "1");
  writer.tag("a", to_string(options.algorithm));
  writer.tag("c", options.canonicalization.to_string());
  writer.tag("d", options.domain);
  writer.tag("s", options.selector);
  if (!options.identity.empty()) writer.tag("i", options.identity);
  if (options.timestamp) writer.tag("t", decimal(seconds));
  if (options.lifetime.count() > 0) writer.tag("x", decimal(seconds + options.lifetime));
  writer.list("h", names);
  writer.tag("bh", base64_encode(body_hash));
  Unsigned made{.field = writer.end_with_signature(), .digest = {}};
  const Form form = options.canonicalization.header;
  made.digest = sha256(selected_fields(form, headers, names) + unsigned_form(form, made.field));
  return made;
}

std::string encode_quoted_printable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 32 && byte < 127 && c != ';' && c != '=') {
      out += c;
    } else {
      out += '=';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

}  // namespace sekisho::dkim
