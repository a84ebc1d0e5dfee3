// TagList: "v=1; a=rsa-sha256; …" (RFC 6376 section 3.2), the grammar of DKIM and ARC signatures
// and of key records. All of it or nothing: a list that breaks the grammar, names a tag twice or is
// out of bounds is an error. Pure; views into the text, which must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"

namespace sekisho::dkim {

struct Tag {
  std::string_view name;   // as written: tag names are case-sensitive
  std::string_view value;  // without the blanks and folding around it
};

class TagList {
 public:
  static constexpr std::size_t kMaxBytes = 16384;
  static constexpr std::size_t kMaxTags = 64;

  // `text` may be folded. UTF-8 in values is let pass (RFC 8616).
  static Result<TagList> parse(std::string_view text);

  [[nodiscard]] const std::vector<Tag>& tags() const { return tags_; }
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::string_view value_or(std::string_view name, std::string_view fallback) const;

 private:
  std::vector<Tag> tags_;
};

// The value with every blank and fold in it gone, as base64 and lists of words have them.
std::string without_blanks(std::string_view value);

// The words of a list "a : b : c"; empty ones stay, so that the caller can refuse them.
std::vector<std::string_view> words_of_list(std::string_view value);

// base64string of section 2.10: blanks and folds may stand anywhere in it.
std::optional<std::string> decode_base64_value(std::string_view value);

// An unsigned decimal of at most 12 digits (t=, x=); nothing when it is none.
std::optional<std::uint64_t> decimal_value(std::string_view value);

// Where the value of `name` stands in a tag list, blanks around it included; for the signature
// field that is hashed with its b= taken as empty (section 3.7). Nothing when there is no such tag.
struct ValueRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};
std::optional<ValueRange> range_of_value(std::string_view text, std::string_view name);

}  // namespace sekisho::dkim
