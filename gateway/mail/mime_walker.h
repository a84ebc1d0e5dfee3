// MimeWalker reads one message (or one encoded part's content) line by line and reports its parts.
// It keeps the stack of parts that are open; a body's bytes go to the sinks of the parts they
// belong to, so memory doesn't grow with the message. Owned by MimeView::parse. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/mail/inline_files.h"
#include "gateway/mail/line_source.h"
#include "gateway/mail/mime_budget.h"
#include "gateway/mail/mime_entity.h"
#include "gateway/mail/mime_view.h"
#include "gateway/mail/transfer_decoding.h"

namespace sekisho::mail {

class MimeWalker {
 public:
  // A whole message.
  explicit MimeWalker(MimeBudget& budget);
  // To the end of the source, or until a bound stops it. Fails when the source does.
  Result<void> walk(LineSource& source);

 private:
  // Takes the bytes of an open part's body for one purpose.
  struct Sink {
    enum class Purpose : std::uint8_t { magic, message, inline_files, body } purpose;
    TransferDecoder decoder;
    std::size_t part = 0;  // whose magic it is; of a body, its place in MimeView::bodies
    std::string bytes{};
    std::unique_ptr<InlineFiles> files{};
  };

  // A part whose body is being read.
  struct Open {
    bool multipart = false;
    bool message = false;
    bool doubtful = false;  // an entity in it without any field is none
    bool closed = false;    // its close-delimiter was seen
    std::vector<std::string> boundaries{};
    bool guess_boundary = false;  // none was given
    std::string default_type{};   // of the parts in it
    int depth = 0;
    std::uint64_t offset = 0;
    std::vector<std::size_t> parts{};  // its entries in the view
    std::vector<Sink> sinks{};
    std::string_view pending_eol{};  // belongs to the delimiter if one follows
  };

  struct Delimiter {
    std::size_t open;  // index of the multipart it belongs to
    bool close;
  };

  MimeWalker(MimeBudget& budget, const Open& enclosing, std::uint64_t fixed_offset);

  void take(const Line& line);
  std::optional<Delimiter> find_delimiter(const Line& line);
  std::optional<Delimiter> guess_delimiter(std::string_view text);
  void take_delimiter(const Delimiter& delimiter, const Line& line);
  void take_header_line(const Line& line);
  void take_junk_line(const Line& line);
  void keep(std::string_view text);
  [[nodiscard]] int next_depth() const;
  void begin_entity();
  void end_header(std::uint64_t body_offset);
  void classify(const MimeEntity& entity, Open& open);
  void report(const MimeEntity& entity, Open& open);
  void keep_body(std::size_t part, Open& open);
  void add_body_sinks(const MimeEntity& entity, Open& open);
  void feed_sinks(Open& open, const Line& line);
  void feed_pending(Open& open);
  void feed(Sink& sink, std::string_view bytes);
  void close_above(std::size_t keep, std::uint64_t end);
  void close(Open& open, std::uint64_t end);
  void walk_decoded(const Open& open, std::string content);
  [[nodiscard]] std::uint64_t reported(std::uint64_t offset) const {
    return fixed_offset_.value_or(offset);
  }

  MimeBudget& budget_;
  std::optional<std::uint64_t> fixed_offset_;  // of decoded content: where its part is
  int base_depth_ = 0;
  bool base_doubtful_ = false;  // as Open::doubtful, for what stands in no open part
  std::vector<Open> open_;
  std::uint64_t end_ = 0;     // of what was read
  std::size_t last_eol_ = 0;  // length of the last line's end
  bool in_header_ = false;
  bool header_has_field_ = false;
  bool keeping_ = false;  // the field at work is one of Content-*
  std::vector<std::string> fields_;
  std::size_t field_bytes_ = 0;
};

}  // namespace sekisho::mail
