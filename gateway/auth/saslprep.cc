#include "gateway/auth/saslprep.h"

#include <algorithm>
#include <memory>

#include <gsasl.h>

namespace sekisho::auth {
namespace {

struct WipeAndFree {
  void operator()(char* text) const {
    wipe(text, std::char_traits<char>::length(text));
    gsasl_free(text);
  }
};

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; });
}

}  // namespace

Result<std::string> saslprep(std::string_view text) {
  if (text.empty()) return fail(ErrorKind::invalid, "nothing to prepare");
  if (is_plain(text)) return std::string(text);
  if (text.find('\0') != std::string_view::npos) return fail(ErrorKind::invalid, "it holds a NUL");
  std::string terminated(text);
  char* made = nullptr;
  // Characters that Unicode 3.2 hadn't yet are let through: they are in people's passwords.
  const int code = gsasl_saslprep(terminated.c_str(), GSASL_ALLOW_UNASSIGNED, &made, nullptr);
  wipe(terminated);
  const std::unique_ptr<char, WipeAndFree> prepared(made);
  if (code != GSASL_OK || prepared == nullptr)
    return fail(ErrorKind::invalid, "SASLprep (RFC 4013) refuses it");
  if (*prepared == '\0') return fail(ErrorKind::invalid, "nothing is left of it");
  return std::string(prepared.get());
}

Secret saslprep_password(const Secret& password) {
  auto prepared = saslprep(password.reveal());
  if (!prepared) return password.clone();
  Secret made(*prepared);
  wipe(*prepared);
  return made;
}

}  // namespace sekisho::auth
