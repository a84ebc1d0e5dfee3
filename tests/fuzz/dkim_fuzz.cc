// Tag lists, key records and canonical forms under any bytes in any slicing. Oracles: slicing
// changes nothing; the relaxed form of a relaxed form is itself; a tag list that was read stays
// within the text; the signature that we write over any header section is a tag list of short lines
// that covers the From field.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filters/dkim/canonical.h"
#include "filters/dkim/key.h"
#include "filters/dkim/signatures.h"
#include "filters/dkim/signer.h"
#include "filters/dkim/tag_list.h"
#include "filters/dkim/verify_job.h"

namespace {

using namespace sekisho;

void require(bool condition) {
  if (!condition) std::abort();
}

class Text final : public dkim::BodyCanonicalizer {
 public:
  using BodyCanonicalizer::BodyCanonicalizer;
  std::string out;

 private:
  void write(std::string_view bytes) override { out += bytes; }
};

std::string canonical(dkim::Form form, std::string_view body, std::size_t slice) {
  Text text(form);
  for (std::size_t at = 0; at < body.size(); at += slice) text.feed(body.substr(at, slice));
  text.finish();
  return text.out;
}

void check_tags(std::string_view text) {
  (void)dkim::KeyRecord::parse(text);
  const auto list = dkim::TagList::parse(text);
  if (!list) return;
  require(!list->tags().empty() && list->tags().size() <= dkim::TagList::kMaxTags);
  for (const auto& tag : list->tags()) {
    require(!tag.name.empty() && list->find(tag.name) == tag.value);
    const auto range = dkim::range_of_value(text, tag.name);
    require(range && range->begin <= range->end && range->end <= text.size());
    require(tag.value.empty() || (tag.value.data() >= text.data() + range->begin &&
                                  tag.value.data() + tag.value.size() <= text.data() + range->end));
  }
}

void check_signature(std::string_view section) {
  const auto headers = mail::Headers::parse(section);
  const dkim::SignatureOptions options{.domain = "example.com", .selector = "s"};
  const auto made =
      dkim::prepare(headers, dkim::fields_to_sign(headers), dkim::sha256(section), options, {});
  require(made.digest.size() == 32);
  const std::string field = dkim::finished(made.field, std::string(256, 's'));
  const auto read = mail::Headers::parse(field);
  require(read.fields().size() == 1 && read.size() == field.size());
  const auto tags = dkim::TagList::parse(read.fields()[0].value);
  if (!tags) {
    require(field.size() > dkim::TagList::kMaxBytes);
    return;
  }
  require(dkim::decode_base64_value(*tags->find("b")) == std::string(256, 's'));
  require(dkim::words_of_list(*tags->find("h")).front() == "From");
  for (std::size_t at = 0; at < field.size();) {
    const std::size_t end = field.find("\r\n", at);
    require(end - at <= dkim::FieldWriter::kColumns);
    at = end + 2;
  }
}

// What the guard lets through is what libopendkim can bear.
void check_guard(std::string_view text) {
  const auto headers = mail::Headers::parse(text);
  auto found = dkim::find_signatures(headers, {});
  require(found.size() <= dkim::kMaxSignatures);
  for (const dkim::Candidate& one : found) {
    require(one.open() != one.key_name.empty());
    if (!one.open()) continue;
    require(headers.fields()[one.field].raw.size() <= dkim::kMaxSignatureField);
    require(one.fact.identity.size() <= dkim::kMaxIdentity);
    require(one.fact.identity.empty() || one.fact.identity.find('@') != std::string::npos);
  }
  (void)dkim::take_results(text, found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string all(data, data + size);
  const std::string_view text = std::string_view(all).substr(1);
  for (const dkim::Form form : {dkim::Form::simple, dkim::Form::relaxed}) {
    const std::string whole = canonical(form, text, text.size() + 1);
    require(canonical(form, text, 1 + data[0] % 16) == whole);
    require(canonical(form, whole, whole.size() + 1) == whole);
    const std::string field = dkim::canonical_field(form, text);
    require(field.ends_with("\r\n"));
    if (form == dkim::Form::simple) require(dkim::canonical_field(form, field) == field);
  }
  check_tags(text);
  check_signature(text);
  check_guard(text);
  return 0;
}
