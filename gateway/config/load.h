// Reading a configuration: the main file and its conf.d, all errors at once, each with
// file:line:column, the line, a caret and, where one is near, "did you mean". Nothing is changed by
// a file that has one error. Reads the disk; not on a loop.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/settings.h"

namespace sekisho::config {

struct Diagnostic {
  std::filesystem::path file;
  std::uint32_t line = 0;  // 1-based; 0: the file as a whole
  std::uint32_t column = 0;
  std::uint32_t length = 1;  // characters to underline
  std::string message;       // what is wrong and why
  std::string hint;          // the way out, where there is one to tell
  std::string source_line;
  bool warning = false;

  // "sekisho.toml:3:1: error: unknown key …\n    3 | adress = …\n      | ^^^^^^ did you mean …"
  [[nodiscard]] std::string render() const;
};

// Where each effective value came from: "listener.mx.address" → "sekisho.toml:12".
using Origins = std::map<std::string, std::string>;

struct Loaded {
  Settings settings;
  Origins origins;
  std::vector<Diagnostic> warnings;
};

// In the error case the list holds the warnings too, in the order of the files.
std::expected<Loaded, std::vector<Diagnostic>> load(const std::filesystem::path& file);
// load() without the checks of what the settings mean together and of the files that they name: for
// commands that want one value of a configuration that isn't finished.
std::expected<Loaded, std::vector<Diagnostic>> read(const std::filesystem::path& file);
// For tests: the text of one file, without conf.d.
std::expected<Loaded, std::vector<Diagnostic>> load_text(std::string_view text,
                                                         const std::filesystem::path& name);

// `sekisho config show`: every effective value as TOML with its origin as a comment. Never a
// secret.
std::string show(const Loaded& loaded);
// `sekisho config reference`: every setting with its default and its sentence, for people (plain
// text).
std::string reference();
// The same keys as troff for the manual page (contrib/man/sekisho.toml.5).
std::string reference_troff();

}  // namespace sekisho::config
