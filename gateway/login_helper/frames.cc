#include "gateway/login_helper/frames.h"

namespace sekisho::login {
namespace {

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
  const auto size = size_of_fields(fields);
  if (!size || *size > kMaxFrame) return std::nullopt;
  std::string frame;
  frame.reserve(*size);  // so that no copy of a password stays behind where it grew
  append_fields(frame, fields);
  Secret encoded(frame);
  wipe(frame);
  return encoded;
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
