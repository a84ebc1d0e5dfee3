// A text put before or behind that of one text part, in the part's own charset and transfer
// encoding (RFC 2045 section 6). Pure; bounded by the part's size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sekisho::mail {

// What stands around the text of a part. UTF-8 with LF, as its author wrote it.
struct Surrounding {
  std::string before;
  std::string behind;
};

struct TextPart {
  std::string_view body;  // as transferred
  std::string charset;    // lower case; empty: none was said
  std::string encoding;   // lower case; empty: none was said
  bool html = false;
  bool flowed = false;  // RFC 3676
};

struct ChangedText {
  std::string body;                     // as transferred
  std::optional<std::string> charset;   // the part must say this one now
  std::optional<std::string> encoding;  // … and this encoding
};

// Larger ones are left alone.
inline constexpr std::size_t kMaxChangedPart = 1024UL * 1024;

// nullopt: with a charset, an encoding or bytes of which this does not know the one meaning. `why`
// says it in words. Characters that the charset does not have become '?', but that a text of ASCII
// alone becomes UTF-8, and HTML has them as references.
std::optional<ChangedText> insert(const TextPart& part, const Surrounding& texts,
                                  std::string_view& why);

}  // namespace sekisho::mail
