#include "rules/content/links.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"
#include "gateway/mail/mime_parameters.h"
#include "rules/content/url_parts.h"

namespace sekisho::rules::content {
namespace {

std::string_view own_port(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return "80";
  if (scheme == "https" || scheme == "wss") return "443";
  return scheme == "ftp" ? "21" : "";
}

Url web_url(const UrlParts& parts) {
  std::string_view authority = *parts.authority;
  std::string user;
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    user = authority.substr(0, at + 1);
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos &&
      authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos) {
    port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  Host host = canonical_host(authority);
  Url url{.url = {},
          .scheme = parts.scheme,
          .domain = {},
          .path = canonical_path(parts.path),
          .text = {}};
  if (!url.path.starts_with('/')) url.path.insert(0, "/");
  url.url = url.scheme + "://" + user + host.name;
  if (!port.empty() && port != own_port(url.scheme)) (url.url += ':') += port;
  url.url += url.path;
  url.url += parts.rest;
  if (!host.address && !host.name.empty()) url.domain = std::move(host.name);
  return url;
}

Url mail_url(const UrlParts& parts) {
  const std::string path = mail::percent_decode(parts.path);
  Url url{.url = "mailto:" + path + parts.rest,
          .scheme = "mailto",
          .domain = {},
          .path = path,
          .text = {}};
  const std::string_view first = std::string_view(path).substr(0, path.find(','));
  const std::size_t at = first.rfind('@');
  if (at != std::string_view::npos && at + 1 < first.size())
    url.domain = canonical_domain(trim(first.substr(at + 1)));
  return url;
}

// By RFC 3986 section 5.2.2; `base` is a whole web link.
void resolve(UrlParts& parts, const UrlParts& base) {
  const bool same_place = parts.path.empty();
  parts.scheme = base.scheme;
  if (parts.authority) return;
  parts.authority = base.authority;
  if (same_place) {
    parts.path = base.path;
  } else if (!parts.path.starts_with('/')) {
    parts.path = base.path.substr(0, base.path.rfind('/') + 1) + parts.path;
    if (!parts.path.starts_with('/')) parts.path.insert(0, "/");
  }
}

bool is_link_char(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != '<' && c != '>' && c != '"' && c != '\x7F';
}

// Without what people write behind a link; a bracket belongs to it if it opened there.
std::string_view without_punctuation(std::string_view link) {
  auto open_round = std::ranges::count(link, '(') - std::ranges::count(link, ')');
  auto open_square = std::ranges::count(link, '[') - std::ranges::count(link, ']');
  while (!link.empty()) {
    const char last = link.back();
    if (last == ')' && open_round < 0) {
      ++open_round;
    } else if (last == ']' && open_square < 0) {
      ++open_square;
    } else if (!std::string_view(".,;:!?'*").contains(last)) {
      break;
    }
    link.remove_suffix(1);
  }
  return link;
}

}  // namespace

std::optional<Url> canonical_url(std::string_view written, std::string_view base) {
  const UrlParts origin = split_url(base, {});
  const bool has_base = is_web_scheme(origin.scheme) && origin.authority;
  UrlParts parts = split_url(written, has_base ? origin.scheme : std::string_view("http"));
  if (parts.scheme.empty()) {
    if (parts.path.empty() && !parts.authority && parts.rest.starts_with('#')) return std::nullopt;
    if (has_base) {
      resolve(parts, origin);
    } else if (parts.authority) {
      parts.scheme = "http";  // //host/path in a mail, which has no scheme of its own
    } else if (istarts_with(parts.path, "www.")) {
      parts = split_url("http://" + parts.path + parts.rest, {});
    } else {
      return std::nullopt;
    }
  }
  if (parts.scheme == "cid" || parts.scheme == "mid") return std::nullopt;
  if (is_web_scheme(parts.scheme)) return web_url(parts);
  if (parts.scheme == "mailto") return mail_url(parts);
  Url url{.url = {}, .scheme = parts.scheme, .domain = {}, .path = parts.path, .text = {}};
  if (parts.scheme == "data") {
    url.path = url.path.substr(0, url.path.find(','));
    url.url = "data:" + url.path;
    return url;
  }
  url.url = url.scheme + ":";
  if (parts.authority) {
    const Host host = canonical_host(*parts.authority);
    url.url += "//" + *parts.authority;
    if (!host.address && !host.name.empty()) url.domain = host.name;
  }
  url.url += url.path;
  url.url += parts.rest;
  return url;
}

std::vector<std::string_view> links_in_text(std::string_view text) {
  std::vector<std::string_view> links;
  std::size_t done = 0;  // no link begins before it
  const auto take = [&](std::size_t begin) {
    std::size_t end = begin;
    while (end < text.size() && is_link_char(text[end])) ++end;
    done = end;
    const std::string_view link = without_punctuation(text.substr(begin, end - begin));
    links.push_back(link);
  };
  // What may begin a link has a colon, or the dot of "www.".
  for (std::size_t at = text.find_first_of(":."); at != std::string_view::npos;
       at = text.find_first_of(":.", std::max(at + 1, done))) {
    std::size_t begin = at;
    while (begin > done && at - begin < 16 && is_alnum(text[begin - 1])) --begin;
    const std::string_view word = text.substr(begin, at - begin);
    const std::string_view after = text.substr(at + 1);
    if (text[at] == '.') {
      if (iequals(word, "www") && !after.empty() && is_link_char(after[0])) take(begin);
    } else if (iequals(word, "mailto")) {
      take(begin);
    } else if ((after.starts_with("//") || after.starts_with("\\\\")) && !word.empty()) {
      // "seehttp://…" is a link all the same.
      const std::string lower = to_lower(word);
      for (const std::string_view scheme : {"https", "http", "ftp"}) {
        if (!lower.ends_with(scheme)) continue;
        take(at - scheme.size());
        break;
      }
    }
  }
  return links;
}

}  // namespace sekisho::rules::content
