#include "gateway/recipient_answers.h"

#include <utility>

namespace sekisho {

void RecipientAnswers::add(const smtp::Mailbox& recipient, const smtp::Reply& reply,
                           const std::string& upstream) {
  if (answers_.size() < kMax) answers_.push_back({recipient, reply, upstream});
}

std::vector<filters::Ending::Answer> RecipientAnswers::take(
    const std::vector<smtp::Reply>& to_the_message) {
  auto next = to_the_message.begin();
  for (auto& answer : answers_) {
    if (next == to_the_message.end()) break;
    if (answer.reply.positive()) answer.reply = *next++;
  }
  return std::exchange(answers_, {});
}

}  // namespace sekisho
