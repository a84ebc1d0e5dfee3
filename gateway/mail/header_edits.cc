#include <algorithm>
#include <list>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/mail/encoded_words.h"
#include "gateway/mail/headers.h"

namespace sekisho::mail {
namespace {

constexpr std::size_t kFoldAt = 78;     // RFC 5322 section 2.1.1: should not be longer
constexpr std::size_t kLongWord = 900;  // and must not be longer than 998

std::string fit_name(std::string name) {
  if (name.empty()) return "X-Unnamed";
  for (char& c : name) {
    if (c <= 32 || c >= 127 || c == ':') c = '-';
  }
  return name;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string fit_value(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    // Folding that the value brought along goes away; we fold anew.
    if (value.substr(i).starts_with("\r\n") && i + 2 < value.size() && is_blank(value[i + 2])) {
      ++i;
    } else if (value[i] == '\t') {
      out += ' ';
    } else {
      const auto c = static_cast<unsigned char>(value[i]);
      out += c < 32 || c == 127 ? '?' : value[i];
    }
  }
  return std::string(trim(out));
}

struct Word {
  std::string_view blanks;  // before it
  std::string_view text;

  [[nodiscard]] bool needs_encoding() const {
    return text.size() > kLongWord ||
           std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 128; });
  }
};

std::vector<Word> words_of(std::string_view value) {
  std::vector<Word> words;
  while (!value.empty()) {
    const std::size_t start = std::min(value.find_first_not_of(' '), value.size());
    const std::size_t end = std::min(value.find(' ', start), value.size());
    words.push_back({.blanks = value.substr(0, start), .text = value.substr(start, end - start)});
    value.remove_prefix(end);
  }
  return words;
}

// Neighbours that need it are encoded together with the blanks between them, because a reader
// drops the blanks between two encoded words.
std::string encode_where_needed(std::string_view value) {
  std::string out;
  const auto words = words_of(value);
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += words[i].blanks;
    if (!words[i].needs_encoding()) {
      out += words[i].text;
      continue;
    }
    const char* begin = words[i].text.data();
    while (i + 1 < words.size() && words[i + 1].needs_encoding()) ++i;
    const char* end = words[i].text.data() + words[i].text.size();
    out += encode_words({begin, static_cast<std::size_t>(end - begin)});
  }
  return out;
}

}  // namespace

std::string format_field(std::string_view name, std::string_view value) {
  std::string out = fit_name(std::string(name)) + ":";
  std::size_t column = out.size();
  const std::string text = encode_where_needed(fit_value(value));
  bool first = true;
  for (const Word& word : words_of(text)) {
    const std::string_view blanks = first ? " " : word.blanks;
    const std::size_t length = blanks.size() + word.text.size();
    // Never straight after the name: a first line without text upsets some readers.
    if (!first && column + length > kFoldAt) {
      out += "\r\n";
      column = 0;
    }
    // A line of nothing but blanks would end the section for some readers, and a run of them can
    // be as long as the sender likes.
    if (blanks.size() + column > kLongWord) {
      out += ' ';
    } else {
      out += blanks;
    }
    out += word.text;
    column += length;
    first = false;
  }
  return out + "\r\n";
}

void HeaderEdits::add(std::string name, std::string value) {
  edits_.push_back({Edit::Kind::add, fit_name(std::move(name)), std::move(value), {}});
}

void HeaderEdits::prepend(std::string name, std::string value) {
  edits_.push_back({Edit::Kind::prepend, fit_name(std::move(name)), std::move(value), {}});
}

void HeaderEdits::remove(std::string name) {
  edits_.push_back({Edit::Kind::remove, fit_name(std::move(name)), {}, {}});
}

void HeaderEdits::remove(std::string name, std::function<bool(std::string_view)> which) {
  edits_.push_back({Edit::Kind::remove, fit_name(std::move(name)), {}, std::move(which)});
}

void HeaderEdits::replace(std::string name, std::string value) {
  edits_.push_back({Edit::Kind::replace, fit_name(std::move(name)), std::move(value), {}});
}

std::string HeaderEdits::apply(std::string_view header_section) const {
  struct Piece {
    std::string_view name;
    std::string_view raw;

    [[nodiscard]] std::string_view value() const {
      const auto text = raw.substr(raw.find(':') + 1);
      return text.substr(0, text.size() - (text.ends_with("\r\n") ? 2 : 0));
    }
  };
  const Headers headers = Headers::parse(header_section);
  std::list<Piece> pieces;
  for (const HeaderField& field : headers.fields()) pieces.push_back({field.name, field.raw});

  std::list<std::string> made;  // what the new pieces point to
  for (const Edit& edit : edits_) {
    const auto has_name = [&](const Piece& piece) { return iequals(piece.name, edit.name); };
    if (edit.kind == Edit::Kind::remove) {
      pieces.remove_if([&](const Piece& piece) {
        return has_name(piece) && (!edit.which || edit.which(piece.value()));
      });
      continue;
    }
    const Piece piece{edit.name, made.emplace_back(format_field(edit.name, edit.value))};
    if (edit.kind == Edit::Kind::prepend) {
      pieces.push_front(piece);
    } else if (edit.kind == Edit::Kind::add) {
      pieces.push_back(piece);
    } else {
      auto place = std::ranges::find_if(pieces, has_name);
      if (place != pieces.end()) {
        *place++ = piece;
        while (place != pieces.end()) place = has_name(*place) ? pieces.erase(place) : ++place;
      } else {
        pieces.push_back(piece);
      }
    }
  }

  std::string out;
  const auto append = [&](std::string_view raw) {
    if (!out.empty() && !out.ends_with('\n')) out += "\r\n";  // the message ended within a line
    out += raw;
  };
  for (const Piece& piece : pieces) append(piece.raw);
  std::string_view rest = header_section.substr(headers.size());
  if (!rest.empty() && is_blank(rest[0])) out += "\r\n";
  if (has_empty_line(header_section)) rest.remove_suffix(2);
  if (!rest.empty()) append(rest);
  return out;
}

}  // namespace sekisho::mail
