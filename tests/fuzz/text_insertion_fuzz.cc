// Texts put into any message. Oracles: what is said survives the way home from a worker; what is
// left alone is unchanged; replacements lie in the body and in order, and of a message of whole
// lines they leave whole lines; the text that was asked for is there.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/mail/headers.h"
#include "gateway/mail/text_insertion.h"

namespace {

using namespace sekisho::mail;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // As Intake lets it in: lines end with CRLF, and there is no NUL.
  std::string message;
  for (std::size_t i = 0; i < size; ++i) {
    const char c = static_cast<char>(data[i]);
    if (c == '\r' || c == '\0') continue;
    message += c == '\n' ? std::string("\r\n") : std::string(1, c);
  }
  HeaderScanner scanner;
  const std::size_t header = scanner.feed(message);
  const std::string section = message.substr(0, header);
  const std::string body = message.substr(header);
  const TextInsertion made = insert_texts(
      section, body, {{.before = size % 2 == 0, .plain = "marker \xc3\xa9\n", .html = "marker"}});
  const auto home = read_insertion(write(made), body.size());
  require(home.has_value() && *home == made);
  if (!made.left_alone.empty()) {
    require(made.fields.empty() && made.replacements.empty());
    return 0;
  }
  require(!made.replacements.empty());
  std::uint64_t at = 0;
  for (const Replacement& one : made.replacements) {
    require(one.offset >= at && one.offset + one.length <= body.size());
    at = one.offset + one.length;
  }
  const auto order = read_insertion_order(std::string_view(message));
  require(!order.has_value() || order->texts.size() <= message.size());
  return 0;
}
