#include "gateway/upstream/login.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "gateway/base/file_io.h"
#include "gateway/base/text.h"
#include "gateway/upstream/sasl_client.h"

namespace sekisho::upstream {
namespace {

using smtp::Reply;

// A response that makes the AUTH line longer waits for the server's 334 (RFC 4954 section 4).
constexpr std::size_t kMaxCommandBytes = 512;
constexpr int kMaxChallenges = 8;

// It blocks.
Result<Secret> read_secret_of(const LoginSettings& settings) {
  const auto file = settings.file();
  if (!file) return std::unexpected(file.error());
  return read_secret(*file);
}

// A 5xx that is about us (535, 534, 538 …), not about the command (RFC 4954 section 6).
bool refuses_us(const Reply& reply) { return reply.permanent() && reply.code > 504; }

// "PREFIX base64 CRLF", as a Secret.
Secret line_with(std::string_view prefix, const Secret& response) {
  std::string encoded = base64_encode(response.reveal());
  std::string line;
  line.reserve(prefix.size() + encoded.size() + 2);
  line.append(prefix).append(encoded).append("\r\n");
  Secret made(line);
  wipe(encoded);
  wipe(line);
  return made;
}

std::string_view binding_of(ReplyChannel& channel) {
  const TlsInfo* const tls = channel.stream().tls();
  return tls == nullptr ? std::string_view() : tls->channel_binding;
}

class Login {
 public:
  Login(Loop& loop, Offload& offload, ReplyChannel& channel, Duration each_step, Deadline whole)
      : loop_(loop), offload_(offload), channel_(channel), each_step_(each_step), whole_(whole) {}

  Task<Result<Reply>> run(std::string_view mechanism, std::string_view user, const Secret& secret,
                          const std::vector<std::string>& offered) {
    const auto client = SaslClient::start(mechanism, user, secret, offered, binding_of(channel_));
    auto reply = co_await begin(mechanism, *client);
    for (int i = 0; reply && reply->code == 334; ++i) {
      if (i == kMaxChallenges) co_return broken("too many challenges");
      reply = co_await answer(*client, reply->lines.front());
    }
    if (reply && !reply->positive()) refused_ = refused_ || refuses_us(*reply);
    if (reply && reply->positive() && !client->believes_success())
      co_return broken("success before the upstream has proved that it knows the secret");
    co_return reply;
  }

  // The upstream has said that it doesn't take this user with this secret.
  [[nodiscard]] bool refused() const { return refused_; }

 private:
  std::unexpected<Error> broken(std::string_view why) {
    return std::unexpected(
        channel_.break_with({ErrorKind::protocol, fmt::format("AUTH: {}", why)}));
  }
  Task<Result<Reply>> say(Secret line) {
    co_return co_await channel_.ask(line.reveal(), "AUTH",
                                    Deadline::in(each_step_).or_sooner(whole_));
  }

  Task<Result<Reply>> begin(std::string_view mechanism, SaslClient& client) {
    const std::string command = fmt::format("AUTH {}", mechanism);
    const auto initial = client.initial_response();
    if (!initial) co_return co_await say(Secret(command + "\r\n"));
    Secret whole = line_with(command + " ", *initial);
    if (whole.reveal().size() <= kMaxCommandBytes) co_return co_await say(std::move(whole));
    auto reply = co_await say(Secret(command + "\r\n"));
    if (!reply || reply->code != 334) co_return reply;
    co_return co_await say(line_with({}, *initial));
  }

  Task<Result<Reply>> answer(SaslClient& client, const std::string& challenge) {
    const auto decoded = base64_decode(challenge);
    if (!decoded) co_return broken("the challenge is not base64");
    auto computed = co_await offload_.run(loop_, [&] { return client.answer(*decoded); });
    if (!computed) co_return std::unexpected(std::move(computed.error()));
    if (!*computed) {
      // The upstream has said so itself, in the words of the mechanism.
      refused_ = computed->error().kind == ErrorKind::unavailable;
      co_return broken(computed->error().text);
    }
    co_return co_await say(line_with({}, **computed));
  }

  Loop& loop_;
  Offload& offload_;
  ReplyChannel& channel_;
  Duration each_step_;
  Deadline whole_;
  bool refused_ = false;
};

}  // namespace

Task<Result<void>> log_in(Loop& loop, Offload& offload, const LoginSettings& settings,
                          ReplyChannel& channel, const std::vector<std::string>& offered,
                          Duration each_step, Deadline whole, LoginMemory& memory) {
  if (channel.stream().tls() == nullptr && !settings.in_clear)
    co_return fail(ErrorKind::unavailable,
                   "we don't log in over a connection that is not encrypted (auth.in_clear)");
  const auto mechanism = SaslClient::choose(settings.mechanism, offered, binding_of(channel));
  if (!mechanism)
    co_return fail(ErrorKind::unavailable,
                   fmt::format("the upstream offers no way to log in that we may use, only: {}",
                               offered.empty() ? "none" : fmt::to_string(fmt::join(offered, " "))));
  auto read = co_await offload.run(loop, [&settings] { return read_secret_of(settings); });
  if (!read) co_return std::unexpected(std::move(read.error()));
  if (!*read) co_return std::unexpected(std::move(read->error()));
  const Secret& secret = **read;
  if (const auto left = memory.barred(secret, Clock::now()))
    co_return fail(
        ErrorKind::unavailable,
        fmt::format("the upstream refused our log-in as {}; the same secret is not shown to it "
                    "for another {} s",
                    settings.user, std::chrono::ceil<std::chrono::seconds>(*left).count()));
  Login login(loop, offload, channel, each_step, whole);
  auto reply = co_await login.run(*mechanism, settings.user, secret, offered);
  if (login.refused()) memory.refused(secret, Clock::now() + Duration(settings.refused_pause));
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (!reply->positive())
    co_return fail(ErrorKind::unavailable,
                   fmt::format("the upstream refused our log-in as {} by {}: {}", settings.user,
                               *mechanism, reply->summary()));
  co_return Result<void>{};
}

Task<Result<Reply>> authenticate(Loop& loop, Offload& offload, ReplyChannel& channel,
                                 std::string_view mechanism, std::string_view user,
                                 const Secret& secret, Duration each_step, Deadline whole) {
  Login login(loop, offload, channel, each_step, whole);
  co_return co_await login.run(mechanism, user, secret, {std::string(mechanism)});
}

}  // namespace sekisho::upstream
