#include "gateway/config/text_visitor.h"

#include <fmt/format.h>

#include "gateway/config/toml_text.h"
#include "gateway/config/units.h"

namespace sekisho::config {

void TextVisitor::field(std::string_view key, bool& value, std::string_view doc) {
  line(key, value ? "true" : "false", doc, {});
}

void TextVisitor::field(std::string_view key, std::int64_t& value, std::string_view doc,
                        std::int64_t min, std::int64_t max) {
  std::string range;
  if (max != INT64_MAX) {
    range = fmt::format("from {} to {}", min, max);
  } else if (min != 0) {
    range = fmt::format("at least {}", min);
  }
  line(key, std::to_string(value), doc, range);
}

void TextVisitor::field(std::string_view key, Bytes& value, std::string_view doc) {
  line(key, toml_string(format_size(value)), doc, {});
}

void TextVisitor::field(std::string_view key, std::chrono::milliseconds& value,
                        std::string_view doc) {
  line(key, toml_string(format_duration(value)), doc, {});
}

void TextVisitor::field(std::string_view key, std::string& value, std::string_view doc) {
  line(key, toml_string(value), doc, {});
}

void TextVisitor::field(std::string_view key, std::vector<std::string>& value,
                        std::string_view doc) {
  line(key, toml_list(value), doc, {});
}

void TextVisitor::field(std::string_view key, std::filesystem::path& value, std::string_view doc) {
  line(key, toml_string(value.string()), doc, {});
}

void TextVisitor::field(std::string_view key, std::vector<Network>& value, std::string_view doc) {
  std::vector<std::string> texts;
  for (const Network& network : value) texts.push_back(network.to_string());
  line(key, toml_list(texts), doc, {});
}

void TextVisitor::choice_index(std::string_view key, std::size_t& index,
                               const std::vector<std::string_view>& words, std::string_view doc) {
  line(key, toml_string(words[index]), doc,
       fmt::format("one of \"{}\"", fmt::join(words, "\", \"")));
}

}  // namespace sekisho::config
