#define PCRE2_CODE_UNIT_WIDTH 8
#include "rules/match/matcher.h"

#include <new>

#include <pcre2.h>

namespace sekisho::rules::match {
namespace {

constexpr std::size_t kFirstStack = 32UL * 1024;
constexpr std::size_t kLargestStack = 1024UL * 1024;

template <class T>
T* existing(T* made) {
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

}  // namespace

MatchMemory::MatchMemory()
    : data_(existing(pcre2_match_data_create(1, nullptr)), pcre2_match_data_free),
      // Without one, compiled patterns use the thread's own stack.
      stack_(pcre2_jit_stack_create(kFirstStack, kLargestStack, nullptr), pcre2_jit_stack_free),
      context_(existing(pcre2_match_context_create(nullptr)), pcre2_match_context_free) {
  pcre2_set_match_limit(context_.get(), kMatchLimit);
  pcre2_set_depth_limit(context_.get(), kDepthLimit);
  pcre2_set_heap_limit(context_.get(), kHeapLimitKib);
  if (stack_) pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
}

Matcher::Matcher(const Regex& regex, bool jit)
    : code_(existing(pcre2_code_copy(regex.code())), pcre2_code_free) {
  jit_ = jit && pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE) == 0;
}

Found Matcher::find(std::string_view text, MatchMemory& memory) const {
  const int result = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                 text.size(), 0, 0, memory.data_.get(), memory.context_.get());
  if (result == PCRE2_ERROR_NOMATCH) return {};
  if (result < 0) return {.answer = Answer::failed};
  const auto* place = pcre2_get_ovector_pointer(memory.data_.get());
  // \K in a look-ahead can set the start behind the end.
  return {.answer = Answer::yes,
          .offset = place[0],
          .length = place[1] > place[0] ? place[1] - place[0] : 0};
}

Answer Matcher::match(std::string_view text, MatchMemory& memory) const {
  return find(text, memory).answer;
}

bool may_be_empty(const Regex& regex) {
  std::uint32_t empty = 1;
  pcre2_pattern_info(regex.code(), PCRE2_INFO_MATCHEMPTY, &empty);
  return empty != 0;
}

bool refers_back(const Regex& regex) {
  std::uint32_t highest = 0;
  pcre2_pattern_info(regex.code(), PCRE2_INFO_BACKREFMAX, &highest);
  return highest != 0;
}

}  // namespace sekisho::rules::match
