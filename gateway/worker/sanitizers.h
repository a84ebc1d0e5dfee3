// Is this a build with a sanitizer? Its runtime needs more address space and more system calls than
// the program has; only there the sandbox leaves them.
#pragma once

namespace sekisho::worker {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SEKISHO_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEKISHO_SANITIZED 1
#endif

#ifdef SEKISHO_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace sekisho::worker
