#include "gateway/mail/copy_budget.h"

#include <gtest/gtest.h>

#include "gateway/mail/message.h"
#include "tests/support/temp_dir.h"

namespace sekisho::mail {
namespace {

class Copies : public ::testing::Test {
 protected:
  Result<std::shared_ptr<const SealedCopy>> seal(const Message& message) {
    return loop_.run_until_done(message.sealed());
  }
  double refused() { return metrics_.counter("refused", "").value(); }
  double held() { return metrics_.gauge("held", "").value(); }

  Loop loop_;
  Offload offload_{1, 16};
  test::TempDir folder_;
  Metrics metrics_;
  CopyBudget budget_{1'000, metrics_.gauge("held", ""), metrics_.counter("refused", "")};
};

TEST_F(Copies, OfAllMessagesHaveOneBound) {
  Message one(loop_, offload_, {folder_.path()}, {}, &budget_);
  Message other(loop_, offload_, {folder_.path()}, {}, &budget_);
  one.mutable_header_section() = std::string(600, 'x');
  other.mutable_header_section() = std::string(401, 'x');
  EXPECT_TRUE(seal(one));
  EXPECT_EQ(held(), 600);
  EXPECT_EQ(seal(other).error().kind, ErrorKind::limit);
  EXPECT_EQ(refused(), 1);
  one.release_sealed();
  EXPECT_EQ(held(), 0);
  EXPECT_TRUE(seal(other));
}

TEST_F(Copies, CountAsLongAsAJobHasOne) {
  std::shared_ptr<const SealedCopy> copy;
  {
    Message message(loop_, offload_, {folder_.path()}, {}, &budget_);
    message.mutable_header_section() = std::string(1'000, 'x');
    copy = seal(message).value();
    EXPECT_EQ(seal(message).value(), copy);  // made once, counted once
  }
  EXPECT_FALSE(budget_.take(1));
  copy.reset();
  EXPECT_TRUE(budget_.take(1));
  EXPECT_EQ(held(), 0);
}

TEST_F(Copies, NothingLargerThanTheBoundIsTaken) {
  EXPECT_FALSE(budget_.take(1'001));
  EXPECT_FALSE(budget_.take(~std::uint64_t{0}));
}

}  // namespace
}  // namespace sekisho::mail
