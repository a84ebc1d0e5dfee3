// The header section under any bytes in any slicing. Oracles: slicing changes nothing; the fields
// joined are the section; edits touch only what they name; a field that we write is one field of
// printable ASCII whatever its name and value.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/base/text.h"
#include "gateway/mail/headers.h"

namespace {

using sekisho::mail::HeaderEdits;
using sekisho::mail::Headers;
using sekisho::mail::HeaderScanner;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string scan(std::string_view message, std::size_t slice) {
  HeaderScanner scanner;
  std::string section;
  for (std::size_t at = 0; at < message.size() && !scanner.done(); at += slice) {
    const auto piece = message.substr(at, slice);
    const std::size_t used = scanner.feed(piece);
    require(used <= piece.size());
    require(scanner.done() || used == piece.size());
    section += piece.substr(0, used);
  }
  require(scanner.done() == sekisho::mail::has_empty_line(section) || !scanner.done());
  return section;
}

void check_field(const std::string& field) {
  const auto headers = Headers::parse(field);
  require(headers.fields().size() == 1);
  require(headers.size() == field.size());
  require(field.ends_with("\r\n"));
  for (std::size_t at = 0; at < field.size();) {
    const std::size_t end = field.find("\r\n", at);
    require(end - at <= 998 + 2048);  // the name alone may be as long as the caller made it
    require(at == 0 || field[at] == ' ');
    require(std::all_of(field.begin() + static_cast<std::ptrdiff_t>(at),
                        field.begin() + static_cast<std::ptrdiff_t>(end),
                        [](char c) { return c >= 32 && c < 127; }));
    at = end + 2;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string all(data, data + size);
  const std::string_view message = std::string_view(all).substr(1);

  const std::string section = scan(message, message.size() + 1);
  require(message.starts_with(section));
  require(scan(message, 1 + data[0] % 16) == section);

  const auto headers = Headers::parse(section);
  std::string joined;
  for (const auto& field : headers.fields()) {
    require(!field.name.empty());
    joined += field.raw;
  }
  require(joined.size() == headers.size());
  require(section.starts_with(joined));

  // Without edits nothing changes but the empty line, and the line put before a leading blank.
  const std::string_view rest = std::string_view(section).substr(headers.size());
  const bool blank = !rest.empty() && (rest[0] == ' ' || rest[0] == '\t');
  const std::size_t ending = sekisho::mail::has_empty_line(section) ? 2 : 0;
  const std::string same = HeaderEdits().apply(section);
  require(same.size() == section.size() - ending + (blank ? 2U : 0U));
  require(same.starts_with(joined));
  require(same.ends_with(rest.substr(0, rest.size() - ending)));

  const std::string_view name = message.substr(0, data[0] % 32U);
  check_field(sekisho::mail::format_field(name, message));
  HeaderEdits edits;
  edits.prepend(std::string(name), std::string(message));
  require(edits.apply(section) == sekisho::mail::format_field(name, message) + same);
  edits.remove(headers.fields().empty() ? "X" : std::string(headers.fields()[0].name));
  require(edits.apply(section).size() <= section.size() + 20 * message.size() + 200);
  return 0;
}
