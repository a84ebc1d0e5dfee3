// What the process says by its exit code.
#pragma once

namespace sekisho::cli {

inline constexpr int kDone = 0;
inline constexpr int kErrors = 1;
inline constexpr int kUsage = 2;
inline constexpr int kBadConfiguration = 78;  // sysexits.h's EX_CONFIG: systemd must not restart us

}  // namespace sekisho::cli
