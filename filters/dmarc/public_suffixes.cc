#include "filters/dmarc/public_suffixes.h"

#include <libpsl.h>

namespace sekisho::dmarc {

void PublicSuffixes::Free::operator()(psl_ctx_st* list) const { psl_free(list); }

Result<PublicSuffixes> PublicSuffixes::open(const std::filesystem::path& file) {
  PublicSuffixes suffixes;
  suffixes.list_.reset(file.empty() ? psl_latest(nullptr) : psl_load_file(file.c_str()));
  // A file that is no list loads as a list of nothing, and then every top-level domain would do.
  // (A compiled one counts as -1.)
  if (!suffixes.list_ || psl_suffix_count(suffixes.list_.get()) == 0) {
    return fail(ErrorKind::unavailable,
                file.empty() ? std::string("there is no public suffix list; install the package "
                                           "publicsuffix")
                             : "\"" + file.string() + "\" is no public suffix list");
  }
  return suffixes;
}

std::string PublicSuffixes::organizational_domain(std::string_view domain) const {
  const std::string name(domain);
  const char* found = psl_registrable_domain(list_.get(), name.c_str());
  return found == nullptr ? name : std::string(found);
}

std::string PublicSuffixes::public_suffix(std::string_view domain) const {
  const std::string name(domain);
  const char* found = psl_unregistrable_domain(list_.get(), name.c_str());
  return found == nullptr ? name : std::string(found);
}

}  // namespace sekisho::dmarc
