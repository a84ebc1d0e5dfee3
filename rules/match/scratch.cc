#include "rules/match/scratch.h"

#include "rules/match/scratch_parts.h"

namespace sekisho::rules::match {

Scratch::Scratch() : parts_(std::make_unique<Parts>()) {}
Scratch::~Scratch() = default;
Scratch::Scratch(Scratch&&) noexcept = default;
Scratch& Scratch::operator=(Scratch&&) noexcept = default;

}  // namespace sekisho::rules::match
