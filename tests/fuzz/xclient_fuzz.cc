// The argument of XCLIENT under any bytes. Oracles: a refusal is a 501 in our own words, what was
// taken is fit to be logged and compared, and is read as the same from what we write of it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/smtp/xclient.h"

namespace {

using namespace sekisho::smtp;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_text(const Said<std::string>& text) {
  require(text.said || !text.value);
  if (!text.value) return;
  require(!text.value->empty());
  for (const char c : *text.value) {
    const auto byte = static_cast<unsigned char>(c);
    require(byte >= 0x20 && byte != 0x7F);
  }
}

void add_text(std::vector<ClientAttribute>& to, std::string_view name,
              const Said<std::string>& text) {
  if (text.said) to.push_back({name, text.value.value_or("")});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view argument(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_xclient(argument);
  if (!parsed) {
    require(parsed.error().code == 501);
    for (const char c : parsed.error().lines.front()) require(c >= ' ' && c <= '~');
    return 0;
  }
  for (const auto* text : {&parsed->name, &parsed->helo, &parsed->login}) check_text(*text);
  require(!parsed->address.value || !parsed->address.value->is_unspecified());

  std::vector<ClientAttribute> said;
  add_text(said, "NAME", parsed->name);
  add_text(said, "HELO", parsed->helo);
  add_text(said, "LOGIN", parsed->login);
  if (parsed->address.said)
    said.push_back(
        {"ADDR", parsed->address.value ? attribute_address(*parsed->address.value) : ""});
  std::size_t length = 0;
  for (const auto& one : said) length += 3 * one.value.size() + 20;
  if (said.empty() || length > 500) return 0;
  const auto commands = write_attribute_commands("XCLIENT", said, "NAME HELO LOGIN ADDR");
  require(commands.size() == 1 && commands.front().starts_with("XCLIENT "));
  for (const char c : commands.front()) require(c >= ' ' && c <= '~');
  const auto again = parse_xclient(std::string_view(commands.front()).substr(8));
  require(again && again->name == parsed->name && again->helo == parsed->helo &&
          again->login == parsed->login && again->address == parsed->address);
  return 0;
}
