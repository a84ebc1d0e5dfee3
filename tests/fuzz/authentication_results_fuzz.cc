// Authentication-Results. Oracles: what was read is written as a value that reads as the same once
// written; a written value is visible ASCII on one line with as many results as were given,
// whatever bytes they have; a field that names an id claims it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/mail/authentication_results.h"

namespace {

using namespace sekisho::mail;

void require(bool holds) {
  if (!holds) std::abort();
}

void write(const AuthenticationResults& results) {
  const std::string value = to_field_value(results);
  require(std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; }));
  const auto again = parse_authentication_results(value);
  require(again && again->results.size() == results.results.size());
  require(to_field_value(*again) == value);
  require(claims_authserv_id(value, again->authserv_id));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = parse_authentication_results(bytes);
  if (read) {
    require(claims_authserv_id(bytes, read->authserv_id));
    write(*read);
  }
  (void)claims_authserv_id(bytes, "mx.example.com");

  const std::string half(bytes.substr(0, size / 2));
  const std::string rest(bytes.substr(size / 2));
  write({.authserv_id = "mx.example.com",
         .results = {{.method = "spf",
                      .result = "pass",
                      .reason = half,
                      .properties = {{"smtp", "mailfrom", rest}, {"smtp", "helo", half}}},
                     {.method = half, .result = rest, .reason = {}, .properties = {}}}});
  return 0;
}
