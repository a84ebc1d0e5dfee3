#include "filters/dkim/opendkim_verify.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include <sys/time.h>
#include <sys/types.h>

// The header is C: it says neither what it needs nor bool as C++ does.
#define _Bool bool
#include <opendkim/dkim.h>
#undef _Bool

#include "gateway/base/text.h"

namespace sekisho::dkim {
namespace {

using mail::AuthResult;
using KeyTexts = std::map<std::string, std::string>;  // by key_name

std::string text_of(const unsigned char* text) {
  return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
}

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Called for each signature; every key is there.
DKIM_CBSTAT find_key(DKIM* dkim, DKIM_SIGINFO* signature, unsigned char* buffer, std::size_t size) {
  const auto& keys = *static_cast<const KeyTexts*>(dkim_get_user_context(dkim));
  const auto found = keys.find(to_lower(text_of(dkim_sig_getselector(signature)) + "._domainkey." +
                                        text_of(dkim_sig_getdomain(signature))));
  if (found == keys.end() || found->second.size() + 1 > size) return DKIM_CBSTAT_NOTFOUND;
  std::memcpy(buffer, found->second.c_str(), found->second.size() + 1);
  return DKIM_CBSTAT_CONTINUE;
}

struct CloseLibrary {
  void operator()(DKIM_LIB* library) const { dkim_close(library); }
};
struct FreeMessage {
  void operator()(DKIM* message) const { dkim_free(message); }
};
using Library = std::unique_ptr<DKIM_LIB, CloseLibrary>;
using Verified = std::unique_ptr<DKIM, FreeMessage>;

// Nothing: out of memory.
Library open_library() {
  Library library(dkim_init(nullptr, nullptr));
  unsigned int flags = DKIM_LIBFLAGS_DELAYSIGPROC;
  if (!library ||
      dkim_options(library.get(), DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof flags) !=
          DKIM_STAT_OK ||
      dkim_set_key_lookup(library.get(), find_key) != DKIM_STAT_OK)
    return nullptr;
  return library;
}

void conclude(DKIM_SIGINFO* signature, mail::DkimFact& fact) {
  const unsigned int flags = dkim_sig_getflags(signature);
  const bool body_matches = dkim_sig_getbh(signature) == DKIM_SIGBH_MATCH;
  if ((flags & DKIM_SIGFLAG_PASSED) != 0 && body_matches) {
    fact.result = AuthResult::pass;
    return;
  }
  fact.result = AuthResult::fail;
  fact.reason =
      (flags & DKIM_SIGFLAG_PASSED) != 0 || dkim_sig_getbh(signature) == DKIM_SIGBH_MISMATCH
          ? "the body has changed"
          : "the signature doesn't match";
  if ((flags & DKIM_SIGFLAG_PROCESSED) != 0) return;
  // Not judged: the library saw something that the guard did not.
  const char* why = dkim_sig_geterrorstr(dkim_sig_geterror(signature));
  fact.result = AuthResult::permerror;
  fact.reason = why != nullptr ? why : "the signature can't be verified";
}

Result<void> give_header(DKIM* message, const mail::Headers& headers,
                         const std::vector<OpenSignature>& signatures) {
  for (std::size_t i = 0; i < headers.fields().size(); ++i) {
    const mail::HeaderField& field = headers.fields()[i];
    const bool wanted = std::ranges::any_of(
        signatures, [i](const OpenSignature& one) { return one.candidate->field == i; });
    if (!wanted && iequals(field.name, kSignatureField)) continue;
    std::string raw(field.raw);
    if (raw.ends_with("\r\n")) raw.resize(raw.size() - 2);
    if (dkim_header(message, bytes_of(raw), raw.size()) != DKIM_STAT_OK)
      return fail(ErrorKind::invalid, "libopendkim refuses a header field");
  }
  return {};
}

}  // namespace

Result<void> verify_with_opendkim(const mail::Headers& headers, const BodySource& body,
                                  const std::vector<OpenSignature>& open) {
  if (open.empty()) return {};
  // In our own words: the library reads no record that a stranger wrote.
  KeyTexts texts;
  for (const OpenSignature& one : open) texts[one.candidate->key_name] = record_text(one.key);

  const Library library = open_library();
  if (!library) return fail(ErrorKind::unavailable, "libopendkim can't be opened");
  DKIM_STAT status = DKIM_STAT_OK;
  std::string id = "message";
  const Verified message(dkim_verify(library.get(), bytes_of(id), nullptr, &status));
  if (!message) return fail(ErrorKind::unavailable, "libopendkim takes no message");
  dkim_set_user_context(message.get(), &texts);
  if (auto given = give_header(message.get(), headers, open); !given) return given;
  // What it says of the header section shows in the signatures.
  (void)dkim_eoh(message.get());
  std::string slice;
  std::string end;
  const auto give = [&](std::string_view bytes) {
    if (bytes.empty()) return;
    slice = bytes;
    (void)dkim_body(message.get(), bytes_of(slice), slice.size());
    end = end.substr(end.size() - std::min<std::size_t>(end.size(), 1)) +
          slice.substr(slice.size() - std::min<std::size_t>(slice.size(), 2));
  };
  auto read = body(give);
  // On its way the last line gets the end that it lacks; the library takes blanks in an open last
  // line for text.
  if (!end.empty() && !end.ends_with("\r\n")) give("\r\n");
  if (!read) return read;
  (void)dkim_eom(message.get(), nullptr);

  DKIM_SIGINFO** signatures = nullptr;
  int count = 0;
  const bool listed = dkim_getsiglist(message.get(), &signatures, &count) == DKIM_STAT_OK &&
                      std::cmp_equal(count, open.size());
  for (std::size_t i = 0; i < open.size(); ++i) {
    mail::DkimFact& fact = open[i].candidate->fact;
    const bool same = listed && iequals(text_of(dkim_sig_getdomain(signatures[i])), fact.domain) &&
                      iequals(text_of(dkim_sig_getselector(signatures[i])), fact.selector);
    if (!same) {
      fact.result = AuthResult::permerror;
      fact.reason = "libopendkim can't read the signature";
      continue;
    }
    if ((dkim_sig_getflags(signatures[i]) & DKIM_SIGFLAG_PROCESSED) == 0)
      (void)dkim_sig_process(message.get(), signatures[i]);
    conclude(signatures[i], fact);
  }
  return {};
}

}  // namespace sekisho::dkim
