// One message from somebody to somebody, played through all stages of a rule set: for `sekisho
// test` and `sekisho rules try`. No upstream and no relay gate: what is said is what the rules say.
// Pure; one thread for each Matchers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/ip.h"
#include "gateway/base/time.h"
#include "rules/testing/conversation.h"

namespace sekisho::rules::testing {

// Who sends, and how. Words of SPF, DKIM and DMARC as rules have them.
struct Circumstances {
  IpAddress client;
  std::string helo{kClientName};
  std::string listener;
  std::string server_name;
  bool tls = false;
  std::string user;    // empty: nobody logged in
  std::string sender;  // empty: <>
  std::vector<std::string> recipients;
  std::string spf = "none";
  std::string dkim = "none";
  std::string dmarc = "none";
  facts::CivilTime now;
};

struct Played {
  Verdict verdict;  // of the message; of the session or the mail where it did not come to it
  std::string at;   // the step that it is of: "mail from <…>"
  std::vector<std::pair<std::string, Verdict>> refused;  // recipients that were
  std::vector<engine::Effect> effects;
  std::vector<StageRun> runs;
};

[[nodiscard]] Played play(const Ready& ready, content::Matchers& matchers,
                          const Circumstances& circumstances, std::string_view message,
                          bool tracing);

// "tag \"x\"", "add header X: y"; what the rule does besides ending the stage.
[[nodiscard]] std::string to_string(const engine::Effect& effect);

}  // namespace sekisho::rules::testing
