// What a thread of ours that isn't a loop does first: takes a name (seen in ps -L and gdb) and
// blocks all signals, which belong to the main loop.
#pragma once

namespace sekisho {

// `name` of at most 15 bytes.
void enter_background_thread(const char* name);

}  // namespace sekisho
