#include "gateway/mail/address_list.h"

#include <algorithm>
#include <string>
#include <utility>

#include "gateway/base/utf8.h"
#include "gateway/mail/encoded_words.h"
#include "gateway/mail/headers.h"
#include "gateway/smtp/address_parser.h"

namespace sekisho::mail {
namespace {

constexpr std::size_t kMaxMailboxes = 1000;
constexpr int kMaxCommentDepth = 20;

auto bad(std::string_view why) { return fail(ErrorKind::invalid, std::string(why)); }

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// CR and LF only as folding; no other control byte, those of Unicode (U+0080 to U+009F) included.
bool is_clean(std::string_view text) {
  while (!text.empty()) {
    if (text.starts_with("\r\n") && text.size() > 2 && (text[2] == ' ' || text[2] == '\t')) {
      text.remove_prefix(3);
      continue;
    }
    const auto [length, code_point] = utf8_first(text);
    if (length == 0 || (code_point < 0x20 && code_point != '\t')) return false;
    if (code_point >= 0x7F && code_point < 0xA0) return false;
    text.remove_prefix(length);
  }
  return true;
}

class ListParser {
 public:
  explicit ListParser(std::string_view text) : text_(text) {}
  Result<std::vector<ListedMailbox>> parse();

 private:
  struct Words {
    std::string text{};  // quotes and escapes undone
    std::size_t begin = 0;
    std::size_t end = 0;
    bool dotted = true;  // words with single dots between them: may be a local part
    bool empty = true;
  };

  Result<void> take_address(bool in_group);
  Result<void> take_group();
  Result<void> take_bracketed();
  Result<void> take_domain_of(const Words& local);
  Result<Words> take_words();
  Result<std::string> take_quoted();
  Result<std::string> take_domain();
  Result<void> take_route();
  Result<void> skip_cfws();
  Result<void> skip_comment();
  [[nodiscard]] bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  bool take(char c) {
    if (!at(c)) return false;
    ++at_;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<ListedMailbox> found_;
};

Result<void> ListParser::skip_comment() {
  int depth = 0;
  do {
    if (at_end()) return bad("a comment without an end");
    const char c = text_[at_++];
    if (c == '(' && ++depth > kMaxCommentDepth) return bad("comments nested too deeply");
    if (c == ')') --depth;
    if (c == '\\' && !at_end()) ++at_;
  } while (depth > 0);
  return {};
}

Result<void> ListParser::skip_cfws() {
  while (!at_end()) {
    if (is_blank(text_[at_])) {
      ++at_;
    } else if (at('(')) {
      if (auto skipped = skip_comment(); !skipped) return skipped;
    } else {
      break;
    }
  }
  return {};
}

Result<std::string> ListParser::take_quoted() {
  std::string out;
  ++at_;
  while (!at_end() && !at('"')) {
    if (at('\\') && ++at_ == text_.size()) break;
    // Folding is no part of the text (RFC 5322 section 2.2.3).
    if (!at('\r') && !at('\n')) out += text_[at_];
    ++at_;
  }
  if (!take('"')) return bad("a quoted string without an end");
  return out;
}

// A phrase or a local part: which of them shows behind it.
Result<ListParser::Words> ListParser::take_words() {
  Words words{.begin = at_, .end = at_};
  bool after_dot = true;
  while (!at_end()) {
    if (at('.')) {
      words.dotted = words.dotted && !after_dot;
      words.text += text_[at_++];
      after_dot = true;
    } else if (at('"') || smtp::is_atext(text_[at_])) {
      words.dotted = words.dotted && after_dot;
      after_dot = false;
      if (at('"')) {
        auto quoted = take_quoted();
        if (!quoted) return std::unexpected(std::move(quoted.error()));
        words.text += *quoted;
      } else {
        while (!at_end() && smtp::is_atext(text_[at_])) words.text += text_[at_++];
      }
    } else {
      break;
    }
    words.empty = false;
    words.end = at_;
    if (auto skipped = skip_cfws(); !skipped) return std::unexpected(std::move(skipped.error()));
  }
  words.dotted = words.dotted && !after_dot;
  return words;
}

Result<std::string> ListParser::take_domain() {
  if (at('[')) {
    const std::size_t close = text_.find(']', at_);
    if (close == std::string_view::npos) return bad("an address literal without an end");
    const std::size_t begin = std::exchange(at_, close + 1);
    return std::string(text_.substr(begin, at_ - begin));
  }
  if (at('"')) return bad("a quoted domain");
  const std::size_t begin = at_;
  auto words = take_words();
  if (!words) return std::unexpected(std::move(words.error()));
  if (words->empty || !words->dotted) return bad("a domain that is none");
  if (text_.substr(begin, words->end - begin).find('"') != std::string_view::npos)
    return bad("a quoted domain");
  at_ = words->end;
  return std::move(words->text);
}

// Behind the local part: "@", the domain, and with them the mailbox.
Result<void> ListParser::take_domain_of(const Words& local) {
  if (!take('@')) return bad("an address without @");
  if (auto skipped = skip_cfws(); !skipped) return skipped;
  auto domain = take_domain();
  if (!domain) return std::unexpected(std::move(domain.error()));
  if (local.empty || !local.dotted) return bad("a local part that is none");
  // Readers that decode too early would see another address (as in Mailsploit).
  if (local.text.find("=?") != std::string::npos || domain->find("=?") != std::string::npos)
    return bad("an encoded word in an address");
  // Written in its one form and read by the grammar of the envelope: equal ones are equal values.
  const smtp::Mailbox as_read{.local = local.text, .domain = *domain};
  auto mailbox = smtp::parse_mailbox(as_read.to_string(), true);
  if (!mailbox) return std::unexpected(std::move(mailbox.error()));
  if (found_.size() == kMaxMailboxes) return bad("too many addresses");
  found_.push_back({.mailbox = std::move(*mailbox), .begin = local.begin, .end = at_});
  return skip_cfws();
}

Result<void> ListParser::take_route() {
  if (!at('@')) return {};
  while (!at(':')) {
    if (take('@')) {
      if (auto skipped = skip_cfws(); !skipped) return skipped;
      if (auto hop = take_domain(); !hop) return std::unexpected(std::move(hop.error()));
    } else if (!take(',')) {
      return bad("a source route that is none");
    }
    if (auto skipped = skip_cfws(); !skipped) return skipped;
  }
  ++at_;
  return skip_cfws();
}

Result<void> ListParser::take_bracketed() {
  ++at_;
  if (auto skipped = skip_cfws(); !skipped) return skipped;
  if (auto route = take_route(); !route) return route;
  auto local = take_words();
  if (!local) return std::unexpected(std::move(local.error()));
  if (auto mailbox = take_domain_of(*local); !mailbox) return mailbox;
  if (!take('>')) return bad("an address without > at its end");
  return skip_cfws();
}

Result<void> ListParser::take_group() {
  ++at_;
  while (true) {
    if (auto skipped = skip_cfws(); !skipped) return skipped;
    if (take(';')) return skip_cfws();
    if (take(',')) continue;
    if (auto member = take_address(true); !member) return member;
    if (!at(',') && !at(';')) return bad("a group without an end");
  }
}

Result<void> ListParser::take_address(bool in_group) {
  auto words = take_words();
  if (!words) return std::unexpected(std::move(words.error()));
  if (at('<')) return take_bracketed();
  if (at('@')) return take_domain_of(*words);
  if (at(':') && !in_group && !words->empty) return take_group();
  return bad("an address that is none");
}

Result<std::vector<ListedMailbox>> ListParser::parse() {
  if (!is_clean(text_)) return bad("a control byte, or no valid UTF-8");
  // Unfolded before: a line break in the decoded text comes from an encoded word.
  const std::string decoded = decode_encoded_words(Headers::unfold(text_));
  if (!is_clean(decoded) || decoded.find('\n') != std::string::npos)
    return bad("a control byte in an encoded word");
  bool seen = false;
  while (true) {
    if (auto skipped = skip_cfws(); !skipped) return std::unexpected(std::move(skipped.error()));
    if (at_end()) break;
    if (take(',')) continue;  // obsolete: an element that is empty
    seen = true;
    if (auto address = take_address(false); !address)
      return std::unexpected(std::move(address.error()));
    if (!at_end() && !at(',')) return bad("no comma between two addresses");
  }
  if (!seen) return bad("no address");
  return std::move(found_);
}

}  // namespace

Result<std::vector<ListedMailbox>> parse_address_list(std::string_view value) {
  return ListParser(value).parse();
}

}  // namespace sekisho::mail
