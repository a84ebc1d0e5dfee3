#include "gateway/refusal_log.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/connection_limits.h"

namespace sekisho {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using Refusal = ConnectionLimits::Refusal;

class RefusalLogTest : public ::testing::Test {
 protected:
  void refuse(std::string_view peer, Refusal why = Refusal::too_many_from_client) {
    refusals_.refused(Endpoint::parse(peer).value(), "mx", describe(why), now_);
  }
  void pass(Duration time) {
    now_ += time;
    refusals_.write_due(now_);
  }

  std::unique_ptr<Log> log_ = Log::in_memory();
  RefusalLog refusals_{*log_};
  TimePoint now_{1h};
};

TEST_F(RefusalLogTest, TellsTheFirstAtOnceAndCountsWhatFollows) {
  refuse("192.0.2.1:1");
  EXPECT_THAT(log_->kept(),
              ElementsAre("connection_refused src=[192.0.2.1]:1 level=warning listener=mx "
                          "why=\"too many connections from your address\" count=1"));
  for (int i = 0; i < 10; ++i) refuse("192.0.2.1:2");
  pass(999ms);
  EXPECT_EQ(log_->kept().size(), 1U);
  pass(1ms);
  ASSERT_EQ(log_->kept().size(), 2U);
  EXPECT_THAT(log_->kept()[1], HasSubstr("src=[192.0.2.1]:2 "));
  EXPECT_THAT(log_->kept()[1], EndsWith("count=10"));
}

TEST_F(RefusalLogTest, TellsOfOneThatComesLaterAtOnce) {
  refuse("192.0.2.1:1");
  now_ += 5s;
  refuse("192.0.2.1:2");
  ASSERT_EQ(log_->kept().size(), 2U);
  EXPECT_THAT(log_->kept()[1], EndsWith("count=1"));
}

TEST_F(RefusalLogTest, KeepsClientsAndReasonsApart) {
  refuse("192.0.2.1:1");
  refuse("192.0.2.2:1");
  refuse("192.0.2.1:1", Refusal::too_many_in_all);
  refuse("[2001:db8:0:1::1]:1");
  refuse("[2001:db8:0:1::2]:1");  // the same /64
  EXPECT_EQ(log_->kept().size(), 4U);
}

TEST_F(RefusalLogTest, SaysNothingTwice) {
  refuse("192.0.2.1:1");
  for (int i = 0; i < 5; ++i) pass(1s);
  refusals_.write_all();
  EXPECT_EQ(log_->kept().size(), 1U);
}

TEST_F(RefusalLogTest, TellsWhatWaitsAtTheEnd) {
  refuse("192.0.2.1:1");
  refuse("192.0.2.1:2");
  refusals_.write_all();
  ASSERT_EQ(log_->kept().size(), 2U);
  EXPECT_THAT(log_->kept()[1], EndsWith("count=1"));
}

TEST_F(RefusalLogTest, GivesOneLineToAllClientsThatAreTooMany) {
  const auto knock = [this] {
    for (std::size_t i = 0; i < 4 * RefusalLog::kMaxClients; ++i)
      refuse("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ":1");
  };
  knock();
  const std::size_t lines = RefusalLog::kMaxClients + 1;
  ASSERT_EQ(log_->kept().size(), lines);
  EXPECT_THAT(log_->kept().back(), EndsWith("count=1 clients=many"));
  pass(1s);
  ASSERT_EQ(log_->kept().size(), lines + 1);
  EXPECT_THAT(
      log_->kept().back(),
      EndsWith("count=" + std::to_string(3 * RefusalLog::kMaxClients - 1) + " clients=many"));
  pass(1s);
  pass(1s);
  refuse("192.0.2.1:1");  // there is room again
  EXPECT_THAT(log_->kept().back(), EndsWith("count=1"));
}

}  // namespace
}  // namespace sekisho
