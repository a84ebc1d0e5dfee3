#include <algorithm>

#include "gateway/base/idna.h"
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
  if (!ascii && domain.size() <= kMaxName) {
    if (auto found = to_idna(domain)) domain = *std::move(found);
  }
  domain = to_lower(domain);
  while (domain.ends_with('.')) domain.pop_back();
  return domain;
}

}  // namespace sekisho::rules::content
