// DomainSet: the recipient domains that are ours. "example.com" is that domain alone,
// "*.example.com" every domain below it. From the configuration and, optionally, from a file (one a
// line, # comments) that reloads when it changes; a broken file keeps the old content.
// Any thread: readers take a snapshot.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/base/file_watch.h"

namespace sekisho::relay {

class DomainSet {
 public:
  // What the domains are for: `ours` gives the right to relay, so that "*.com" is refused; to tell
  // mail apart (`any`) it may be meant.
  enum class Use : bool { ours, any };

  // `file` may be empty. The error names file:line:column, or quotes the configured entry.
  static Result<std::shared_ptr<DomainSet>> create(const std::vector<std::string>& domains,
                                                   const std::filesystem::path& file,
                                                   Use use = Use::ours);
  // Why `entry` can't stand in a list of our domains; ok when it can. Pure.
  static Result<void> check(std::string_view entry, Use use = Use::ours);

  // `domain` lower case, as smtp::Mailbox has it. An address literal is never ours.
  [[nodiscard]] bool contains(std::string_view domain) const;
  [[nodiscard]] bool empty() const;
  // True when the file had changed and its new content is in force. A broken file keeps the old
  // content; the reason is returned once, not at every look until somebody mends the file.
  Result<bool> reload_if_changed();

 private:
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Names = std::unordered_set<std::string, TextHash, std::equal_to<>>;
  struct Content {
    Names exact;
    Names below;  // "example.com" for "*.example.com"
    bool operator==(const Content&) const = default;
  };
  DomainSet(std::vector<std::string> domains, std::filesystem::path file, Use use)
      : configured_(std::move(domains)), file_(std::move(file)), use_(use), watch_(file_) {}
  static Result<void> add(std::string_view entry, Use use, Content& content);
  static Result<void> add_lines(std::string_view text, const std::filesystem::path& file, Use use,
                                Content& content);
  Result<std::shared_ptr<const Content>> load() const;
  [[nodiscard]] std::shared_ptr<const Content> current() const;

  std::vector<std::string> configured_;
  std::filesystem::path file_;
  Use use_;
  FileWatch watch_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Content> content_;  // guarded by mutex_
};

}  // namespace sekisho::relay
