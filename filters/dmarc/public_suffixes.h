// PublicSuffixes: the public suffix list, for the organizational domain of a name (RFC 7489 section
// 3.2), by libpsl. Const after open(); any thread. open() reads a file: not for a loop that serves.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/error.h"

struct psl_ctx_st;

namespace sekisho::dmarc {

class PublicSuffixes {
 public:
  // `file` is the list as text or compiled; empty: the newer one of the system's (the package
  // publicsuffix) and of the one that libpsl was built with.
  static Result<PublicSuffixes> open(const std::filesystem::path& file = {});

  // "example.co.uk" of "mail.example.co.uk"; a name that is a public suffix itself is its own.
  // `domain` is in lower case and A-labels, without a dot at its end.
  [[nodiscard]] std::string organizational_domain(std::string_view domain) const;
  // "co.uk" of both.
  [[nodiscard]] std::string public_suffix(std::string_view domain) const;

 private:
  struct Free {
    void operator()(psl_ctx_st* list) const;
  };
  std::unique_ptr<psl_ctx_st, Free> list_;
};

}  // namespace sekisho::dmarc
