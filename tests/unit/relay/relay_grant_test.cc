// What makes an open relay impossible to write: nothing but RelayGate can make a RelayGrant. These
// are checks at compile time; this file doesn't build when one fails.
#include <type_traits>

#include <gtest/gtest.h>

#include "gateway/relay/relay_gate.h"

namespace sekisho::relay {
namespace {

using Source = RelayGrant::Source;

// Braces reach aggregates, which the is_constructible family doesn't ask about.
template <class T, class... A>
concept Makeable = requires(A... a) { T{a...}; };

static_assert(!std::is_default_constructible_v<RelayGrant>);
static_assert(!std::is_aggregate_v<RelayGrant>);
static_assert(!std::is_constructible_v<RelayGrant, Source, smtp::Mailbox>);
static_assert(!std::is_constructible_v<RelayGrant, smtp::Mailbox>);
static_assert(!std::is_constructible_v<RelayGrant, Source>);
static_assert(!std::is_constructible_v<RelayGrant, smtp::Mailbox, Source>);
static_assert(!std::is_constructible_v<RelayGrant, RelayQuestion>);
static_assert(!std::is_convertible_v<smtp::Mailbox, RelayGrant>);
static_assert(!std::is_convertible_v<RelayQuestion, RelayGrant>);
static_assert(!Makeable<RelayGrant>);
static_assert(!Makeable<RelayGrant, Source, smtp::Mailbox>);
static_assert(!Makeable<RelayGrant, smtp::Mailbox>);
static_assert(!std::is_trivially_default_constructible_v<RelayGrant>);
// Deriving doesn't help: the constructor is private, not protected.
struct Forged : RelayGrant {};
static_assert(!std::is_default_constructible_v<Forged>);
static_assert(!std::is_constructible_v<Forged, Source, smtp::Mailbox>);
// A grant can't be turned into another recipient's afterwards.
static_assert(
    std::is_same_v<decltype(std::declval<RelayGrant&>().recipient()), const smtp::Mailbox&>);
static_assert(!std::is_constructible_v<RelayGate, std::shared_ptr<DomainSet>, NetworkSet>);

TEST(RelayGrant, ComesFromTheGateAndIsForThatRecipientAlone) {
  const auto gate =
      RelayGate::create({.domains = {"example.com"}, .domains_file = {}, .networks = {}});
  ASSERT_TRUE(gate.has_value());
  RelayQuestion question;
  question.policy.by_local_domain = true;
  question.recipient = {.local = "user", .domain = "example.com"};
  const auto grant = (*gate)->decide(question);
  ASSERT_TRUE(grant.has_value());
  EXPECT_EQ(grant->source(), Source::local_domain);
  EXPECT_EQ(grant->recipient(), question.recipient);
}

}  // namespace
}  // namespace sekisho::relay
