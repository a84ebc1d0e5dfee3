#include "gateway/mail/text_insertion.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/mail/content_type.h"
#include "gateway/mail/headers.h"
#include "gateway/mail/inserted_text.h"

namespace sekisho::mail {
namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxChildren = 100;
constexpr std::size_t kMaxTexts = 10;  // that are changed

struct Range {
  std::size_t from = 0;
  std::size_t to = 0;
};

struct Entity {
  ContentType type;
  std::string encoding;
  const HeaderField* type_field = nullptr;
  const HeaderField* encoding_field = nullptr;
  bool attachment = false;
};

// Lines that end with CRLF, the last one perhaps not, and no NUL.
bool is_lines(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') return false;
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return false;
  }
  return true;
}

class Insertion {
 public:
  Insertion(std::string_view body, const Surrounding& plain, const Surrounding& html)
      : body_(body), plain_(plain), html_(html) {}

  // False: left alone, and `why` says it.
  bool message(std::string_view header_section) {
    const Headers headers = Headers::parse(header_section);
    const auto entity = read(headers);
    if (!entity) return false;
    if (headers.count("Content-Type") == 0) needs_version_ = true;
    return take(*entity, {0, body_.size()}, 0, std::nullopt) && changed_ > 0;
  }

  std::string_view why = "no text to add to";
  TextInsertion made;

 private:
  bool alone(std::string_view because) {
    why = because;
    return false;
  }

  std::optional<Entity> read(const Headers& headers) {
    for (const std::string_view name :
         {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}) {
      if (headers.count(name) <= 1) continue;
      why = "a field that is there twice";
      return std::nullopt;
    }
    Entity entity{.type = {},
                  .encoding = {},
                  .type_field = headers.find("Content-Type"),
                  .encoding_field = headers.find("Content-Transfer-Encoding")};
    if (entity.type_field != nullptr) {
      auto type = read_content_type(entity.type_field->value);
      if (!type) {
        why = "a Content-Type of more than one meaning";
        return std::nullopt;
      }
      entity.type = std::move(*type);
    }
    if (entity.encoding_field != nullptr)
      entity.encoding = to_lower(Headers::unfold(entity.encoding_field->value));
    if (const auto* disposition = headers.find("Content-Disposition"))
      entity.attachment = !istarts_with(Headers::unfold(disposition->value), "inline");
    return entity;
  }

  // `header`: of a part, in the body; of the message: none.
  bool take(const Entity& entity, Range content, int depth, std::optional<Range> header) {
    const std::string& type = entity.type.type;
    if (type == "multipart/signed" || type == "multipart/encrypted" ||
        type.find("pkcs7-") != std::string::npos)
      return alone("signed or encrypted");
    if (type.starts_with("multipart/")) return take_parts(entity, content, depth);
    if (entity.attachment || (type != "text/plain" && type != "text/html")) return true;
    return change(entity, content, header);
  }

  bool take_parts(const Entity& entity, Range content, int depth) {
    if (depth >= kMaxDepth) return alone("parts within parts within parts");
    if (!entity.encoding.empty() && entity.encoding != "7bit" && entity.encoding != "8bit")
      return alone("parts that are encoded as a whole");
    const std::string boundary = entity.type.parameter("boundary");
    const auto parts = split_at(boundary, content);
    if (!parts) return alone("a structure of more than one meaning");
    delimiters_.push_back("--" + boundary);
    const bool taken = take_each(entity, *parts, depth);
    delimiters_.pop_back();
    return taken;
  }

  bool take_each(const Entity& entity, const std::vector<Range>& parts, int depth) {
    // All readings of one text; else the one that is shown first.
    const bool all = entity.type.type == "multipart/alternative";
    if (!all && entity.type.type != "multipart/mixed" && entity.type.type != "multipart/related")
      return true;
    for (const Range& part : parts) {
      const std::string_view bytes = body_.substr(part.from, part.to - part.from);
      HeaderScanner scanner;
      const std::size_t header_size = scanner.feed(bytes);
      const Headers headers = Headers::parse(bytes.substr(0, header_size));
      if (!scanner.done() || headers.size() + 2 != header_size)
        return alone("a part whose header is none");
      const auto child = read(headers);
      if (!child) return false;
      const std::size_t before = changed_;
      if (!take(*child, {part.from + header_size, part.to}, depth + 1,
                Range{part.from, part.from + headers.size()}))
        return false;
      if (!all && (changed_ > before || !child->attachment)) break;
    }
    return true;
  }

  // Where a line begins with the boundary and has more, some readers see a delimiter and some
  // don't.
  std::optional<std::vector<Range>> split_at(const std::string& boundary, Range content) {
    if (boundary.empty() || boundary.size() > 70) return std::nullopt;
    const std::string delimiter = "--" + boundary;
    std::vector<Range> parts;
    bool open = false;
    for (std::size_t line = content.from; line < content.to;) {
      const std::size_t end = std::min(body_.find("\r\n", line), content.to);
      const std::string_view text = body_.substr(line, end - line);
      const std::size_t next = std::min(end + 2, content.to);
      if (text.starts_with(delimiter)) {
        const std::string_view rest = trim(text.substr(delimiter.size()));
        if (open) parts.back().to = std::max(parts.back().from, line - 2);
        if (rest == "--") return open ? std::optional(parts) : std::nullopt;
        if (!rest.empty() || parts.size() >= kMaxChildren) return std::nullopt;
        parts.push_back({next, next});
        open = true;
      }
      line = next;
    }
    return std::nullopt;  // no end
  }

  bool change(const Entity& entity, Range content, std::optional<Range> header) {
    const bool html = entity.type.type == "text/html";
    const TextPart part{.body = body_.substr(content.from, content.to - content.from),
                        .charset = to_lower(entity.type.parameter("charset")),
                        .encoding = entity.encoding,
                        .html = html,
                        .flowed = iequals(entity.type.parameter("format"), "flowed")};
    auto changed = insert(part, html ? html_ : plain_, why);
    if (!changed || ++changed_ > kMaxTexts) return false;
    if (!is_lines(changed->body)) return alone("bytes that are no lines");
    // What was no delimiter may have become one: our text or another line break stands before it,
    // or it is decoded now. A part that no filter saw would begin there.
    if (holds_delimiter(changed->body)) return alone("a text that would break its structure");
    if (changed->charset) {
      ContentType type = entity.type;
      type.parameters["charset"] = *changed->charset;
      set(header, entity.type_field, "Content-Type", type.to_string());
    }
    if (changed->encoding)
      set(header, entity.encoding_field, "Content-Transfer-Encoding", *changed->encoding);
    made.replacements.push_back(
        {content.from, content.to - content.from, std::move(changed->body)});
    return true;
  }

  [[nodiscard]] bool holds_delimiter(std::string_view text) const {
    for (std::size_t line = 0; line < text.size();) {
      const std::string_view rest = text.substr(line);
      if (std::ranges::any_of(delimiters_, [&](const auto& one) { return rest.starts_with(one); }))
        return true;
      line += std::min(rest.find('\n'), rest.size() - 1) + 1;
    }
    return false;
  }

  void set(std::optional<Range> header, const HeaderField* field, const std::string& name,
           const std::string& value) {
    if (!header) {
      if (std::exchange(needs_version_, false)) made.fields.emplace_back("MIME-Version", "1.0");
      made.fields.emplace_back(name, value);
      return;
    }
    const std::string raw = format_field(name, value);
    if (field == nullptr) {
      made.replacements.push_back({header->to, 0, raw});
    } else {
      const auto at = static_cast<std::size_t>(field->raw.data() - body_.data());
      made.replacements.push_back({at, field->raw.size(), raw});
    }
  }

  std::string_view body_;
  const Surrounding& plain_;
  const Surrounding& html_;
  std::vector<std::string> delimiters_;  // of the parts around the one at hand
  std::size_t changed_ = 0;
  bool needs_version_ = false;
};

}  // namespace

TextInsertion insert_texts(std::string_view header_section, std::string_view body,
                           const std::vector<AddedText>& texts) {
  Surrounding plain;
  Surrounding html;
  for (const AddedText& text : texts) {
    if (text.before) {
      plain.before.insert(0, text.plain);
      html.before.insert(0, text.html);
    } else {
      plain.behind += text.plain;
      html.behind += text.html;
    }
  }
  Insertion insertion(body, plain, html);
  if (!insertion.message(header_section))
    return {.left_alone = std::string(insertion.why), .fields = {}, .replacements = {}};
  std::ranges::sort(insertion.made.replacements, {},
                    [](const Replacement& one) { return std::pair(one.offset, one.length); });
  std::size_t total = 0;
  for (const Replacement& one : insertion.made.replacements) total += one.bytes.size();
  if (total > kMaxInsertion)
    return {.left_alone = "texts that are too large", .fields = {}, .replacements = {}};
  return std::move(insertion.made);
}

}  // namespace sekisho::mail
