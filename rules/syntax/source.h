// The text of rule files and places in it. Sources own their text; a Span is three numbers, so that
// every node of the syntax tree can carry one. Pure; one thread fills Sources, any thread reads
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::rules {

struct Span {
  std::uint32_t source = 0;  // index in Sources
  std::uint32_t begin = 0;   // bytes
  std::uint32_t end = 0;
  bool operator==(const Span&) const = default;
};

// From the beginning of one to the end of the other, which are of one source.
[[nodiscard]] inline Span join(Span from, Span to) { return {from.source, from.begin, to.end}; }

struct Position {
  std::size_t line = 1;
  std::size_t column = 1;  // in code points
};

class Source {
 public:
  Source(std::string path, std::string text);
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] Position position(std::size_t offset) const;
  // Without its end of line; lines count from 1.
  [[nodiscard]] std::string_view line(std::size_t number) const;

 private:
  std::string path_;
  std::string text_;
  std::vector<std::size_t> starts_;
};

class Sources {
 public:
  std::uint32_t add(std::string path, std::string text);
  [[nodiscard]] const Source& operator[](std::uint32_t source) const { return sources_[source]; }
  [[nodiscard]] std::size_t size() const { return sources_.size(); }
  [[nodiscard]] std::string_view text(Span span) const;
  [[nodiscard]] Position position(Span span) const;

 private:
  std::deque<Source> sources_;  // does not move what it holds: tokens are views into it
};

}  // namespace sekisho::rules
