#include "gateway/upstream/credential_check.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gateway/upstream/dial.h"
#include "gateway/upstream/login.h"

namespace sekisho::upstream {
namespace {

using Finding = CredentialCheck::Finding;

constexpr int kAuthenticationInvalid = 535;  // RFC 4954 section 6
constexpr auto kCloseWait = 1s;

CredentialCheck unavailable(std::string why) { return {Finding::unavailable, std::move(why)}; }

std::string_view mechanism_of(const std::vector<std::string>& offered) {
  for (const std::string_view mechanism : {"PLAIN", "LOGIN"})
    if (std::ranges::find(offered, mechanism) != offered.end()) return mechanism;
  return {};
}

Task<CredentialCheck> ask(const Dialing& how, Dialed& dialed, std::string_view user,
                          const Secret& password) {
  ReplyChannel& channel = *dialed.channel;
  const TlsInfo* const tls = channel.stream().tls();
  if (tls == nullptr || !tls->peer_verified)
    co_return unavailable("passwords go to a verified upstream alone");
  const std::string_view mechanism = mechanism_of(dialed.capabilities.auth);
  if (mechanism.empty()) co_return unavailable("the upstream offers neither PLAIN nor LOGIN");
  const auto reply = co_await authenticate(how.loop, how.offload, channel, mechanism, user,
                                           password, how.settings.command_timeout, how.deadline);
  if (!reply) co_return unavailable(reply.error().text);
  if (reply->code == kAuthenticationInvalid)
    co_return CredentialCheck{Finding::wrong, "refused by the upstream"};
  if (!reply->positive())
    co_return unavailable(fmt::format("the upstream said: {}", reply->summary()));
  co_return CredentialCheck{Finding::right, "the upstream"};
}

}  // namespace

Task<CredentialCheck> check_credentials(Loop& loop, NameResolver& resolver, Offload& offload,
                                        const Upstream& upstream, std::string_view user,
                                        const Secret& password, Deadline deadline,
                                        CancelSource& cancel) {
  UpstreamSettings settings = upstream.settings;
  settings.login = {};  // it is the user who logs in
  const Dialing how{.loop = loop,
                    .offload = offload,
                    .settings = settings,
                    .tls = upstream.tls,
                    .hostname = upstream.hostname,
                    .preface = preface_of(settings.forward_client, nullptr),
                    .deadline = deadline,
                    .logins = *upstream.logins,
                    .cancel = cancel};
  TargetRace race(loop, settings, deadline, cancel);
  if (auto found = co_await race.find(resolver); !found) co_return unavailable(found.error().text);
  while (true) {
    auto connected = co_await race.next();
    if (!connected) co_return unavailable(std::move(connected.error().text));
    auto dialed = co_await dial(how, connected->target, std::move(connected->stream));
    if (!dialed) {
      race.note_failure(std::move(dialed.error()));
      continue;
    }
    CredentialCheck answer = co_await ask(how, *dialed, user, password);
    if (!dialed->channel->broken())
      co_await dialed->channel->write("QUIT\r\n", "QUIT", Deadline::in(kCloseWait));
    co_await dialed->channel->stream().close(Deadline::in(kCloseWait));
    co_return answer;
  }
}

}  // namespace sekisho::upstream
