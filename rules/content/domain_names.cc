#include <algorithm>
#include <memory>

#include <idn2.h>

#include "gateway/base/text.h"
#include "rules/content/links.h"

namespace sekisho::rules::content {
namespace {

constexpr std::size_t kMaxName = 1024;  // a longer one is none, and normalizing it takes time

}  // namespace

std::string canonical_domain(std::string_view name) {
  std::string domain(name);
  const bool ascii =
      std::ranges::all_of(domain, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii && domain.size() <= kMaxName && !domain.contains('\0')) {
    char* found = nullptr;
    // As browsers do it: mapped (UTS 46), not refused where registries would.
    const int failed =
        idn2_to_ascii_8z(domain.c_str(), &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (failed == IDN2_OK) {
      domain = found;
      idn2_free(found);
    }
  }
  domain = to_lower(domain);
  while (domain.ends_with('.')) domain.pop_back();
  return domain;
}

}  // namespace sekisho::rules::content
