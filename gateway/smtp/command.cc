#include "gateway/smtp/command.h"

#include <algorithm>
#include <array>

#include "gateway/base/text.h"

namespace sekisho::smtp {
namespace {

struct Word {
  Verb verb;
  std::string_view name;
};
constexpr std::array kWords{
    Word{Verb::ehlo, "EHLO"},       Word{Verb::helo, "HELO"},         Word{Verb::mail, "MAIL"},
    Word{Verb::rcpt, "RCPT"},       Word{Verb::data, "DATA"},         Word{Verb::rset, "RSET"},
    Word{Verb::bdat, "BDAT"},       Word{Verb::noop, "NOOP"},         Word{Verb::vrfy, "VRFY"},
    Word{Verb::expn, "EXPN"},       Word{Verb::help, "HELP"},         Word{Verb::quit, "QUIT"},
    Word{Verb::auth, "AUTH"},       Word{Verb::starttls, "STARTTLS"}, Word{Verb::lhlo, "LHLO"},
    Word{Verb::xclient, "XCLIENT"},
};

}  // namespace

std::string_view to_string(Verb verb) {
  const auto word = std::ranges::find(kWords, verb, &Word::verb);
  return word == kWords.end() ? "unknown" : word->name;
}

Command parse_command(std::string_view line) {
  const auto name = line.substr(0, line.find_first_of(" \t"));
  const auto word =
      std::ranges::find_if(kWords, [&](const Word& known) { return iequals(known.name, name); });
  return {.verb = word == kWords.end() ? Verb::unknown : word->verb,
          .argument = trim(line.substr(name.size()))};
}

std::optional<Reply> refuse_argument(const Command& command) {
  const bool takes_none = command.verb == Verb::data || command.verb == Verb::rset ||
                          command.verb == Verb::quit || command.verb == Verb::starttls;
  if (!takes_none || command.argument.empty()) return std::nullopt;
  return Reply::of(501, "5.5.4", "this command takes no argument");
}

std::expected<AuthCommand, Reply> parse_auth(std::string_view argument) {
  const auto text = trim(argument);
  const auto mechanism = text.substr(0, text.find_first_of(" \t"));
  const auto response = trim(text.substr(mechanism.size()));

  // RFC 4422 section 3.1: a mechanism's name has 1 to 20 of these.
  constexpr std::size_t kMaxMechanism = 20;
  const bool well_formed =
      !mechanism.empty() && mechanism.size() <= kMaxMechanism &&
      std::ranges::all_of(mechanism, [](char c) { return is_alnum(c) || c == '-' || c == '_'; });
  if (!well_formed || response.find_first_of(" \t") != response.npos) {
    return std::unexpected(Reply::of(501, "5.5.4", "syntax: AUTH mechanism [initial-response]"));
  }
  AuthCommand command{.mechanism = to_upper(mechanism), .initial_response = std::nullopt};
  if (response.empty()) return command;
  // RFC 4954 section 4: "=" stands for an empty response, since no word at all means none.
  command.initial_response = response == "=" ? std::string() : base64_decode(response);
  if (!command.initial_response) {
    return std::unexpected(Reply::of(501, "5.5.2", "the initial response is not base64"));
  }
  return command;
}

}  // namespace sekisho::smtp
