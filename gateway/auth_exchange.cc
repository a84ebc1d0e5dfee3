#include "gateway/auth_exchange.h"

#include <utility>

#include "gateway/auth/log_in.h"
#include "gateway/base/text.h"

namespace sekisho {
namespace {

using smtp::Reply;

// RFC 4954 section 4: a line of the exchange may have 12288 octets.
constexpr std::size_t kMaxLine = 12288;

AuthOutcome refused(Reply reply, std::string_view reason) {
  return {.reply = std::move(reply), .reason = std::string(reason)};
}

Reply verdict_reply(const auth::Verdict& verdict) {
  switch (verdict.kind) {
    case auth::Verdict::Kind::accepted:
      return Reply::of(235, "2.7.0", "authentication succeeded");
    case auth::Verdict::Kind::wrong:
      return smtp::invalid_credentials();
    case auth::Verdict::Kind::throttled:
      return Reply::of(454, "4.7.0", "too many failed log-ins, try again later");
    case auth::Verdict::Kind::unavailable:
      break;
  }
  return Reply::of(454, "4.7.0", "log-in is not possible at the moment, try again");
}

}  // namespace

Task<AuthOutcome> run_auth_exchange(Conversation& conversation, auth::Authenticator& authenticator,
                                    smtp::AuthCommand command, const auth::LoginContext& login,
                                    Deadline deadline) {
  const auto exchange = auth::begin_exchange(authenticator, command.mechanism, login);
  if (exchange == nullptr)
    co_return refused(Reply::of(504, "5.5.4", "unrecognized authentication mechanism"),
                      "unknown mechanism");
  std::optional<std::string> response = std::move(command.initial_response);
  while (true) {
    auth::AuthExchange::Step step = co_await exchange->step(
        response ? std::optional<std::string_view>(*response) : std::nullopt);
    if (response) wipe(*response);

    if (auto* failure = std::get_if<Reply>(&step))
      co_return refused(std::move(*failure), "malformed exchange");

    if (auto* verdict = std::get_if<auth::Verdict>(&step)) {
      const bool accepted = verdict->kind == auth::Verdict::Kind::accepted;
      co_return AuthOutcome{.reply = verdict_reply(*verdict),
                            .user = accepted ? std::move(verdict->user) : std::string{},
                            .tried = std::move(verdict->tried),
                            .reason = std::move(verdict->reason)};
    }

    const auto& challenge = std::get<auth::AuthExchange::Challenge>(step);
    conversation.say(Reply::plain(334, base64_encode(challenge.text)));
    auto line = co_await conversation.read_line(kMaxLine, deadline);
    if (!line) co_return AuthOutcome{.reason = line.error().text, .lost = line.error()};
    if (line->flaw != LineReader::Flaw::none) {
      // RFC 4954 section 4 has a code of its own for a long line.
      AuthOutcome outcome =
          refused(line->flaw == LineReader::Flaw::too_long
                      ? Reply::of(500, "5.5.6", "authentication exchange line is too long")
                      : reply_to_flaw(line->flaw),
                  "malformed line");
      outcome.session_over = line->flaw == LineReader::Flaw::bare_lf;
      co_return outcome;
    }
    if (line->text == "*")
      co_return refused(Reply::of(501, "5.7.0", "authentication cancelled"), "cancelled");
    auto decoded = base64_decode(line->text);
    if (!decoded) co_return refused(Reply::of(501, "5.5.2", "that is not base64"), "not base64");
    response = std::move(*decoded);
  }
}

}  // namespace sekisho
