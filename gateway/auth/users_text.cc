#include "gateway/auth/users_text.h"

#include <utility>

#include <fmt/format.h>

#include "gateway/auth/saslprep.h"
#include "gateway/auth/user_secret.h"
#include "gateway/base/encode.h"
#include "gateway/base/text.h"
#include "gateway/base/utf8.h"

namespace sekisho::auth {
namespace {

constexpr std::size_t kMaxNameBytes = 255;
constexpr std::string_view kBlanks = " \t";

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_entry(std::string_view line) {
  const std::string_view content = trim(line);
  return !content.empty() && content.front() != '#';
}

struct LineError {
  std::size_t column = 1;  // 1-based
  std::string text;
};

struct Entry {
  std::string name;  // normalized
  std::string_view secret;
};

std::expected<Entry, LineError> parse_entry(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) {
    return std::unexpected(LineError{1, "no colon between name and secret"});
  }
  auto name = normalize_user_name(line.substr(0, colon));
  if (!name) return std::unexpected(LineError{1, std::move(name.error().text)});
  const std::string_view secret = line.substr(colon + 1);
  if (is_locked(secret)) return Entry{std::move(*name), secret};
  if (const auto usable = parse_user_secret(secret); !usable) {
    return std::unexpected(
        LineError{colon + 2, usable.error().text + "; make one with `sekisho user passwd`"});
  }
  return Entry{std::move(*name), secret};
}

}  // namespace

Result<std::string> normalize_user_name(std::string_view name) {
  if (name.empty()) return fail(ErrorKind::invalid, "the user name is empty");
  if (name.size() > kMaxNameBytes) {
    return fail(ErrorKind::invalid, "the user name is longer than 255 bytes");
  }
  if (!is_utf8(name)) return fail(ErrorKind::invalid, "the user name is not UTF-8");
  auto prepared = saslprep(name);
  if (!prepared)
    return fail(ErrorKind::invalid,
                "the user name holds a character that none may hold (RFC 4013)");
  if (prepared->size() > kMaxNameBytes)
    return fail(ErrorKind::invalid, "the user name is longer than 255 bytes");
  name = *prepared;
  if (name.front() == '#') return fail(ErrorKind::invalid, "a user name can't begin with '#'");
  if (kBlanks.contains(name.front()) || kBlanks.contains(name.back())) {
    return fail(ErrorKind::invalid, "a user name can't begin or end with a blank");
  }
  for (std::string_view rest = name; !rest.empty();) {
    const auto [length, code_point] = utf8_first(rest);
    if (is_control(code_point)) {
      return fail(ErrorKind::invalid, "the user name holds a control character");
    }
    if (code_point == U':') return fail(ErrorKind::invalid, "the user name holds a ':'");
    rest.remove_prefix(length);
  }
  return to_lower(name);
}

Result<Users> parse_users(std::string_view text, const std::filesystem::path& file) {
  Users users;
  std::size_t number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    const std::string_view line = without_cr(raw);
    if (!is_entry(line)) continue;
    const auto refuse = [&](std::size_t column, std::string_view why) {
      return fail(ErrorKind::invalid,
                  fmt::format("{}:{}:{}: {}", file.native(), number, column, why));
    };
    auto entry = parse_entry(line);
    if (!entry) return refuse(entry.error().column, entry.error().text);
    const auto [at, added] = users.try_emplace(std::move(entry->name), entry->secret);
    if (!added) {
      return refuse(1, fmt::format("the user {} is here twice", encode_for_log(at->first)));
    }
  }
  return users;
}

Result<std::string> edit_users(std::string_view text, const Users& users) {
  Users missing = users;  // those that no line stands for yet
  std::string out;
  const auto add_line = [&out](std::string_view line) { out.append(line).append("\n"); };
  const auto add_user = [&out](std::string_view name, std::string_view secret) {
    out.append(name).append(":").append(secret).append("\n");
  };
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (!text.empty()) {
    for (const std::string_view raw : split(text, '\n')) {
      const std::string_view line = without_cr(raw);
      if (!is_entry(line)) {
        add_line(raw);
        continue;
      }
      const auto entry = parse_entry(line);
      if (!entry) return fail(ErrorKind::invalid, entry.error().text);
      const auto kept = missing.find(entry->name);
      if (kept == missing.end()) continue;
      if (kept->second == entry->secret) {
        add_line(raw);
      } else {
        add_user(kept->first, kept->second);
      }
      missing.erase(kept);
    }
  }
  for (const auto& [name, secret] : missing) add_user(name, secret);

  auto reread = parse_users(out, {});
  if (!reread || *reread != users) {
    return fail(ErrorKind::invalid, "a user name or secret that the file can't hold");
  }
  return out;
}

}  // namespace sekisho::auth
