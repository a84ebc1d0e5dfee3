// Signs that something pretends to be somebody else's: a link that shows one organisation and leads
// to another, a name beside an address that is an address itself, a domain whose letters only look
// like Latin ones. Organisations are told apart by the public suffix list that libpsl was built
// with, letters by the tables of Unicode's report 39 in ICU; neither needs a file. Pure; any
// thread.
#pragma once

#include <string_view>

namespace sekisho::rules::content {

// `shown` is what the link shows (UTF-8), `target` the domain that it leads to, nothing
// for a bare address. Only a text that is
// or holds a link counts ("https://…", "www.…"), or one that is a domain and nothing else.
[[nodiscard]] bool is_misleading_link(std::string_view shown, std::string_view target);

// `name` is what stands beside an address of `domain`, decoded.
[[nodiscard]] bool is_misleading_name(std::string_view name, std::string_view domain);

// `domain` in A-labels. True of labels that mix scripts which no language mixes, and of labels that
// are written in another script and look like Latin letters throughout, unless the top-level domain
// is of another script too.
[[nodiscard]] bool is_lookalike(std::string_view domain);

}  // namespace sekisho::rules::content
