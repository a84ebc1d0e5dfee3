// A SocketWish as the channel between a gateway process and its keeper carries it: "open", the
// address, how many, "1" where they are shared; of a Unix socket its mode and group besides.
// Values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/keeper/supervisor.h"

namespace sekisho::keeper {

std::vector<std::string> fields_of(const SocketWish& wish);
// nullopt: not one.
std::optional<SocketWish> parse_wish(const std::vector<std::string>& fields);

}  // namespace sekisho::keeper
