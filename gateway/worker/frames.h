// Frames: what the gateway and a worker process say to each other: one datagram of a
// sequenced-packet socket pair each. Pure. A frame is a letter for its type and that type's fields
// (base/fields.h), neither more nor less; anything else is no frame, and whoever gets one has done
// with the other side: the gateway kills it, the process ends. The views of a decoded frame are
// into its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/base/error.h"

namespace sekisho::worker {

constexpr std::size_t kMaxFrame = 60'000;
// A longer input goes by descriptor.
constexpr std::size_t kMaxInlineInput = 32'000;
constexpr std::size_t kMaxDescriptors = 2;  // of one frame
// A longer result comes in parts of exactly so many bytes, and what is left of it.
constexpr std::size_t kPart = 56'000;

// To the worker. The first frame; its one descriptor is the pool's setup.
struct SetupFrame {
  std::string_view pool;
  std::uint64_t memory = 0;  // bytes that it may take beyond what it has
  bool operator==(const SetupFrame&) const = default;
};

// The descriptors: the message if there is one, then the input if it is not here.
struct JobFrame {
  std::string_view kind;
  std::string_view input;
  bool has_message = false;
  bool input_by_descriptor = false;
  [[nodiscard]] std::size_t descriptors() const {
    return (has_message ? 1U : 0U) + (input_by_descriptor ? 1U : 0U);
  }
  bool operator==(const JobFrame&) const = default;
};

// From the worker. It has closed its sandbox and waits for jobs; `lacks`: what the kernel didn't
// have for that, a word for the log.
struct ReadyFrame {
  std::string_view lacks;
  bool operator==(const ReadyFrame&) const = default;
};

// It can't be prepared, for that reason, and ends.
struct UnableFrame {
  std::string_view why;
  bool operator==(const UnableFrame&) const = default;
};

// What came of a job.
struct Outcome {
  std::optional<ErrorKind> error;
  std::string_view bytes;  // with an error: its text
  bool operator==(const Outcome&) const = default;
};

// The next kPart bytes of a result that will be done with a later frame.
struct PartFrame {
  std::string_view bytes;
  bool operator==(const PartFrame&) const = default;
};

struct DoneFrame {
  Outcome outcome;
  bool operator==(const DoneFrame&) const = default;
};

using ToWorker = std::variant<SetupFrame, JobFrame>;
using FromWorker = std::variant<ReadyFrame, UnableFrame, PartFrame, DoneFrame>;

// Nothing when it doesn't fit into a frame.
std::optional<std::string> encode(const ToWorker& frame);
std::optional<std::string> encode(const FromWorker& frame);
std::optional<ToWorker> decode_to_worker(std::string_view bytes);
std::optional<FromWorker> decode_from_worker(std::string_view bytes);

}  // namespace sekisho::worker
