#include "filters/arc/chain.h"

#include <map>
#include <optional>
#include <utility>

#include "gateway/base/text.h"

namespace sekisho::arc {
namespace {

std::string_view trim_folds(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::optional<int> parse_instance(std::string_view text) {
  const auto number = parse_uint(text);
  if (!number || *number < 1 || *number > kMaxInstances || text.front() == '0') return std::nullopt;
  return static_cast<int>(*number);
}

// "i=1;" at the start of ARC-Authentication-Results (section 4.1.1).
std::optional<int> instance_of_results(std::string_view value) {
  const std::string_view first = value.substr(0, value.find(';'));
  const auto equals = first.find('=');
  if (first.size() == value.size() || equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = trim_folds(first.substr(0, equals));
  if (name != "i") return std::nullopt;
  return parse_instance(trim_folds(first.substr(equals + 1)));
}

struct Found {
  std::optional<std::string_view> results;
  std::optional<std::string_view> signature;
  std::optional<std::string_view> seal;
  dkim::TagList signature_tags;
  dkim::TagList seal_tags;
};

class Reader {
 public:
  Chain read(const mail::Headers& headers);

 private:
  // What is wrong with the field; empty: nothing.
  std::string_view take(const mail::HeaderField& field);
  std::string_view take_tags(const mail::HeaderField& field, bool seal);
  static std::string_view flaw_of_seal(const dkim::TagList& tags, bool first);

  std::map<int, Found> sets_;
};

std::string_view put(std::optional<std::string_view>& place, std::string_view raw) {
  if (place) return "an instance has a field twice";
  place = raw;
  return {};
}

std::string_view Reader::take_tags(const mail::HeaderField& field, bool seal) {
  auto tags = dkim::TagList::parse(field.value);
  if (!tags) return "a field is no list of tags";
  const auto instance = parse_instance(tags->value_or("i", ""));
  if (!instance) return "a field has no valid instance";
  Found& found = sets_[*instance];
  const auto flaw = put(seal ? found.seal : found.signature, field.raw);
  (seal ? found.seal_tags : found.signature_tags) = std::move(*tags);
  return flaw;
}

std::string_view Reader::take(const mail::HeaderField& field) {
  if (iequals(field.name, kSealField)) return take_tags(field, true);
  if (iequals(field.name, kSignatureField)) return take_tags(field, false);
  if (!iequals(field.name, kResultsField)) return {};
  const auto instance = instance_of_results(field.value);
  if (!instance) return "a field has no valid instance";
  return put(sets_[*instance].results, field.raw);
}

// Section 5.2: no chain begins with a verdict, and none goes on after a bad one.
std::string_view Reader::flaw_of_seal(const dkim::TagList& tags, bool first) {
  const std::string_view status = tags.value_or("cv", "");
  if (status == "fail") return "a seal says that the chain was broken before";
  if (status != (first ? "none" : "pass")) return "a seal has no valid status";
  if (tags.find("h")) return "a seal has the tag h";
  return {};
}

Chain Reader::read(const mail::Headers& headers) {
  Chain chain;
  const auto broken = [&](std::string_view flaw) {
    if (chain.flaw.empty()) chain.flaw = flaw;
  };
  for (const mail::HeaderField& field : headers.fields()) broken(take(field));
  if (!sets_.empty()) chain.newest = sets_.rbegin()->first;
  int expected = 1;
  if (!sets_.empty()) chain.ended = sets_.rbegin()->second.seal_tags.value_or("cv", "") == "fail";
  for (auto& [instance, found] : sets_) {
    if (instance != expected++ || !found.results || !found.signature || !found.seal) {
      broken("an instance is missing, or one of its fields");
      break;
    }
    broken(flaw_of_seal(found.seal_tags, instance == 1));
    chain.sets.push_back({.results = *found.results,
                          .signature = *found.signature,
                          .seal = *found.seal,
                          .signature_tags = std::move(found.signature_tags),
                          .seal_tags = std::move(found.seal_tags)});
  }
  return chain;
}

}  // namespace

Result<mail::AuthenticationResults> results_of(const Set& set) {
  const std::string_view field = set.results;
  return mail::parse_authentication_results(field.substr(field.find(';') + 1));
}

Chain read_chain(const mail::Headers& headers) { return Reader().read(headers); }

}  // namespace sekisho::arc
