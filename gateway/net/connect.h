// Connecting a TCP socket: to one address, or to whichever of several answers first, as RFC 8305
// ("Happy Eyeballs") has it: the families by turns, the next attempt after a moment or as soon as
// one has failed, and the attempts that are not needed any more closed. Its caller's; one loop;
// when it returns, nothing of it is left on the loop. Errors: as connect_socket().
#pragma once

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "gateway/async/loop.h"
#include "gateway/base/descriptor.h"
#include "gateway/base/ip.h"
#include "gateway/net/byte_stream.h"

namespace sekisho {

Task<Result<Descriptor>> connect_descriptor(Loop& loop, const Endpoint& peer, Deadline deadline,
                                            CancelSource& cancel);

// RFC 8305 section 4: the families by turns, beginning with that of the first; the order within a
// family is the resolver's (RFC 6724).
std::vector<Endpoint> by_turns(const std::vector<Endpoint>& addresses);

// The addresses of one name, until one of them has served.
class ConnectRace {
 public:
  // What RFC 8305 section 8 recommends: longer than a hand-shake takes across an ocean, so that the
  // first address is normally the only one that is asked; short enough that nobody minds a dead
  // one.
  static constexpr std::chrono::milliseconds kHeadStart{250};

  struct Winner {
    Endpoint address;
    std::unique_ptr<ByteStream> stream;
  };

  // `each` is the time of one attempt. The stream of a winner is cancelled by `cancel`.
  ConnectRace(Loop& loop, std::vector<Endpoint> addresses, Duration each, Deadline whole,
              CancelSource& cancel, Duration head_start = kHeadStart);

  // The first of the addresses left to take a connection; it is not left after that, nor are those
  // that refused. The error is failure(), or ErrorKind::cancelled.
  Task<Result<Winner>> next();
  // A winner turned out to be of no use: so the next one is asked for.
  void note_failure(Error why) { failures_.push_back(std::move(why)); }
  // One error of all that failed so far: it says each, in order.
  [[nodiscard]] Error failure() const;

 private:
  struct Attempt;
  static Task<void> run(ConnectRace& race, Attempt& attempt, CancelSource& stop);

  Loop& loop_;
  std::vector<Endpoint> left_;
  Duration each_;
  Deadline whole_;
  CancelSource& cancel_;
  Duration head_start_;
  std::vector<Error> failures_;
  Event changed_;
};

}  // namespace sekisho
