// The header section of a message (RFC 5322 section 2.2): found while the bytes come in, read
// without changing a byte, edited by a list of edits that is applied once. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::mail {

struct HeaderField {
  std::string_view name;  // as written
  std::string_view
      value;             // after the colon, raw: folded, with leading blank, without the last CRLF
  std::string_view raw;  // the whole field with its CRLF
};

// The name of the field that begins with this line, or empty when the line begins none.
std::string_view field_name(std::string_view line);

// The fields of a header section; views into `bytes`, which must outlive it. A line that is neither
// field nor folding ends the section (what follows is body), as every mail reader takes it.
class Headers {
 public:
  static Headers parse(std::string_view bytes);

  [[nodiscard]] const std::vector<HeaderField>& fields() const { return fields_; }
  [[nodiscard]] const HeaderField* find(std::string_view name) const;  // the first, or null
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return size_; }  // bytes, without the empty line

  // The value unfolded and trimmed.
  static std::string unfold(std::string_view value);

 private:
  std::vector<HeaderField> fields_;
  std::size_t size_ = 0;
};

// Finds the end of the header section in a stream of message bytes. feed() returns how many of
// `bytes` belong to the section, the empty line included; done() once that line was seen.
class HeaderScanner {
 public:
  std::size_t feed(std::string_view bytes);
  [[nodiscard]] bool done() const { return done_; }

 private:
  bool done_ = false;
  bool line_start_ = true;
  bool line_start_cr_ = false;
};

// Does a section found by HeaderScanner end with the empty line? It does not when the message ends
// before its body.
[[nodiscard]] bool has_empty_line(std::string_view header_section);

// What filters want changed. Collected over the stages, applied once in the order given (so a
// remove() also takes what an earlier edit added), before anything signs.
class HeaderEdits {
 public:
  void add(std::string name, std::string value);      // at the end of the section
  void prepend(std::string name, std::string value);  // on top, below our Received
  void remove(std::string name);                      // every field of that name
  // ... of that name whose value (HeaderField::value) is one of these.
  void remove(std::string name, std::function<bool(std::string_view value)> which);
  void replace(std::string name, std::string value);  // removes all, adds one in the first's place

  [[nodiscard]] bool empty() const { return edits_.empty(); }
  // The edited section, without the empty line (has_empty_line() tells whether one is to follow).
  // Names and values were made fit when they were given: values are folded at 78 columns and can't
  // break the line. Fields that no edit names keep every byte. When the text after the fields
  // begins with a blank (a message whose first line is folding of nothing), an empty line is put
  // between, since that text would continue whatever field comes to stand above it.
  [[nodiscard]] std::string apply(std::string_view header_section) const;

 private:
  struct Edit {
    enum class Kind : std::uint8_t { add, prepend, remove, replace } kind;
    std::string name;
    std::string value;
    std::function<bool(std::string_view value)> which;  // of remove; none: all
  };
  std::vector<Edit> edits_;
};

// One field "Name: value CRLF", folded (RFC 5322 section 2.2.3). Non-ASCII UTF-8 becomes encoded
// words (RFC 2047), and so do words too long for a line; control and invalid bytes become '?'.
std::string format_field(std::string_view name, std::string_view value);

}  // namespace sekisho::mail
