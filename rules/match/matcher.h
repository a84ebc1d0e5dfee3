// Matcher: one pattern as PCRE2 takes it, compiled to machine code where that is to be had. It is
// the truth that everything else in this folder only saves work for. Always within its limits; what
// reaches one has failed. Immutable; any thread, each with its own MatchMemory.
#pragma once

#include <memory>
#include <string_view>

#include "rules/check/regex.h"
#include "rules/match/answer.h"

struct pcre2_real_match_data_8;
struct pcre2_real_match_context_8;
struct pcre2_real_jit_stack_8;

namespace sekisho::rules::match {

class MatchMemory {
 public:
  MatchMemory();

 private:
  friend class Matcher;
  template <class T>
  using Held = std::unique_ptr<T, void (*)(T*)>;
  Held<pcre2_real_match_data_8> data_;
  Held<pcre2_real_jit_stack_8> stack_;
  Held<pcre2_real_match_context_8> context_;
};

class Matcher {
 public:
  // A copy of its own of what `regex` holds. With `jit`, compiled to machine code if the system
  // lets us (not under W^X): see has_jit().
  Matcher(const Regex& regex, bool jit);

  [[nodiscard]] Answer match(std::string_view text, MatchMemory& memory) const;
  [[nodiscard]] Found find(std::string_view text, MatchMemory& memory) const;
  [[nodiscard]] bool has_jit() const { return jit_; }

 private:
  std::unique_ptr<pcre2_real_code_8, void (*)(pcre2_real_code_8*)> code_;
  bool jit_ = false;
};

// Whether it may match where there is nothing.
[[nodiscard]] bool may_be_empty(const Regex& regex);
// Whether it has a back reference.
[[nodiscard]] bool refers_back(const Regex& regex);

}  // namespace sekisho::rules::match
