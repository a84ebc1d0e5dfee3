// Domain names in the form that the DNS has (IDNA 2008, RFC 5890, with the mapping of UTS 46 as
// browsers do it). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sekisho {

// A name with letters beyond ASCII in A-labels: "xn--mller-kva.de" of "müller.de". As libidn2 says
// it; nothing where that can't be done, or where a NUL stands in it.
[[nodiscard]] std::optional<std::string> to_idna(std::string_view name);

}  // namespace sekisho
