// Command lines and SASL responses under any bytes. Oracles: no refusal carries a byte of the
// client or a code outside 5yz, an accepted path holds no control byte, and a SASL exchange that
// ends gives credentials that can be.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/smtp/command.h"
#include "gateway/smtp/dialog.h"
#include "gateway/smtp/sasl.h"

namespace {

using namespace sekisho::smtp;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_refusal(const Reply& reply) {
  require(reply.permanent() && reply.enhanced && reply.enhanced->klass == 5);
  require(reply.lines.size() == 1);
  for (const char c : reply.lines.front()) require(c >= ' ' && c <= '~');
}

// Bytes beyond ASCII only where the command said SMTPUTF8; control bytes never.
void check_mailbox(const Mailbox& mailbox, bool smtp_utf8) {
  for (const char c : mailbox.to_string()) {
    const auto byte = static_cast<unsigned char>(c);
    require(byte >= 0x20 && byte != 0x7F && (byte < 0x80 || smtp_utf8));
  }
}

// What goes on to the next server as it came must be no more than one word of a command.
void check_word(const std::string& text) {
  for (const char c : text) require(c > ' ' && c <= '~');
}

void check_sasl(const AuthCommand& command) {
  const auto exchange = SaslExchange::start(command.mechanism);
  if (!exchange) return;
  std::optional<std::string_view> response;
  if (command.initial_response) response = *command.initial_response;
  for (int round = 0; round < 4; ++round) {
    const auto step = exchange->step(response);
    if (const auto* reply = std::get_if<Reply>(&step)) return check_refusal(*reply);
    if (const auto* credentials = std::get_if<Credentials>(&step)) {
      require(!credentials->user.empty() && !credentials->password.empty());
      require(credentials->authorize_as.empty() || credentials->authorize_as == credentials->user);
      require(credentials->user.find('\0') == std::string::npos);
      return;
    }
    response = command.initial_response ? std::string_view(*command.initial_response) : "x";
  }
  std::abort();  // every exchange ends within three responses
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string line(data, data + size);
  const auto command = parse_command(line);
  require(command.argument.size() <= line.size());
  if (const auto refused = refuse_argument(command)) check_refusal(*refused);
  if (const auto refused = Dialog(DialogRules{}).refuse(command.verb)) check_refusal(*refused);

  if (const auto mail = parse_mail(command.argument)) {
    if (mail->sender) check_mailbox(*mail->sender, mail->parameters.smtp_utf8);
    check_word(mail->parameters.dsn_id);
    if (mail->parameters.auth) {
      for (const char c : *mail->parameters.auth) {
        require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
      }
    }
  } else {
    check_refusal(mail.error());
  }
  for (const bool smtp_utf8 : {false, true}) {
    if (const auto rcpt = parse_rcpt(command.argument, smtp_utf8)) {
      check_mailbox(rcpt->recipient, smtp_utf8);
      check_word(rcpt->parameters.notify);
      check_word(rcpt->parameters.original_recipient);
    } else {
      check_refusal(rcpt.error());
    }
  }
  if (const auto auth = parse_auth(command.argument)) {
    check_sasl(*auth);
  } else {
    check_refusal(auth.error());
  }
  return 0;
}
