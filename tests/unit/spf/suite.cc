#include "tests/unit/spf/suite.h"

#include <utility>

#include <yaml-cpp/yaml.h>

namespace sekisho::spf::testing {
namespace {

constexpr std::pair<std::string_view, dns::Type> kTypes[] = {{"A", dns::Type::a},
                                                             {"AAAA", dns::Type::aaaa},
                                                             {"MX", dns::Type::mx},
                                                             {"PTR", dns::Type::ptr},
                                                             {"TXT", dns::Type::txt}};

std::string text_of(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  std::string joined;
  for (const auto& piece : node) joined += piece.Scalar();
  return joined;
}

// The rules for reading the zone are those of the suite: an SPF record is the name's TXT record as
// well unless it has an entry of its own; TIMEOUT means that types without data get no answer.
void read_name(const std::string& name, const YAML::Node& records, Zone& zone) {
  bool own_text = false;
  bool times_out = false;
  for (const auto& entry : records) {
    own_text = own_text || (entry.IsMap() && entry["TXT"].IsDefined());
    times_out = times_out || !entry.IsMap();
  }
  std::set<dns::Type> with_data;
  for (const auto& entry : records) {
    if (!entry.IsMap()) continue;
    const auto [key, value] = std::pair<YAML::Node, YAML::Node>(*entry.begin());
    auto word = key.Scalar();
    if (word == "SPF" && !own_text) word = "TXT";
    for (const auto& [known, type] : kTypes) {
      if (word != known || (value.IsScalar() && value.Scalar() == "NONE")) continue;
      with_data.insert(type);
      zone.add(name, type, type == dns::Type::mx ? value[1].Scalar() : text_of(value));
    }
  }
  for (const auto& [word, type] : kTypes) {
    if (times_out && !with_data.contains(type)) zone.fail(name, type);
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Case& test) { return out << test.name; }

std::vector<Case> read_suite() {
  std::vector<Case> cases;
  for (const auto& scenario : YAML::LoadAllFromFile(SEKISHO_SPF_SUITE)) {
    auto zone = std::make_shared<Zone>();
    for (const auto& entry : scenario["zonedata"]) {
      read_name(entry.first.Scalar(), entry.second, *zone);
    }
    for (const auto& entry : scenario["tests"]) {
      const auto& test = entry.second;
      Case one{.name = entry.first.Scalar(),
               .query = {},
               .outcomes = {},
               .explanation = {},
               .zone = zone};
      one.query.client = IpAddress::parse(test["host"].Scalar()).value();
      one.query.helo = test["helo"].Scalar();
      one.query.identity = test["mailfrom"].Scalar();
      if (one.query.identity.empty()) one.query.identity = one.query.helo;
      one.query.explain = true;
      const auto& result = test["result"];
      if (result.IsScalar()) {
        one.outcomes.insert(result.Scalar());
      } else {
        for (const auto& word : result) one.outcomes.insert(word.Scalar());
      }
      if (test["explanation"]) one.explanation = test["explanation"].Scalar();
      cases.push_back(std::move(one));
    }
  }
  return cases;
}

}  // namespace sekisho::spf::testing
