// The public test suite of RFC 4408 (tests/data/spf/), read into cases.
#pragma once

#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "filters/spf/evaluator.h"
#include "tests/unit/spf/zone.h"

namespace sekisho::spf::testing {

struct Case {
  std::string name;
  Query query;
  std::set<std::string> outcomes;
  std::string explanation;  // empty: not looked at; DEFAULT: none from the domain
  std::shared_ptr<Zone> zone;
};

std::ostream& operator<<(std::ostream& out, const Case& test);  // its name

std::vector<Case> read_suite();

}  // namespace sekisho::spf::testing
