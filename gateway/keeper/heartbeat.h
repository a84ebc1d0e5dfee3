// Heartbeat: says that we live only if every loop does. At each interval every loop thread is asked
// for a sign of life; when the last has answered, `alive` is called, once. A loop that hangs keeps
// it silent, so that whoever watches us (systemd's watchdog, the keeper) ends the process. Owned by
// the Server; main loop. Must die after the loops that it asked have ended.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "gateway/async/loop.h"

namespace sekisho {

class Heartbeat {
 public:
  // Asks one loop: the answer is called on that loop's thread.
  using Ask = std::function<void(std::function<void()> answer)>;
  // `late`: as many loops as that have not answered for a whole interval; once for each round.
  Heartbeat(Loop& loop, Duration interval, std::vector<Ask> loops, std::function<void()> alive,
            std::function<void(std::size_t loops)> late);

  void start();
  void stop();

 private:
  void ask();
  void answered();

  Loop& loop_;
  Duration interval_;
  std::vector<Ask> loops_;
  std::function<void()> alive_;
  std::function<void(std::size_t)> late_;
  std::size_t missing_ = 0;  // answers of this round
  bool told_late_ = false;
  Timer due_{loop_, [this] { ask(); }};
};

}  // namespace sekisho
