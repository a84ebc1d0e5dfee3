// SenderMap: which addresses each user may send as, from a text of "user: address, *@domain,
// @group" lines. Pure but for SenderMapFile, which holds the file's content and reads it again when
// it has changed: a broken file keeps the old content. Any thread: readers take an immutable
// snapshot.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/error.h"
#include "gateway/base/file_watch.h"
#include "gateway/sender/canonical.h"

namespace sekisho::sender {

// What a user, a group or everybody may use, each with the line of the file that says so.
struct OwnedAddresses {
  using Lines = std::map<std::string, std::size_t, std::less<>>;

  Lines addresses;                       // CanonicalAddress::key()
  Lines domains;                         // "*@example.com"
  Lines below;                           // "*@*.example.com", without "*."
  std::size_t anything = 0;              // the line of "*"; 0: none
  std::optional<smtp::Mailbox> first{};  // the first address, as it is written

  // The line that gives the address; 0: none does. With a separator, "ann+tag" counts as "ann".
  [[nodiscard]] std::size_t find(const CanonicalAddress& address, std::string_view separator) const;
  void add(const OwnedAddresses& others);
  bool operator==(const OwnedAddresses&) const = default;
};

class SenderMap {
 public:
  // The error names file:line:column.
  static Result<SenderMap> parse(std::string_view text, const std::filesystem::path& file);

  // Null when the file says nothing of the user, who is compared with ASCII case folded.
  [[nodiscard]] const OwnedAddresses* of_user(std::string_view user) const;
  // The line of "*": what every user may use.
  [[nodiscard]] const OwnedAddresses& of_everybody() const { return everybody_; }
  bool operator==(const SenderMap&) const = default;

 private:
  std::map<std::string, OwnedAddresses, std::less<>> users_;  // lower case
  OwnedAddresses everybody_;
};

class SenderMapFile {
 public:
  static Result<std::shared_ptr<SenderMapFile>> open(const std::filesystem::path& path);

  [[nodiscard]] std::shared_ptr<const SenderMap> map() const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // True when the file had changed and its new content is in force. Reads the disk: call it on the
  // Offload pool. The reason why a file is refused is returned once, not at every look.
  Result<bool> reload_if_changed();

 private:
  explicit SenderMapFile(std::filesystem::path path) : path_(std::move(path)), watch_(path_) {}

  std::filesystem::path path_;
  FileWatch watch_;
  mutable std::mutex mutex_;
  std::shared_ptr<const SenderMap> map_;  // guarded by mutex_
};

}  // namespace sekisho::sender
