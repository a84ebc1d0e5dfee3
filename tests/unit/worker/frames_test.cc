#include "gateway/worker/frames.h"

#include <gtest/gtest.h>

namespace sekisho::worker {
namespace {

TEST(WorkerFrames, ComeBackAsTheyWentToTheWorker) {
  const std::vector<ToWorker> frames{
      SetupFrame{.pool = "inspect", .memory = 1UL << 40U},
      JobFrame{.kind = "mime", .input = std::string_view("a\0b", 3), .has_message = true},
      JobFrame{.kind = "mime", .input = "", .input_by_descriptor = true},
  };
  for (const ToWorker& frame : frames) {
    const auto bytes = encode(frame);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(decode_to_worker(*bytes), frame);
    EXPECT_FALSE(decode_from_worker(*bytes)) << *bytes;
  }
}

TEST(WorkerFrames, ComeBackAsTheyWentToTheGateway) {
  const std::string part(kPart, 'x');
  const std::vector<FromWorker> frames{
      ReadyFrame{"landlock"},
      UnableFrame{"cannot read the key"},
      PartFrame{part},
      DoneFrame{{std::nullopt, ""}},
      DoneFrame{{ErrorKind::limit, "too many parts"}},
  };
  for (const FromWorker& frame : frames) {
    const auto bytes = encode(frame);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(decode_from_worker(*bytes), frame);
    EXPECT_FALSE(decode_to_worker(*bytes)) << *bytes;
  }
}

TEST(WorkerFrames, NothingThatIsCutOrHasMoreIsAFrame) {
  const auto whole = *encode(FromWorker(DoneFrame{{std::nullopt, "result"}}));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(decode_from_worker(whole.substr(0, size))) << size;
  EXPECT_FALSE(decode_from_worker(whole + '\0'));
  EXPECT_FALSE(decode_from_worker(whole + std::string(2, '\0')));  // one more field
}

TEST(WorkerFrames, APartOfAResultIsAWholeOne) {
  for (const std::size_t size : {std::size_t{0}, kPart - 1, kPart + 1}) {
    const std::string part(size, 'x');
    EXPECT_FALSE(decode_from_worker(*encode(FromWorker(PartFrame{part})))) << size;
  }
}

TEST(WorkerFrames, AnUnknownWordIsNoFrame) {
  auto bytes = *encode(FromWorker(DoneFrame{{std::nullopt, "result"}}));
  bytes.replace(bytes.find("ok"), 2, "ko");
  EXPECT_FALSE(decode_from_worker(bytes));
}

TEST(WorkerFrames, WhatDoesNotFitIsNotEncoded) {
  const std::string much(kMaxFrame, 'x');
  EXPECT_FALSE(encode(FromWorker(ReadyFrame{much})));
  EXPECT_FALSE(decode_from_worker("R" + much));
}

TEST(WorkerFrames, AJobSaysHowManyDescriptorsItComesWith) {
  EXPECT_EQ((JobFrame{.kind = "a", .input = "b"}).descriptors(), 0U);
  EXPECT_EQ((JobFrame{.kind = "a", .input = "", .has_message = true, .input_by_descriptor = true})
                .descriptors(),
            2U);
}

}  // namespace
}  // namespace sekisho::worker
