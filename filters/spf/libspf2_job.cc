#include "filters/spf/libspf2_job.h"

#include <string>
#include <utility>
#include <vector>

#include "filters/spf/libspf2_engine.h"
#include "filters/spf/record.h"
#include "gateway/base/fields.h"
#include "gateway/base/text.h"

namespace sekisho::spf {
namespace {

using Fields = std::vector<std::string_view>;
constexpr std::size_t kQueryFields = 5;
constexpr std::size_t kVerdictFields = 5;
constexpr std::size_t kRecordFields = 3;
constexpr std::size_t kMaxRecords = 20;  // more than any rule of SPF lets count

std::string encode(const Fields& fields) {
  std::string bytes;
  append_fields(bytes, fields);
  return bytes;
}

std::unexpected<Error> nonsense() {
  return fail(ErrorKind::protocol, "libspf2's job: fields that can't be");
}

template <class Value>
std::optional<Value> number(std::string_view text, std::uint64_t largest) {
  const auto value = parse_uint(text);
  if (!value || *value > largest) return std::nullopt;
  return static_cast<Value>(*value);
}

std::string encode_query(const Query& query) {
  const std::string client = query.client.to_string();
  return encode({client, query.helo, query.identity, query.receiver, query.timestamp});
}

std::optional<Query> decode_query(std::string_view bytes) {
  const auto fields = decode_fields(bytes);
  if (!fields || fields->size() != kQueryFields) return std::nullopt;
  const auto client = IpAddress::parse((*fields)[0]);
  if (!client) return std::nullopt;
  return Query{.client = *client,
               .helo = std::string((*fields)[1]),
               .identity = std::string((*fields)[2]),
               .receiver = std::string((*fields)[3]),
               .timestamp = std::string((*fields)[4])};
}

std::string encode_question(const Question& question) {
  const auto type = std::to_string(static_cast<unsigned>(question.type));
  return encode({type, question.name});
}

// The types that SPF asks for, and no other: the process may not look around in the DNS.
std::optional<Question> decode_question(std::string_view bytes) {
  const auto fields = decode_fields(bytes);
  if (!fields || fields->size() != 2) return std::nullopt;
  for (const auto type :
       {dns::Type::a, dns::Type::aaaa, dns::Type::mx, dns::Type::ptr, dns::Type::txt}) {
    if ((*fields)[0] == std::to_string(static_cast<unsigned>(type)))
      return Question{type, std::string((*fields)[1])};
  }
  return std::nullopt;
}

// Only what the engine would look at, so that any answer fits into a frame: of texts those that
// are SPF records, and of a long one as much as shows that it is too long.
std::string encode_answer(const std::optional<dns::Answer>& answer, dns::Type type) {
  if (!answer) return {};
  std::vector<std::string> owned;
  owned.push_back(std::to_string(static_cast<unsigned>(answer->status)));
  for (const auto& record : answer->records) {
    const bool is_text = type == dns::Type::txt;
    if (is_text && !is_spf_record(record.text)) continue;
    if (owned.size() > kMaxRecords * kRecordFields) break;
    owned.push_back(record.address.to_string());
    owned.push_back(record.name);
    owned.push_back(is_text ? record.text.substr(0, kMaxLibspf2Record + 1) : std::string());
  }
  return encode(Fields(owned.begin(), owned.end()));
}

Result<std::optional<dns::Answer>> decode_answer(std::string_view bytes) {
  if (bytes.empty()) return std::optional<dns::Answer>();
  const auto fields = decode_fields(bytes);
  if (!fields || fields->size() % kRecordFields != 1) return nonsense();
  const auto status = number<dns::Answer::Status>((*fields)[0], 2);
  if (!status) return nonsense();
  dns::Answer answer{.status = *status, .records = {}};
  for (std::size_t at = 1; at < fields->size(); at += kRecordFields) {
    const auto address = IpAddress::parse((*fields)[at]);
    if (!address) return nonsense();
    answer.records.push_back({.address = *address,
                              .name = std::string((*fields)[at + 1]),
                              .preference = 0,
                              .text = std::string((*fields)[at + 2])});
  }
  return answer;
}

std::string encode_verdict(const Verdict& verdict) {
  const auto outcome = std::to_string(static_cast<unsigned>(verdict.outcome));
  const auto lookups = std::to_string(verdict.lookups);
  const auto voids = std::to_string(verdict.void_lookups);
  return encode({outcome, verdict.domain, verdict.problem, lookups, voids});
}

std::optional<Verdict> decode_verdict(std::string_view bytes) {
  const auto fields = decode_fields(bytes);
  if (!fields || fields->size() != kVerdictFields) return std::nullopt;
  const auto outcome = number<Outcome>((*fields)[0], static_cast<unsigned>(Outcome::permerror));
  const auto lookups = number<unsigned>((*fields)[3], 1000);
  const auto voids = number<unsigned>((*fields)[4], 1000);
  if (!outcome || !lookups || !voids) return std::nullopt;
  return Verdict{.outcome = *outcome,
                 .domain = std::string((*fields)[1]),
                 .mechanism = {},
                 .problem = std::string((*fields)[2]),
                 .explanation = {},
                 .lookups = *lookups,
                 .void_lookups = *voids};
}

Result<std::string> run_job(const worker::JobInput& job, worker::WorkerHost& host) {
  const auto query = decode_query(job.input);
  if (!query) return nonsense();
  std::optional<Error> broken;
  const auto verdict =
      evaluate_by_libspf2(*query, [&](const Question& question) -> std::optional<dns::Answer> {
        const auto bytes = host.ask(encode_question(question));
        if (!bytes) return std::nullopt;
        auto answer = decode_answer(*bytes);
        if (answer) return std::move(*answer);
        broken = answer.error();
        return std::nullopt;
      });
  if (broken) return std::unexpected(*broken);
  return encode_verdict(verdict);
}

}  // namespace

worker::Handler libspf2_handler() { return {kLibspf2Job, run_job}; }

Task<Result<Check>> check_by_libspf2(worker::Workers& workers, Loop& loop, dns::Resolver& resolver,
                                     Query query, Deadline deadline, CancelSource& cancel) {
  Check check;
  worker::Job job{.kind = kLibspf2Job,
                  .input = encode_query(query),
                  .message = nullptr,
                  .ask = {},
                  .log_id = {}};
  job.ask = [&](std::string bytes) -> Task<Result<std::string>> {
    const auto question = decode_question(bytes);
    if (!question) co_return nonsense();
    auto answer = co_await resolver.ask(question->type, question->name, deadline, cancel);
    check.lookups.push_back({*question, answer});
    co_return encode_answer(known_of(answer), question->type);
  };
  const auto result = co_await workers.run(loop, std::move(job), cancel, deadline);
  if (!result) co_return std::unexpected(result.error());
  auto verdict = decode_verdict(*result);
  if (!verdict) co_return nonsense();
  check.verdict = std::move(*verdict);
  co_return check;
}

}  // namespace sekisho::spf
