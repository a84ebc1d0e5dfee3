#include "rules/content/url_parts.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "gateway/base/text.h"
#include "gateway/mail/mime_parameters.h"
#include "gateway/mail/transfer_decoding.h"
#include "rules/content/links.h"

namespace sekisho::rules::content {
namespace {

bool is_scheme_char(char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; }

bool is_unreserved(char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

// A number of an IPv4 address: decimal, 0x… or 0….
std::optional<std::uint64_t> ipv4_number(std::string_view text) {
  unsigned base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const bool hex = ascii_lower(text[1]) == 'x';
    base = hex ? 16 : 8;
    text.remove_prefix(hex ? 2 : 1);
  }
  std::uint64_t number = 0;
  for (const char c : text) {
    const int digit = mail::hex_value(c);
    if (digit < 0 || digit >= static_cast<int>(base)) return std::nullopt;
    number = number * base + static_cast<unsigned>(digit);
    if (number > UINT32_MAX) return std::nullopt;
  }
  return number;
}

// 127.1, 0x7f000001, 017700000001: all the same to a browser.
std::optional<std::string> ipv4(std::string_view host) {
  const auto pieces = split(host, '.');
  if (pieces.size() > 4 || pieces.back().empty()) return std::nullopt;
  std::uint64_t address = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto number = pieces[i].empty() ? std::nullopt : ipv4_number(pieces[i]);
    if (!number) return std::nullopt;
    const bool last = i + 1 == pieces.size();
    const std::size_t bytes = last ? 4 - i : 1;
    if (*number >= std::uint64_t{1} << (8 * bytes)) return std::nullopt;
    address = (address << (8 * bytes)) | *number;
  }
  std::string text;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    if (!text.empty()) text += '.';
    text += std::to_string((address >> shift) & 0xFFU);
  }
  return text;
}

std::string with_plain_dots(std::string_view host) {
  std::string out;
  while (!host.empty()) {
    if (host.starts_with("\xE3\x80\x82") || host.starts_with("\xEF\xBC\x8E") ||
        host.starts_with("\xEF\xBD\xA1")) {
      out += '.';
      host.remove_prefix(3);
    } else if (host.starts_with("\xC2\xAD")) {  // a soft hyphen is nothing
      host.remove_prefix(2);
    } else {
      out += host.front();
      host.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

bool is_web_scheme(std::string_view scheme) {
  static constexpr std::array<std::string_view, 5> kWeb{"http", "https", "ftp", "ws", "wss"};
  return std::ranges::find(kWeb, scheme) != kWeb.end();
}

UrlParts split_url(std::string_view written, std::string_view base_scheme) {
  std::string clean;
  for (const char c : written) {
    if (c != '\t' && c != '\r' && c != '\n') clean += c;
  }
  std::string_view rest = clean;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!rest.empty() && is_control(rest.front())) rest.remove_prefix(1);
  while (!rest.empty() && is_control(rest.back())) rest.remove_suffix(1);

  UrlParts parts;
  std::size_t colon = 0;
  while (colon < rest.size() && is_scheme_char(rest[colon])) ++colon;
  if (colon > 0 && colon < rest.size() && rest[colon] == ':' && is_alpha(rest[0])) {
    parts.scheme = to_lower(rest.substr(0, colon));
    rest.remove_prefix(colon + 1);
  }
  const bool web = is_web_scheme(parts.scheme.empty() ? base_scheme : parts.scheme);
  const std::size_t tail = std::min(rest.find_first_of("?#"), rest.size());
  parts.rest = rest.substr(tail);
  parts.path = rest.substr(0, tail);
  if (web) std::ranges::replace(parts.path, '\\', '/');
  // https:host, https:/host and https:////host are all https://host.
  const std::size_t slashes = std::min(parts.path.find_first_not_of('/'), parts.path.size());
  if (slashes >= 2 || (web && !parts.scheme.empty())) {
    const std::size_t begin = web ? slashes : 2;
    const std::size_t end = std::min(parts.path.find('/', begin), parts.path.size());
    parts.authority = parts.path.substr(begin, end - begin);
    parts.path.erase(0, end);
  }
  return parts;
}

Host canonical_host(std::string_view written) {
  const std::string host = canonical_domain(with_plain_dots(mail::percent_decode(written)));
  if (host.starts_with('[')) return {.name = host, .address = true};
  if (auto address = ipv4(host)) return {.name = std::move(*address), .address = true};
  return {.name = host, .address = false};
}

std::string canonical_path(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool escape = path[i] == '%' && i + 2 < path.size() &&
                        mail::hex_value(path[i + 1]) >= 0 && mail::hex_value(path[i + 2]) >= 0;
    if (!escape) {
      out += path[i];
      continue;
    }
    const char c = static_cast<char>(static_cast<unsigned char>(mail::hex_value(path[i + 1]) * 16 +
                                                                mail::hex_value(path[i + 2])));
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += '%';
      out += ascii_upper(path[i + 1]);
      out += ascii_upper(path[i + 2]);
    }
    i += 2;
  }
  return remove_dot_segments(out);
}

std::string remove_dot_segments(std::string_view path) {
  if (!path.starts_with('/')) return std::string(path);
  std::vector<std::string_view> kept;
  bool slash_last = false;
  for (const std::string_view segment : split(path.substr(1), '/')) {
    slash_last = segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : kept) (out += '/') += segment;
  if (slash_last || kept.empty()) out += '/';
  return out;
}

}  // namespace sekisho::rules::content
