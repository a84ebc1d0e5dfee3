// Where lines may begin, told by the parser, which knows what each token is; read by the formatter,
// which then needs no grammar of its own.
#pragma once

#include <cstdint>
#include <vector>

namespace sekisho::rules {

enum class Break : std::uint8_t {
  none,
  line,  // always a new line
  soft,  // a new line where the clause does not fit into one
  fill,  // a new line where this item does not fit into the present one
};

struct Mark {
  Break kind = Break::none;
  std::uint8_t indent = 0;  // steps
  bool blank = false;       // a blank line of the author's may stand before it
  bool closes = false;      // a closing brace: comments before it are inside
  std::uint8_t cell = 0;    // aligned with cells of that number in the same block
  std::uint32_t block = 0;  // 0: no alignment
};

using Layout = std::vector<Mark>;  // one for each token

}  // namespace sekisho::rules
