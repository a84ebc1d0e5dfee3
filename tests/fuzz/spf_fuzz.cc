// SPF under hostile records: the bytes are cut into DNS answers, given one after the other to
// whatever is asked. Oracles: it ends within its bounds, the same answers give the same verdict,
// and an explanation is visible ASCII.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "filters/spf/evaluator.h"

namespace {

using sekisho::IpAddress;
namespace dns = sekisho::dns;

void require(bool condition) {
  if (!condition) std::abort();
}

// Lines of the input are texts of answers; the first two bytes of an input choose the client and
// what else is answered.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::string_view line() {
    const auto end = rest_.find('\n');
    const auto text = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    return text;
  }

 private:
  std::string_view rest_;
};

std::optional<dns::Answer> answer(dns::Type type, Input& input) {
  const auto kind = input.byte();
  if (kind % 8 == 0) return std::nullopt;
  dns::Answer answer;
  if (kind % 8 == 1) return answer;
  answer.status = dns::Answer::Status::found;
  for (int i = kind / 16; i >= 0; --i) {
    auto& record = answer.records.emplace_back();
    if (type == dns::Type::a || type == dns::Type::aaaa) {
      record.address = IpAddress::v4({192, 0, 2, input.byte()});
    } else if (type == dns::Type::txt) {
      record.text = (kind % 8 < 6 ? "v=spf1 " : "") + std::string(input.line());
    } else {
      record.name = input.line();
    }
  }
  return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({reinterpret_cast<const char*>(data), size});
  sekisho::spf::Query query;
  const auto choice = input.byte();
  query.client = choice % 2 == 0 ? IpAddress::v4({192, 0, 2, input.byte()})
                                 : IpAddress::v6({0x20, 1, 0xd, 0xb8, input.byte()});
  query.explain = true;
  query.identity = choice % 8 < 6 ? "user@example.org" : std::string(input.line());
  query.helo = input.line();

  sekisho::spf::DnsAnswers answers;
  auto evaluation = evaluate(query, answers);
  // A term asks for one name, but for MX and PTR, which ask for ten more.
  for (int round = 0; !evaluation.verdict; ++round) {
    require(round < 300 && !evaluation.needed.empty());
    for (const auto& question : evaluation.needed) {
      require(!answers.contains(question) && question.name.size() <= 253);
      answers[question] = answer(question.type, input);
    }
    evaluation = evaluate(query, answers);
  }
  const auto& verdict = *evaluation.verdict;
  require(verdict.lookups <= 11 && verdict.void_lookups <= 3);
  for (const char c : verdict.explanation) require(c >= ' ' && c <= '~');
  const auto again = evaluate(query, answers);
  require(again.verdict && again.verdict->outcome == verdict.outcome);
  return 0;
}
