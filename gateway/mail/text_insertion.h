// Puts texts before or behind what a message's reader reads: the text/plain and text/html of its
// body, both where it has both (multipart/alternative), each in its own charset and encoding. What
// is signed or encrypted is left alone, and so is what can be read in more than one way. Nothing
// else of the message changes a byte: the result is a list of replacements. Pure; linear in the
// message. Runs where hostile bytes may be read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/mail/added_text.h"

namespace sekisho::mail {

struct Replacement {
  std::uint64_t offset = 0;  // in the body
  std::uint64_t length = 0;
  std::string bytes;
  bool operator==(const Replacement&) const = default;
};

struct TextInsertion {
  std::string left_alone;                                   // why nothing is changed; empty: it is
  std::vector<std::pair<std::string, std::string>> fields;  // of the message, to be replaced
  std::vector<Replacement> replacements;                    // in their order, apart
  bool operator==(const TextInsertion&) const = default;
};

// In the order given: each text outside of those before it.
TextInsertion insert_texts(std::string_view header_section, std::string_view body,
                           const std::vector<AddedText>& texts);

// The bytes of a TextInsertion on its way home from a worker, and of what it is told to do.
// read_insertion(): ErrorKind::protocol for what insert_texts() does not make of a body of
// `body_size` bytes: replacements out of place, other fields, a bare CR or LF, NUL.
inline constexpr std::size_t kMaxInsertion = 3UL * 1024 * 1024;
std::string write(const TextInsertion& insertion);
Result<TextInsertion> read_insertion(std::string_view bytes, std::uint64_t body_size);
std::string write(const std::vector<AddedText>& texts, std::size_t header_size);
struct InsertionOrder {
  std::vector<AddedText> texts;
  std::size_t header_size = 0;
};
Result<InsertionOrder> read_insertion_order(std::string_view bytes);

}  // namespace sekisho::mail
