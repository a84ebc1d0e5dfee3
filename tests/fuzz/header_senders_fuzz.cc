// Header sections of users' mail. Oracle: after the rewriting of what was found nothing is left to
// find, and there is one From.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/sender/header_senders.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// As the gateway's intake leaves it: no bare CR, bare LF or NUL, fields, an empty line, and no
// more.
std::string as_section(std::string_view bytes) {
  std::string out = "\r\n";
  for (const char c : bytes) {
    if (c == '\n') {
      if (out.ends_with("\r\n")) break;
      out += "\r\n";
    } else if (c != '\r' && c != '\0') {
      out += c;
    }
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  out.erase(0, 2);
  out.resize(sekisho::mail::Headers::parse(out).size());
  return out + "\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sekisho;
  const std::string section =
      as_section(std::string_view(reinterpret_cast<const char*>(data), size));
  const smtp::Mailbox own{.local = "ann", .domain = "x.example"};
  const auto owns = [&](const smtp::Mailbox& address) { return address == own; };
  const auto findings = sender::find_foreign_senders(section, owns);
  mail::HeaderEdits edits;
  sender::replace_foreign_senders(findings, section, own, edits);
  const std::string mended = edits.apply(section);
  require(sender::find_foreign_senders(mended, owns).empty());
  require(mail::Headers::parse(mended).count("From") == 1);
  return 0;
}
