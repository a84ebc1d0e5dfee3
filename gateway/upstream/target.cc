#include "gateway/upstream/target.h"

#include <utility>

#include "gateway/net/socket_stream.h"
#include "gateway/net/unix_connect.h"

namespace sekisho::upstream {

Task<Result<std::unique_ptr<ByteStream>>> connect_to(Loop& loop, const SocketAddress& target,
                                                     Deadline deadline, CancelSource& cancel) {
  if (target.is_unix())
    co_return co_await connect_unix_socket(loop, target.path(), deadline, cancel);
  co_return co_await connect_socket(loop, target.endpoint(), deadline, cancel);
}

TargetRace::TargetRace(Loop& loop, const UpstreamSettings& settings, Deadline whole,
                       CancelSource& cancel)
    : loop_(loop), settings_(settings), whole_(whole), cancel_(cancel) {}

Task<Result<void>> TargetRace::find(NameResolver& resolver) {
  if (!settings_.socket().empty()) co_return Result<void>{};
  auto addresses =
      co_await resolver.resolve(loop_, settings_.host, static_cast<std::uint16_t>(settings_.port),
                                Deadline::in(settings_.connect_timeout).or_sooner(whole_), cancel_);
  if (!addresses) co_return std::unexpected(std::move(addresses.error()));
  race_.emplace(loop_, std::move(*addresses), settings_.connect_timeout, whole_, cancel_);
  co_return Result<void>{};
}

Task<Result<TargetRace::Winner>> TargetRace::next() {
  if (race_) {
    auto connected = co_await race_->next();
    if (!connected) co_return std::unexpected(std::move(connected.error()));
    co_return Winner{connected->address, std::move(connected->stream)};
  }
  if (socket_failure_) co_return std::unexpected(*socket_failure_);
  if (cancel_.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled");
  const auto target = SocketAddress::unix_socket(settings_.socket());
  if (!target) co_return fail(ErrorKind::invalid, settings_.host + " is not a Unix socket's path");
  auto stream = co_await connect_to(
      loop_, *target, Deadline::in(settings_.connect_timeout).or_sooner(whole_), cancel_);
  if (!stream) co_return std::unexpected(std::move(stream.error()));
  co_return Winner{*target, std::move(*stream)};
}

void TargetRace::note_failure(Error why) {
  if (race_) {
    race_->note_failure(std::move(why));
  } else {
    socket_failure_ = std::move(why);
  }
}

}  // namespace sekisho::upstream
