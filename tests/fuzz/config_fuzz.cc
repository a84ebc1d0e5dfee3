// Any text as a configuration: loading must end in settings or in errors that can be rendered, and
// what loads must survive being shown and loaded again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gateway/config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sekisho::config;
  constexpr std::size_t kMaxSize = 8192;
  if (size > kMaxSize) return 0;
  const auto loaded = load_text({reinterpret_cast<const char*>(data), size}, "/nonexistent/t.toml");
  if (!loaded) {
    bool error = false;
    for (const Diagnostic& diagnostic : loaded.error()) {
      if (diagnostic.render().empty()) std::abort();
      error = error || !diagnostic.warning;
    }
    if (!error) std::abort();  // refused without a reason
    return 0;
  }
  const auto again = load_text(show(*loaded), "/nonexistent/u.toml");
  if (!again) std::abort();
  return 0;
}
