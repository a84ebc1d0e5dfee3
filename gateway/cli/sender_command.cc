// `sekisho sender`: may a user send as an address, and why.
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "gateway/base/encode.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/loading.h"
#include "gateway/sender/ownership.h"

namespace sekisho::cli {
namespace {

std::string_view consequence(sender::Policy policy) {
  switch (policy) {
    case sender::Policy::off:
      return "policy \"off\": it is not looked at";
    case sender::Policy::log:
      return "policy \"log\": it passes, with a line in the log";
    case sender::Policy::rewrite:
      return "policy \"rewrite\": the user's own address is put in its place";
    default:
      return "policy \"reject\": 553 5.7.1 to MAIL, 550 5.7.1 to a message that names it";
  }
}

}  // namespace

int show_sender(const SenderWish& wish, const std::filesystem::path& config_file) {
  const auto loaded = load_or_complain(config::load, config_file);
  if (!loaded) return kErrors;
  const config::Settings& settings = loaded->settings;
  sender::Policy policy = settings.sender.policy;
  if (!wish.listener.empty()) {
    const auto listener = settings.listeners.find(wish.listener);
    if (listener == settings.listeners.end()) {
      fmt::print(stderr, "sekisho sender: there is no [listener.{}]\n", wish.listener);
      return kErrors;
    }
    if (listener->second.sender_policy != sender::Policy::by_default)
      policy = listener->second.sender_policy;
  }
  const auto address = smtp::parse_mailbox(wish.address, true);
  if (!address) {
    fmt::print(stderr, "sekisho sender: {}: {}\n", encode_for_log(wish.address),
               address.error().text);
    return kErrors;
  }
  const auto senders = sender::SenderOwnership::create(settings.sender);
  if (!senders) {
    fmt::print(stderr, "sekisho sender: {}\n", senders.error().text);
    return kErrors;
  }
  const std::string user = encode_for_log(wish.user);
  const std::string text = encode_for_log(address->to_string());
  if (!(*senders)->knows(wish.user)) {
    fmt::print(
        "yes: nothing is known of what {} owns, so that any address may be used; set "
        "sender.map_file or sender.login_domains\n",
        user);
    return kDone;
  }
  const auto answer = (*senders)->ask(wish.user, *address);
  if (answer.owned) {
    fmt::print("yes: {} may send as <{}>: {}\n", user, text, answer.why);
    return kDone;
  }
  fmt::print("no: <{}> is not an address of {}: {}\n{}\n", text, user, answer.why,
             consequence(policy));
  if (policy != sender::Policy::rewrite) return kErrors;
  if (const auto own = (*senders)->own_address(wish.user))
    fmt::print("that is <{}>\n", encode_for_log(own->to_string()));
  else
    fmt::print("there is none, so that it is refused all the same\n");
  return kErrors;
}

}  // namespace sekisho::cli
