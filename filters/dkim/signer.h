// How a DKIM-Signature comes to be (RFC 6376 section 5): which fields it covers, the field with an
// empty b=, the hash to be signed, and the field with the signature in it. Pure. The signing
// itself, for which a private key is needed, is done elsewhere, between prepare() and finished().
// FieldWriter makes the fields of ARC (RFC 8617) as well.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "filters/dkim/canonical.h"
#include "filters/dkim/key.h"
#include "gateway/base/time.h"
#include "gateway/mail/headers.h"

namespace sekisho::dkim {

// "Name: a=b; c=d" folded at 78 columns where a tag ends, and within a tag where its grammar lets
// it.
class FieldWriter {
 public:
  static constexpr std::size_t kColumns = 78;

  explicit FieldWriter(std::string_view field_name);
  void tag(std::string_view name, std::string_view value);
  void list(std::string_view name, const std::vector<std::string_view>& words);  // "a:b:c"
  // "b=", the last tag. The field up to there is what is hashed; finished() puts the value in.
  std::string end_with_signature();

 private:
  void begin(std::string_view name, std::size_t first_piece);
  void piece(std::string_view text);

  std::string out_;
  std::size_t column_ = 0;
  bool first_ = true;
};

// The field that end_with_signature() gave, with its signature and CRLF.
std::string finished(std::string field, std::string_view signature);

// The h= of a signature: each field of the header section that means something to its reader, and
// those of which none may be added later once more than they are there ("oversigned"). Never what
// mail servers add on the way. Empty when that would be more than kMaxSignedFields: no program
// writes such a header, and the work grows with its square.
inline constexpr std::size_t kMaxSignedFields = 300;
std::vector<std::string_view> fields_to_sign(const mail::Headers& headers);

struct SignatureOptions {
  Algorithm algorithm = Algorithm::rsa_sha256;
  Canonicalization canonicalization{Form::relaxed, Form::relaxed};
  std::string domain{};              // d=
  std::string selector{};            // s=
  std::string identity{};            // i=, encoded already; empty: none
  bool timestamp = true;             // t=
  std::chrono::seconds lifetime{0};  // x= so long after now; 0: none
};

struct Unsigned {
  std::string field;   // "DKIM-Signature: …; b="
  std::string digest;  // SHA-256 of what is to be signed
};

// `names` are what fields_to_sign() gave; `body_hash` is of the body in its canonical form.
Unsigned prepare(const mail::Headers& headers, const std::vector<std::string_view>& names,
                 std::string_view body_hash, const SignatureOptions& options, WallTime now);

// dkim-quoted-printable (section 2.11), for i= and z=.
std::string encode_quoted_printable(std::string_view text);

}  // namespace sekisho::dkim
