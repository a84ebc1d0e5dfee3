// Links in one form, whatever they were written like: as browsers take them (WHATWG URL), so that
// no spelling of a host or path escapes a rule. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/content/findings.h"

namespace sekisho::rules::content {

// What a link means to a browser: scheme in lower case; of http, https, ftp the host decoded, as
// A-labels in lower case without a dot at its end, an IPv4 address in its usual form whatever its
// spelling; without the scheme's own port; blanks within, tabs and line ends dropped; backslashes
// taken for slashes; in the path escapes of unreserved characters decoded (RFC 3986 section 2.3),
// others in upper case, dot segments resolved. mailto: has the address as its path and the domain
// of the first one. data: ends before its content. Relative ones are resolved by `base`; nullopt:
// there is none, or the link leads nowhere ("#top", "cid:…").
[[nodiscard]] std::optional<Url> canonical_url(std::string_view written, std::string_view base);

// The links of a plain text: what begins with a scheme, "www." or "mailto:", as mail readers
// make them. As written.
[[nodiscard]] std::vector<std::string_view> links_in_text(std::string_view text);

// In lower case and A-labels, without a dot at its end; what can't be written so in lower case.
[[nodiscard]] std::string canonical_domain(std::string_view name);

}  // namespace sekisho::rules::content
