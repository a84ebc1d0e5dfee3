// UpstreamSide: what a dialog says about one scripted upstream: the answers it gives and the
// commands it must hear, in their order. Throws std::runtime_error where they differ.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "tests/support/scripted_upstream.h"

namespace sekisho::dialog {

class UpstreamSide {
 public:
  explicit UpstreamSide(test::ScriptedUpstream& upstream) : upstream_(upstream) {}

  // "U< POINT what": the next answer at that point (tests/dialog/README.md).
  void says(std::string_view text);
  // "U: pattern": the next command; EHLO, RSET and QUIT are passed over unless they are asked for.
  void hears(std::string_view pattern);
  // No command is left over, if the dialog looked at any.
  void finish();

  // The last message as the server behind the upstream would store it, without our Received field,
  // which `received` gives as one line.
  struct Message {
    std::string received;
    std::string text;
  };
  [[nodiscard]] Message last_message() const;

 private:
  [[nodiscard]] bool next(std::string_view pattern, std::string& command);

  test::ScriptedUpstream& upstream_;
  std::size_t heard_ = 0;
  bool watched_ = false;
};

}  // namespace sekisho::dialog
