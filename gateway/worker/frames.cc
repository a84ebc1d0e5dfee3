#include "gateway/worker/frames.h"

#include <array>
#include <vector>

#include "gateway/base/fields.h"
#include "gateway/base/text.h"

namespace sekisho::worker {
namespace {

using Fields = std::vector<std::string_view>;

enum class Letter : char {
  setup = 'S',
  job = 'J',
  ready = 'R',
  unable = 'U',
  part = 'P',
  done = 'D',
};

constexpr std::string_view kFine = "ok";
constexpr std::string_view kYes = "yes";
constexpr std::string_view kNo = "no";

std::optional<std::string> put(Letter letter, const Fields& fields) {
  const auto size = size_of_fields(fields);
  if (!size || *size + 1 > kMaxFrame) return std::nullopt;
  std::string frame;
  frame.reserve(*size + 1);
  frame.push_back(static_cast<char>(letter));
  append_fields(frame, fields);
  return frame;
}

std::string_view word(bool value) { return value ? kYes : kNo; }

std::optional<bool> read_bool(std::string_view text) {
  if (text == kYes) return true;
  if (text == kNo) return false;
  return std::nullopt;
}

std::string_view word(const Outcome& outcome) {
  return outcome.error ? to_string(*outcome.error) : kFine;
}

std::optional<Outcome> read_outcome(const Fields& fields) {
  if (fields.size() != 2) return std::nullopt;
  if (fields[0] == kFine) return Outcome{std::nullopt, fields[1]};
  static constexpr std::array kKinds{
      ErrorKind::invalid,   ErrorKind::io,       ErrorKind::closed,      ErrorKind::timeout,
      ErrorKind::cancelled, ErrorKind::protocol, ErrorKind::unavailable, ErrorKind::limit};
  for (const ErrorKind kind : kKinds)
    if (fields[0] == to_string(kind)) return Outcome{kind, fields[1]};
  return std::nullopt;
}

struct Encoder {
  std::optional<std::string> operator()(const SetupFrame& frame) const {
    return put(Letter::setup, {frame.pool, std::to_string(frame.memory)});
  }
  std::optional<std::string> operator()(const JobFrame& frame) const {
    return put(Letter::job,
               {frame.kind, word(frame.has_message), word(frame.input_by_descriptor), frame.input});
  }
  std::optional<std::string> operator()(const ReadyFrame& frame) const {
    return put(Letter::ready, {frame.lacks});
  }
  std::optional<std::string> operator()(const UnableFrame& frame) const {
    return put(Letter::unable, {frame.why});
  }
  std::optional<std::string> operator()(const PartFrame& frame) const {
    return put(Letter::part, {frame.bytes});
  }
  std::optional<std::string> operator()(const DoneFrame& frame) const {
    return put(Letter::done, {word(frame.outcome), frame.outcome.bytes});
  }
};

struct Taken {
  Letter letter;
  Fields fields;
};

std::optional<Taken> take(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > kMaxFrame) return std::nullopt;
  auto fields = decode_fields(bytes.substr(1));
  if (!fields) return std::nullopt;
  return Taken{static_cast<Letter>(bytes.front()), std::move(*fields)};
}

std::optional<ToWorker> read_setup(const Fields& fields) {
  if (fields.size() != 2) return std::nullopt;
  const auto memory = parse_uint(fields[1]);
  if (!memory) return std::nullopt;
  return SetupFrame{fields[0], *memory};
}

std::optional<ToWorker> read_job(const Fields& fields) {
  if (fields.size() != 4) return std::nullopt;
  const auto has_message = read_bool(fields[1]);
  const auto by_descriptor = read_bool(fields[2]);
  if (!has_message || !by_descriptor) return std::nullopt;
  if (*by_descriptor && !fields[3].empty()) return std::nullopt;
  return JobFrame{fields[0], fields[3], *has_message, *by_descriptor};
}

}  // namespace

std::optional<std::string> encode(const ToWorker& frame) { return std::visit(Encoder{}, frame); }
std::optional<std::string> encode(const FromWorker& frame) { return std::visit(Encoder{}, frame); }

std::optional<ToWorker> decode_to_worker(std::string_view bytes) {
  const auto taken = take(bytes);
  if (!taken) return std::nullopt;
  switch (taken->letter) {
    case Letter::setup:
      return read_setup(taken->fields);
    case Letter::job:
      return read_job(taken->fields);
    default:
      return std::nullopt;
  }
}

std::optional<FromWorker> decode_from_worker(std::string_view bytes) {
  const auto taken = take(bytes);
  if (!taken) return std::nullopt;
  const Fields& fields = taken->fields;
  switch (taken->letter) {
    case Letter::ready:
      if (fields.size() == 1) return ReadyFrame{fields[0]};
      return std::nullopt;
    case Letter::unable:
      if (fields.size() == 1) return UnableFrame{fields[0]};
      return std::nullopt;
    case Letter::part:
      if (fields.size() == 1 && fields[0].size() == kPart) return PartFrame{fields[0]};
      return std::nullopt;
    case Letter::done:
      if (const auto outcome = read_outcome(fields)) return DoneFrame{*outcome};
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

}  // namespace sekisho::worker
