// What the tests of this folder share: a loop with its helpers, settings for a scripted upstream on
// loopback, grants made by a real gate, and one message sent as a delivery would.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/async/loop.h"
#include "gateway/relay/relay_gate.h"
#include "gateway/upstream/smtp_client.h"
#include "gateway/upstream/upstream.h"
#include "tests/support/scripted_upstream.h"

namespace sekisho::upstream {

inline UpstreamSettings settings_for(std::uint16_t port) {
  UpstreamSettings settings;
  settings.host = "127.0.0.1";
  settings.port = port;
  settings.tls = TlsMode::never;
  // Far more than anything here takes; tests of time-outs set their own.
  settings.connect_timeout = settings.greeting_timeout = settings.command_timeout = 10s;
  settings.data_timeout = settings.final_timeout = 10s;
  return settings;
}

inline relay::RelayGrant grant_for(std::string_view recipient) {
  const auto gate = relay::RelayGate::create({}).value();
  auto mailbox = smtp::parse_mailbox(recipient);
  return gate
      ->decide({.policy = {.by_authentication = true},
                .authenticated_user = "user",
                .client = {},
                .recipient = mailbox.value()})
      .value();
}

inline mail::Envelope envelope_from(std::string_view sender) {
  mail::Envelope envelope;
  if (!sender.empty()) envelope.sender = smtp::parse_mailbox(sender).value();
  return envelope;
}

inline std::vector<Recipient> recipients_for(const std::vector<std::string>& recipients) {
  std::vector<Recipient> made;
  for (const std::string& recipient : recipients) made.push_back(grant_for(recipient));
  return made;
}

inline std::vector<const Recipient*> pointers_to(const std::vector<Recipient>& recipients) {
  std::vector<const Recipient*> pointers;
  for (const auto& one : recipients) pointers.push_back(&one);
  return pointers;
}

inline Task<Result<SmtpClient::MailReplies>> open_transaction(
    SmtpClient& client, std::vector<std::string> recipients = {"b@example.net"},
    std::string sender = "a@example.org") {
  const auto each = recipients_for(recipients);
  const auto envelope = envelope_from(sender);
  co_return co_await client.mail_and_rcpts(envelope, pointers_to(each));
}

inline Task<Result<std::vector<smtp::Reply>>> add_recipients(SmtpClient& client,
                                                             std::vector<std::string> recipients) {
  const auto each = recipients_for(recipients);
  co_return co_await client.rcpts(pointers_to(each));
}

using Connected = Result<std::unique_ptr<SmtpClient>>;

// How far a message came: where it stopped, and with what.
struct Journey {
  std::string stopped_at;  // "", "connect", "MAIL", "RCPT", "DATA", "text", "dot"
  int code = 0;            // of the refusing reply; 0: an error
  Error error;
  std::string words;  // of the acceptance, the refusal or the error
};

struct UpstreamFixture : ::testing::Test {
  Loop loop;
  NameResolver resolver;
  Offload offload{1, 16};
  CancelSource cancel;

  Connected connect(const UpstreamSettings& settings, Deadline deadline = Deadline::in(20s)) {
    return loop.run_until_done(connect_to(settings, deadline));
  }
  Connected connect(const test::ScriptedUpstream& upstream) {
    return connect(settings_for(upstream.port()));
  }
  Task<Connected> connect_to(const UpstreamSettings& settings, Deadline deadline) {
    auto upstream = Upstream::make("mta", settings, "gateway.test");
    if (!upstream) co_return std::unexpected(upstream.error());
    co_return co_await SmtpClient::connect(loop, resolver, offload, **upstream, nullptr, deadline,
                                           cancel);
  }

  template <class T>
  T run(Task<T> task) {
    return loop.run_until_done(std::move(task));
  }

  // One message to one recipient over `client`.
  Task<Journey> send_over(SmtpClient& client, std::string_view text) {
    auto opened = co_await open_transaction(client, {"rcpt@example.net"}, "sender@example.org");
    if (!opened) co_return failed("MAIL", opened.error());
    if (!opened->mail.positive()) co_return refused("MAIL", opened->mail);
    if (!opened->rcpts.at(0).positive()) co_return refused("RCPT", opened->rcpts.at(0));
    auto go_ahead = co_await client.data();
    if (!go_ahead) co_return failed("DATA", go_ahead.error());
    if (go_ahead->code != 354) co_return refused("DATA", *go_ahead);
    auto sent = co_await client.send(text);
    if (!sent) co_return failed("text", sent.error());
    auto answer = co_await client.finish();
    if (!answer) co_return failed("dot", answer.error());
    if (const auto* refusal = std::get_if<smtp::Reply>(&answer->front()))
      co_return refused("dot", *refusal);
    co_return Journey{{}, 250, {}, std::get<UpstreamAcceptance>(answer->front()).reply().summary()};
  }

  Journey send(SmtpClient& client, std::string_view text = "Subject: x\r\n\r\nhello\r\n") {
    return run(send_over(client, text));
  }
  // Connects and sends; the client is kept in `last` to be looked at.
  Journey deliver(const UpstreamSettings& settings,
                  std::string_view text = "Subject: x\r\n\r\nhello\r\n") {
    auto client = connect(settings);
    if (!client) return failed("connect", client.error());
    last = std::move(*client);
    return send(*last, text);
  }

  static Journey failed(std::string where, const Error& error) {
    return {std::move(where), 0, error, error.text};
  }
  static Journey refused(std::string where, const smtp::Reply& reply) {
    return {std::move(where), reply.code, {}, reply.summary()};
  }

  std::unique_ptr<SmtpClient> last;
};

}  // namespace sekisho::upstream
