#include "gateway/upstream/hello.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/base/encode.h"

namespace sekisho::upstream {

Task<Result<smtp::Capabilities>> say_hello(ReplyChannel& channel, std::string_view name,
                                           Duration each_step, Deadline whole) {
  const std::string encoded = encode_for_smtp(name, 255);
  auto reply = co_await channel.ask(fmt::format("EHLO {}\r\n", encoded), "EHLO",
                                    Deadline::in(each_step).or_sooner(whole));
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (reply->positive()) co_return smtp::Capabilities::parse(*reply);
  if (reply->permanent())  // a server of before 1995 (RFC 1869 section 4.5)
    reply = co_await channel.ask(fmt::format("HELO {}\r\n", encoded), "HELO",
                                 Deadline::in(each_step).or_sooner(whole));
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (reply->positive()) co_return smtp::Capabilities{};
  co_return fail(ErrorKind::unavailable,
                 fmt::format("the greeting was answered with: {}", reply->summary()));
}

}  // namespace sekisho::upstream
