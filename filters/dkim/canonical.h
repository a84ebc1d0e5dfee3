// The two canonical forms of RFC 6376 section 3.4, of a header field and of a body, and the bytes
// of a header section that a signature covers (section 3.7). Pure; DKIM and ARC (RFC 8617) share
// it. Lines end with CRLF alone: a bare CR or LF is a byte like any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/mail/headers.h"

struct evp_md_ctx_st;

namespace sekisho::dkim {

enum class Form : std::uint8_t { simple, relaxed };
std::string_view to_string(Form form);

struct Canonicalization {
  Form header = Form::simple;
  Form body = Form::simple;

  // "relaxed/simple"; "relaxed" alone is relaxed/simple (section 3.5, c=).
  static std::optional<Canonicalization> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Canonicalization&) const = default;
};

// A field's canonical form with its CRLF. `raw` is the whole field, with its last CRLF or without.
std::string canonical_field(Form form, std::string_view raw);

// A body's canonical form while the body comes in, in any slices. What comes out goes to `write`.
class BodyCanonicalizer {
 public:
  explicit BodyCanonicalizer(Form form) : relaxed_(form == Form::relaxed) {}
  virtual ~BodyCanonicalizer() = default;

  void feed(std::string_view bytes);
  void finish();

 private:
  virtual void write(std::string_view bytes) = 0;
  void text(std::string_view bytes);  // of a line: no CRLF, no blanks when relaxed
  void end_line();
  void put(std::string_view bytes);

  bool relaxed_;
  bool cr_ = false;                // a CR, of which the next byte will tell what it is
  bool blank_ = false;             // blanks that count only if text follows on the line
  bool in_line_ = false;           // the line has text
  bool anything_ = false;          // there was a line with text
  std::uint64_t empty_lines_ = 0;  // that count only if a line with text follows
  std::string pending_;            // gathers small writes
};

// SHA-256 of a body's canonical form, or of no more than its first `limit` bytes (l=).
class BodyHash final : public BodyCanonicalizer {
 public:
  explicit BodyHash(Form form, std::optional<std::uint64_t> limit = std::nullopt);
  ~BodyHash() override;

  // After the last feed(), one of these, once: the 32 bytes; the length of the whole form.
  std::string digest();
  std::uint64_t finished_length();

 private:
  void write(std::string_view bytes) override;
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
  std::optional<std::uint64_t> limit_;
  std::uint64_t length_ = 0;
};

std::string sha256(std::string_view bytes);

// The canonical form of the fields that `names` (h=) selects, a name that comes again standing for
// the next one up; a name too many selects nothing (section 5.4.2).
std::string selected_fields(Form form, const mail::Headers& headers,
                            std::span<const std::string_view> names);

// `field`'s canonical form with the value of its b= taken away, and without a CRLF at the end.
std::string unsigned_form(Form form, std::string_view field);

}  // namespace sekisho::dkim
