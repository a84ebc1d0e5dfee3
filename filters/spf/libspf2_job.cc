#include "filters/spf/libspf2_job.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "filters/spf/libspf2_engine.h"
#include "filters/spf/names.h"
#include "filters/spf/record.h"
#include "gateway/base/fields.h"
#include "gateway/base/text.h"

namespace sekisho::spf {
namespace {

using Fields = std::vector<std::string_view>;
constexpr std::size_t kQueryFields = 3;
constexpr std::size_t kVerdictFields = 5;
constexpr std::size_t kRecordFields = 3;
constexpr std::size_t kMaxRecords = 20;  // more than any rule of SPF lets count
// The record, ten terms, and ten addresses of the MX or PTR names of each.
constexpr std::size_t kMaxRounds = 1 + 10 + 10 * 10;

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

// What decides, and nothing that changes by itself: a sender whose record kills the process is
// known by it when it tries again. %{t} and %{r} are for exp=, which the library never sees.
std::string encode_query(const Query& query) {
  const std::string client = query.client.to_string();
  return encode({client, query.helo, query.identity});
}

std::optional<Query> decode_query(std::string_view bytes) {
  const auto fields = decode_fields(bytes);
  if (!fields || fields->size() != kQueryFields) return std::nullopt;
  const auto client = IpAddress::parse((*fields)[0]);
  if (!client) return std::nullopt;
  return Query{.client = *client,
               .helo = std::string((*fields)[1]),
               .identity = std::string((*fields)[2]),
               .receiver = {},
               .timestamp = {}};
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

// The input: the query, then a question and its answer for each that is known.
std::string encode_input(const Query& query, const std::vector<Lookup>& lookups) {
  std::vector<std::string> owned{encode_query(query)};
  for (const auto& [question, answer] : lookups) {
    owned.push_back(encode_question(question));
    owned.push_back(encode_answer(known_of(answer), question.type));
  }
  return encode(Fields(owned.begin(), owned.end()));
}

Result<DnsAnswers> decode_answers(const Fields& input) {
  DnsAnswers answers;
  for (std::size_t at = 1; at + 1 < input.size(); at += 2) {
    auto question = decode_question(input[at]);
    auto answer = decode_answer(input[at + 1]);
    if (!question || !answer) return nonsense();
    answers.emplace(std::move(*question), std::move(*answer));
  }
  return answers;
}

// The result: a verdict, or the first question that has no answer yet. Whatever the library makes
// of the rest then is thrown away.
Result<std::string> run_job(const worker::JobInput& job) {
  const auto input = decode_fields(job.input);
  if (!input || input->size() % 2 != 1) return nonsense();
  const auto query = decode_query(input->front());
  const auto answers = decode_answers(*input);
  if (!query || !answers) return nonsense();
  std::optional<Question> missing;
  const auto verdict =
      evaluate_by_libspf2(*query, [&](const Question& question) -> std::optional<dns::Answer> {
        const auto known = answers->find(question);
        if (known != answers->end()) return known->second;
        if (!missing) missing = question;
        return dns::Answer{.status = dns::Answer::Status::no_name, .records = {}};
      });
  if (missing) return encode({encode_question(*missing)});
  return encode_verdict(verdict);
}

// What the process asks for next; nothing: it has a verdict.
Result<std::optional<Question>> question_in(std::string_view result,
                                            const std::vector<Lookup>& asked) {
  const auto fields = decode_fields(result);
  if (!fields) return nonsense();
  if (fields->size() != 1) return std::optional<Question>();
  auto question = decode_question(fields->front());
  const auto is_known = [&](const Lookup& lookup) { return lookup.question == *question; };
  if (!question || !is_lookup_name(question->name) || std::ranges::any_of(asked, is_known))
    return nonsense();
  return question;
}

}  // namespace

worker::Handler libspf2_handler() { return {kLibspf2Job, run_job}; }

Task<Result<Check>> check_by_libspf2(worker::Workers& workers, Loop& loop, dns::Resolver& resolver,
                                     Query query, Deadline deadline, CancelSource& cancel) {
  Check check;
  while (check.lookups.size() < kMaxRounds) {
    if (deadline.passed(Clock::now())) co_return too_late(std::move(check));
    worker::Job job{.kind = kLibspf2Job,
                    .input = encode_input(query, check.lookups),
                    .message = nullptr,
                    .log_id = query.identity};
    const auto result = co_await workers.run(loop, std::move(job), cancel, deadline);
    if (!result) co_return std::unexpected(result.error());
    auto question = question_in(*result, check.lookups);
    if (!question) co_return std::unexpected(question.error());
    if (!*question) {
      auto verdict = decode_verdict(*result);
      if (!verdict) co_return nonsense();
      check.verdict = std::move(*verdict);
      co_return check;
    }
    auto answer = co_await resolver.ask((*question)->type, (*question)->name, deadline, cancel);
    if (!answer && answer.error().kind == ErrorKind::cancelled)
      co_return std::unexpected(std::move(answer.error()));
    check.lookups.push_back({std::move(**question), std::move(answer)});
  }
  co_return fail(ErrorKind::protocol, "libspf2's job asks without an end");
}

}  // namespace sekisho::spf
