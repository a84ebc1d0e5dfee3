// AddedText: a text that is to stand before or behind that of a message. A value.
#pragma once

#include <string>

namespace sekisho::mail {

struct AddedText {
  bool before = false;
  std::string plain;  // UTF-8, lines end with LF
  std::string html;   // the same as HTML, without html, head and body

  bool operator==(const AddedText&) const = default;
};

}  // namespace sekisho::mail
