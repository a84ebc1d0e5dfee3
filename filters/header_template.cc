#include "filters/header_template.h"

#include <algorithm>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"

namespace sekisho::filters {
namespace {

constexpr std::size_t kMaxName = 76;    // with colon and blank it fits a folded line
constexpr std::size_t kMaxValue = 800;  // one line's limit is 998 (RFC 5322 section 2.1.1)

const std::vector<std::string_view> kPlaceholders{"id", "user", "client", "listener"};

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

std::string header_name_flaw(std::string_view name) {
  if (name.empty()) return "a header field needs a name before its colon";
  if (name.size() > kMaxName) return "the header name " + in_quotes(name) + " is too long";
  if (!std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~' && c != ':'; })) {
    return in_quotes(name) + " is not a header name: visible ASCII without blanks and colons";
  }
  if (iequals(name, "Received")) {
    return "Received can't be changed: mail loops are found by it (see hide_client)";
  }
  return {};
}

Result<HeaderTemplate> HeaderTemplate::parse(std::string_view field) {
  const auto colon = field.find(':');
  if (colon == std::string_view::npos) {
    return fail(ErrorKind::invalid, in_quotes(field) + " lacks a colon; write \"Name: value\"");
  }
  HeaderTemplate result;
  result.name_ = field.substr(0, colon);
  if (std::string flaw = header_name_flaw(result.name_); !flaw.empty()) {
    return fail(ErrorKind::invalid, std::move(flaw));
  }
  if (auto parsed = result.parse_value(trim(field.substr(colon + 1))); !parsed) {
    return std::unexpected(parsed.error());
  }
  return result;
}

HeaderTemplate::Placeholder HeaderTemplate::placeholder_of(std::string_view word) {
  if (word == "id") return Placeholder::id;
  if (word == "user") return Placeholder::user;
  if (word == "client") return Placeholder::client;
  if (word == "listener") return Placeholder::listener;
  return Placeholder::none;
}

Result<void> HeaderTemplate::parse_value(std::string_view value) {
  if (value.size() > kMaxValue) return fail(ErrorKind::invalid, "the value is too long");
  if (!std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; })) {
    return fail(ErrorKind::invalid,
                "the value of " + in_quotes(name_) + " must be printable ASCII");
  }
  Piece text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c != '{' && c != '}') {
      text.text += c;
      continue;
    }
    if (i + 1 < value.size() && value[i + 1] == c) {
      text.text += c;
      ++i;
      continue;
    }
    const auto end = c == '{' ? value.find('}', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      return fail(ErrorKind::invalid, "a single brace in " + in_quotes(value) +
                                          "; write {{ or }} for the character itself");
    }
    const std::string_view word = value.substr(i + 1, end - i - 1);
    const Placeholder placeholder = placeholder_of(word);
    if (placeholder == Placeholder::none) {
      std::string message = "unknown placeholder {" + std::string(word) + "}";
      if (const auto near = closest(word, kPlaceholders)) {
        message += "; did you mean {" + std::string(*near) + "}?";
      } else {
        message += "; there are {id}, {user}, {client} and {listener}";
      }
      return fail(ErrorKind::invalid, std::move(message));
    }
    if (!text.text.empty()) pieces_.push_back(std::exchange(text, {}));
    pieces_.push_back({.text = {}, .placeholder = placeholder});
    i = end;
  }
  if (!text.text.empty()) pieces_.push_back(std::move(text));
  return {};
}

std::string HeaderTemplate::fill(const mail::Peer& peer, const mail::Envelope& envelope) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    switch (piece.placeholder) {
      case Placeholder::none:
        out += piece.text;
        break;
      case Placeholder::id:
        out += encode_for_header(envelope.id);
        break;
      case Placeholder::user:
        out += encode_for_header(peer.user);
        break;
      case Placeholder::client:
        out += peer.by_unix_socket() ? "unix" : peer.remote.address.to_string();
        break;
      case Placeholder::listener:
        out += encode_for_header(peer.listener);
        break;
    }
  }
  return out;
}

}  // namespace sekisho::filters
