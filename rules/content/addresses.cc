#include "rules/content/addresses.h"

#include <algorithm>

#include "gateway/base/text.h"
#include "gateway/mail/address_list.h"
#include "gateway/mail/encoded_words.h"
#include "gateway/mail/headers.h"
#include "rules/content/links.h"

namespace sekisho::rules::content {
namespace {

// Quotes, escapes and comments undone, encoded words decoded, blanks made single. `comments`: the
// name is what stands in them, since nothing stands outside.
std::optional<std::string> read_name(std::string_view raw, bool comments) {
  std::string text;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '"' && depth == 0) {
      quoted = !quoted;
      continue;
    }
    if (c == '\\' && (quoted || depth > 0) && i + 1 < raw.size()) {
      c = raw[++i];
    } else if (c == '(' && !quoted) {
      ++depth;
      continue;
    } else if (c == ')' && depth > 0) {
      --depth;
      continue;
    }
    if ((depth > 0) == comments) text += c;
  }
  text = mail::decode_encoded_words(mail::Headers::unfold(text));
  std::string name;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!blank) {
      name += c;
    } else if (!name.empty() && !name.ends_with(' ')) {
      name += ' ';
    }
  }
  if (name.ends_with(' ')) name.pop_back();
  if (name.empty()) return std::nullopt;
  return name;
}

// Where a separator stands outside of quotes and comments; npos: nowhere.
std::size_t find_outside(std::string_view text, std::string_view separators) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      ++i;
    } else if (c == '"' && depth == 0) {
      quoted = !quoted;
    } else if (c == '(' && !quoted) {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    } else if (!quoted && depth == 0 && separators.contains(c)) {
      return i;
    }
  }
  return std::string_view::npos;
}

// Of the mailbox between two others: `before` ends where it begins, `after` begins where it ends.
std::optional<std::string> name_of(std::string_view before, std::string_view after) {
  for (std::size_t at = find_outside(before, ",;:"); at != std::string_view::npos;
       at = find_outside(before, ",;:")) {
    before.remove_prefix(at + 1);
  }
  if (const std::size_t bracket = find_outside(before, "<"); bracket != std::string_view::npos)
    return read_name(before.substr(0, bracket), false);
  // addr-spec alone: the name is a comment behind it, as it was before RFC 822.
  return read_name(after.substr(0, find_outside(after, ",;")), true);
}

Address address_of(std::string local, std::string_view domain) {
  Address address{
      .address = {}, .domain = canonical_domain(domain), .local = std::move(local), .name = {}};
  address.address = address.local + "@" + address.domain;
  return address;
}

bool is_address_char(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != '\x7F' &&
         !std::string_view("<>()[],;:\\\"").contains(c);
}

void add(std::vector<Address>& addresses, Address address) {
  const bool known = std::ranges::any_of(
      addresses, [&](const Address& other) { return other.address == address.address; });
  if (!known) addresses.push_back(std::move(address));
}

// Every word that has an @ in it.
void append_words(std::string_view text, std::vector<Address>& addresses) {
  std::size_t done = 0;
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    if (addresses.size() > kMaxAddresses) return;
    std::size_t begin = at;
    while (begin > done && is_address_char(text[begin - 1]) && text[begin - 1] != '@') --begin;
    std::size_t end = at + 1;
    while (end < text.size() && is_address_char(text[end]) && text[end] != '@') ++end;
    // The blanks of "a b"@example.com and of obsolete forms are not kept.
    std::string_view domain = text.substr(at + 1, end - at - 1);
    while (domain.ends_with('.') || domain.ends_with('\'')) domain.remove_suffix(1);
    if (!domain.empty())
      add(addresses, address_of(std::string(text.substr(begin, at - begin)), domain));
    done = at + 1;
  }
}

}  // namespace

Result<void> append_addresses(std::string_view value, std::vector<Address>& addresses) {
  const auto too_many = [] {
    return fail(ErrorKind::limit,
                "a field has more than " + std::to_string(kMaxAddresses) + " addresses");
  };
  if (const auto listed = mail::parse_address_list(value)) {
    for (std::size_t i = 0; i < listed->size(); ++i) {
      const auto& one = (*listed)[i];
      const std::size_t begin = i == 0 ? 0 : (*listed)[i - 1].end;
      const std::size_t end = i + 1 == listed->size() ? value.size() : (*listed)[i + 1].begin;
      Address address = address_of(one.mailbox.local, one.mailbox.domain);
      address.name =
          name_of(value.substr(begin, one.begin - begin), value.substr(one.end, end - one.end));
      addresses.push_back(std::move(address));
    }
  } else {
    const std::size_t known = addresses.size();
    const std::string plain = mail::Headers::unfold(value);
    append_words(plain, addresses);
    if (plain.contains("=?")) append_words(mail::decode_encoded_words(plain), addresses);
    const std::size_t bracket = plain.find('<');
    const auto name = bracket == std::string::npos
                          ? std::nullopt
                          : read_name(std::string_view(plain).substr(0, bracket), false);
    for (std::size_t i = known; i < addresses.size(); ++i) addresses[i].name = name;
  }
  if (addresses.size() > kMaxAddresses) return too_many();
  return {};
}

}  // namespace sekisho::rules::content
