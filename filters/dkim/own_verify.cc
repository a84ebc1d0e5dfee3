#include "filters/dkim/own_verify.h"

#include <string>

#include "filters/dkim/canonical.h"
#include "filters/dkim/tag_list.h"

namespace sekisho::dkim {
namespace {

using mail::AuthResult;

// A signature is no part of what it covers but by its unsigned form, even if its h= names its kind
// (RFC 6376 section 3.7).
std::string fields_but(const mail::Headers& headers, std::size_t own) {
  std::string section;
  for (std::size_t i = 0; i < headers.fields().size(); ++i)
    if (i != own) section += headers.fields()[i].raw;
  return section;
}

std::string signed_digest(const mail::Headers& headers, std::size_t own, const TagList& tags,
                          Form form) {
  const std::string section = fields_but(headers, own);
  const auto others = mail::Headers::parse(section);
  const auto names = words_of_list(tags.value_or("h", ""));
  return sha256(selected_fields(form, others, names) +
                unsigned_form(form, headers.fields()[own].raw));
}

void conclude(mail::DkimFact& fact, AuthResult result, std::string_view why) {
  fact.result = result;
  fact.reason = why;
}

}  // namespace

Result<void> verify_by_ourselves(const mail::Headers& headers, const BodySource& body,
                                 const std::vector<OpenSignature>& signatures) {
  for (const OpenSignature& one : signatures) {
    const std::size_t own = one.candidate->field;
    mail::DkimFact& fact = one.candidate->fact;
    const auto tags = TagList::parse(headers.fields()[own].value);
    const auto forms = Canonicalization::parse(tags ? tags->value_or("c", "simple") : "");
    const auto signature = decode_base64_value(tags ? tags->value_or("b", "") : "");
    if (!forms || !signature) {
      conclude(fact, AuthResult::permerror, "the signature can't be read");
      continue;
    }
    const auto limit = tags->find("l");
    BodyHash hash(forms->body, limit ? decimal_value(*limit) : std::nullopt);
    auto read = body([&hash](std::string_view bytes) { hash.feed(bytes); });
    if (!read) return read;
    if (decode_base64_value(tags->value_or("bh", "")) != hash.digest())
      conclude(fact, AuthResult::fail, "the body has changed");
    else if (!one.key.verify(signed_digest(headers, own, *tags, forms->header), *signature))
      conclude(fact, AuthResult::fail, "the signature doesn't match");
    else
      conclude(fact, AuthResult::pass, "");
  }
  return {};
}

}  // namespace sekisho::dkim
