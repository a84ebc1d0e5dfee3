// Session tickets: who may resume, and for how long.
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/net/net_fixture.h"

namespace sekisho::test {
namespace {

using namespace std::chrono_literals;

constexpr std::span<const unsigned char, 16> name_of(const TicketKey& key) { return key.name; }

TEST(TicketKeys, NoKeyOutlivesTwoRotations) {
  const TimePoint begin = Clock::now();
  TicketKeys keys(1h, begin);
  const auto first = keys.current(begin + 10min);
  ASSERT_TRUE(first);
  EXPECT_EQ(keys.current(begin + 59min)->name, first->name);
  const auto second = keys.current(begin + 61min);
  EXPECT_NE(second->name, first->name);
  EXPECT_TRUE(keys.find(name_of(*first), begin + 119min)) << "the one before is still good";
  EXPECT_FALSE(keys.find(name_of(*first), begin + 121min));
  EXPECT_TRUE(keys.find(name_of(*second), begin + 121min));
  EXPECT_FALSE(keys.find(name_of(*second), begin + 10h)) << "nor after a time without clients";
}

TEST(TicketKeys, OfTwoServersDiffer) {
  const TimePoint now = Clock::now();
  TicketKeys one(1h, now);
  TicketKeys two(1h, now);
  EXPECT_FALSE(two.find(name_of(*one.current(now)), now));
}

class SessionTickets : public TlsTest {
 protected:
  using Session = std::unique_ptr<SSL_SESSION, FreeWith<SSL_SESSION_free>>;
  std::shared_ptr<TicketKeys> keys_ = std::make_shared<TicketKeys>(1h);

  std::shared_ptr<const TlsContext> server(std::shared_ptr<TicketKeys> keys, bool ask = false) {
    auto ours = TlsCertificates::open(
        {.pairs = {{certificate_.certificate_file(), certificate_.key_file()}}});
    if (!ours) throw std::runtime_error(ours.error().text);
    return must(TlsContext::server({.certificates = *ours,
                                    .tickets = std::move(keys),
                                    .clients = {.ask = ask, .authorities = {}}}));
  }
  // One session with `context` by a client that offers `resume`; the ticket that it brings.
  struct Outcome {
    bool resumed = false;
    Session ticket;
  };
  Outcome connect(const std::shared_ptr<const TlsContext>& context, SSL_SESSION* resume,
                  int version) {
    const FdPair pair = unix_pair();
    ours_ = make_socket_stream(loop_, pair.ours, cancel_);
    // The other end is OpenSSL itself, on a thread of its own.
    Outcome outcome;
    std::thread client([&] {
      const std::unique_ptr<SSL, FreeWith<SSL_free>> ssl(SSL_new(careless_->native()));
      SSL_set_fd(ssl.get(), pair.theirs);
      SSL_set_min_proto_version(ssl.get(), version);
      SSL_set_max_proto_version(ssl.get(), version);
      if (resume != nullptr) SSL_set_session(ssl.get(), resume);
      char byte = 0;
      if (SSL_connect(ssl.get()) == 1 && SSL_read(ssl.get(), &byte, 1) == 1) {
        outcome.resumed = SSL_session_reused(ssl.get()) == 1;
        outcome.ticket.reset(SSL_get1_session(ssl.get()));
      }
      SSL_shutdown(ssl.get());
      ::close(pair.theirs);
    });
    const auto secured = loop_.run_until_done(ours_->start_tls(context, "", soon()));
    EXPECT_TRUE(secured);
    if (secured) EXPECT_TRUE(write(*ours_, "!"));
    loop_.run_until_done(ours_->close(soon()));
    client.join();
    return outcome;
  }
};

TEST_F(SessionTickets, OfOneContextAreGoodForTheNextOneWithTheSameKeys) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Outcome first = connect(server(keys_), nullptr, version);
    ASSERT_TRUE(first.ticket);
    EXPECT_FALSE(first.resumed);
    EXPECT_TRUE(connect(server(keys_), first.ticket.get(), version).resumed);
    EXPECT_FALSE(
        connect(server(std::make_shared<TicketKeys>(1h)), first.ticket.get(), version).resumed);
  }
}

TEST_F(SessionTickets, AreNoWayAroundAClientCertificate) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Outcome first = connect(server(keys_), nullptr, version);
    ASSERT_TRUE(first.ticket);
    EXPECT_FALSE(connect(server(keys_, true), first.ticket.get(), version).resumed);
  }
}

TEST_F(SessionTickets, AreNotGivenWithoutKeys) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Outcome first = connect(server(nullptr), nullptr, version);
    ASSERT_TRUE(first.ticket);
    EXPECT_EQ(SSL_SESSION_has_ticket(first.ticket.get()), 0);
    EXPECT_FALSE(connect(server(nullptr), first.ticket.get(), version).resumed);
  }
}

}  // namespace
}  // namespace sekisho::test
