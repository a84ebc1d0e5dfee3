// OutgoingText: the text of one message on its way to an upstream, gathered into blocks to write:
// dot-stuffed up to the dot after DATA, or as it is in BDAT chunks (RFC 3030). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/smtp/dot_codec.h"

namespace sekisho::upstream {

class OutgoingText {
 public:
  enum class Form : std::uint8_t { data, chunks };

  explicit OutgoingText(Form form = Form::data) : form_(form) {}

  [[nodiscard]] bool in_chunks() const { return form_ == Form::chunks; }
  // A block's worth is here: take_block() before more is fed.
  [[nodiscard]] bool full() const;
  // Takes bytes off the front of `bytes`, as many as the block has room for.
  void feed(std::string_view& bytes);
  // What is gathered, ready to be written, and valid until the next call; more text is to come. A
  // chunk has a reply of its own.
  [[nodiscard]] std::string_view take_block();
  // The rest with the end of the message: what is below a block goes out together with the dot, one
  // segment for a small message.
  [[nodiscard]] std::string_view take_last();

 private:
  std::string_view take(std::string_view end_of_bdat);

  Form form_;
  smtp::DotEncoder encoder_;
  std::string gathered_;
  bool taken_ = false;
};

}  // namespace sekisho::upstream
