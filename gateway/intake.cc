#include "gateway/intake.h"

#include <algorithm>

#include <fmt/format.h>

namespace sekisho {

using smtp::DotDecoder;
using smtp::Reply;

void Intake::begin_chunk(const smtp::Chunk& chunk) {
  chunk_ = chunk;
  if (chunk_.size == 0) end_chunk();
}

bool Intake::wants_more() const {
  return form_ == Form::data ? !decoder_.finished() : chunk_.size > 0;
}

bool Intake::finished() const {
  return form_ == Form::data ? decoder_.finished() : chunk_.last && chunk_.size == 0;
}

std::uint64_t Intake::size() const { return form_ == Form::data ? decoder_.size() : counted_; }

bool Intake::hopeless() const { return (size() + chunk_.size) / 2 > limits_.message_size; }

std::size_t Intake::decode(std::string_view bytes) {
  if (form_ == Form::data) return decoder_.feed(bytes, decoded_);
  const auto mine =
      bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.size, bytes.size())));
  decoded_.append(mine);
  if (form_ == Form::chunks) check_.feed(mine);
  counted_ += mine.size();
  chunk_.size -= mine.size();
  if (chunk_.size == 0) end_chunk();
  return mine.size();
}

// RFC 3030 wants no line end at the end of the last chunk; DATA, by which the message goes on, can
// carry no text without (RFC 5321 section 4.1.1.4). So that filters see what the upstream will get,
// it is added here.
void Intake::end_chunk() {
  if (!chunk_.last || form_ == Form::binary) return;
  check_.finish();
  if (!check_.at_line_start()) decoded_ += "\r\n";
}

Task<Result<void>> Intake::store() {
  std::string_view rest = decoded_;
  if (refusal()) keeping_ = false;
  if (keeping_ && !header_.done()) {
    const std::size_t head = header_.feed(rest);
    if (form_ == Form::binary) check_.feed(rest.substr(0, head));
    std::string& section = message_.mutable_header_section();
    if (section.size() + head > limits_.header_size) {
      header_too_large_ = true;
      keeping_ = false;
    } else {
      section.append(rest.substr(0, head));
    }
    rest.remove_prefix(head);
    if (form_ == Form::binary && finished() && keeping_) end_binary_header();
    if (keeping_ && (header_.done() || finished())) {
      auto stored = co_await store_what_is_no_header();
      if (!stored) co_return stored;
    }
  }
  if (refusal()) keeping_ = false;
  Result<void> stored{};
  if (keeping_ && !rest.empty()) stored = co_await message_.body().append(rest);
  decoded_.clear();
  co_return stored;
}

// A line that is neither field nor folding: some readers take it and what follows for body, some
// skip it. So that a signature can't be right for one of them and the reader be another, and no
// field hide behind it, it gets an empty line before it, as Postfix does, and is body for
// everybody.
Task<Result<void>> Intake::store_what_is_no_header() {
  std::string& section = message_.mutable_header_section();
  // The line above a message in a mailbox file is no reason to have no header: a field, as Postfix
  // has it.
  if (section.starts_with("From ") || section.starts_with(">From "))
    section.insert(0, "X-Mailbox-Line: ");
  const std::size_t fields = message_.headers().size();
  const std::string rest = section.substr(fields);
  if (rest.empty() || rest == "\r\n") co_return Result<void>{};
  section.resize(fields);
  section += "\r\n";
  co_return co_await message_.body().append(rest);
}

// A binary message that is over within its header section: that consists of lines all the same.
void Intake::end_binary_header() {
  if (header_.done()) return;
  check_.finish();
  if (!check_.at_line_start()) message_.mutable_header_section() += "\r\n";
}

DotDecoder::Flaw Intake::flaw() const {
  return form_ == Form::data ? decoder_.flaw() : check_.flaw();
}

bool Intake::framing_broken() const {
  using enum DotDecoder::Flaw;
  return form_ == Form::data && (flaw() == bare_cr || flaw() == bare_lf || flaw() == nul);
}

std::optional<Reply> Intake::refusal() const {
  if (size() > limits_.message_size)
    return Reply::of(552, "5.3.4",
                     fmt::format("message is larger than {} bytes", limits_.message_size));
  if (header_too_large_)
    return Reply::of(552, "5.3.4",
                     fmt::format("header section is larger than {} bytes", limits_.header_size));
  switch (flaw()) {
    case DotDecoder::Flaw::none:
      return std::nullopt;
    case DotDecoder::Flaw::bare_cr:
      return Reply::of(554, "5.6.0", "bare CR in message: lines end with CRLF (RFC 5321 2.3.8)");
    case DotDecoder::Flaw::bare_lf:
      return Reply::of(554, "5.6.0", "bare LF in message: lines end with CRLF (RFC 5321 2.3.8)");
    case DotDecoder::Flaw::nul:
      return Reply::of(554, "5.6.0", "NUL in message (RFC 5321 2.3.1)");
    case DotDecoder::Flaw::line_too_long:
      return Reply::of(554, "5.6.0",
                       fmt::format("a line is longer than {} bytes", limits_.text_line));
  }
  return std::nullopt;
}

}  // namespace sekisho
