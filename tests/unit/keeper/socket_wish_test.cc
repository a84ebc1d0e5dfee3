#include "gateway/keeper/socket_wish.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "gateway/keeper/held_sockets.h"
#include "gateway/net/listener.h"
#include "tests/support/temp_dir.h"

namespace sekisho::keeper {
namespace {

using Fields = std::vector<std::string>;

TEST(SocketWish, IsUnderstoodAsItWasSaid) {
  const SocketWish port{.address = Endpoint::parse("[::1]:25").value(), .count = 3, .shared = true};
  EXPECT_EQ(fields_of(port), (Fields{"open", "[::1]:25", "3", "1"}));
  const SocketWish path{.address = SocketAddress::parse("unix:/run/x").value(),
                        .count = 2,
                        .rights = {.mode = 0620, .group = 105}};
  EXPECT_EQ(fields_of(path), (Fields{"open", "unix:/run/x", "2", "0", "620", "105"}));
  for (const SocketWish& wish : {port, path}) {
    const auto read = parse_wish(fields_of(wish));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->address, wish.address);
    EXPECT_EQ(read->count, wish.count);
    EXPECT_EQ(read->shared, wish.shared);
    EXPECT_EQ(read->rights, wish.rights);
  }
  EXPECT_EQ(parse_wish({"open", "unix:/run/x", "1", "0", "660", ""})->rights.group, std::nullopt);
}

TEST(SocketWish, IsNothingElse) {
  for (const Fields& fields :
       std::initializer_list<Fields>{{},
                                     {"open"},
                                     {"keep", "[::1]:25", "3", "1"},
                                     {"open", "nowhere", "3", "1"},
                                     {"open", "[::1]:25", "x", "1"},
                                     {"open", "[::1]:25", "3", "1", "660", ""},
                                     {"open", "unix:/run/x", "1", "0"},
                                     {"open", "unix:/run/x", "1", "0", "4755", ""},
                                     {"open", "unix:/run/x", "1", "0", "rw", ""},
                                     {"open", "unix:/run/x", "1", "0", "660", "postfix"}})
    EXPECT_FALSE(parse_wish(fields));
}

TEST(HeldUnixSocket, IsOneForAllThreadsAndOutlivesTheProcess) {
  const test::TempDir folder;
  const auto address = SocketAddress::unix_socket((folder.path() / "x").string()).value();
  HeldSockets held({});
  {
    HeldSockets::Claim claim;
    const auto opened = held.open(claim, {.address = address, .count = 4}).value();
    ASSERT_EQ(opened.size(), 1U);
    claim.places.push_back({"mx", address, address});
    claim.stated = true;
    held.commit(claim);
  }
  ASSERT_EQ(held.all().size(), 1U);
  EXPECT_EQ(held.all()[0].bound, address);
  EXPECT_EQ(held.all()[0].configured, address);
  EXPECT_EQ(local_address(held.all()[0].sockets.front().get()), address);
}

}  // namespace
}  // namespace sekisho::keeper
