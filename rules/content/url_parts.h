// The pieces that links.cc puts a link together from. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sekisho::rules::content {

struct UrlParts {
  std::string scheme;                    // lower case; empty: none
  std::optional<std::string> authority;  // user, host and port
  std::string path;
  std::string rest;  // "?query#fragment"
};

// Schemes whose host and path are read as below.
[[nodiscard]] bool is_web_scheme(std::string_view scheme);

// What is written, cleaned and cut. `base_scheme`: of the document.
[[nodiscard]] UrlParts split_url(std::string_view written, std::string_view base_scheme);

// The host in its canonical form, and whether it is an address.
struct Host {
  std::string name;
  bool address = false;
};
[[nodiscard]] Host canonical_host(std::string_view written);

[[nodiscard]] std::string canonical_path(std::string_view path);
// Of a path that begins with a slash.
[[nodiscard]] std::string remove_dot_segments(std::string_view path);

}  // namespace sekisho::rules::content
