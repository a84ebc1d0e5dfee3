// DomainList: sender domains that an administrator names, each with all below it. A value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/settings_visitor.h"

namespace sekisho::spf {

class DomainList {
 public:
  void visit(SettingsVisitor& v, std::string_view key, std::string_view doc);
  // `domain` in lower case.
  [[nodiscard]] bool covers(std::string_view domain) const;

 private:
  std::vector<std::string> domains_;
};

}  // namespace sekisho::spf
