// Spool: the bytes of one message while it is here. Up to `memory` bytes stay in memory; what goes
// beyond goes to an unlinked temporary file (so that a crash leaves nothing behind), written and
// read by the Offload pool in blocks, so that no loop waits for a disk. Owned by a Transaction; one
// call at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/async/offload.h"

namespace sekisho::mail {

struct SpoolSettings {
  std::filesystem::path directory;    // for the temporary files; must be writable
  std::size_t memory = 256UL * 1024;  // bytes of one message kept in memory
};

class Spool {
 public:
  static constexpr std::size_t kBlock = 256UL * 1024;

  Spool(Loop& loop, Offload& offload, const SpoolSettings& settings);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Takes the bytes, which must stay valid until it is done. ErrorKind::io when the disk refuses
  // (full, gone), ErrorKind::unavailable when the pool is full: the message must get a 4xx, and the
  // spool is of no more use.
  Task<Result<void>> append(std::string_view bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool in_file() const { return fd_ >= 0; }

  // Up to kBlock bytes from `offset` on into `out` (replaced); empty at the end.
  Task<Result<void>> read(std::uint64_t offset, std::string& out);

  // Synchronous reading for jobs that already run on an Offload thread (MIME parsing) while the
  // session waits: nothing may be appended meanwhile.
  Result<void> read_now(std::uint64_t offset, std::size_t max, std::string& out) const;

  // Gives file and memory back; the spool is empty afterwards. The destructor does the same, but
  // freeing the blocks of a large file there makes the loop wait for the disk.
  Task<void> discard();

 private:
  Task<Result<void>> flush();
  // Makes room for `size` bytes, doubling like a string does, but never beyond `most`.
  void reserve(std::size_t size, std::size_t most);
  // The bytes from `offset` on are in memory.
  [[nodiscard]] bool in_memory(std::uint64_t offset) const { return offset >= in_file_; }

  Loop& loop_;
  Offload& offload_;
  SpoolSettings settings_;
  std::string memory_;  // not yet in the file; all of it while there is no file
  int fd_ = -1;
  std::uint64_t in_file_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace sekisho::mail
