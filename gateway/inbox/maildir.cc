#include "gateway/inbox/maildir.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "gateway/base/file.h"
#include "gateway/mail/headers.h"

namespace sekisho::inbox {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kBlock = std::size_t{256} * 1024;
constexpr std::size_t kMaxHeaderRead = std::size_t{64} * 1024;  // of each message, for list()

// The part of a file name before the flags: "171.M2P3Q4.host:2,S" → "171.M2P3Q4.host".
std::string_view base_name(std::string_view file) { return file.substr(0, file.find(':')); }

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "localhost";
  std::string out(name);
  for (char& c : out) {
    if (c == '/' || c == ':') c = '_';
  }
  return out;
}

// The Maildir convention: second, microsecond, process, a count, host. The microseconds are padded,
// so that names sort by age.
std::string unique_name() {
  static std::atomic<std::uint64_t> count{0};
  using namespace std::chrono;
  const auto now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  std::string micros = std::to_string(now % 1'000'000);
  micros.insert(0, 6 - micros.size(), '0');
  return std::to_string(now / 1'000'000) + ".M" + micros + "P" + std::to_string(::getpid()) + "Q" +
         std::to_string(count.fetch_add(1)) + "." + host_name();
}

std::string field(const mail::Headers& headers, std::string_view name) {
  const mail::HeaderField* found = headers.find(name);
  return found == nullptr ? std::string() : mail::Headers::unfold(found->value);
}

Result<StoredMessage> summary(const fs::directory_entry& entry) {
  auto file = File::open(entry.path(), O_RDONLY);
  if (!file) return std::unexpected(file.error());
  auto start = file->read(kMaxHeaderRead);
  if (!start) return std::unexpected(start.error());
  const auto headers = mail::Headers::parse(*start);
  std::error_code error;
  return StoredMessage{.id = std::string(base_name(entry.path().filename().string())),
                       .path = entry.path(),
                       .size = entry.file_size(error),
                       .from = field(headers, "From"),
                       .to = field(headers, "To"),
                       .subject = field(headers, "Subject"),
                       .date = field(headers, "Date")};
}

}  // namespace

Result<Maildir> Maildir::open(const fs::path& folder) {
  for (const char* name : {"tmp", "new", "cur"}) {
    std::error_code error;
    fs::create_directories(folder / name, error);
    if (error) {
      return std::unexpected(
          system_error(ErrorKind::io, "cannot create " + (folder / name).string(), error.value()));
    }
  }
  Maildir maildir(folder);
  maildir.remove_abandoned();
  return maildir;
}

// What is older than 36 hours in tmp/ was left by a crash: no delivery takes that long.
void Maildir::remove_abandoned() const {
  std::error_code error;
  const auto limit = fs::file_time_type::clock::now() - std::chrono::hours(36);
  for (fs::directory_iterator it(temporary_folder(), error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    const auto written = it->last_write_time(ignored);
    if (!ignored && it->is_regular_file(ignored) && written < limit)
      fs::remove(it->path(), ignored);
  }
}

Result<std::string> Maildir::store(std::string_view trace_headers, const Reader& content) const {
  std::string id = unique_name();
  const fs::path temporary = temporary_folder() / id;
  const fs::path final_place = folder_ / "new" / id;
  auto written = write_file(temporary, trace_headers, content);
  if (written && ::rename(temporary.c_str(), final_place.c_str()) != 0) {
    written = std::unexpected(
        system_error(ErrorKind::io, "cannot rename to " + final_place.string(), errno));
  }
  if (!written) {
    ::unlink(temporary.c_str());
    return std::unexpected(written.error());
  }
  if (auto synced = sync_folder(folder_ / "new"); !synced) {
    ::unlink(final_place.c_str());  // the sender is told no, and will send it again
    return std::unexpected(synced.error());
  }
  return id;
}

Result<void> Maildir::write_file(const fs::path& path, std::string_view trace_headers,
                                 const Reader& content) const {
  auto file = File::open(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file) return std::unexpected(file.error());
  if (auto written = file->write(trace_headers); !written) return written;
  std::string block;
  for (std::uint64_t offset = 0;; offset += block.size()) {
    if (auto got = content(offset, kBlock, block); !got) return got;
    if (block.empty()) break;
    if (auto written = file->write(block); !written) return written;
  }
  return file->sync();
}

Result<std::vector<StoredMessage>> Maildir::list() const {
  std::vector<StoredMessage> messages;
  for (const char* name : {"new", "cur"}) {
    std::error_code error;
    fs::directory_iterator it(folder_ / name, error);
    for (; !error && it != fs::directory_iterator(); it.increment(error)) {
      if (!it->is_regular_file()) continue;
      // A message that another program moves or removes meanwhile is no error.
      if (auto message = summary(*it)) messages.push_back(std::move(*message));
    }
    if (error) {
      return std::unexpected(
          system_error(ErrorKind::io, "cannot read " + (folder_ / name).string(), error.value()));
    }
  }
  std::ranges::sort(messages, {}, &StoredMessage::id);
  return messages;
}

Result<std::string> Maildir::read(std::string_view id) const {
  for (const char* name : {"new", "cur"}) {
    std::error_code error;
    fs::directory_iterator it(folder_ / name, error);
    for (; !error && it != fs::directory_iterator(); it.increment(error)) {
      // Compared with what is there, never made into a path: "../x" finds nothing.
      if (base_name(it->path().filename().string()) != id) continue;
      auto file = File::open(it->path(), O_RDONLY);
      if (!file) return std::unexpected(file.error());
      return file->read(SIZE_MAX);
    }
  }
  return fail(ErrorKind::invalid, "there is no message " + std::string(id));
}

}  // namespace sekisho::inbox
