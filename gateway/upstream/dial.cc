#include "gateway/upstream/dial.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/upstream/hello.h"
#include "gateway/upstream/login.h"

namespace sekisho::upstream {
namespace {

using smtp::Capabilities;
using smtp::Reply;

enum class Starttls : std::uint8_t { if_configured, no };

// The end of one attempt: connected, or an error that a second attempt in plain may avoid.
struct Failure {
  Error why;
  bool handshake = false;  // STARTTLS was agreed and TLS then failed
};
using Attempt = std::expected<Dialed, Failure>;

std::unexpected<Failure> give_up(Error why) { return std::unexpected(Failure{std::move(why)}); }

std::unexpected<Failure> refused(std::string_view what, const Reply& reply) {
  return give_up(Error{ErrorKind::unavailable,
                       fmt::format("{} was answered with: {}", what, reply.summary())});
}

Deadline within(const Dialing& how, Duration limit) {
  return Deadline::in(limit).or_sooner(how.deadline);
}

// The name for SNI and verification. An address is no name for SNI (RFC 6066 section 3), and
// without verification nothing else needs it.
std::string tls_name(const UpstreamSettings& settings) {
  if (!settings.tls_name.empty()) return settings.tls_name;
  if (!settings.socket().empty()) return {};
  if (!verifies(settings.tls) && IpAddress::parse(settings.host)) return {};
  return settings.host;
}

Task<Result<Capabilities>> hello(const Dialing& how, ReplyChannel& channel) {
  co_return co_await say_hello(channel, how.hostname, how.settings.command_timeout, how.deadline,
                               how.settings.protocol);
}

Task<Attempt> start_tls(const Dialing& how, Dialed opened) {
  ReplyChannel& channel = *opened.channel;
  auto reply =
      co_await channel.ask("STARTTLS\r\n", "STARTTLS", within(how, how.settings.command_timeout));
  if (!reply) co_return give_up(std::move(reply.error()));
  if (!reply->positive()) {
    if (how.settings.tls != TlsMode::opportunistic || channel.broken())
      co_return refused("STARTTLS", *reply);
    opened.note = fmt::format("STARTTLS was answered with: {}", reply->summary());
    co_return std::move(opened);
  }
  // The upstream waits for our ClientHello now. What is already here was written by someone in
  // between, to be read as if it had come through TLS (CVE-2021-38371 and its like).
  bool injected = channel.broken();
  if (!injected && channel.spoke()) {
    auto got = co_await channel.stream().read_some(how.loop.scratch(), Deadline::in(1s));
    injected = got && *got > 0;
    if (!injected)
      co_return std::unexpected(
          Failure{{ErrorKind::closed, "TLS handshake: the upstream closed the connection"}, true});
  }
  if (injected)
    co_return give_up(
        Error{ErrorKind::protocol, "plain text after the answer to STARTTLS: response injection"});
  auto secured = co_await channel.stream().start_tls(how.tls, tls_name(how.settings),
                                                     within(how, how.settings.connect_timeout));
  if (!secured) co_return std::unexpected(Failure{std::move(secured.error()), true});
  auto capabilities = co_await hello(how, channel);
  if (!capabilities) co_return give_up(std::move(capabilities.error()));
  opened.capabilities = std::move(*capabilities);
  co_return std::move(opened);
}

Task<Attempt> attempt(const Dialing& how, std::unique_ptr<ByteStream> stream, Starttls starttls) {
  const UpstreamSettings& settings = how.settings;
  if (!how.preface.empty())
    if (auto written =
            co_await stream->write_all(how.preface, within(how, settings.connect_timeout));
        !written)
      co_return give_up(std::move(written.error()));
  if (is_implicit(settings.tls)) {
    auto secured = co_await stream->start_tls(how.tls, tls_name(settings),
                                              within(how, settings.connect_timeout));
    if (!secured) co_return give_up(std::move(secured.error()));
  }
  Dialed opened{std::make_unique<ReplyChannel>(how.loop, std::move(stream)), {}, {}};
  auto greeting =
      co_await opened.channel->read("the connection", within(how, settings.greeting_timeout));
  if (!greeting) co_return give_up(std::move(greeting.error()));
  opened.channel->settle();
  if (greeting->code != 220) co_return refused("the connection", *greeting);

  auto capabilities = co_await hello(how, *opened.channel);
  if (!capabilities) co_return give_up(std::move(capabilities.error()));
  opened.capabilities = std::move(*capabilities);
  const bool wanted = settings.tls != TlsMode::never && !is_implicit(settings.tls);
  if (!wanted || starttls == Starttls::no) co_return std::move(opened);
  if (opened.capabilities.starttls) co_return co_await start_tls(how, std::move(opened));
  if (settings.tls == TlsMode::opportunistic) co_return std::move(opened);
  co_return give_up(
      {ErrorKind::unavailable, "the upstream does not offer STARTTLS, which `tls` demands"});
}

// A second connection to the same place, after TLS failed on the first.
Task<Attempt> attempt_in_plain(const Dialing& how, const SocketAddress& target) {
  auto stream =
      co_await connect_to(how.loop, target, within(how, how.settings.connect_timeout), how.cancel);
  if (!stream) co_return give_up(std::move(stream.error()));
  co_return co_await attempt(how, std::move(*stream), Starttls::no);
}

}  // namespace

Task<Result<Dialed>> dial(const Dialing& how, const SocketAddress& target,
                          std::unique_ptr<ByteStream> stream) {
  if (how.settings.tls != TlsMode::never && !how.tls)
    co_return fail(ErrorKind::invalid, "no TLS context for an upstream that needs one");
  Attempt result = co_await attempt(how, std::move(stream), Starttls::if_configured);
  if (!result && result.error().handshake && how.settings.tls == TlsMode::opportunistic &&
      result.error().why.kind != ErrorKind::cancelled) {
    const std::string note = std::move(result.error().why.text);
    result = co_await attempt_in_plain(how, target);
    if (result) result->note = note;
  }
  if (!result) {
    Error why = std::move(result.error().why);
    const std::string peer = target.to_string();
    if (why.text.find(peer) == std::string::npos) why.text = fmt::format("{}: {}", peer, why.text);
    co_return std::unexpected(std::move(why));
  }
  if (result->channel->broken()) co_return std::unexpected(result->channel->why_broken());
  if (how.settings.forward_client == ForwardClient::xclient)
    if (auto usable = check_xclient(offered_attributes(result->capabilities, "XCLIENT")); !usable)
      co_return std::unexpected(std::move(usable.error()));
  if (how.settings.login.wanted()) {
    auto done = co_await log_in(how.loop, how.offload, how.settings.login, *result->channel,
                                result->capabilities.auth, how.settings.command_timeout,
                                how.deadline, how.logins);
    if (!done) co_return std::unexpected(std::move(done.error()));
  }
  co_return std::move(*result);
}

}  // namespace sekisho::upstream
