#include "gateway/worker/dns_questions.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/base/fields.h"
#include "gateway/base/text.h"

namespace sekisho::worker {
namespace {

using dns::Answer;
using dns::Record;
using dns::Type;

constexpr std::size_t kFieldsOfAnswer = 2;
constexpr std::size_t kFieldsOfRecord = 4;
constexpr std::string_view kYes = "yes";
constexpr std::string_view kNo = "no";

std::optional<Type> type_of(std::string_view name) {
  for (const Type type : {Type::a, Type::ns, Type::cname, Type::soa, Type::ptr, Type::mx, Type::txt,
                          Type::aaaa, Type::srv, Type::tlsa, Type::caa})
    if (name == dns::to_string(type)) return type;
  return std::nullopt;
}

std::string_view word_of(Answer::Status status) {
  switch (status) {
    case Answer::Status::found:
      return "found";
    case Answer::Status::no_data:
      return "no_data";
    case Answer::Status::no_name:
      break;
  }
  return "no_name";
}

std::optional<Answer::Status> status_of(std::string_view word) {
  for (const auto status :
       {Answer::Status::found, Answer::Status::no_data, Answer::Status::no_name})
    if (word == word_of(status)) return status;
  return std::nullopt;
}

std::optional<Record> read_record(const std::string_view* fields) {
  Record record;
  if (!fields[0].empty()) {
    const auto address = IpAddress::parse(fields[0]);
    if (!address) return std::nullopt;
    record.address = *address;
  }
  record.name = fields[1];
  const auto preference = parse_uint(fields[2]);
  if (!preference || *preference > UINT16_MAX) return std::nullopt;
  record.preference = static_cast<std::uint16_t>(*preference);
  record.text = fields[3];
  return record;
}

}  // namespace

std::string encode(const DnsQuestion& question) {
  std::string bytes;
  if (question.name.size() <= kMaxField)
    append_fields(bytes, {dns::to_string(question.type), question.name});
  return bytes;
}

Result<DnsQuestion> decode_question(std::string_view bytes) {
  const auto fields = decode_fields(bytes);
  const auto type = fields && fields->size() == 2 ? type_of(fields->front()) : std::nullopt;
  if (!type) return fail(ErrorKind::invalid, "that is no question to the DNS");
  return DnsQuestion{*type, std::string(fields->back())};
}

Result<std::string> encode(const Answer& answer) {
  std::string bytes;
  append_fields(bytes, {word_of(answer.status), answer.secure ? kYes : kNo});
  for (const Record& record : answer.records) {
    const std::string address =
        record.address == IpAddress{} ? std::string() : record.address.to_string();
    const std::string preference = std::to_string(record.preference);
    const std::vector<std::string_view> fields{address, record.name, preference, record.text};
    const auto size = size_of_fields(fields);
    if (!size || bytes.size() + *size > kMaxResult)
      return fail(ErrorKind::limit, "the answer of the DNS is too large for a worker");
    append_fields(bytes, fields);
  }
  return bytes;
}

Result<Answer> decode_dns_answer(std::string_view bytes) {
  const auto fields = decode_fields(bytes);
  const auto garbled = [] { return fail(ErrorKind::protocol, "that is no answer of the DNS"); };
  if (!fields || fields->size() % kFieldsOfRecord != kFieldsOfAnswer) return garbled();
  const auto status = status_of((*fields)[0]);
  if (!status || ((*fields)[1] != kYes && (*fields)[1] != kNo)) return garbled();
  Answer answer{.status = *status, .records = {}, .secure = (*fields)[1] == kYes};
  for (std::size_t i = kFieldsOfAnswer; i < fields->size(); i += kFieldsOfRecord) {
    auto record = read_record(fields->data() + i);
    if (!record) return garbled();
    answer.records.push_back(std::move(*record));
  }
  return answer;
}

Result<Answer> ask_dns(WorkerHost& host, Type type, std::string_view name) {
  const auto answer = host.ask(encode(DnsQuestion{type, std::string(name)}));
  if (!answer) return std::unexpected(answer.error());
  return decode_dns_answer(*answer);
}

namespace {

// A coroutine without captures: what it needs are parameters.
Task<Result<std::string>> look_up(dns::Resolver& resolver, CancelSource& cancel, Deadline deadline,
                                  std::string bytes) {
  auto question = decode_question(bytes);
  if (!question) co_return std::unexpected(std::move(question.error()));
  auto answer = co_await resolver.ask(question->type, std::move(question->name), deadline, cancel);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  co_return encode(*answer);
}

}  // namespace

Ask answer_dns(dns::Resolver& resolver, CancelSource& cancel, Deadline deadline) {
  return [&resolver, &cancel, deadline](std::string bytes) {
    return look_up(resolver, cancel, deadline, std::move(bytes));
  };
}

}  // namespace sekisho::worker
