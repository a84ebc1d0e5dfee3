#include "filters/arc/sealer.h"

#include <utility>

#include "filters/arc/verification.h"
#include "filters/dkim/signatures.h"
#include "gateway/base/text.h"

namespace sekisho::arc {

using dkim::Form;

std::optional<Sealer> Sealer::begin(const mail::Headers& headers, const Chain& chain,
                                    std::string_view status,
                                    const mail::AuthenticationResults& results,
                                    const SealOptions& options, WallTime now) {
  if (chain.ended || chain.newest >= kMaxInstances) return std::nullopt;
  const bool first = chain.empty();
  if (status != "fail" && (status != (first ? "none" : "pass") || !chain.flaw.empty())) {
    return std::nullopt;
  }
  // Of a broken chain whose instances can't be told there is no next one.
  if (status == "fail" && chain.newest == 0) return std::nullopt;
  auto names = dkim::fields_to_sign(headers);
  const std::size_t signatures = headers.count(dkim::kSignatureField);
  if (names.empty() || names.size() + signatures > dkim::kMaxSignedFields) return std::nullopt;
  names.insert(names.end(), signatures, dkim::kSignatureField);
  Sealer sealer(headers, chain, options);
  sealer.names_ = std::move(names);
  sealer.instance_ = std::to_string(chain.newest + 1);
  sealer.status_ = status;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  sealer.timestamp_ = std::to_string(seconds.count());
  sealer.results_ = mail::format_field(
      kResultsField, "i=" + sealer.instance_ + "; " + mail::to_field_value(results));
  return sealer;
}

const dkim::Unsigned& Sealer::message_signature(std::string_view body_hash) {
  dkim::FieldWriter writer(kSignatureField);
  writer.tag("i", instance_);
  writer.tag("a", to_string(options_.algorithm));
  writer.tag("c", "relaxed/relaxed");
  writer.tag("d", options_.domain);
  writer.tag("s", options_.selector);
  writer.tag("t", timestamp_);
  writer.list("h", names_);
  writer.tag("bh", base64_encode(body_hash));
  unsigned_signature_.field = writer.end_with_signature();
  unsigned_signature_.digest =
      dkim::sha256(dkim::selected_fields(Form::relaxed, headers_, names_) +
                   dkim::unsigned_form(Form::relaxed, unsigned_signature_.field));
  return unsigned_signature_;
}

const dkim::Unsigned& Sealer::seal(std::string_view message_signature) {
  signature_ = dkim::finished(std::move(unsigned_signature_.field), message_signature);
  dkim::FieldWriter writer(kSealField);
  writer.tag("i", instance_);
  writer.tag("a", to_string(options_.algorithm));
  writer.tag("cv", status_);
  writer.tag("d", options_.domain);
  writer.tag("s", options_.selector);
  writer.tag("t", timestamp_);
  unsigned_seal_.field = writer.end_with_signature();
  // Of a broken chain the seal covers its own set alone (section 5.1.2).
  std::vector<Set> sets;
  if (status_ != "fail") {
    for (const Set& set : chain_.sets) {
      sets.push_back({.results = set.results,
                      .signature = set.signature,
                      .seal = set.seal,
                      .signature_tags = {},
                      .seal_tags = {}});
    }
  }
  sets.push_back({.results = results_,
                  .signature = signature_,
                  .seal = unsigned_seal_.field,
                  .signature_tags = {},
                  .seal_tags = {}});
  unsigned_seal_.digest = sealed_digests(sets).back();
  return unsigned_seal_;
}

Sealer::Fields Sealer::finish(std::string_view seal) {
  return {.results = std::move(results_),
          .signature = std::move(signature_),
          .seal = dkim::finished(std::move(unsigned_seal_.field), seal)};
}

}  // namespace sekisho::arc
