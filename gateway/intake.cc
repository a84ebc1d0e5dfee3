#include "gateway/intake.h"

#include <fmt/format.h>

namespace sekisho {

using smtp::DotDecoder;
using smtp::Reply;

std::size_t Intake::decode(std::string_view bytes) { return decoder_.feed(bytes, decoded_); }

Task<Result<void>> Intake::store() {
  std::string_view rest = decoded_;
  if (refusal()) keeping_ = false;
  if (keeping_ && !header_.done()) {
    const std::size_t head = header_.feed(rest);
    std::string& section = message_.mutable_header_section();
    if (section.size() + head > limits_.header_size) {
      header_too_large_ = true;
      keeping_ = false;
    } else {
      section.append(rest.substr(0, head));
    }
    rest.remove_prefix(head);
  }
  Result<void> stored{};
  if (keeping_ && !rest.empty()) stored = co_await message_.body().append(rest);
  decoded_.clear();
  co_return stored;
}

bool Intake::framing_broken() const {
  using Flaw = DotDecoder::Flaw;
  const Flaw flaw = decoder_.flaw();
  return flaw == Flaw::bare_cr || flaw == Flaw::bare_lf || flaw == Flaw::nul;
}

std::optional<Reply> Intake::refusal() const {
  if (size() > limits_.message_size)
    return Reply::of(552, "5.3.4",
                     fmt::format("message is larger than {} bytes", limits_.message_size));
  if (header_too_large_)
    return Reply::of(552, "5.3.4",
                     fmt::format("header section is larger than {} bytes", limits_.header_size));
  switch (decoder_.flaw()) {
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
