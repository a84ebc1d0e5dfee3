#include "gateway/cli/mail_files.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/file_io.h"
#include "gateway/base/text.h"

namespace sekisho::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxMailFile = 2UL * 1024 * 1024 * 1024;

// "From alice@example.com Tue Nov 24 06:41:16 2026": a sender without blanks, a time, a year. A
// line of text that begins with From has hardly all of them.
bool is_from_line(std::string_view line) {
  if (!line.starts_with("From ")) return false;
  bool time = false;
  bool year = false;
  for (const auto word : split(line.substr(5), ' ')) {
    const auto digits = [&](std::size_t at) { return at < word.size() && is_digit(word[at]); };
    if (word.size() >= 5 && digits(0) && digits(1) && word[2] == ':' && digits(3)) time = true;
    const auto number = word.size() == 4 ? parse_uint(word) : std::nullopt;
    if (number && *number >= 1970) year = true;
  }
  return time && year;
}

std::string_view line_at(std::string_view text, std::size_t at) {
  const auto end = text.find('\n', at);
  auto line = text.substr(at, end == std::string_view::npos ? end : end - at);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::size_t after_line(std::string_view text, std::size_t at) {
  const auto end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end + 1;
}

}  // namespace

std::vector<std::string_view> split_mailbox(std::string_view file) {
  std::vector<std::string_view> messages;
  if (!is_from_line(line_at(file, 0))) return messages;
  std::size_t begin = after_line(file, 0);
  bool empty_before = false;
  for (std::size_t at = begin; at < file.size(); at = after_line(file, at)) {
    const auto line = line_at(file, at);
    if (empty_before && is_from_line(line)) {
      messages.push_back(file.substr(begin, at - begin));
      begin = after_line(file, at);
    }
    empty_before = line.empty();
  }
  messages.push_back(file.substr(begin));
  return messages;
}

std::string as_sent(std::string_view message, bool of_mailbox) {
  std::string out;
  out.reserve(message.size() + message.size() / 32 + 2);
  for (std::size_t at = 0; at < message.size();) {
    const auto end = after_line(message, at);
    auto line = message.substr(at, end - at);
    at = end;
    const bool whole = line.ends_with('\n');
    if (whole) line.remove_suffix(1);
    if (whole && line.ends_with('\r')) line.remove_suffix(1);
    if (of_mailbox && line.starts_with('>')) {
      const auto text = std::min(line.find_first_not_of('>'), line.size());
      if (line.substr(text).starts_with("From ")) line.remove_prefix(1);
    }
    out += line;
    out += "\r\n";
  }
  return out;
}

Result<std::vector<fs::path>> MailFiles::find(const fs::path& from) {
  std::error_code error;
  const auto status = fs::status(from, error);
  if (!fs::exists(status)) {
    return fail(ErrorKind::io, fmt::format("there is no file or folder {}", from.string()));
  }
  if (!fs::is_directory(status)) return std::vector<fs::path>{from};
  std::vector<fs::path> found;
  fs::recursive_directory_iterator all(from, fs::directory_options::skip_permission_denied, error);
  if (error) {
    return fail(ErrorKind::io,
                fmt::format("cannot read the folder {}: {}", from.string(), error.message()));
  }
  for (const auto end = fs::end(all); all != end; all.increment(error)) {
    const bool hidden = all->path().filename().string().starts_with('.');
    if (hidden && all->is_directory(error)) all.disable_recursion_pending();
    if (!hidden && all->is_regular_file(error)) found.push_back(all->path());
  }
  std::ranges::sort(found);
  return found;
}

bool MailFiles::open_next() {
  while (next_path_ < paths_.size()) {
    auto text = read_whole_file(paths_[next_path_++], kMaxMailFile);
    if (!text) {
      errors_.push_back(std::move(text.error()));
      continue;
    }
    file_ = std::move(*text);
    messages_ = split_mailbox(file_);
    next_message_ = 0;
    return true;
  }
  return false;
}

std::optional<MailFile> MailFiles::next() {
  const std::lock_guard lock(mutex_);
  if (next_message_ >= std::max<std::size_t>(messages_.size(), 1) || next_path_ == 0) {
    if (!open_next()) return std::nullopt;
  }
  MailFile out;
  out.name = paths_[next_path_ - 1].string();
  out.number = number_++;
  const bool of_mailbox = !messages_.empty();
  if (messages_.size() > 1) out.name += fmt::format(":{}", next_message_ + 1);
  out.bytes = as_sent(of_mailbox ? messages_[next_message_] : std::string_view(file_), of_mailbox);
  ++next_message_;
  return out;
}

std::vector<Error> MailFiles::errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

}  // namespace sekisho::cli
