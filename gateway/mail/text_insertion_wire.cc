// A TextInsertion, and the order for one, as bytes: each number in eight bytes, each text with its
// length before it.
#include <algorithm>
#include <array>
#include <cstring>

#include "gateway/base/text.h"
#include "gateway/mail/text_insertion.h"

namespace sekisho::mail {
namespace {

constexpr std::size_t kMaxThings = 1000;

void put(std::string& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift);
}

void put(std::string& out, std::string_view text) {
  put(out, text.size());
  out += text;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number() {
    if (rest_.size() < 8) return spoil();
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    rest_.remove_prefix(8);
    return value;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) return spoil(), std::string();
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  std::size_t count() {
    const std::uint64_t value = number();
    return value <= kMaxThings ? static_cast<std::size_t>(value) : spoil();
  }
  [[nodiscard]] bool done() const { return good_ && rest_.empty(); }

 private:
  std::size_t spoil() {
    good_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool good_ = true;
};

// Lines as a message has them.
bool is_clean(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\0' || bytes[i] == '\n') return false;
    if (bytes[i] != '\r') continue;
    if (++i == bytes.size() || bytes[i] != '\n') return false;
  }
  return true;
}

bool is_plain(std::string_view value) {
  return std::ranges::none_of(value, [](char c) {
    return static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) > 126;
  });
}

bool is_field(const std::pair<std::string, std::string>& field) {
  static constexpr std::array<std::string_view, 3> kNames{
      "Content-Type", "Content-Transfer-Encoding", "MIME-Version"};
  return std::ranges::find(kNames, field.first) != kNames.end() && is_plain(field.second);
}

}  // namespace

std::string write(const TextInsertion& insertion) {
  std::string out;
  put(out, insertion.left_alone);
  put(out, insertion.fields.size());
  for (const auto& [name, value] : insertion.fields) {
    put(out, name);
    put(out, value);
  }
  put(out, insertion.replacements.size());
  for (const Replacement& one : insertion.replacements) {
    put(out, one.offset);
    put(out, one.length);
    put(out, one.bytes);
  }
  return out;
}

Result<TextInsertion> read_insertion(std::string_view bytes, std::uint64_t body_size) {
  Reader reader(bytes);
  TextInsertion made;
  made.left_alone = reader.text();
  for (std::size_t left = reader.count(); left > 0; --left) {
    std::string name = reader.text();
    made.fields.emplace_back(std::move(name), reader.text());
  }
  for (std::size_t left = reader.count(); left > 0; --left) {
    Replacement one;
    one.offset = reader.number();
    one.length = reader.number();
    one.bytes = reader.text();
    made.replacements.push_back(std::move(one));
  }
  bool good = reader.done() && std::ranges::all_of(made.fields, is_field);
  std::uint64_t at = 0;
  for (const Replacement& one : made.replacements) {
    good = good && one.offset >= at && one.offset <= body_size &&
           one.length <= body_size - one.offset && is_clean(one.bytes);
    at = one.offset + one.length;
  }
  if (!good) return fail(ErrorKind::protocol, "no text insertion of this message");
  return made;
}

std::string write(const std::vector<AddedText>& texts, std::size_t header_size) {
  std::string out;
  put(out, header_size);
  put(out, texts.size());
  for (const AddedText& text : texts) {
    put(out, text.before ? 1U : 0U);
    put(out, text.plain);
    put(out, text.html);
  }
  return out;
}

Result<InsertionOrder> read_insertion_order(std::string_view bytes) {
  Reader reader(bytes);
  InsertionOrder made;
  made.header_size = reader.number();
  for (std::size_t left = reader.count(); left > 0; --left) {
    AddedText text;
    text.before = reader.number() != 0;
    text.plain = reader.text();
    text.html = reader.text();
    made.texts.push_back(std::move(text));
  }
  if (!reader.done()) return fail(ErrorKind::protocol, "no order for a text insertion");
  return made;
}

}  // namespace sekisho::mail
