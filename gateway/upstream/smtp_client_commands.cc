// SmtpClient's MAIL and RCPT: many commands, their replies in order, in as few flights as may be.
#include <algorithm>
#include <utility>

#include "gateway/upstream/commands.h"
#include "gateway/upstream/hello.h"
#include "gateway/upstream/smtp_client_impl.h"

namespace sekisho::upstream {
namespace {

using smtp::Reply;

// Commands in one flight. Few enough bytes that they fit into what the system buffers for a peer
// that reads nothing while it writes its replies: else both would wait for each other (RFC 2920
// section 3.1).
constexpr std::size_t kFlightCommands = 100;
constexpr std::size_t kFlightBytes = 16 * 1024;

std::string_view verb_of(std::string_view line) { return line.substr(0, line.find(' ')); }

// After a 421 nothing more is answered.
void fill_up(std::vector<Reply>& replies, std::size_t count) {
  while (replies.size() < count) replies.push_back(replies.back());
}

// Where one flight ends that begins with `begin`.
std::size_t end_of_flight(const std::vector<std::string>& lines, std::size_t begin,
                          bool pipelining) {
  std::size_t end = begin + 1;
  std::size_t bytes = lines[begin].size();
  if (!pipelining) return end;
  for (; end < lines.size() && end - begin < kFlightCommands; ++end) {
    bytes += lines[end].size() + 2;
    if (bytes > kFlightBytes) break;
  }
  return end;
}

}  // namespace

bool SmtpClient::Impl::refused_mail(const Commands& commands, const std::vector<Reply>& replies) {
  const std::size_t first = commands.asides;
  return replies.size() > first && !replies[first].positive() &&
         verb_of(commands.lines[first]) == "MAIL";
}

// The log of the upstream lacks something then, the mail lacks nothing. But where it was told of an
// earlier client, it might take this one's mail for that one's.
Result<void> SmtpClient::Impl::take_xforward(const Reply& reply) {
  if (reply.positive()) {
    forwarded = true;
  } else if (forwarded_before) {
    return std::unexpected(channel->break_with(
        {ErrorKind::protocol, "XFORWARD was answered with: " + reply.summary()}));
  } else {
    forward_refused = reply.summary();
  }
  return {};
}

// The replies to MAIL and RCPTs, or to RCPTs alone: up to a 421, or to the refusal of the MAIL.
Task<Result<std::vector<Reply>>> SmtpClient::Impl::ask_all(Commands commands) {
  const std::vector<std::string>& lines = commands.lines;
  const auto fits = [this](std::string_view line) { return fits_command(line, smtp_utf8); };
  if (!std::ranges::all_of(lines, fits))
    co_return std::unexpected(
        channel->break_with({ErrorKind::invalid, "an address holds a byte that no command may"}));
  std::vector<Reply> replies;
  while (replies.size() < lines.size()) {
    const std::size_t end = end_of_flight(lines, replies.size(), capabilities.pipelining);
    if (auto flown = co_await fly(commands, end, replies); !flown)
      co_return std::unexpected(std::move(flown.error()));
    if (replies.back().code == 421 || refused_mail(commands, replies)) break;
  }
  // A 421 to an aside stands for all that follows.
  const std::size_t kept_from = std::min(commands.asides, replies.size() - 1);
  replies.erase(replies.begin(), replies.begin() + static_cast<std::ptrdiff_t>(kept_from));
  co_return std::move(replies);
}

// The lines that have no reply yet, up to `end`, in one flight.
Task<Result<void>> SmtpClient::Impl::fly(const Commands& commands, std::size_t end,
                                         std::vector<Reply>& replies) {
  const std::vector<std::string>& lines = commands.lines;
  if (auto going = check_cancel(); !going) co_return going;
  std::string flight;
  const std::size_t begin = replies.size();
  for (std::size_t i = begin; i < end; ++i) flight += lines[i] + "\r\n";
  using enum ReplyChannel::Meanwhile;
  auto farewell = co_await channel->write(flight, verb_of(lines[begin]), within(command_timeout),
                                          end - begin > 1 ? may_reply : silent);
  if (!farewell) co_return std::unexpected(std::move(farewell.error()));
  if (*farewell) {
    replies.push_back(std::move(**farewell));
    co_return Result<void>{};
  }
  for (std::size_t i = begin; i < end; ++i) {
    const std::string_view verb = verb_of(lines[i]);
    auto reply = co_await channel->read(verb, within(command_timeout));
    if (i + 1 == end) channel->settle();
    if (reply) reply = check(std::move(*reply), verb);
    if (refused_mail(commands, replies)) {
      // Which stands whatever becomes of the RCPTs; but an upstream that takes a recipient for a
      // refused sender is not one to go on with.
      if (!reply) break;
      if (reply->positive())
        channel->break_with({ErrorKind::protocol, "RCPT was taken although MAIL was refused"});
    } else {
      if (!reply) co_return std::unexpected(std::move(reply.error()));
      replies.push_back(std::move(*reply));
      // The connection ends; whether more replies come doesn't matter.
      if (replies.back().code == 421) break;
      if (i >= commands.asides) continue;
      if (auto taken = take_xforward(replies.back()); !taken) co_return taken;
    }
  }
  co_return Result<void>{};
}

Result<std::string> SmtpClient::Impl::introduction_of(const mail::Peer* client) const {
  if (forward != ForwardClient::xclient) return std::string();
  if (client == nullptr)
    return fail(ErrorKind::invalid, "mail of nobody for an upstream that wants to know whose");
  return xclient_command(*client, xclient_offer, forward_login);
}

Task<Result<void>> SmtpClient::introduce(const mail::Peer* client) {
  const std::shared_ptr<Impl> me = impl_;
  auto command = me->introduction_of(client);
  if (!command) co_return std::unexpected(std::move(command.error()));
  if (*command == me->introduced) co_return Result<void>{};
  if (me->state != Impl::State::idle) co_return std::unexpected(out_of_order("XCLIENT"));
  if (me->one_client)
    co_return fail(ErrorKind::unavailable, "this connection is for another client");
  if (auto going = me->check_cancel(); !going) co_return going;
  me->introduced.clear();
  auto reply =
      co_await me->channel->ask(*command + "\r\n", "XCLIENT", me->within(me->command_timeout));
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (!reply->positive())
    co_return std::unexpected(
        me->channel->break_with({reply->code == 421 ? ErrorKind::closed : ErrorKind::unavailable,
                                 "XCLIENT was answered with: " + reply->summary()}));
  // The client's own name: what Exim takes for it, and no other than the HELO that Postfix was
  // told.
  const std::string_view name = client->helo.empty() ? me->hostname : client->helo;
  auto capabilities = co_await say_hello(*me->channel, name, me->command_timeout, me->bound,
                                         me->answers_each ? Protocol::lmtp : Protocol::smtp);
  if (!capabilities)
    co_return std::unexpected(me->channel->break_with(std::move(capabilities.error())));
  me->capabilities = std::move(*capabilities);
  me->one_client = !check_xclient(offered_attributes(me->capabilities, "XCLIENT"));
  me->introduced = std::move(*command);
  co_return Result<void>{};
}

Task<Result<SmtpClient::MailReplies>> SmtpClient::mail_and_rcpts(
    const mail::Envelope& envelope, std::vector<const Recipient*> recipients) {
  const std::shared_ptr<Impl> me = impl_;
  const auto introduction = me->introduction_of(envelope.client);
  if (me->state != Impl::State::idle || !introduction || *introduction != me->introduced)
    co_return std::unexpected(out_of_order("MAIL"));
  me->state = Impl::State::transaction;
  me->accepted = 0;
  me->smtp_utf8 = envelope.parameters.smtp_utf8 && me->capabilities.smtp_utf8;
  me->binary = envelope.parameters.body == smtp::Body::binary_mime;
  me->forwarded_before = me->forwarded;
  Impl::Commands commands;
  if (me->forward != ForwardClient::none && me->forward_refused.empty())
    commands.lines = xforward_commands(envelope, me->capabilities);
  commands.asides = commands.lines.size();
  commands.lines.push_back(mail_command(envelope, me->capabilities));
  for (const auto* recipient : recipients)
    commands.lines.push_back(rcpt_command(*recipient, me->capabilities));
  auto replies = co_await me->ask_all(std::move(commands));
  if (!replies) co_return std::unexpected(std::move(replies.error()));
  if (!replies->front().positive()) {
    me->state = Impl::State::idle;
    co_return MailReplies{std::move(replies->front()), {}};
  }
  fill_up(*replies, 1 + recipients.size());
  MailReplies result{std::move(replies->front()), {}};
  replies->erase(replies->begin());
  result.rcpts = std::move(*replies);
  me->count_accepted(result.rcpts);
  co_return std::move(result);
}

Task<Result<std::vector<Reply>>> SmtpClient::rcpts(std::vector<const Recipient*> recipients) {
  const std::shared_ptr<Impl> me = impl_;
  if (me->state != Impl::State::transaction) co_return std::unexpected(out_of_order("RCPT"));
  Impl::Commands commands;
  for (const auto* recipient : recipients)
    commands.lines.push_back(rcpt_command(*recipient, me->capabilities));
  auto replies = co_await me->ask_all(std::move(commands));
  if (!replies) co_return std::move(replies);
  fill_up(*replies, recipients.size());
  me->count_accepted(*replies);
  co_return std::move(replies);
}

}  // namespace sekisho::upstream
