// MemoryStream: a ByteStream without a socket. A test feeds it what the peer sends, piece by piece,
// and reads what was written to it.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/async/loop.h"
#include "gateway/net/byte_stream.h"

namespace sekisho::test {

class MemoryStream final : public ByteStream {
 public:
  MemoryStream(Loop& loop, CancelSource& cancel) : loop_(loop), cancel_(cancel) {}

  // One read returns bytes of one piece at most, as if it had come in a packet of its own.
  void feed(std::string_view piece);
  // The same bytes in pieces of `size`.
  void feed_in_pieces(std::string_view bytes, std::size_t size);
  void feed_end();
  [[nodiscard]] const std::string& written() const { return written_; }
  [[nodiscard]] std::string take_written() { return std::exchange(written_, {}); }
  // Until something is written or the stream is closed.
  Task<Result<void>> wait_written(Deadline deadline);
  [[nodiscard]] bool closed() const { return closed_; }

  Task<Result<std::size_t>> read_some(std::span<char> into, Deadline deadline) override;
  Task<Result<void>> write_all(std::string_view bytes, Deadline deadline) override;
  // Never waits.
  Task<Result<void>> write_until_input(std::string_view bytes, Deadline deadline) override {
    return write_all(bytes, deadline);
  }
  // No cryptography: it works unless input is waiting, which no real handshake would survive.
  Task<Result<void>> start_tls(std::shared_ptr<const TlsContext> context,
                               std::string_view server_name, Deadline deadline) override;
  [[nodiscard]] const TlsInfo* tls() const override { return tls_ ? &*tls_ : nullptr; }
  [[nodiscard]] bool readable_now() override { return !pieces_.empty() || ended_; }
  Task<void> close(Deadline deadline) override;

 private:
  Loop& loop_;
  CancelSource& cancel_;
  std::deque<std::string> pieces_;
  std::string written_;
  std::optional<TlsInfo> tls_;
  Event changed_;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace sekisho::test
