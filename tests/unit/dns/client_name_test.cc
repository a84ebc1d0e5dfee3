#include "gateway/dns/client_name.h"

#include <gtest/gtest.h>

#include "tests/support/dns_server.h"

namespace sekisho::dns {
namespace {

using sekisho::testing::DnsServer;

class ClientName : public ::testing::Test {
 protected:
  ClientName() {
    settings_.servers = {server_.endpoint().to_string()};
    auto opened = Resolver::open(loop_, settings_, metrics_);
    EXPECT_TRUE(opened) << opened.error().text;
    resolver_ = std::move(*opened);
  }
  Result<std::optional<std::string>> name_of(std::string_view address) {
    return loop_.run_until_done(
        confirmed_name(*resolver_, *IpAddress::parse(address), Deadline::never(), cancel_));
  }

  DnsServer server_;
  DnsSettings settings_;
  Metrics metrics_;
  Loop loop_;
  CancelSource cancel_;
  std::unique_ptr<Resolver> resolver_;
};

TEST(ReverseName, OfBothFamilies) {
  EXPECT_EQ(reverse_name(*IpAddress::parse("192.0.2.7")), "7.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(*IpAddress::parse("2001:db8::7")),
            "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

TEST_F(ClientName, IsTheOneThatHasTheAddressToo) {
  server_.add_ptr("7.2.0.192.in-addr.arpa", "liar.example");
  server_.add_ptr("7.2.0.192.in-addr.arpa", "Mail.Example");
  server_.add_a("liar.example", "192.0.2.99");
  server_.add_a("mail.example", "192.0.2.1");
  server_.add_a("mail.example", "192.0.2.7");
  const auto name = name_of("192.0.2.7");
  ASSERT_TRUE(name) << name.error().text;
  EXPECT_EQ(*name, "mail.example");
}

TEST_F(ClientName, OfAnIpv6AddressGoesByAaaa) {
  server_.add_ptr(reverse_name(*IpAddress::parse("2001:db8::7")), "six.example");
  server_.add_a("six.example", "2001:db8::7");
  EXPECT_EQ(name_of("2001:db8::7").value(), "six.example");
}

TEST_F(ClientName, IsNoneWhereTheAddressHasNoneOrAnotherHasIt) {
  EXPECT_EQ(name_of("192.0.2.8").value(), std::nullopt);
  server_.add_ptr("9.2.0.192.in-addr.arpa", "liar.example");
  server_.add_a("liar.example", "192.0.2.99");
  EXPECT_EQ(name_of("192.0.2.9").value(), std::nullopt);
}

TEST_F(ClientName, IsOpenWhenTheServerFails) {
  server_.behave(DnsServer::Manner::fail);
  EXPECT_EQ(name_of("192.0.2.7").error().kind, ErrorKind::unavailable);
}

TEST_F(ClientName, LooksAtFiveNamesAtMost) {
  for (int i = 0; i < 9; ++i) {
    server_.add_ptr("7.2.0.192.in-addr.arpa", "h" + std::to_string(i) + ".example");
    server_.add_a("h" + std::to_string(i) + ".example", i == 8 ? "192.0.2.7" : "192.0.2.1");
  }
  EXPECT_EQ(name_of("192.0.2.7").value(), std::nullopt);
  EXPECT_EQ(server_.asked("h4.example"), 1);
  EXPECT_EQ(server_.asked("h5.example"), 0);
}

}  // namespace
}  // namespace sekisho::dns
