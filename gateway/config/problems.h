// Problems: gathers what is wrong with a configuration while it is read and checked, so that all of
// it can be told at once. The first error at a setting is kept, those that follow from it are not.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/load.h"
#include "gateway/config/source.h"

namespace sekisho::config {

class Problems {
 public:
  // `setting` is the path of the setting it is about ("relay.networks[2]"); empty: none.
  void error(std::string_view setting, const Place& place, std::string message,
             std::string hint = {});
  void warning(const Place& place, std::string message, std::string hint = {});
  // An error because something isn't there. Not told when it may well be in what was not
  // understood: the rest of a file, or a line that was left out.
  void missing(std::string_view setting, const Place& place, std::string message,
               std::string hint = {});

  void mark_incomplete() { incomplete_ = true; }
  void mark_skipped(std::string key) { skipped_.push_back(std::move(key)); }
  [[nodiscard]] bool incomplete() const { return incomplete_; }
  [[nodiscard]] std::size_t errors() const { return errors_; }
  // Is there an error at this setting or at one below it (in its table, in its list)?
  [[nodiscard]] bool has_error(std::string_view setting) const;
  // Everything so far, in the order of the files and their lines.
  [[nodiscard]] std::vector<Diagnostic> sorted() const;

 private:
  struct Entry {
    std::size_t order;
    Diagnostic diagnostic;
  };
  void add(const Place& place, std::string message, std::string hint, bool warning);

  std::vector<Entry> entries_;
  std::set<std::string, std::less<>> settings_;  // those with an error
  std::size_t errors_ = 0;
  bool incomplete_ = false;
  std::vector<std::string> skipped_;  // keys of the lines that were left out
};

}  // namespace sekisho::config
