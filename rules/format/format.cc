#include "rules/format/format.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace sekisho::rules {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kIndent = 2;
constexpr std::size_t kMaxAlign = 60;  // columns to which cells are padded

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

class Formatter {
 public:
  Formatter(const Parsed& parsed, const Sources& sources)
      : tokens_(parsed.tokens.all),
        comments_(parsed.tokens.comments),
        layout_(parsed.layout),
        text_(sources[parsed.file.source].text()) {}

  std::string run() {
    measure_cells();
    std::size_t begin = 0;
    while (begin + 1 < tokens_.size()) {
      std::size_t end = begin + 1;
      while (end + 1 < tokens_.size() && layout_[end].kind != Break::line) ++end;
      clause(begin, end);
      begin = end;
    }
    while (comment_ < comments_.size()) own_line(comments_[comment_++], 0);
    return std::move(out_);
  }

 private:
  // A block's cells of one number begin in the same column: the widest line before them decides.
  // The second round has the columns of the cells before.
  void measure_cells() {
    for (int round = 0; round < 2; ++round) measure_once();
  }
  void measure_once() {
    for (std::size_t i = 0; i + 1 < tokens_.size(); ++i) {
      const Mark& mark = layout_[i];
      if (mark.block == 0) continue;
      auto& column = columns_[{mark.block, mark.cell}];
      column = std::max(column, std::min(kMaxAlign, before_cell(i)));
    }
  }

  // The columns that the line takes before the cell, earlier cells padded.
  std::size_t before_cell(std::size_t cell) {
    std::size_t begin = cell;
    while (begin > 0 && layout_[begin].kind != Break::line) --begin;
    std::size_t width = 0;
    for (std::size_t i = begin; i < cell; ++i) {
      if (i > begin && glued(i)) width -= std::min<std::size_t>(width, 1);
      if (layout_[i].block != 0)
        width = std::max(width, columns_[{layout_[i].block, layout_[i].cell}]);
      width += width_of(tokens_[i].text) + 1;
    }
    return width;
  }

  // Whether no blank stands before the token.
  [[nodiscard]] bool glued(std::size_t i) const {
    const auto text = tokens_[i].text;
    const auto before = tokens_[i - 1].text;
    const bool symbol = tokens_[i].kind == TokenKind::symbol;
    const bool after_symbol = tokens_[i - 1].kind == TokenKind::symbol;
    if (symbol && (text == "," || text == ")" || text == "]" || text == ":")) return true;
    if (symbol && text == "[") return true;
    return after_symbol && (before == "(" || before == "[");
  }

  [[nodiscard]] bool has_comment(std::size_t begin, std::size_t end) const {
    return std::ranges::any_of(comments_, [&](const Comment& comment) {
      return comment.before > begin && comment.before < end;
    });
  }

  [[nodiscard]] std::size_t joined_width(std::size_t begin, std::size_t end) {
    std::size_t width = 0;
    for (std::size_t i = begin; i < end; ++i) {
      width += width_of(tokens_[i].text) + (i > begin && !glued(i) ? 1 : 0);
    }
    return width;
  }

  // Empty lines of the author's between the end of what came before and `begin`.
  [[nodiscard]] bool blank_before(std::size_t begin) const {
    std::size_t lines = 0;
    for (std::size_t i = begin; i > 0; --i) {
      const char c = text_[i - 1];
      if (c == '\n') {
        ++lines;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return lines > 1;
      }
    }
    return false;
  }

  void own_line(const Comment& comment, std::size_t indent) {
    if (!out_.empty() && blank_before(comment.span.begin) && !after_brace_) out_ += '\n';
    after_brace_ = false;
    out_ += std::string(indent, ' ');
    out_ += text_.substr(comment.span.begin, comment.span.end - comment.span.begin);
    out_ += '\n';
  }

  // Tokens from a line's beginning to the next one's.
  void clause(std::size_t begin, std::size_t end) {
    const Mark& mark = layout_[begin];
    const std::size_t indent = mark.indent * kIndent;
    const std::size_t inside = indent + (mark.closes ? kIndent : 0);
    while (comment_ < comments_.size() && comments_[comment_].before <= begin) {
      own_line(comments_[comment_++], inside);
    }
    if (mark.blank && !out_.empty() && !after_brace_ && blank_before(tokens_[begin].span.begin)) {
      out_ += '\n';
    }
    after_brace_ = false;
    const bool broken = indent + joined_width(begin, end) > kWidth || has_comment(begin, end);
    std::string line(indent, ' ');
    for (std::size_t i = begin; i < end; ++i) {
      bool fresh = false;
      while (comment_ < comments_.size() && comments_[comment_].before == i && i > begin) {
        fresh = put_comment(line, comments_[comment_++], indent + 2 * kIndent);
      }
      if (i == begin) {
        line += tokens_[i].text;
        continue;
      }
      if (broken && !fresh && wants_break(i, end, line)) {
        flush(line);
        line.assign(layout_[i].indent * kIndent, ' ');
        fresh = true;
      } else if (fresh && layout_[i].kind != Break::none) {
        line.assign(layout_[i].indent * kIndent, ' ');
      }
      if (!fresh && !glued(i)) line += ' ';
      if (!fresh) pad(line, i, begin);
      line += tokens_[i].text;
    }
    // A comment behind the last token, in its line.
    if (comment_ < comments_.size() && comments_[comment_].before == end &&
        !comments_[comment_].own_line) {
      line += "  ";
      const Span span = comments_[comment_++].span;
      line += text_.substr(span.begin, span.end - span.begin);
    }
    after_brace_ = tokens_[end - 1].text == "{" && tokens_[end - 1].kind == TokenKind::symbol;
    flush(line);
  }

  bool wants_break(std::size_t i, std::size_t end, const std::string& line) {
    if (layout_[i].kind == Break::soft) return true;
    if (layout_[i].kind != Break::fill) return false;
    if (layout_[i].closes) return true;
    std::size_t next = i + 1;
    while (next < end && layout_[next].kind != Break::fill) ++next;
    const bool first = tokens_[i - 1].text == "{";
    return first || width_of(line) + 1 + joined_width(i, next) > kWidth;
  }

  void pad(std::string& line, std::size_t i, std::size_t begin) {
    if (layout_[i].block == 0) return;
    const std::size_t column = columns_[{layout_[i].block, layout_[i].cell}];
    const std::size_t indent = layout_[begin].indent * kIndent;
    const std::size_t width = width_of(line) - indent;
    if (width < column) line += std::string(column - width, ' ');
  }

  // In the middle of a clause: it ends the line. True: a new line has begun.
  bool put_comment(std::string& line, const Comment& comment, std::size_t indent) {
    const auto text = text_.substr(comment.span.begin, comment.span.end - comment.span.begin);
    if (line.find_first_not_of(' ') != std::string::npos) {
      if (!comment.own_line) {
        line += "  ";
        line += text;
        flush(line);
      } else {
        flush(line);
        out_ += std::string(indent, ' ');
        out_ += text;
        out_ += '\n';
      }
    } else {
      out_ += std::string(indent, ' ');
      out_ += text;
      out_ += '\n';
    }
    line.assign(indent, ' ');
    return true;
  }

  void flush(const std::string& line) {
    const auto last = line.find_last_not_of(' ');
    out_ += line.substr(0, last + 1);
    out_ += '\n';
  }

  const std::vector<Token>& tokens_;
  const std::vector<Comment>& comments_;
  const Layout& layout_;
  std::string_view text_;
  std::map<std::pair<std::uint32_t, std::uint8_t>, std::size_t> columns_;
  std::string out_;
  std::size_t comment_ = 0;
  bool after_brace_ = false;
};

}  // namespace

std::string format(const Parsed& parsed, const Sources& sources) {
  return Formatter(parsed, sources).run();
}

}  // namespace sekisho::rules
