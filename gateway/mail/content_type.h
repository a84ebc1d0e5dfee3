// A Content-Type field (RFC 2045 section 5.1) read strictly: with the one meaning that every reader
// gives it, or not at all. For whoever changes a message, where MimeView's readings of an attacker
// are of no use. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sekisho::mail {

struct ContentType {
  std::string type = "text/plain";                // lower case
  std::map<std::string, std::string> parameters;  // names in lower case

  [[nodiscard]] std::string parameter(std::string_view name) const;  // empty: not there
  // "text/plain; charset=utf-8; format=flowed".
  [[nodiscard]] std::string to_string() const;
};

// `value` raw, folded. nullopt: comments, repeated or continued parameters, or anything that
// readers take differently.
std::optional<ContentType> read_content_type(std::string_view value);

}  // namespace sekisho::mail
