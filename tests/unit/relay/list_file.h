// ListFile: a domains file in a folder of its own, removed with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sekisho::test {

class ListFile {
 public:
  explicit ListFile(std::string_view content) {
    std::string name = (std::filesystem::temp_directory_path() / "sekisho-relay-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = name;
    write(content);
  }
  ~ListFile() { std::filesystem::remove_all(folder_); }
  ListFile(const ListFile&) = delete;
  ListFile& operator=(const ListFile&) = delete;

  [[nodiscard]] std::filesystem::path path() const { return folder_ / "domains"; }
  void write(std::string_view content) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << content;
  }
  // As editors and configuration tools do it.
  void replace(std::string_view content) const {
    std::ofstream(folder_ / "new", std::ios::binary) << content;
    std::filesystem::rename(folder_ / "new", path());
  }
  void remove() const { std::filesystem::remove(path()); }

 private:
  std::filesystem::path folder_;
};

}  // namespace sekisho::test
