#include "gateway/mail/mime_walker.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/mail/headers.h"

namespace sekisho::mail {
namespace {

// Bytes of body that take as long to read as one header, and as one byte of its Content-* fields.
constexpr std::size_t kHeaderCost = 16UL * 1024;
constexpr std::size_t kFieldByteCost = 32;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r") + 1);
}

}  // namespace

MimeWalker::MimeWalker(MimeBudget& budget) : budget_(budget) { begin_entity(); }

Result<void> MimeWalker::walk(LineSource& source) {
  Line line;
  while (!budget_.stopped) {
    const auto more = source.next(line);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    budget_.spend(line.text.size() + line.eol.size());
    take(line);
  }
  while (in_header_) end_header(end_);
  for (Open& open : open_) feed_pending(open);  // no delimiter came to claim the last line end
  close_above(0, end_);
  return {};
}

void MimeWalker::take(const Line& line) {
  const auto delimiter = line.starts && line.text.starts_with("--") && !open_.empty()
                             ? find_delimiter(line)
                             : std::nullopt;
  if (delimiter) {
    take_delimiter(*delimiter, line);
  } else {
    for (Open& open : open_) {
      if (!open.sinks.empty()) feed_sinks(open, line);
    }
    if (in_header_) take_header_line(line);
  }
  last_eol_ = line.eol.size();
  end_ = line.end();
}

// The innermost multipart first. A boundary may be the beginning of another one, so a whole match
// anywhere goes before a match of the beginning (or in another case); and a multipart that was
// closed still takes parts (readers do), but after those that are open.
std::optional<MimeWalker::Delimiter> MimeWalker::find_delimiter(const Line& line) {
  const std::string_view text = trim_end(line.text.substr(2));
  std::optional<Delimiter> closed;
  std::optional<Delimiter> beginning;
  for (std::size_t i = open_.size(); i-- > 0;) {
    for (const std::string& boundary : open_[i].boundaries) {
      if (!istarts_with(text, boundary) || text.size() < boundary.size()) continue;
      const std::string_view tail = text.substr(boundary.size());
      const Delimiter delimiter{.open = i, .close = tail.starts_with("--")};
      if (text.starts_with(boundary) && (tail.empty() || tail == "--")) {
        if (!open_[i].closed) return delimiter;
        if (!closed) closed = delimiter;
      } else if (!boundary.empty() && !beginning) {
        beginning = delimiter;
      }
    }
  }
  if (closed) return closed;
  if (const auto guessed = guess_delimiter(text)) return guessed;
  if (beginning) budget_.ambiguous = true;
  return budget_.lenient ? beginning : std::nullopt;
}

// For a multipart that names no boundary: the first line that looks like a delimiter has it. It may
// be a bait, so the lenient pass takes every such line for one.
std::optional<MimeWalker::Delimiter> MimeWalker::guess_delimiter(std::string_view text) {
  if (text.empty()) return std::nullopt;
  for (std::size_t i = open_.size(); i-- > 0;) {
    if (!open_[i].guess_boundary) continue;
    const bool first = open_[i].boundaries.empty();
    if (first) open_[i].boundaries.emplace_back(text);
    if (!first) budget_.ambiguous = true;
    if (first || budget_.lenient) return Delimiter{.open = i, .close = false};
  }
  return std::nullopt;
}

void MimeWalker::take_delimiter(const Delimiter& delimiter, const Line& line) {
  // A header section that the delimiter cuts off is a part without a body.
  while (in_header_) end_header(line.offset);
  close_above(delimiter.open + 1, line.offset - std::min(line.offset, last_eol_));
  for (Open& open : open_) {
    if (!open.sinks.empty()) feed_sinks(open, line);
  }
  open_.back().closed = delimiter.close;
  if (!delimiter.close) begin_entity();
}

void MimeWalker::take_header_line(const Line& line) {
  const std::string_view text = line.text;
  if (!line.starts) {
    keep(text);
    return;
  }
  if (text.empty()) {
    end_header(line.end());
    return;
  }
  if (is_blank(text[0]) && header_has_field_) {
    if (trim(text).empty()) {
      budget_.ambiguous = true;  // folding by the letter, the empty line to some eyes
      if (budget_.lenient) {
        end_header(line.end());
        return;
      }
    }
    keep("\r\n");
    keep(text);
    return;
  }
  const std::string_view name = field_name(text);
  if (name.empty() || name.starts_with("--")) {
    take_junk_line(line);
    return;
  }
  header_has_field_ = true;
  keeping_ = istarts_with(name, "content-");
  if (keeping_) fields_.emplace_back();
  keep(text);
}

// Neither a field nor folding. The body begins here, say most; it is skipped, say some.
void MimeWalker::take_junk_line(const Line& line) {
  budget_.ambiguous = true;
  if (budget_.lenient) return;
  const std::size_t before = open_.size();
  end_header(line.offset);
  for (std::size_t i = before; i < open_.size(); ++i) feed_sinks(open_[i], line);
  if (in_header_) take_header_line(line);  // the part is a message, and this its first line
}

void MimeWalker::keep(std::string_view text) {
  if (!keeping_) return;
  field_bytes_ += text.size();
  if (field_bytes_ > budget_.limits.max_part_header.count) {
    budget_.incomplete("the header fields of a part are longer than " +
                       std::to_string(budget_.limits.max_part_header.count) + " bytes");
    keeping_ = false;
    return;
  }
  fields_.back() += text;
}

int MimeWalker::next_depth() const { return open_.empty() ? base_depth_ : open_.back().depth + 1; }

void MimeWalker::begin_entity() {
  header_has_field_ = keeping_ = false;
  fields_.clear();
  field_bytes_ = 0;
  const auto max = std::min(budget_.limits.max_depth, MimeBudget::kMaxDepth);
  in_header_ = next_depth() <= max;
  if (!in_header_) {
    budget_.incomplete("parts are nested deeper than " + std::to_string(max) + " levels");
  }
}

void MimeWalker::end_header(std::uint64_t body_offset) {
  in_header_ = false;
  budget_.spend(kHeaderCost + kFieldByteCost * field_bytes_);
  const bool doubtful = open_.empty() ? base_doubtful_ : open_.back().doubtful;
  if (doubtful && !header_has_field_) return;
  const MimeEntity entity =
      read_entity(fields_, open_.empty() ? "text/plain" : open_.back().default_type);
  if (entity.overflow) budget_.incomplete("a part has too many names, types or parameters");

  Open open{.depth = next_depth(), .offset = body_offset};
  classify(entity, open);
  report(entity, open);
  add_body_sinks(entity, open);
  const bool message = open.message;
  open_.push_back(std::move(open));
  if (message) begin_entity();
}

void MimeWalker::close_above(std::size_t keep, std::uint64_t end) {
  while (open_.size() > keep) {
    Open open = std::move(open_.back());
    open_.pop_back();
    close(open, end);
  }
}

}  // namespace sekisho::mail
