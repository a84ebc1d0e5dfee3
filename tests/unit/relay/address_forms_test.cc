// The forms of an address by which a relay is usually tricked, from the client's text through the
// parser to the gate. Each form is asked three times: as a stranger on a listener for our own
// domains, as an authenticated user, and as a stranger on a listener that wants a log-in.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/relay/relay_gate.h"
#include "gateway/smtp/address.h"

namespace sekisho::relay {
namespace {

enum class Expect { syntax, denied, ours };

struct Form {
  std::string text;
  Expect stranger;
};

const std::string kLongLocal(64, 'l');

const std::vector<Form>& forms() {
  using enum Expect;
  static const std::vector<Form> kForms{
      // Ours.
      {"<user@example.com>", ours},
      {"<User@EXAMPLE.Com>", ours},
      {"<first.last+tag@example.com>", ours},
      {"<user@a.sub.example.org>", ours},
      {"<user@sub.example.org>", ours},
      {"<\"john doe\"@example.com>", ours},
      {"<\"a\\\"b\"@example.com>", ours},
      {"<\"user\"@example.com>", ours},
      {"<postmaster>", ours},
      {"<POSTMASTER>", ours},
      {"<postmaster@example.com>", ours},
      {"<#$&'*+-/=?^_`{|}~@example.com>", ours},
      {"<" + kLongLocal + "@example.com>", ours},
      // Simply foreign.
      {"<user@elsewhere.net>", denied},
      {"<user@com>", denied},
      {"<user@example.org>", denied},
      {"<user@sub.example.com>", denied},
      {"<user@xexample.com>", denied},
      {"<user@example.com.elsewhere.net>", denied},
      {"<user@subexample.org>", denied},
      {"<user@example-com.net>", denied},
      {"<user@localhost>", denied},
      {"<user@xn--exmple-cua.com>", denied},
      {"<postmaster@elsewhere.net>", denied},
      {"<example.com@elsewhere.net>", denied},
      {"<\"example.com\"@elsewhere.net>", denied},
      // Percent hack.
      {"<user%elsewhere.net@example.com>", denied},
      {"<user%elsewhere.net%example.com@example.com>", denied},
      {"<%@example.com>", denied},
      {"<user%@example.com>", denied},
      {"<%elsewhere.net@example.com>", denied},
      {"<\"user%elsewhere.net\"@example.com>", denied},
      {"<\"user\\%elsewhere.net\"@example.com>", denied},
      {"<user%40elsewhere.net@example.com>", denied},
      {"<user%[192.0.2.1]@example.com>", syntax},
      {"<\"user%[192.0.2.1]\"@example.com>", denied},
      {"<user%example.com@elsewhere.net>", denied},
      {"<postmaster%elsewhere.net@sub.example.org>", denied},
      // Bang paths.
      {"<elsewhere.net!user@example.com>", denied},
      {"<example.com!elsewhere.net!user@example.com>", denied},
      {"<!user@example.com>", denied},
      {"<\"elsewhere.net!user\"@example.com>", denied},
      {"<elsewhere.net!user>", syntax},
      {"<example.com!user@elsewhere.net>", denied},
      // At signs.
      {"<user@elsewhere.net@example.com>", syntax},
      {"<user@example.com@elsewhere.net>", syntax},
      {"<user@@example.com>", syntax},
      {"<user@elsewhere.net@>", syntax},
      {"<\"user@elsewhere.net\"@example.com>", denied},
      {"<\"user\\@elsewhere.net\"@example.com>", denied},
      {"<\"@elsewhere.net:user\"@example.com>", denied},
      {"<user\\@elsewhere.net@example.com>", syntax},
      {"<\"user@example.com\"@elsewhere.net>", denied},
      {"<\"<user@elsewhere.net>\"@example.com>", denied},
      {"<\"user@elsewhere.net\">", syntax},
      // Source routes.
      {"<@example.com:user@elsewhere.net>", denied},
      {"<@elsewhere.net:user@example.com>", denied},
      {"<@example.com:user@example.com>", denied},
      {"<@a.net,@b.net:user@example.com>", denied},
      {"<@example.com,@elsewhere.net:user@elsewhere.net>", denied},
      {"<@example.com:@elsewhere.net:user@example.com>", syntax},
      {"<@example.com>", syntax},
      {"<@:user@example.com>", syntax},
      {"<@example.com,user@elsewhere.net>", syntax},
      {"<@example.com:user%elsewhere.net@example.com>", denied},
      {"<@[192.0.2.1]:user@example.com>", syntax},
      {"<@elsewhere.net:postmaster>", syntax},
      // Literals.
      {"<user@[192.0.2.1]>", denied},
      {"<user@[127.0.0.1]>", denied},
      {"<user@[IPv6:2001:db8::1]>", denied},
      {"<user@[IPv6:::1]>", denied},
      {"<user@[example.com]>", syntax},
      {"<user@[192.0.2.1>", syntax},
      {"<user@[192.0.2.1]example.com>", syntax},
      {"<user@192.0.2.1>", denied},
      {"<user@[]>", syntax},
      {"<user%elsewhere.net@[127.0.0.1]>", denied},
      {"<user@3221225985>", denied},
      // Dots.
      {"<user@example.com.>", syntax},
      {"<user@example.com..>", syntax},
      {"<user@.example.com>", syntax},
      {"<user@example..com>", syntax},
      {"<user@elsewhere.net.>", syntax},
      {"<.user@example.com>", syntax},
      {"<user.@example.com>", syntax},
      {"<us..er@example.com>", syntax},
      {"<user@.>", syntax},
      // No domain, no local part, no brackets.
      {"<user>", syntax},
      {"<root>", syntax},
      {"<postmaster%elsewhere.net>", syntax},
      {"<>", syntax},
      {"<@>", syntax},
      {"<user@>", syntax},
      {"<\"\"@example.com>", syntax},
      {"", syntax},
      {"user@elsewhere.net", syntax},
      {"user@example.com", syntax},
      {"<user@elsewhere.net", syntax},
      {"<<user@elsewhere.net>>", syntax},
      {"<user@example.com><user@elsewhere.net>", syntax},
      {"<user@example.com>@elsewhere.net", syntax},
      {"<user@elsewhere.net>,<user@example.com>", syntax},
      // Blanks, comments and control bytes.
      {"<user @example.com>", syntax},
      {"<user@ elsewhere.net>", syntax},
      {"<user@example.com elsewhere.net>", syntax},
      {"<user(x)@example.com>", syntax},
      {"<user@elsewhere.net(@example.com)>", syntax},
      {"<user@elsewhere.net\r@example.com>", syntax},
      {"<\"user\r\nRCPT TO:<x@elsewhere.net>\"@example.com>", syntax},
      {std::string("<user@elsewhere.net\0@example.com>", 33), syntax},
      {std::string("<user@elsewhere.net\0.example.com>", 33), syntax},
      {"<user@elsewhere.net\t@example.com>", syntax},
      {"<user@example.com\x7F>", syntax},
      {"<us\xC3\xA9r@example.com>", syntax},
      {"<user@ex\xC3\xA4mple.com>", syntax},
      {"<user\xEF\xBC\xA0"
       "elsewhere.net@example.com>",
       syntax},
      {"<user;x@elsewhere.net@example.com>", syntax},
      {"<user,x@example.com>", syntax},
      {"<user:x@example.com>", syntax},
      {"<|prog@example.com>", ours},  // an upstream delivers it to a mailbox of that name or not
      // Over length.
      {"<l" + kLongLocal + "@example.com>", syntax},
      {"<user@" + std::string(64, 'd') + ".example.org>", syntax},
  };
  return kForms;
}

std::shared_ptr<const RelayGate> gate() {
  return RelayGate::create(
             {.domains = {"example.com", "*.example.org"}, .domains_file = {}, .networks = {}})
      .value();
}

Expect outcome(const std::string& text, RelayPolicy policy, std::string_view user) {
  const auto parsed = smtp::parse_forward_path(text);
  if (!parsed || !parsed->path.mailbox) return Expect::syntax;
  const auto answer = gate()->decide({.policy = policy,
                                      .authenticated_user = user,
                                      .client = IpAddress::parse("192.0.2.9").value(),
                                      .recipient = *parsed->path.mailbox,
                                      .source_route = parsed->path.source_route});
  if (answer) return Expect::ours;
  EXPECT_EQ(answer.error().code, 550) << text;
  EXPECT_EQ(answer.error().enhanced->to_string(), "5.7.1") << text;
  EXPECT_NE(answer.error().lines.at(0).find("relaying denied"), std::string::npos) << text;
  return Expect::denied;
}

TEST(AddressForms, StrangersReachOurDomainsAndNothingElse) {
  for (const auto& [text, expected] : forms()) {
    EXPECT_EQ(static_cast<int>(outcome(text, {.by_local_domain = true}, "")),
              static_cast<int>(expected))
        << text;
  }
}

TEST(AddressForms, AuthenticatedUsersMaySendToEveryFormThatParses) {
  for (const auto& [text, expected] : forms()) {
    const auto wanted = expected == Expect::syntax ? Expect::syntax : Expect::ours;
    EXPECT_EQ(static_cast<int>(outcome(text, {.by_authentication = true}, "alice")),
              static_cast<int>(wanted))
        << text;
  }
}

TEST(AddressForms, WithoutLogInNoFormPassesAListenerThatWantsOne) {
  for (const auto& [text, expected] : forms()) {
    EXPECT_NE(static_cast<int>(outcome(text, {.by_authentication = true, .by_network = true}, "")),
              static_cast<int>(Expect::ours))
        << text;
  }
}

TEST(AddressForms, SourceRouteIsDroppedFromAGrantedRecipient) {
  const auto parsed = smtp::parse_forward_path("<@a.net,@b.net:user@elsewhere.net>");
  ASSERT_TRUE(parsed.has_value());
  const auto grant = gate()->decide({.policy = {.by_authentication = true},
                                     .authenticated_user = "alice",
                                     .client = {},
                                     .recipient = *parsed->path.mailbox,
                                     .source_route = parsed->path.source_route});
  ASSERT_TRUE(grant.has_value());
  EXPECT_EQ(grant->recipient().to_string(), "user@elsewhere.net");
}

}  // namespace
}  // namespace sekisho::relay
