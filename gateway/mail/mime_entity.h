// What the Content-* fields of one part say, in every reading (RFC 2045, RFC 2183). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sekisho::mail {

struct MimeEntity {
  std::vector<std::string> types;      // at least one; the first is the standard's reading
  std::vector<std::string> encodings;  // at least one, which may be empty
  std::string disposition;
  std::string charset;  // lower case; the standard's reading alone
  std::vector<std::string> names;
  std::vector<std::string> boundaries;
  bool overflow = false;  // more types, names or parameters than are read
};

// `content_fields`: whole raw fields, only those whose name begins with "Content-".
MimeEntity read_entity(const std::vector<std::string>& content_fields,
                       std::string_view default_type);

}  // namespace sekisho::mail
