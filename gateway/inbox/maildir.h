// Maildir: writes and reads messages in the Maildir format (tmp/, new/, cur/). A message is written
// to tmp/, synced, renamed to new/, and the folder synced: it is there whole or not at all. Bytes
// are kept as they came, line ends (CRLF) included. Writing waits for the disk: only on Offload
// threads. Any thread; several processes may write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"

namespace sekisho::inbox {

struct StoredMessage {
  std::string id;  // the file's base name, without flags
  std::filesystem::path path;
  std::uint64_t size = 0;
  std::string from, to, subject;  // header fields, unfolded, raw bytes
  std::string date;
};

class Maildir {
 public:
  // Gives up to `max` bytes at `offset`, empty at the end, as Spool::read_now does.
  using Reader =
      std::function<Result<void>(std::uint64_t offset, std::size_t max, std::string& out)>;

  static Result<Maildir> open(const std::filesystem::path& folder);  // creates it
  // The message with `trace_headers` (whole lines with CRLF) on top; returns its id. Durable on
  // return; after an error nothing of it is left.
  [[nodiscard]] Result<std::string> store(std::string_view trace_headers,
                                          const Reader& content) const;
  [[nodiscard]] Result<std::vector<StoredMessage>> list() const;  // oldest first
  [[nodiscard]] Result<std::string> read(std::string_view id) const;

  [[nodiscard]] std::filesystem::path temporary_folder() const { return folder_ / "tmp"; }

 private:
  explicit Maildir(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void remove_abandoned() const;
  Result<void> write_file(const std::filesystem::path& path, std::string_view trace_headers,
                          const Reader& content) const;
  std::filesystem::path folder_;
};

}  // namespace sekisho::inbox
