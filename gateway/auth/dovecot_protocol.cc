#include "gateway/auth/dovecot_protocol.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "gateway/base/secret.h"
#include "gateway/base/text.h"

namespace sekisho::auth::dovecot {
namespace {

constexpr std::size_t kMaxMechanismName = 20;  // RFC 4422 section 3.1

std::string unescape(std::string_view field) {
  std::string text;
  text.reserve(field.size());
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\x01' || i + 1 == field.size()) {
      text += field[i];
      continue;
    }
    switch (field[++i]) {
      case '0':
        text += '\0';
        break;
      case '1':
        text += '\x01';
        break;
      case 't':
        text += '\t';
        break;
      case 'r':
        text += '\r';
        break;
      case 'n':
        text += '\n';
        break;
      default:
        text += field[i];
    }
  }
  return text;
}

std::optional<std::uint32_t> parse_id(std::string_view text) {
  const auto number = parse_uint(text);
  if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

bool is_mechanism_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxMechanismName && std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
  });
}

}  // namespace

std::optional<Mechanism> parse_mechanism(std::string_view line) {
  const auto fields = split(line, '\t');
  if (fields.size() < 2 || fields[0] != "MECH") return std::nullopt;
  Mechanism mechanism{.name = to_upper(unescape(fields[1]))};
  const std::string& name = mechanism.name;
  if (!is_mechanism_name(name) || name == "ANONYMOUS" || name == "EXTERNAL" ||
      name.ends_with("-PLUS"))
    return std::nullopt;
  for (const std::string_view property : fields) {
    if (property == "anonymous" || property == "private") return std::nullopt;
    if (property == "plaintext") mechanism.plaintext = true;
  }
  return mechanism;
}

std::optional<Answer> parse_answer(std::string_view line) {
  const auto fields = split(line, '\t');
  if (fields.size() < 2) return std::nullopt;
  const auto id = parse_id(fields[1]);
  if (!id) return std::nullopt;
  Answer answer{.id = *id};
  if (fields[0] == "CONT") {
    auto challenge = base64_decode(fields.size() > 2 ? fields[2] : std::string_view());
    if (!challenge) return std::nullopt;
    answer.kind = Answer::Kind::more;
    answer.challenge = std::move(*challenge);
    return answer;
  }
  if (fields[0] == "OK") {
    answer.kind = Answer::Kind::ok;
  } else if (fields[0] != "FAIL") {
    return std::nullopt;
  }
  for (const std::string_view field : fields) {
    if (field == "temp") answer.temporary = true;
    if (field.starts_with("user=")) answer.user = unescape(field.substr(5));
    if (field.starts_with("code=")) answer.code = unescape(field.substr(5));
  }
  if (answer.code == "temp_fail") answer.temporary = true;
  return answer;
}

bool is_our_version(std::string_view line) {
  const auto fields = split(line, '\t');
  return fields.size() >= 2 && fields[0] == "VERSION" && fields[1] == "1";
}

std::string hello(std::int64_t process_id) {
  return fmt::format("VERSION\t1\t1\nCPID\t{}\n", process_id);
}

// Nothing here needs escaping: the mechanism is one of the server's, the rest are numbers and our
// own words.
std::string auth_line(const Request& request, std::optional<std::string_view> response) {
  std::string line =
      fmt::format("AUTH\t{}\t{}\tservice=smtp\tnologin", request.id, request.mechanism);
  if (!request.remote.address.is_unspecified())  // who comes by a Unix socket has no address
    line +=
        fmt::format("\tlip={}\trip={}\tlport={}\trport={}", request.local.address.to_string(),
                    request.remote.address.to_string(), request.local.port, request.remote.port);
  line += fmt::format("\tsession={}", request.session_id);
  if (request.encrypted) line += "\tsecured=tls";
  if (response) {
    std::string encoded = base64_encode(*response);
    line.reserve(line.size() + encoded.size() + 8);
    line.append("\tresp=").append(encoded);
    wipe(encoded);
  }
  line += '\n';
  return line;
}

std::string continue_line(std::uint32_t id, std::string_view response) {
  std::string encoded = base64_encode(response);
  std::string line = fmt::format("CONT\t{}\t{}\n", id, encoded);
  wipe(encoded);
  return line;
}

std::string cancel_line(std::uint32_t id) { return fmt::format("CANCEL\t{}\n", id); }

}  // namespace sekisho::auth::dovecot
