// Messages on disk for a command: a file with one message, a mailbox file (mbox, lines "From "
// between its messages), or a folder of those with all folders below it. Line ends become CRLF, as
// SMTP has them. Blocks; any thread may take the next message.
#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"

namespace sekisho::cli {

struct MailFile {
  std::string name;  // "inbox", or "inbox:3" for the third of several
  std::string bytes;
  std::size_t number = 0;  // from 0, in the order of names
};

class MailFiles {
 public:
  // ErrorKind::io: there is no such file or folder. Names that begin with a dot are left out.
  static Result<std::vector<std::filesystem::path>> find(const std::filesystem::path& from);
  explicit MailFiles(std::vector<std::filesystem::path> paths) : paths_(std::move(paths)) {}

  // nullopt: that was the last. What can't be read is passed over and named in errors().
  std::optional<MailFile> next();
  [[nodiscard]] std::vector<Error> errors() const;

 private:
  bool open_next();

  mutable std::mutex mutex_;
  std::vector<std::filesystem::path> paths_;
  std::size_t next_path_ = 0;
  std::string file_;  // that is being taken apart
  std::vector<std::string_view> messages_;
  std::size_t next_message_ = 0;
  std::size_t number_ = 0;
  std::vector<Error> errors_;
};

// The messages in a mailbox file, without their "From " lines, with what stands in for "From "
// within them as it is; none where it is no mailbox.
[[nodiscard]] std::vector<std::string_view> split_mailbox(std::string_view file);
// As SMTP would carry it: CRLF; of a mailbox: one > taken from lines ">From ".
[[nodiscard]] std::string as_sent(std::string_view message, bool of_mailbox);

}  // namespace sekisho::cli
