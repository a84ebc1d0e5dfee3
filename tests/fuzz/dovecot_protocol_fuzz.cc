// What Dovecot's authentication service says, and what we say to it, under any bytes. Oracles: no
// mechanism gets through that we must not offer; only a CONT carries a challenge; and whatever a
// client sends, our request is one line that doesn't begin another.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/auth/dovecot_protocol.h"
#include "gateway/base/text.h"

namespace {

namespace dovecot = sekisho::auth::dovecot;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_mechanism(std::string_view line) {
  const auto mechanism = dovecot::parse_mechanism(line);
  if (!mechanism) return;
  const std::string& name = mechanism->name;
  require(!name.empty() && name != "ANONYMOUS" && name != "EXTERNAL" && !name.ends_with("-PLUS"));
  require(std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  }));
}

void check_line(std::string_view line) {
  check_mechanism(line);
  (void)dovecot::is_our_version(line);
  const auto answer = dovecot::parse_answer(line);
  if (!answer) return;
  using Kind = dovecot::Answer::Kind;
  require(answer->kind == Kind::more || answer->challenge.empty());
}

void check_request(std::string_view response) {
  const auto remote = sekisho::Endpoint::parse("192.0.2.7:4711").value();
  const auto local = sekisho::Endpoint::parse("192.0.2.1:587").value();
  const dovecot::Request request{.id = 7,
                                 .mechanism = "PLAIN",
                                 .remote = remote,
                                 .local = local,
                                 .session_id = "5f-1",
                                 .encrypted = true};
  for (const std::string& line :
       {dovecot::auth_line(request, response), dovecot::continue_line(7, response)}) {
    require(line.ends_with('\n') && std::ranges::count(line, '\n') == 1);
    require(line.find('\0') == std::string::npos && line.find('\r') == std::string::npos);
    require(line.starts_with("AUTH\t7\tPLAIN\t") || line.starts_with("CONT\t7\t"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  for (const std::string_view line : sekisho::split(bytes, '\n')) check_line(line);
  check_request(bytes);
  return 0;
}
