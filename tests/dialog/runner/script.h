// Script: one dialog file, parsed. The format is described in tests/dialog/README.md. Pure; a
// mistake in a file throws ScriptError with file and line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sekisho::dialog {

// How the client's bytes are cut into writes.
enum class Mode : std::uint8_t { lines, bytes, pipelined };
std::string_view to_string(Mode mode);

enum class Act : std::uint8_t {
  client_line,     // C:  text with CRLF
  client_raw,      // C!  text as it is
  server_line,     // S:  pattern of the next reply line, or "250 ..." for a whole reply
  upstream_hears,  // U:  pattern of the next command, or "nothing"
  upstream_says,   // U<  POINT reply
  message,         // M:  patterns of all lines of the last message
  connect,
  begin,
  tls,
  close,
  half_close,
  abort,
  expect_closed,
  drain,
  upstream_messages,
  upstream_stop,
  received,
  log,        // a line like this is in the log at the end …
  log_never,  // … or none is
};

struct Step {
  std::size_t line = 0;
  Act act = Act::client_line;
  std::string text;                // escapes undone
  std::vector<std::string> lines;  // message
  std::size_t upstream = 0;        // 0: main, 1: spare, 2: spare3
};

struct ScriptError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Script {
  std::filesystem::path file;
  std::vector<Mode> modes{Mode::lines, Mode::bytes, Mode::pipelined};
  std::string config;                                      // TOML, merged over the default
  std::vector<std::pair<std::string, std::string>> files;  // name and content, beside it
  std::vector<std::string> without;                        // settings to take out of it
  std::vector<std::string> not_offered;                    // extensions that the upstream lacks
  std::vector<std::string> offered;                        // … and has besides
  std::size_t spares = 0;  // more upstreams, asked when the first one fails
  std::vector<Step> steps;
};

Script read_script(const std::filesystem::path& file);

// "a*c" with * for any run of bytes, \* for itself.
bool matches(std::string_view pattern, std::string_view text);

// \r \n \t \0 \\ \xNN, and {text*3} for texttexttext.
std::string unescape(std::string_view text);

}  // namespace sekisho::dialog
