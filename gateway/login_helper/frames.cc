#include "gateway/login_helper/frames.h"

namespace sekisho::login {
namespace {

constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kMaxField = 0xffff;

constexpr std::string_view word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::right:
      return "right";
    case Outcome::wrong:
      return "wrong";
    case Outcome::unavailable:
      break;
  }
  return "unavailable";
}

}  // namespace

std::optional<Secret> encode_fields(const std::vector<std::string_view>& fields) {
  std::size_t size = 0;
  for (const std::string_view field : fields) {
    if (field.size() > kMaxField) return std::nullopt;
    size += kLengthBytes + field.size();
  }
  if (size > kMaxFrame) return std::nullopt;
  std::string frame;
  frame.reserve(size);  // so that no copy of a password stays behind where it grew
  for (const std::string_view field : fields) {
    frame.push_back(static_cast<char>(field.size() >> 8U));
    frame.push_back(static_cast<char>(field.size() & 0xffU));
    frame.append(field);
  }
  Secret encoded(frame);
  wipe(frame);
  return encoded;
}

std::optional<std::vector<std::string_view>> decode_fields(std::string_view frame) {
  std::vector<std::string_view> fields;
  while (!frame.empty()) {
    if (frame.size() < kLengthBytes) return std::nullopt;
    const auto high = static_cast<unsigned char>(frame[0]);
    const auto low = static_cast<unsigned char>(frame[1]);
    const std::size_t size = (std::size_t{high} << 8U) | low;
    frame.remove_prefix(kLengthBytes);
    if (frame.size() < size) return std::nullopt;
    fields.push_back(frame.substr(0, size));
    frame.remove_prefix(size);
  }
  return fields;
}

std::optional<Secret> encode(const Question& question) {
  return encode_fields({question.user, question.password.reveal(), question.client});
}

std::optional<Question> decode_question(std::string_view frame) {
  const auto fields = decode_fields(frame);
  if (!fields || fields->size() != 3) return std::nullopt;
  return Question{.user = std::string((*fields)[0]),
                  .password = Secret((*fields)[1]),
                  .client = std::string((*fields)[2])};
}

std::optional<Secret> encode(const Answer& answer) {
  return encode_fields({word_of(answer.outcome), answer.reason});
}

std::optional<Answer> decode_answer(std::string_view frame) {
  const auto fields = decode_fields(frame);
  if (!fields || fields->size() != 2) return std::nullopt;
  for (const Outcome outcome : {Outcome::right, Outcome::wrong, Outcome::unavailable})
    if ((*fields)[0] == word_of(outcome))
      return Answer{.outcome = outcome, .reason = std::string((*fields)[1])};
  return std::nullopt;
}

}  // namespace sekisho::login
