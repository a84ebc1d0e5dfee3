// Child: one gateway process as the keeper sees it. Started by fork and exec of the program as it
// is on the disk now, in a process group of its own, so that a terminal's Ctrl-C reaches the keeper
// alone. Owned by the Keeper.
#pragma once

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "gateway/keeper/channel.h"
#include "gateway/keeper/held_sockets.h"

namespace sekisho::keeper {

// What to execute.
struct Program {
  std::filesystem::path path;
  std::vector<std::string> words;  // with the program's own name first
};

struct Child {
  enum class State { starting, serving, retired };

  pid_t pid = -1;
  Channel channel;
  HeldSockets::Claim claim;
  State state = State::starting;
  TimePoint since;      // when it came to be in this state
  TimePoint last_sign;  // of life
  bool channel_open = true;
  Deadline mercy = Deadline::never();  // told to end for hanging; without mercy from then on

  void enter(State next) {
    state = next;
    since = last_sign = Clock::now();
  }
  void signal(int number) const { ::kill(pid, number); }
};

// `watchdog`: within which it must give a sign of life.
Result<Child> start_child(const Program& program, Duration watchdog);

}  // namespace sekisho::keeper
