// MimeBudget: the bounds of one pass over a message, and the view that the pass makes. Shared by
// the walkers of the message and of the encoded messages in it. Owned by MimeView::parse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/base/time.h"
#include "gateway/mail/mime_view.h"

namespace sekisho::mail {

class MimeBudget {
 public:
  static constexpr std::size_t kMaxDecoded = 8UL * 1024 * 1024;    // encoded messages, at one time
  static constexpr std::size_t kMaxBodies = 128UL * 1024 * 1024;   // kept, of one pass
  static constexpr std::size_t kMaxNameBytes = 4UL * 1024 * 1024;  // of all parts
  static constexpr std::int64_t kMaxDepth = 200;  // decoded messages are walked recursively

  MimeBudget(const MimeLimits& limits_, Deadline deadline, bool lenient_);

  void incomplete(std::string reason);
  void stop(std::string reason);  // incomplete, and no more is read
  // The part's index in the view; none when there are too many.
  std::optional<std::size_t> add(MimePart part);
  void spend(std::size_t bytes);  // looks at the clock now and then

  MimeView view;
  const MimeLimits limits;
  const bool lenient;  // read as the most forgiving readers do
  bool keep_bodies = false;
  bool ambiguous = false;  // a place was seen where readers differ
  bool stopped = false;
  std::size_t decoded_bytes = 0;
  std::size_t body_bytes = 0;  // of view.bodies

 private:
  Deadline deadline_;
  std::size_t unclocked_ = 0;
  std::size_t name_bytes_ = 0;
};

}  // namespace sekisho::mail
