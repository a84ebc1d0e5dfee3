#include "filters/rules/added_texts.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "gateway/base/file_io.h"
#include "gateway/base/text.h"
#include "gateway/base/utf8.h"

namespace sekisho::filters::rule {
namespace {

using Kind = ::sekisho::rules::ast::Action::Kind;

Result<std::string> read(const std::filesystem::path& file) {
  auto text = read_whole_file(file, kMaxAddedText);
  if (!text) return text;
  const auto wrong = [&](const char* what) {
    return fail(ErrorKind::invalid, file.string() + " " + what);
  };
  std::erase(*text, '\r');
  if (!is_utf8(*text)) return wrong("is not UTF-8");
  const bool controls = std::ranges::any_of(*text, [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t') || c == 127;
  });
  if (controls) return wrong("has control characters");
  for (const std::string_view line : split(*text, '\n'))
    if (line.size() > kMaxAddedLine) return wrong("has a line of more than 900 bytes");
  return text;
}

}  // namespace

std::string html_of(std::string_view plain) {
  std::string out = "<p>";
  for (const char c : plain.substr(0, plain.find_last_not_of('\n') + 1)) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '\n')
      out += "<br>\n";
    else
      out += c;
  }
  return out + "</p>\n";
}

Result<AddedTexts> load_added_texts(const ::sekisho::rules::RuleSet& set) {
  AddedTexts texts;
  for (const auto& rule : set.rules) {
    for (const auto& action : rule.actions) {
      if (rule.off || (action.kind != Kind::prepend && action.kind != Kind::append)) continue;
      auto plain = read(action.name);
      if (!plain) return std::unexpected(std::move(plain.error()));
      mail::AddedText text{.before = false, .plain = std::move(*plain), .html = {}};
      const std::filesystem::path page = action.name + ".html";
      std::error_code failed;
      if (std::filesystem::exists(page, failed)) {
        auto html = read(page);
        if (!html) return std::unexpected(std::move(html.error()));
        text.html = std::move(*html);
      } else {
        text.html = html_of(text.plain);
      }
      texts.emplace(action.name, std::move(text));
    }
  }
  return texts;
}

}  // namespace sekisho::filters::rule
