// FuzzClient: the client's end of a session under test: writes the input's bytes in the pieces that
// the input asks for, closes its half, and keeps all that it hears. On the session's own loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gateway/async/loop.h"
#include "gateway/net/byte_stream.h"

namespace sekisho::fuzz {

// Bytes of the input that are no bytes of the client: here one write ends, …
inline constexpr char kCut = '\xff';     // … and the next follows in the loop's next turn,
inline constexpr char kListen = '\xfe';  // … or when an answer came.

class FuzzClient {
 public:
  // Takes `fd`.
  FuzzClient(Loop& loop, int fd);

  // All of `script`, in writes of at most `piece` bytes, and half-closes.
  Task<void> talk(std::string_view script, std::size_t piece);
  Task<void> listen();  // until the session has closed

  [[nodiscard]] const std::string& heard() const { return heard_; }

 private:
  Task<void> turn();
  Task<void> write(std::string_view bytes);
  Task<void> wait_for_answer();

  Loop& loop_;
  CancelSource never_;
  int fd_;
  std::unique_ptr<ByteStream> stream_;
  std::string heard_;
  bool gone_ = false;  // the session takes no more
};

}  // namespace sekisho::fuzz
