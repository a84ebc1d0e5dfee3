#include "tests/support/memory_stream.h"

#include <algorithm>

namespace sekisho::test {

void MemoryStream::feed(std::string_view piece) {
  if (!piece.empty()) pieces_.emplace_back(piece);
  changed_.notify();
}

void MemoryStream::feed_in_pieces(std::string_view bytes, std::size_t size) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
    feed(bytes.substr(0, size));
  }
}

void MemoryStream::feed_end() {
  ended_ = true;
  changed_.notify();
}

Task<Result<void>> MemoryStream::wait_written(Deadline deadline) {
  while (written_.empty() && !closed_) {
    if (auto woken = co_await changed_.wait(loop_, deadline, cancel_); !woken) co_return woken;
  }
  co_return Result<void>{};
}

Task<Result<std::size_t>> MemoryStream::read_some(std::span<char> into, Deadline deadline) {
  while (pieces_.empty()) {
    if (ended_ || closed_) co_return std::size_t{0};
    if (auto woken = co_await changed_.wait(loop_, deadline, cancel_); !woken) {
      co_return std::unexpected(woken.error());
    }
  }
  std::string& piece = pieces_.front();
  const std::size_t bytes = std::min(into.size(), piece.size());
  std::copy_n(piece.begin(), bytes, into.begin());
  piece.erase(0, bytes);
  if (piece.empty()) pieces_.pop_front();
  co_return bytes;
}

Task<Result<void>> MemoryStream::write_all(std::string_view bytes, Deadline) {
  if (closed_) co_return fail(ErrorKind::closed, "write: the stream is closed");
  written_ += bytes;
  changed_.notify();
  co_return Result<void>{};
}

Task<Result<void>> MemoryStream::start_tls(std::shared_ptr<const TlsContext>,
                                           std::string_view server_name, Deadline) {
  if (!pieces_.empty()) co_return fail(ErrorKind::protocol, "TLS handshake: wrong version number");
  tls_ = TlsInfo{.version = "TLSv1.3",
                 .cipher = "TLS_AES_256_GCM_SHA384",
                 .server_name = std::string(server_name),
                 .peer_verified = false};
  co_return Result<void>{};
}

Task<void> MemoryStream::close(Deadline) {
  closed_ = true;
  changed_.notify();
  co_return;
}

}  // namespace sekisho::test
