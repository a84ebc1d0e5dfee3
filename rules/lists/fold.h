// The one form in which items of lists and what is asked of them are compared, and in which the
// keys of limits are counted: ASCII letters without case, domains as DNS has them (A-labels, no dot
// at the end), local parts without quotes that mean nothing. So nobody slips past a list by writing
// IVAN, "ivan"@… or bücher.example another way. Pure.
#pragma once

#include <string>
#include <string_view>

#include "rules/check/type.h"

namespace sekisho::rules::lists {

// Holds what it had to make: values are short, and most need no memory of their own.
class Folded {
 public:
  Folded(Type type, std::string_view text);
  Folded(const Folded&) = delete;
  Folded& operator=(const Folded&) = delete;
  [[nodiscard]] std::string_view view() const { return view_; }

 private:
  char* room(std::size_t size);
  void take_lower(std::string_view text);
  void take_domain(std::string_view domain);
  void take_address(std::string_view address);

  char short_[96];
  std::string long_;
  std::string_view view_;
};

}  // namespace sekisho::rules::lists
