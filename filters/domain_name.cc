#include "filters/domain_name.h"

#include <algorithm>

#include "gateway/base/idna.h"
#include "gateway/base/text.h"

namespace sekisho::filters {
namespace {

auto bad(std::string_view why) { return fail(ErrorKind::invalid, std::string(why)); }

}  // namespace

Result<std::string> to_a_labels(std::string_view domain) {
  const bool ascii = std::ranges::all_of(
      domain, [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\0'; });
  std::string name(domain);
  if (!ascii) {
    auto found = to_idna(name);
    if (!found) return bad("a domain that can't be written in A-labels");
    name = *std::move(found);
  }
  name = to_lower(name);
  if (name.ends_with('.')) name.pop_back();
  const auto labels = split(name, '.');
  const bool fit = std::ranges::all_of(labels, [](std::string_view label) {
    return !label.empty() && label.size() <= 63 &&
           std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
  });
  // With "_dmarc." before it, it must still be a name.
  if (!fit || name.size() > 253 - 7) return bad("no name of a domain");
  return name;
}

}  // namespace sekisho::filters
