#include "tests/dialog/runner/script.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <utility>

#include "gateway/base/text.h"

namespace sekisho::dialog {
namespace {

struct Word {
  std::string_view text;
  Act act;
  bool has_argument;
};
// The longer one first where one begins another.
constexpr std::array kWords{
    Word{"connect", Act::connect, true},
    Word{"begin", Act::begin, true},
    Word{"tls", Act::tls, false},
    Word{"close", Act::close, false},
    Word{"half-close", Act::half_close, false},
    Word{"abort", Act::abort, false},
    Word{"expect closed", Act::expect_closed, false},
    Word{"drain", Act::drain, false},
    Word{"message empty", Act::message, false},
    Word{"upstream messages", Act::upstream_messages, true},
    Word{"upstream stops", Act::upstream_stop, false},
    Word{"received", Act::received, true},
    Word{"log never", Act::log_never, true},
    Word{"log", Act::log, true},
};

// "S: text" → "text"; "S:" alone is an empty text.
std::optional<std::string_view> after(std::string_view line, std::string_view mark) {
  if (!line.starts_with(mark)) return std::nullopt;
  line.remove_prefix(mark.size());
  if (line.empty()) return line;
  if (line.front() != ' ') return std::nullopt;
  return line.substr(1);
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& file) : in_(file) {
    if (!in_) throw ScriptError("cannot open " + file.string());
    script_.file = file;
  }

  Script run() {
    try {
      while (next()) take_line();
    } catch (const ScriptError& error) {
      throw ScriptError(script_.file.string() + ":" + std::to_string(number_) + ": " +
                        error.what());
    }
    return std::move(script_);
  }

 private:
  bool next() {
    if (!std::getline(in_, line_)) return false;
    ++number_;
    return true;
  }

  void take_line() {
    if (trim(line_).empty() || line_.starts_with('#')) return;
    if (take_header() || take_marked() || take_word()) return;
    throw ScriptError("not understood: " + line_);
  }

  bool take_header() {
    if (line_ == "config") {
      while (next() && line_ != "end") script_.config += line_ + "\n";
      return true;
    }
    if (const auto name = after(line_, "file")) {
      auto& file = script_.files.emplace_back(*name, std::string());
      while (next() && line_ != "end") file.second += line_ + "\n";
      return true;
    }
    if (line_ == "spare upstream") return ++script_.spares > 0;
    if (const auto words = after(line_, "upstream lacks")) {
      for (const auto word : split(*words, ' ')) script_.not_offered.emplace_back(word);
      return true;
    }
    if (const auto words = after(line_, "upstream offers")) {
      for (const auto word : split(*words, ' ')) {
        script_.offered.emplace_back(word);
        std::ranges::replace(script_.offered.back(), '=', ' ');
      }
      return true;
    }
    if (const auto words = after(line_, "without")) {
      for (const auto word : split(*words, ' ')) script_.without.emplace_back(word);
      return true;
    }
    if (const auto words = after(line_, "modes")) {
      script_.modes.clear();
      for (const auto word : split(*words, ' ')) script_.modes.push_back(mode(word));
      return true;
    }
    return false;
  }

  static Mode mode(std::string_view word) {
    for (const Mode each : {Mode::lines, Mode::bytes, Mode::pipelined})
      if (to_string(each) == word) return each;
    throw ScriptError("modes are lines, bytes and pipelined");
  }

  bool take_marked() {
    if (const auto text = after(line_, "C:")) return add(Act::client_line, *text);
    if (const auto text = after(line_, "C!")) return add(Act::client_raw, unescape(*text));
    if (const auto text = after(line_, "S:")) return add(Act::server_line, *text);
    if (const auto text = after(line_, "U:")) return add(Act::upstream_hears, *text);
    if (const auto text = after(line_, "U2:")) return add(Act::upstream_hears, *text, 1);
    if (const auto text = after(line_, "U3:")) return add(Act::upstream_hears, *text, 2);
    if (const auto text = after(line_, "U<")) return add(Act::upstream_says, *text);
    if (const auto text = after(line_, "U2<")) return add(Act::upstream_says, *text, 1);
    if (const auto text = after(line_, "U3<")) return add(Act::upstream_says, *text, 2);
    if (const auto text = after(line_, "M:")) return add_message_line(std::string(*text));
    if (const auto text = after(line_, "M!")) return add_message_line(unescape(*text));
    return false;
  }

  bool add_message_line(std::string line) {
    if (script_.steps.empty() || script_.steps.back().act != Act::message) add(Act::message, "");
    script_.steps.back().lines.push_back(std::move(line));
    return true;
  }

  bool take_word() {
    for (const Word& word : kWords) {
      if (!word.has_argument && line_ == word.text) return add(word.act, "");
      if (!word.has_argument) continue;
      if (const auto text = after(line_, word.text); text && !text->empty())
        return add(word.act, *text);
    }
    return false;
  }

  bool add(Act act, std::string_view text, std::size_t upstream = 0) {
    if (upstream > script_.spares) throw ScriptError("there is no such spare upstream");
    script_.steps.push_back({.line = number_,
                             .act = act,
                             .text = std::string(text),
                             .lines = {},
                             .upstream = upstream});
    return true;
  }

  std::ifstream in_;
  Script script_;
  std::string line_;
  std::size_t number_ = 0;
};

}  // namespace

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::lines:
      return "lines";
    case Mode::bytes:
      return "bytes";
    case Mode::pipelined:
      return "pipelined";
  }
  return "unknown";
}

Script read_script(const std::filesystem::path& file) { return Reader(file).run(); }

}  // namespace sekisho::dialog
