#include "gateway/upstream/hello.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/base/encode.h"

namespace sekisho::upstream {

Task<Result<smtp::Capabilities>> say_hello(ReplyChannel& channel, std::string_view name,
                                           Duration each_step, Deadline whole, Protocol protocol) {
  const std::string encoded = encode_for_smtp(name, 255);
  const std::string_view verb = protocol == Protocol::lmtp ? "LHLO" : "EHLO";
  auto reply = co_await channel.ask(fmt::format("{} {}\r\n", verb, encoded), verb,
                                    Deadline::in(each_step).or_sooner(whole));
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (reply->positive()) co_return smtp::Capabilities::parse(*reply);
  if (reply->permanent() &&
      protocol == Protocol::smtp)  // a server of before 1995 (RFC 1869 section 4.5)
    reply = co_await channel.ask(fmt::format("HELO {}\r\n", encoded), "HELO",
                                 Deadline::in(each_step).or_sooner(whole));
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (reply->positive()) co_return smtp::Capabilities{};
  co_return fail(ErrorKind::unavailable,
                 fmt::format("{} was answered with: {}", verb, reply->summary()));
}

}  // namespace sekisho::upstream
