#include "tests/fuzz/session/transcript.h"

#include <algorithm>
#include <optional>

#include "gateway/base/text.h"
#include "gateway/smtp/reply.h"
#include "tests/fuzz/session/require.h"

namespace sekisho::fuzz {
namespace {

struct Line {
  int code = 0;
  bool last = false;
  std::optional<smtp::EnhancedCode> enhanced;
  std::string_view text;  // behind code and enhanced code
};

// Takes one line from the front of `heard`. RFC 5321 section 4.2.
Line take_line(std::string_view& heard) {
  const std::size_t end = heard.find("\r\n");
  require(end != std::string_view::npos, "a reply without CRLF", heard);
  const std::string_view whole = heard.substr(0, end);
  heard.remove_prefix(end + 2);
  require(whole.size() + 2 <= 512, "a reply line of more than 512 bytes", whole);
  require(std::ranges::all_of(whole, [](char c) { return c >= ' ' && c < '\x7f'; }),
          "a control byte in a reply", whole);
  require(whole.size() >= 4 && (whole[3] == ' ' || whole[3] == '-'), "a strange reply", whole);

  Line line;
  line.last = whole[3] == ' ';
  line.text = whole.substr(4);
  const auto code = parse_uint(whole.substr(0, 3));
  require(code && *code >= 200 && *code <= 599, "a strange reply code", whole);
  line.code = static_cast<int>(*code);
  const std::string_view word = line.text.substr(0, line.text.find(' '));
  if ((line.enhanced = smtp::EnhancedCode::parse(word)))
    line.text.remove_prefix(std::min(word.size() + 1, line.text.size()));
  if (line.enhanced)
    require(line.enhanced->klass == line.code / 100, "an enhanced code of another class", whole);
  else
    require(line.code < 400, "a refusal without an enhanced code", whole);
  return line;
}

bool is(const std::optional<smtp::EnhancedCode>& code, std::string_view text) {
  return code && code == smtp::EnhancedCode::parse(text);
}

}  // namespace

Transcript::Transcript(std::string_view heard) {
  constexpr std::string_view kQueued = "queued as ";
  std::size_t recipients = 0;
  bool after_go_ahead = false;
  require(heard.starts_with("220 "), "no greeting", heard);
  while (!heard.empty()) {
    const Line first = take_line(heard);
    for (Line line = first; !line.last;) {
      require(!heard.empty(), "half a reply");
      line = take_line(heard);
      require(line.code == first.code, "two codes in one reply");
      require(line.enhanced == first.enhanced, "two enhanced codes in one reply");
    }
    if (first.text.starts_with("the mail server behind")) upstream_blamed = true;
    if (first.code == 235) authenticated = true;
    const bool queued = first.code == 250 && first.text.starts_with(kQueued);
    require(queued || !after_go_ahead || first.code != 250, "a message answered with another 250",
            first.text);
    if (queued)
      acknowledged.push_back({std::string(first.text.substr(kQueued.size())), recipients});
    after_go_ahead = first.code == 354;
    if (after_go_ahead) ++go_aheads;
    if (first.code == 250 && is(first.enhanced, "2.1.0")) recipients = 0;  // MAIL
    if (first.code == 250 && is(first.enhanced, "2.1.5")) ++recipients;    // RCPT
  }
}

}  // namespace sekisho::fuzz
