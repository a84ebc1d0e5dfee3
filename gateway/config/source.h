// Source: one configuration file's text, and Place: a stretch of it. Sources are owned by the
// Document and outlive the Places that point into them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::config {

class Source {
 public:
  // `order` is its turn among the files read: errors are told in that order.
  Source(std::filesystem::path path, std::string text, std::size_t order);
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::size_t order() const { return order_; }
  // The line without its end; empty when there is none of that number (1-based).
  [[nodiscard]] std::string_view line(std::uint32_t number) const;

 private:
  std::filesystem::path path_;
  std::string text_;
  std::size_t order_;
  std::vector<std::string_view> lines_;
};

struct Place {
  const Source* source = nullptr;
  std::uint32_t line = 0;    // 1-based; 0: the file as a whole
  std::uint32_t column = 0;  // 1-based, in characters
  std::uint32_t length = 1;  // characters to underline, all on this line

  [[nodiscard]] std::string to_string() const;  // "sekisho.toml:12"
};

}  // namespace sekisho::config
