// Authentication-Results (RFC 8601): written so that nothing which came from outside can begin a
// result or a field of its own; read whole or not at all; and recognised, in every shape that some
// reader takes for ours, so that foreign fields in our name can be removed. Pure. Error texts are
// fixed words without any byte of the input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"

namespace sekisho::mail {

// ptype.property=value, as in smtp.mailfrom=alice@example.com.
struct ResultProperty {
  std::string type;  // "smtp", "header", "body", "policy", "dns"
  std::string name;  // "mailfrom", "helo", "from", "d", "s" …
  std::string value;
  bool operator==(const ResultProperty&) const = default;
};

// What one method found out (a resinfo).
struct MethodResult {
  std::string method;  // "spf", "dkim", "dmarc", "arc", "auth", "iprev"
  std::string result;  // "pass", "fail" …; lower case
  std::string reason;  // words for people; empty: none
  std::vector<ResultProperty> properties;
  bool operator==(const MethodResult&) const = default;
};

struct AuthenticationResults {
  std::string authserv_id;
  std::vector<MethodResult> results;  // empty: written and read as "none"
  bool operator==(const AuthenticationResults&) const = default;
};

// The field's value in ASCII on one line, for HeaderEdits, which folds it. Of foreign bytes in a
// property, those that any reader could take for the end of it (blanks, ; " \ ( ) < > , and what is
// no visible ASCII) become '?'; likewise in a reason, which may have blanks but no '='. What then
// needs quotes gets them.
std::string to_field_value(const AuthenticationResults& results);

// `value` is HeaderField::value, still folded. Takes the versions of field and method (RFC 8601
// section 2.2) and comments, and drops them; takes in values, unquoted, what is in use though the
// grammar wants quotes (the '/' of base64). At most 100 results of 100 properties each.
Result<AuthenticationResults> parse_authentication_results(std::string_view value);

// Is this value of an Authentication-Results field in the name of `authserv_id`, by the grammar or
// by any sloppier reading of what stands before the first semicolon? For removal (section 5): when
// in doubt it is.
bool claims_authserv_id(std::string_view value, std::string_view authserv_id);

}  // namespace sekisho::mail
