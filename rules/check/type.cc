#include "rules/check/type.h"

#include <array>

namespace sekisho::rules {
namespace {

struct TypeInfo {
  Type type;
  std::string_view one;
  std::string_view many;
  std::string_view example;
};

constexpr std::array<TypeInfo, 22> kTypes = {{
    {Type::boolean, "a yes or no", "yes or no", "authenticated"},
    {Type::number, "a number", "numbers", "20"},
    {Type::percent, "a percentage", "percentages", "50%"},
    {Type::size, "a size", "sizes", "10MB"},
    {Type::duration, "a time", "times", "10m"},
    {Type::date, "a date", "dates", "2027-01-31"},
    {Type::clock, "a time of day", "times of day", "08:30"},
    {Type::text, "a text", "texts", "\"text\""},
    {Type::word, "a word", "words", "alice"},
    {Type::address, "an address", "addresses", "info@example.com"},
    {Type::domain, "a domain", "domains", "example.com"},
    {Type::ip, "an IP address", "IP addresses", "192.0.2.1"},
    {Type::network, "a network", "networks", "192.0.2.0/24"},
    {Type::user, "a user", "users", "alice"},
    {Type::weekday, "a day of the week", "days of the week", "monday"},
    {Type::country, "a country", "countries", "DE"},
    {Type::extension, "an extension", "extensions", "exe"},
    {Type::part_kind, "a kind of file", "kinds of files", "program"},
    {Type::media_type, "a media type", "media types", "text/html"},
    {Type::hash, "a SHA-256 sum", "SHA-256 sums", "64 hexadecimal digits"},
    {Type::key, "a key", "keys", "selector:/path/to/key"},
    {Type::verdict, "a verdict", "verdicts", "fail"},
}};

const TypeInfo& info(Type type) { return kTypes[static_cast<std::size_t>(type)]; }

}  // namespace

std::string_view to_string(Type type) { return info(type).one; }
std::string_view plural(Type type) { return info(type).many; }
std::string_view example_of(Type type) { return info(type).example; }

bool is_ordered(Type type) { return type >= Type::number && type <= Type::clock; }

bool is_textual(Type type) {
  switch (type) {
    case Type::text:
    case Type::word:
    case Type::address:
    case Type::domain:
    case Type::user:
    case Type::extension:
    case Type::media_type:
      return true;
    default:
      return false;
  }
}

const std::vector<std::string_view>& words_of(Type type) {
  static const std::vector<std::string_view> none;
  static const std::vector<std::string_view> weekdays = {
      "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  static const std::vector<std::string_view> kinds = {"program", "archive",    "document", "script",
                                                      "image",   "audio",      "video",    "text",
                                                      "message", "disk-image", "unknown"};
  static const std::vector<std::string_view> verdicts = {"pass", "fail",      "softfail", "neutral",
                                                         "none", "temperror", "permerror"};
  if (type == Type::weekday) return weekdays;
  if (type == Type::part_kind) return kinds;
  if (type == Type::verdict) return verdicts;
  return none;
}

}  // namespace sekisho::rules
