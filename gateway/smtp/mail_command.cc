// MAIL and RCPT, the two commands with a path and parameters.
#include <algorithm>
#include <limits>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/smtp/command.h"
#include "gateway/smtp/dsn_parameters.h"
#include "gateway/smtp/parameters.h"

namespace sekisho::smtp {
namespace {

using Failure = std::optional<Reply>;

// RFC 5321 section 4.1.1.11.
Reply not_supported() { return Reply::of(555, "5.5.4", "parameter not recognized or implemented"); }

Failure take_size(const Parameter& parameter, MailParameters& into) {
  // RFC 1870 section 6: up to 20 digits, which may say more than 64 bits hold; such a size is
  // well-formed and larger than any limit.
  constexpr std::size_t kMaxDigits = 20;
  const auto digits = parameter.value.value_or("");
  if (digits.empty() || digits.size() > kMaxDigits || !std::ranges::all_of(digits, is_digit)) {
    return Reply::of(501, "5.5.4", "SIZE needs a number");
  }
  into.size = parse_uint(digits).value_or(std::numeric_limits<std::uint64_t>::max());
  return std::nullopt;
}

Failure take_body(const Parameter& parameter, MailParameters& into) {
  const auto word = to_upper(parameter.value.value_or(""));
  if (word == "7BIT")
    into.body = Body::seven_bit;
  else if (word == "8BITMIME")
    into.body = Body::eight_bit_mime;
  else if (word == "BINARYMIME")
    into.body = Body::binary_mime;
  else
    return Reply::of(501, "5.5.4", "BODY needs 7BIT, 8BITMIME or BINARYMIME");
  return std::nullopt;
}

Failure take_auth(const Parameter& parameter, MailParameters& into) {
  into.auth = decode_xtext(parameter.value.value_or(""));
  if (!into.auth || into.auth->empty()) {
    return Reply::of(501, "5.5.4", "AUTH needs a mailbox or <> in xtext");
  }
  return std::nullopt;
}

// A keyword that takes no value (RFC 6531 section 3.4, RFC 8689 section 2).
Failure take_flag(const Parameter& parameter, bool& into) {
  if (parameter.value) return Reply::of(501, "5.5.4", "this parameter takes no value");
  into = true;
  return std::nullopt;
}

Failure take_parameter(const Parameter& parameter, MailParameters& into) {
  if (parameter.keyword == "SIZE") return take_size(parameter, into);
  if (parameter.keyword == "BODY") return take_body(parameter, into);
  if (parameter.keyword == "AUTH") return take_auth(parameter, into);
  if (parameter.keyword == "SMTPUTF8") return take_flag(parameter, into.smtp_utf8);
  if (parameter.keyword == "REQUIRETLS") return take_flag(parameter, into.require_tls);
  if (auto dsn = take_dsn_parameter(parameter, into); dsn.known) return std::move(dsn.failure);
  return not_supported();
}

struct Arguments {
  ParsedPath parsed;
  std::vector<Parameter> parameters;
};

// "FROM:<path> parameters", the same for both commands but for the word, the direction and the
// enhanced code of a bad address.
struct Shape {
  std::string_view word;
  std::string_view syntax;
  std::string_view bad_address;
  Result<ParsedPath> (*parse_path)(std::string_view, bool);
};
constexpr Shape kMail{"FROM:", "syntax: MAIL FROM:<address>", "5.1.7", parse_reverse_path};
constexpr Shape kRcpt{"TO:", "syntax: RCPT TO:<address>", "5.1.3", parse_forward_path};

std::expected<Arguments, Reply> parse_arguments(std::string_view argument, const Shape& shape,
                                                bool utf8) {
  if (!istarts_with(argument, shape.word)) {
    return std::unexpected(Reply::of(501, "5.5.4", shape.syntax));
  }
  auto parsed = shape.parse_path(argument.substr(shape.word.size()), utf8);
  if (!parsed) {
    // The parser's words are fixed ones, without a byte of the client.
    return std::unexpected(
        Reply::of(501, shape.bad_address, "bad address syntax: " + parsed.error().text));
  }
  auto parameters = parse_parameters(parsed->rest);
  if (!parameters) return std::unexpected(std::move(parameters.error()));
  return Arguments{.parsed = std::move(*parsed), .parameters = std::move(*parameters)};
}

}  // namespace

std::expected<MailCommand, Reply> parse_mail(std::string_view argument) {
  auto arguments = parse_arguments(argument, kMail, false);
  // The word that allows a UTF-8 address stands behind it.
  if (!arguments) {
    auto utf8 = parse_arguments(argument, kMail, true);
    const auto says_so = [](const Parameter& one) { return one.keyword == "SMTPUTF8"; };
    if (utf8 && std::ranges::any_of(utf8->parameters, says_so)) arguments = std::move(utf8);
  }
  if (!arguments) return std::unexpected(std::move(arguments.error()));
  MailCommand command{.sender = std::move(arguments->parsed.path.mailbox), .parameters = {}};
  for (const auto& parameter : arguments->parameters) {
    if (auto failure = take_parameter(parameter, command.parameters)) {
      return std::unexpected(std::move(*failure));
    }
  }
  return command;
}

std::expected<RcptCommand, Reply> parse_rcpt(std::string_view argument, bool smtp_utf8) {
  auto arguments = parse_arguments(argument, kRcpt, smtp_utf8);
  if (!arguments) return std::unexpected(std::move(arguments.error()));
  // NOLINTBEGIN(bugprone-unchecked-optional-access): a forward path always has a mailbox
  RcptCommand command{.recipient = std::move(arguments->parsed.path.mailbox.value()),
                      .source_route = arguments->parsed.path.source_route,
                      .parameters = {}};
  // NOLINTEND(bugprone-unchecked-optional-access)
  for (const auto& parameter : arguments->parameters) {
    auto dsn = take_dsn_parameter(parameter, command.parameters);
    if (!dsn.known) return std::unexpected(not_supported());
    if (dsn.failure) return std::unexpected(std::move(*dsn.failure));
  }
  return command;
}

}  // namespace sekisho::smtp
