// TextVisitor: the common half of the visitors that print settings: every field becomes one call of
// line() with its value as TOML. What a table looks like is the other half's business.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/settings_visitor.h"

namespace sekisho::config {

class TextVisitor : public SettingsVisitor {
 public:
  void field(std::string_view key, bool& value, std::string_view doc) override;
  void field(std::string_view key, std::int64_t& value, std::string_view doc, std::int64_t min,
             std::int64_t max) override;
  void field(std::string_view key, Bytes& value, std::string_view doc) override;
  void field(std::string_view key, std::chrono::milliseconds& value, std::string_view doc) override;
  void field(std::string_view key, std::string& value, std::string_view doc) override;
  void field(std::string_view key, std::vector<std::string>& value, std::string_view doc) override;
  void field(std::string_view key, std::filesystem::path& value, std::string_view doc) override;
  void field(std::string_view key, std::vector<Network>& value, std::string_view doc) override;
  void error(std::string_view /*key*/, std::string /*message*/) override {}

 protected:
  // `range` says in words what else the value may be; empty when its type says it.
  virtual void line(std::string_view key, const std::string& value, std::string_view doc,
                    const std::string& range) = 0;
  void choice_index(std::string_view key, std::size_t& index,
                    const std::vector<std::string_view>& words, std::string_view doc) override;
};

}  // namespace sekisho::config
