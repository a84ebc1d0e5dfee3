// HelloProbe: asks each upstream that has not spoken yet what it offers, in the background and with
// a connection of its own, so that our EHLO is right from the first client on. What a mail's
// connection learns meanwhile will do as well. An upstream that doesn't answer is asked again, with
// growing pauses; that is said once, and neither breaker nor mail notice: until it has spoken, EHLO
// offers what is assumed of it (offer.h). Owned by the Server; its main loop.
#pragma once

#include <cstddef>
#include <memory>

#include "gateway/async/event.h"
#include "gateway/async/offload.h"
#include "gateway/base/log.h"
#include "gateway/net/resolve.h"
#include "gateway/upstream/upstream.h"

namespace sekisho::upstream {

class HelloProbe {
 public:
  // `first_pause` is doubled after each failure, up to kLongestPause.
  HelloProbe(Loop& loop, NameResolver& resolver, Offload& offload, Log& log,
             Duration first_pause = 15s);
  HelloProbe(const HelloProbe&) = delete;
  HelloProbe& operator=(const HelloProbe&) = delete;

  // Asks these from now on, and no others any more. Returns at once.
  void ask(const Upstreams& upstreams);
  // Asks nobody any more. It may be destroyed when this is done, or if nobody was ever asked.
  Task<void> stop();

 private:
  Task<void> ask_until_answered(std::shared_ptr<CancelSource> round,
                                std::shared_ptr<Upstream> upstream);
  Task<Result<void>> ask_once(const std::shared_ptr<Upstream>& upstream, CancelSource& round);

  Loop& loop_;
  NameResolver& resolver_;
  Offload& offload_;
  Log& log_;
  Duration first_pause_;
  std::shared_ptr<CancelSource> round_;  // of those that are asked now
  std::size_t asked_ = 0;                // whose question has not ended
  bool stopped_ = false;
  Event ended_;
};

}  // namespace sekisho::upstream
