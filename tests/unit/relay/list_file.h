// ListFile: a domains file in a folder of its own, removed with it.
#pragma once

#include <filesystem>
#include <string_view>

#include "tests/support/temp_dir.h"

namespace sekisho::test {

class ListFile {
 public:
  explicit ListFile(std::string_view content) { write(content); }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "domains"; }
  void write(std::string_view content) const { (void)folder_.write("domains", content); }
  // As editors and configuration tools do it.
  void replace(std::string_view content) const {
    std::filesystem::rename(folder_.write("new", content), path());
  }
  void remove() const { std::filesystem::remove(path()); }

 private:
  TempDir folder_;
};

}  // namespace sekisho::test
