#include "filters/dkim/verify_job.h"

#include <array>
#include <chrono>

#include "gateway/base/encode.h"
#include "gateway/base/fields.h"
#include "gateway/base/text.h"

namespace sekisho::dkim {
namespace {

using mail::AuthResult;
using Status = KeyAnswer::Status;

constexpr std::size_t kShown = 200;        // bytes of a reason
constexpr std::size_t kMaxKeyText = 4096;  // a longer record is no key

constexpr std::array kResults{AuthResult::pass,    AuthResult::fail,      AuthResult::policy,
                              AuthResult::neutral, AuthResult::temperror, AuthResult::permerror};

std::string_view word_for(Status status) {
  return status == Status::found ? "found" : status == Status::none ? "none" : "failed";
}

std::optional<Status> status_of(std::string_view word) {
  for (const Status status : {Status::found, Status::none, Status::failed})
    if (word == word_for(status)) return status;
  return std::nullopt;
}

struct Orders {
  WallTime now;
  std::vector<KeyAnswer> keys;
};

std::optional<Orders> decode_orders(std::string_view input) {
  const auto fields = decode_fields(input);
  if (!fields || fields->size() % 2 != 1) return std::nullopt;
  const auto seconds = parse_uint(fields->front());
  if (!seconds || *seconds > UINT32_MAX) return std::nullopt;
  Orders orders{.now = WallTime(std::chrono::seconds(*seconds)), .keys = {}};
  for (std::size_t i = 1; i < fields->size(); i += 2) {
    const auto status = status_of((*fields)[i]);
    if (!status) return std::nullopt;
    orders.keys.push_back({*status, std::string((*fields)[i + 1])});
  }
  return orders;
}

}  // namespace

std::string encode_keys(WallTime now, const std::vector<KeyAnswer>& keys) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  const std::string time = std::to_string(seconds.count());
  std::vector<std::string_view> fields{time};
  for (const KeyAnswer& key : keys) {
    const bool fits = key.text.size() <= kMaxKeyText;
    fields.push_back(word_for(fits ? key.status : Status::none));
    fields.push_back(fits ? std::string_view(key.text) : std::string_view());
  }
  std::string input;
  append_fields(input, fields);
  return input;
}

Result<void> take_results(std::string_view result, std::vector<Candidate>& candidates) {
  const auto fields = decode_fields(result);
  if (!fields || fields->size() != 2 * candidates.size())
    return fail(ErrorKind::protocol, "the inspect worker's results can't be read");
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].open()) continue;
    mail::DkimFact& fact = candidates[i].fact;
    for (const AuthResult known : kResults)
      if ((*fields)[2 * i] == mail::to_string(known)) fact.result = known;
    if (candidates[i].open())
      return fail(ErrorKind::protocol, "the inspect worker knows a result that we don't");
    fact.reason = encode_for_header((*fields)[2 * i + 1], kShown);
  }
  return {};
}

Result<std::string> verify_signatures(const worker::JobInput& job) {
  const auto orders = decode_orders(job.input);
  if (!orders || !job.message) return fail(ErrorKind::invalid, "no keys, or no message");
  mail::HeaderScanner scanner;
  const std::size_t head = scanner.feed(*job.message);
  const std::string_view body = job.message->substr(head);
  const auto headers = mail::Headers::parse(job.message->substr(0, head));
  auto candidates = find_signatures(headers, orders->now);
  if (candidates.size() != orders->keys.size())
    return fail(ErrorKind::invalid, "the keys are for other signatures");
  const BodySource source = [body](const std::function<void(std::string_view)>& take) {
    constexpr std::size_t kSlice = 65536;
    for (std::size_t at = 0; at < body.size(); at += kSlice) take(body.substr(at, kSlice));
    return Result<void>{};
  };
  if (auto done = judge_signatures(headers, source, orders->keys, candidates); !done)
    return std::unexpected(std::move(done.error()));
  std::vector<std::string_view> fields;
  for (const Candidate& candidate : candidates) {
    fields.push_back(mail::to_string(candidate.fact.result));
    fields.push_back(std::string_view(candidate.fact.reason).substr(0, kShown));
  }
  std::string result;
  append_fields(result, fields);
  return result;
}

}  // namespace sekisho::dkim
