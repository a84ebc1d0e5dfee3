#include "gateway/base/file_watch.h"

#include <cerrno>
#include <chrono>

#include <fmt/format.h>
#include <sys/stat.h>

namespace sekisho {

std::string file_stamp(const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return fmt::format("errno {}", errno);
  // The change time counts too: tools that keep the modification time (cp -p) exist.
  const auto age = std::chrono::system_clock::now().time_since_epoch() -
                   std::chrono::seconds(info.st_ctim.tv_sec) -
                   std::chrono::nanoseconds(info.st_ctim.tv_nsec);
  const bool fresh = age < std::chrono::milliseconds(50);
  return fmt::format("{}.{} {}.{} {} {}{}", info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                     info.st_ctim.tv_sec, info.st_ctim.tv_nsec, info.st_size, info.st_ino,
                     fresh ? " fresh" : "");
}

bool is_final_stamp(std::string_view stamp) { return !stamp.ends_with("fresh"); }

Result<bool> FileWatch::look(const std::function<Result<bool>()>& reload) {
  const std::lock_guard one_at_a_time(looking_);
  // The stamp is taken before the read: a change during it is then seen at the next look.
  std::string stamp = file_stamp(path_);
  if (stamp == stamp_ && is_final_stamp(stamp)) return false;
  stamp_ = std::move(stamp);
  auto done = reload();
  std::string reason = done ? std::string() : done.error().text;
  if (!done && reason == reason_) return false;
  reason_ = std::move(reason);
  return done;
}

}  // namespace sekisho
