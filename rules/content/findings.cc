#include "rules/content/findings.h"

#include <algorithm>

namespace sekisho::rules::content {

Answer Answers::of(std::size_t item) const {
  if (std::ranges::binary_search(yes, item)) return Answer::yes;
  return std::ranges::binary_search(failed, item) ? Answer::failed : Answer::no;
}

std::vector<std::size_t> attachments_of(const Findings& findings) {
  std::vector<std::size_t> attachments;
  for (std::size_t i = 0; i < findings.parts.size(); ++i) {
    if (findings.parts[i].attachment) attachments.push_back(i);
  }
  return attachments;
}

const std::vector<Address>* addresses_of(const Findings& findings, std::string_view field) {
  if (field == "header.from") return &findings.from;
  if (field == "header.to") return &findings.to;
  if (field == "header.cc") return &findings.cc;
  if (field == "header.reply_to") return &findings.reply_to;
  if (field == "header.sender") return &findings.sender;
  return nullptr;
}

std::size_t items_of(const Findings& findings, const Target& target) {
  const ValueInfo* value = find_value(target.value);
  const std::string_view item = value == nullptr ? std::string_view() : value->item;
  if (item == "url") return findings.urls.size();
  if (item == "part") return findings.parts.size();
  if (item == "attachment") {
    return static_cast<std::size_t>(std::ranges::count(findings.parts, true, &Part::attachment));
  }
  if (item == "header") return findings.fields.size();
  if (item == "address") {
    const auto* addresses = addresses_of(findings, target.of);
    return addresses == nullptr ? 0 : addresses->size();
  }
  return 1;
}

}  // namespace sekisho::rules::content
