// Setup: what the processes of a pool are told to hold before they have a job, as a list of items:
// a key, compiled patterns. The gateway writes it for all configurations that sessions have
// (Workers::set_up()); the process reads it in Handlers::prepare, before its sandbox is closed.
// Pure.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"

namespace sekisho::worker {

struct SetupItem {
  std::string kind;     // which Preparer reads it
  std::string content;  // as that one reads it; of any length
  // Without it a process is of no use. Else it is of an older configuration, whose last sessions do
  // without what is not to be had any more.
  bool needed = true;
  bool operator==(const SetupItem&) const = default;
};

// Each item once, in an order of their own: the same items are the same bytes. None: no bytes.
std::string encode_setup(std::vector<SetupItem> items);
Result<std::vector<SetupItem>> decode_setup(std::string_view setup);

struct Preparer {
  std::string_view kind;  // a literal
  std::function<Result<void>(std::string_view content)> prepare;
};

// The first Error over an item that is needed.
Result<void> prepare_all(std::string_view setup, std::span<const Preparer> preparers);

}  // namespace sekisho::worker
