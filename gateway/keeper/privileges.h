// What the keeper gives up before anything else happens: root, but for the right to bind ports
// below 1024, which a reload may need. The gateway process gets none of it.
#pragma once

#include <string>

#include "gateway/base/error.h"

namespace sekisho::keeper {

// Becomes that user with its groups for good. Not root: it must be who we are already.
Result<void> become_user(const std::string& name);
// Between fork and exec: the new process has no rights that its user doesn't have.
void drop_capabilities();

}  // namespace sekisho::keeper
