// Several questions at once: whoever needs all the answers waits as long as for the slowest, and no
// name takes its time from another. Runs on the resolver's loop.
#pragma once

#include <string>
#include <vector>

#include "gateway/dns/resolver.h"

namespace sekisho::dns {

// An answer or an error for each name, in their order; as Resolver::ask() gives it.
Task<std::vector<Result<Answer>>> ask_all(Loop& loop, Resolver& resolver, Type type,
                                          const std::vector<std::string>& names, Deadline deadline,
                                          CancelSource& cancel);

}  // namespace sekisho::dns
