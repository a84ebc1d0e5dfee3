// A client's messages of SCRAM under any bytes, to a server that knows the secret of one password.
// Oracles: nobody gets in who doesn't have it (a proof can't be found by chance); what we answer is
// a line of printable ASCII; a first message that our offer rules out goes no further. The first
// byte chooses -PLUS and whether it was offered; `\xff` ends a message. `%N` in the second one
// stands for the nonce that we gave, so that the parts behind it are reached.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/auth/scram_server.h"
#include "gateway/auth/users_text.h"
#include "gateway/base/text.h"

namespace {

using sekisho::auth::ScramSecret;
using sekisho::auth::ScramServer;
using Outcome = ScramServer::Outcome;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string with_nonce(std::string message, std::string_view first) {
  const auto comma = first.find(',');
  if (!first.starts_with("r=") || comma == std::string_view::npos) return message;
  if (const auto at = message.find("%N"); at != std::string::npos)
    message.replace(at, 2, first.substr(2, comma - 2));
  return message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const bool plus = (data[0] & 1U) != 0;
  const bool offered = plus || (data[0] & 2U) != 0;
  const std::string bytes(data + 1, data + size);
  int asked = 0;
  ScramServer server({.plus = plus, .channel_binding = offered ? std::string(32, 'b') : ""},
                     [&asked](const std::string& name) {
                       ++asked;
                       (void)sekisho::auth::normalize_user_name(name);
                       return ScramSecret{4096, "salt", std::string(32, 's'), std::string(32, 'k')};
                     });
  std::string ours;
  for (const std::string_view message : sekisho::split(bytes, '\xff')) {
    const auto step = server.step(with_nonce(std::string(message), ours));
    require(step.outcome != Outcome::proven && asked <= 1);
    if (step.outcome != Outcome::more) break;
    require(ours.empty() && asked == 1);
    require(!plus || message.starts_with("p=tls-exporter,"));
    require(plus || !message.starts_with("p="));
    require(plus || !offered || !message.starts_with("y,"));
    require(step.text.find(",s=c2FsdA==,i=4096") != std::string::npos);
    require(std::ranges::none_of(step.text, [](char c) { return c <= ' ' || c >= 0x7F; }));
    ours = step.text;
  }
  return 0;
}
