// ListFiles: keeps the lists of one rule set as their files say. look() reads the files that have
// changed and puts a new Lists in the place of the old one, in one step; a file that is broken or
// gone changes nothing, and is told. look() blocks (disk): never on a loop, one caller at a time
// does the work. current() costs a lock of an instant, from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/base/log.h"
#include "rules/lists/lists.h"

namespace sekisho::rules::lists {

class ListFiles {
 public:
  struct Look {
    std::vector<std::string> reloaded;  // names of lists and maps, with their new items in force
    std::vector<Broken> broken;         // newly so; what was in force before still is
    std::size_t still_broken = 0;       // files in all, for a gauge
  };

  // Reads all files; what `before` has read of the same file is not read again. Give it to nobody
  // while broken() says something: those lists answer `failed`.
  ListFiles(std::shared_ptr<const RuleSet> set, const ListFiles* before = nullptr);
  [[nodiscard]] const std::vector<Broken>& broken() const { return broken_at_start_; }

  Look look();
  [[nodiscard]] std::shared_ptr<const Lists> current() const;
  [[nodiscard]] const RuleSet& rules() const { return *set_; }

 private:
  struct Watched {
    bool map = false;
    std::size_t index = 0;  // in the RuleSet
    std::string file;
    std::string stamp;      // of what is in force, or was refused
    std::string complaint;  // the first mistake, while the file is refused
  };
  struct Tables {
    std::vector<ListPtr> lists;
    std::vector<MapPtr> maps;
  };
  [[nodiscard]] const std::string& name_of(const Watched& one) const;
  bool take_over(Watched& one, const ListFiles& before, Tables& into) const;
  std::optional<Broken> read(const Watched& one, Tables& into) const;

  std::shared_ptr<const RuleSet> set_;
  std::vector<bool> searched_;
  std::vector<Broken> broken_at_start_;
  mutable std::mutex looking_;
  std::vector<Watched> watched_;  // guarded by looking_
  mutable std::mutex giving_;
  std::shared_ptr<const Lists> current_;  // guarded by giving_
};

// The alarm: event "list-broken" with file, line and column, and that the old items stay.
[[nodiscard]] LogLine log_line_of(const Broken& broken);

}  // namespace sekisho::rules::lists
