#include "filters/dkim/canonical.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include <openssl/evp.h>

#include "filters/dkim/tag_list.h"
#include "gateway/base/text.h"

namespace sekisho::dkim {
namespace {

constexpr std::string_view kCrlf = "\r\n";
constexpr std::size_t kGather = 16384;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::optional<Form> parse_form(std::string_view word) {
  if (word == "simple") return Form::simple;
  if (word == "relaxed") return Form::relaxed;
  return std::nullopt;
}

// Section 3.4.2: unfolded, runs of blanks one blank, none at the ends.
std::string relaxed_value(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  bool blank = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value.substr(i).starts_with(kCrlf)) {
      ++i;
    } else if (is_blank(value[i])) {
      blank = true;
    } else {
      if (blank && !out.empty()) out += ' ';
      blank = false;
      out += value[i];
    }
  }
  return out;
}

}  // namespace

std::string_view to_string(Form form) { return form == Form::simple ? "simple" : "relaxed"; }

std::optional<Canonicalization> Canonicalization::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto header = parse_form(text.substr(0, slash));
  const auto body =
      slash == std::string_view::npos ? Form::simple : parse_form(text.substr(slash + 1));
  if (!header || !body) return std::nullopt;
  return Canonicalization{*header, *body};
}

std::string Canonicalization::to_string() const {
  return std::string(dkim::to_string(header)) + "/" + std::string(dkim::to_string(body));
}

std::string canonical_field(Form form, std::string_view raw) {
  if (raw.ends_with(kCrlf)) raw.remove_suffix(2);
  if (form == Form::simple) return std::string(raw).append(kCrlf);
  const std::size_t colon = raw.find(':');
  std::string_view name = raw.substr(0, colon);
  while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
  std::string out = to_lower(name);
  if (colon != std::string_view::npos)
    out.append(1, ':').append(relaxed_value(raw.substr(colon + 1)));
  return out.append(kCrlf);
}

void BodyCanonicalizer::put(std::string_view bytes) {
  pending_ += bytes;
  if (pending_.size() < kGather) return;
  write(pending_);
  pending_.clear();
}

void BodyCanonicalizer::text(std::string_view bytes) {
  for (; empty_lines_ > 0; --empty_lines_) put(kCrlf);
  if (blank_) put(" ");
  blank_ = false;
  in_line_ = anything_ = true;
  put(bytes);
}

void BodyCanonicalizer::end_line() {
  if (in_line_)
    put(kCrlf);
  else
    ++empty_lines_;
  in_line_ = blank_ = false;
}

void BodyCanonicalizer::feed(std::string_view bytes) {
  if (cr_ && !bytes.empty()) {
    cr_ = false;
    if (bytes[0] == '\n') {
      end_line();
      bytes.remove_prefix(1);
    } else {
      text("\r");
    }
  }
  while (!bytes.empty()) {
    std::size_t run = 0;
    while (run < bytes.size() && bytes[run] != '\r' && !(relaxed_ && is_blank(bytes[run]))) ++run;
    if (run > 0) {
      text(bytes.substr(0, run));
      bytes.remove_prefix(run);
      continue;
    }
    if (is_blank(bytes[0])) {
      blank_ = true;
    } else if (bytes.size() == 1) {
      cr_ = true;
    } else if (bytes[1] == '\n') {
      end_line();
      bytes.remove_prefix(1);
    } else {
      text("\r");
    }
    bytes.remove_prefix(1);
  }
}

void BodyCanonicalizer::finish() {
  if (cr_) text("\r");
  cr_ = false;
  // Of an empty body, the simple form is one empty line and the relaxed one nothing.
  if (in_line_ || (!relaxed_ && !anything_)) put(kCrlf);
  if (!pending_.empty()) write(pending_);
  pending_.clear();
}

void BodyHash::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

BodyHash::BodyHash(Form form, std::optional<std::uint64_t> limit)
    : BodyCanonicalizer(form), context_(EVP_MD_CTX_new()), limit_(limit) {
  if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL has no SHA-256");
}

BodyHash::~BodyHash() = default;

void BodyHash::write(std::string_view bytes) {
  const std::uint64_t before = length_;
  length_ += bytes.size();
  if (limit_) bytes = bytes.substr(0, *limit_ - std::min(*limit_, before));
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1)
    throw std::runtime_error("OpenSSL can't hash");
}

std::string BodyHash::digest() {
  finish();
  std::array<unsigned char, 32> out{};
  if (EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) != 1)
    throw std::runtime_error("OpenSSL can't hash");
  return {out.begin(), out.end()};
}

std::uint64_t BodyHash::finished_length() {
  finish();
  return length_;
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, 32> out{};
  if (EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("OpenSSL can't hash");
  return {out.begin(), out.end()};
}

std::string selected_fields(Form form, const mail::Headers& headers,
                            std::span<const std::string_view> names) {
  // From the bottom up: the last field of a name is the first to be signed.
  std::unordered_map<std::string, std::vector<const mail::HeaderField*>> fields;
  for (const mail::HeaderField& field : headers.fields())
    fields[to_lower(field.name)].push_back(&field);
  std::string out;
  for (const std::string_view name : names) {
    const auto found = fields.find(to_lower(name));
    if (found == fields.end() || found->second.empty()) continue;
    out += canonical_field(form, found->second.back()->raw);
    found->second.pop_back();
  }
  return out;
}

std::string unsigned_form(Form form, std::string_view field) {
  std::string emptied(field);
  const std::size_t colon = emptied.find(':');
  if (colon != std::string::npos) {
    const auto value = std::string_view(field).substr(colon + 1);
    if (const auto range = range_of_value(value, "b")) {
      const bool to_the_end = range->end == value.size();
      emptied.erase(colon + 1 + range->begin, range->end - range->begin);
      // What folds at the end of the field belongs to the value that is gone.
      if (to_the_end && field.ends_with(kCrlf)) emptied += kCrlf;
    }
  }
  std::string out = canonical_field(form, emptied);
  out.resize(out.size() - kCrlf.size());
  return out;
}

}  // namespace sekisho::dkim
