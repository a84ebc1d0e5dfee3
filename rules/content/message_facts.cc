#include "rules/content/message_facts.h"

#include "gateway/base/text.h"
#include "rules/content/values_of.h"

namespace sekisho::rules::content {

MessageFacts::MessageFacts(const Plan& plan, const Findings& findings, const engine::Lists* lists)
    : plan_(plan), findings_(findings), lists_(lists), attachments_(attachments_of(findings)) {}

bool MessageFacts::has(const ValueInfo& value) { return is_of_message(value); }

void MessageFacts::values(const ValueInfo& value, const engine::ItemRef* item,
                          std::vector<engine::Fact>& out) const {
  std::size_t place = item == nullptr ? 0 : item->index;
  if (value.item == "attachment") {
    if (place >= attachments_.size()) return;
    place = attachments_[place];
  }
  append_values(findings_, value, item == nullptr ? nullptr : item->of, place, out);
}

void MessageFacts::header(std::string_view name, std::vector<engine::Fact>& out) const {
  append_header(findings_, plan_, to_lower(name), out);
}

std::size_t MessageFacts::count(const ItemInfo& item, const ValueInfo* of) const {
  if (item.name == "part") return findings_.parts.size();
  if (item.name == "attachment") return attachments_.size();
  if (item.name == "url") return findings_.urls.size();
  if (item.name == "header") return findings_.fields.size();
  if (item.name == "address" && of != nullptr) {
    const auto* addresses = addresses_of(findings_, of->name);
    return addresses == nullptr ? 0 : addresses->size();
  }
  return 0;
}

std::optional<Answer> MessageFacts::answered(const Condition& atom,
                                             const engine::ItemRef* item) const {
  const auto index = plan_.atom_of(atom, item == nullptr ? nullptr : item->of);
  if (!index) return ask_whole(atom);
  const Answer answer = findings_.answers[*index].of(item == nullptr ? 0 : item->index);
  if (atom.op != Op::absent) return answer;
  return answer == Answer::yes ? Answer::no : Answer::yes;
}

// What the reader was not asked. No comparison with what is absent is true; a list of words is
// looked for in what came home.
std::optional<Answer> MessageFacts::ask_whole(const Condition& atom) const {
  if (atom.left.kind != Operand::Kind::value) return std::nullopt;
  for (const auto& [name, whole] :
       {std::pair{"text", &findings_.text}, std::pair{"html", &findings_.html},
        std::pair{"source", &findings_.source}, std::pair{"raw", &findings_.raw}}) {
    if (atom.left.value->name != name) continue;
    if (!whole->there) return Answer::no;
    if (atom.op != Op::contains || !atom.right || atom.right->kind != Operand::Kind::list)
      return std::nullopt;
    if (!whole->home || lists_ == nullptr) return Answer::failed;
    return lists_->any_within(atom.right->index, *whole->home);
  }
  return std::nullopt;
}

std::optional<std::vector<Answer>> MessageFacts::patterns(std::size_t index) const {
  const auto* atoms = plan_.patterns(index);
  if (atoms == nullptr) return std::nullopt;
  std::vector<Answer> answers;
  for (const std::size_t atom : *atoms) answers.push_back(findings_.answers[atom].any());
  return answers;
}

}  // namespace sekisho::rules::content
