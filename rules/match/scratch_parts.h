// What a Scratch holds, for the files of this folder.
#pragma once

#include <memory>

#include "rules/match/candidates.h"
#include "rules/match/matcher.h"
#include "rules/match/scratch.h"

namespace sekisho::rules::match {

struct Scratch::Parts {
  MatchMemory memory;
  Candidates candidates;  // of PatternSet
  Candidates places;      // of LiteralAutomaton
  Candidates sets;        // of LiteralFilter
  // Hyperscan's own; it grows to what the largest database needs.
  std::unique_ptr<void, void (*)(void*)> hyperscan = {nullptr, [](void*) {}};
};

}  // namespace sekisho::rules::match
