#include "rules/content/parts.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "gateway/base/text.h"
#include "gateway/mail/mime_names.h"
#include "gateway/mail/transfer_decoding.h"
#include "rules/content/archive.h"
#include "rules/content/file_kind.h"

namespace sekisho::rules::content {
namespace {

bool is_container(std::string_view type) {
  return type.starts_with("multipart") || type.starts_with("message/");
}

// A type without a name that readers offer to save, rather than show.
bool is_shown_as_file(std::string_view type) {
  static constexpr std::array<std::string_view, 5> kShown{"text/", "multipart", "message/",
                                                          "image/", "application/pgp-"};
  return std::ranges::none_of(kShown, [&](auto shown) { return type.starts_with(shown); });
}

void add_all(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const std::string& one : more) {
    if (std::ranges::find(into, one) == into.end()) into.push_back(one);
  }
}

std::vector<std::string> extensions_of(const std::vector<std::string>& names) {
  std::vector<std::string> extensions;
  for (const std::string& name : names) mail::add_extensions(extensions, name);
  return extensions;
}

// The content of a uuencoded file: its lines, up to the one that ends it.
std::string decode_uu(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    out += mail::decode_uu_line(line);
  }
  return out;
}

class PartMaker {
 public:
  PartMaker(const mail::MimeView& view, std::string_view message, bool with_hash)
      : view_(view), message_(message), with_hash_(with_hash) {}

  Result<std::vector<Part>> make() {
    const mail::MimePart* before = nullptr;
    for (const mail::MimePart& part : view_.parts) {
      const bool again = before != nullptr && before->offset == part.offset &&
                         before->depth == part.depth && before->names == part.names &&
                         before->disposition == part.disposition;
      before = &part;
      const std::size_t index = again ? current_ : parts_.size();
      if (!again) parts_.emplace_back();
      current_ = index;
      if (auto taken = take(part, index, again); !taken) return std::unexpected(taken.error());
      if (parts_.size() > kMaxParts) return fail(ErrorKind::limit, "too many parts");
    }
    return std::move(parts_);
  }

 private:
  Result<void> take(const mail::MimePart& source, std::size_t index, bool again) {
    Part& part = parts_[index];
    add_all(part.types, {source.type});
    if (!again) {
      part.names = source.names;
      part.extensions = extensions_of(source.names);
      part.attachment = !part.names.empty() || source.disposition == "attachment" ||
                        is_shown_as_file(source.type);
    }
    if (is_container(source.type)) {
      if (!again) part.size = source.body ? view_.bodies[*source.body].size() : source.size;
      if (source.type.starts_with("message/")) add_all(part.kinds, {"message"});
      // A file under the name of a container.
      for (const std::string& kind : kinds_of(source.magic))
        if (kind == "program" || kind == "archive" || kind == "disk-image")
          add_all(part.kinds, {kind});
      if (!again && with_hash_) part.hash = sha256_hex(body_of(source, view_, message_));
      return {};
    }
    std::string decoded;  // of what stands in a text
    std::string_view bytes = body_of(source, view_, message_);
    const bool in_text = source.encoding == "x-uuencode" || source.encoding == "x-yenc";
    if (in_text) {
      // Within a text that was itself decoded, only its beginning is at hand.
      const bool whole =
          source.encoding == "x-uuencode" && source.offset > 0 &&
          message_.substr(0, static_cast<std::size_t>(source.offset)).ends_with('\n') &&
          starts_as(source);
      if (whole) decoded = decode_uu(bytes);
      bytes = whole ? std::string_view(decoded) : std::string_view(source.magic);
    }
    if (!again) {
      part.size = in_text && decoded.empty() ? source.size : bytes.size();
      if (with_hash_ && (!in_text || !decoded.empty())) part.hash = sha256_hex(bytes);
    }
    const std::string name = part.names.empty() ? std::string() : part.names.front();
    return look_into(bytes, name, index, 0);
  }

  // Whether the bytes at its place are those whose beginning the walker decoded.
  [[nodiscard]] bool starts_as(const mail::MimePart& part) const {
    const std::string_view body = body_of(part, view_, message_);
    return decode_uu(body.substr(0, 128)).starts_with(part.magic);
  }

  // Kinds, passwords and members of what is a file. Parts may move: by index.
  Result<void> look_into(std::string_view bytes, const std::string& name, std::size_t index,
                         int depth) {
    add_all(parts_[index].kinds, kinds_of(bytes));
    if (is_encrypted_document(bytes)) parts_[index].encrypted = true;
    if (!is_open_archive(bytes)) return {};
    if (depth >= ArchiveBudget::kMaxDepth)
      return fail(ErrorKind::limit, "archives are nested too deeply to look into them");
    const bool attachment = parts_[index].attachment;
    Contents contents;
    auto listed = list_members(bytes, name, budget_, [&](const Member& member) -> Result<void> {
      return take_member(member, attachment, depth, contents);
    });
    if (!listed) return listed;
    if (contents.encrypted) parts_[index].encrypted = true;
    if (contents.document) add_all(parts_[index].kinds, {"document"});
    if (contents.program) add_all(parts_[index].kinds, {"program"});
    return {};
  }

  // What the members say of the archive.
  struct Contents {
    bool encrypted = false;
    bool document = false;
    bool program = false;

    void see(std::string_view name) {
      document = document || name == "[Content_Types].xml" || name == "META-INF/manifest.xml" ||
                 name == "mimetype";
      program = program || name == "META-INF/MANIFEST.MF" || name == "classes.dex";
    }
  };

  Result<void> take_member(const Member& member, bool attachment, int depth, Contents& contents) {
    if (parts_.size() >= kMaxParts) return fail(ErrorKind::limit, "too many parts");
    for (const std::string& name : member.names) contents.see(name);
    contents.encrypted = contents.encrypted || member.encrypted;
    const std::size_t index = parts_.size();
    parts_.push_back({.names = member.names,
                      .extensions = extensions_of(member.names),
                      .kinds = {},
                      .types = {},
                      .size = member.size,
                      .hash = {},
                      .encrypted = member.encrypted,
                      .attachment = attachment});
    if (!member.readable) {
      add_all(parts_[index].kinds, {"unknown"});
      return {};
    }
    auto start = unpack(member, kKindBytes, budget_);
    if (!start) return std::unexpected(start.error());
    const bool open = is_open_archive(*start);
    if (!open && !with_hash_) {
      add_all(parts_[index].kinds, kinds_of(*start));
      return {};
    }
    auto whole = unpack(member, SIZE_MAX, budget_);
    if (!whole) return std::unexpected(whole.error());
    parts_[index].size = std::max<std::uint64_t>(parts_[index].size, whole->size());
    if (with_hash_) parts_[index].hash = sha256_hex(*whole);
    const std::string name = member.names.empty() ? std::string() : member.names.front();
    return look_into(*whole, name, index, depth + 1);
  }

  const mail::MimeView& view_;
  std::string_view message_;
  bool with_hash_;
  ArchiveBudget budget_;
  std::vector<Part> parts_;
  std::size_t current_ = 0;
};

}  // namespace

std::string_view body_of(const mail::MimePart& part, const mail::MimeView& view,
                         std::string_view message) {
  if (part.body) return view.bodies[*part.body];
  if (part.offset >= message.size()) return {};
  return message.substr(static_cast<std::size_t>(part.offset), static_cast<std::size_t>(part.size));
}

Result<std::vector<Part>> parts_of(const mail::MimeView& view, std::string_view message,
                                   bool with_hash) {
  return PartMaker(view, message, with_hash).make();
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), sum.data(), &length, EVP_sha256(), nullptr) != 1)
    return {};
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[sum[i] >> 4U];
    text += kDigits[sum[i] & 15U];
  }
  return text;
}

}  // namespace sekisho::rules::content
