// The files of tests/data/dkim, and a small verifier on the same parts that the signer uses.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "filters/dkim/canonical.h"
#include "filters/dkim/key.h"
#include "filters/dkim/signer.h"
#include "filters/dkim/tag_list.h"
#include "gateway/base/text.h"

namespace sekisho::dkim::vectors {

inline std::string read_data(const std::string& name) {
  std::ifstream file(std::string(SEKISHO_DKIM_DATA) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The files have LF.
inline std::string crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' && !out.ends_with('\r')) out += '\r';
    out += c;
  }
  return out;
}

inline std::string_view body_of(std::string_view message) {
  const auto end = message.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string_view{} : message.substr(end + 4);
}

inline std::string hash_of_body(Form form, std::string_view body) {
  BodyHash hash(form);
  hash.feed(body);
  return hash.digest();
}

// "pass", or what is wrong with the signature in `field` of the message.
inline std::string verify(std::string_view message, std::string_view field, const PublicKey& key) {
  const auto tags = TagList::parse(field.substr(field.find(':') + 1));
  if (!tags) return tags.error().text;
  const auto c = Canonicalization::parse(tags->value_or("c", "simple"));
  if (!c) return "c=";
  const auto body_hash = decode_base64_value(tags->value_or("bh", ""));
  if (body_hash != hash_of_body(c->body, body_of(message))) return "body hash";
  const auto names = words_of_list(tags->value_or("h", ""));
  const auto headers = mail::Headers::parse(message);
  const auto signature = decode_base64_value(tags->value_or("b", ""));
  if (!signature) return "b=";
  const auto digest =
      sha256(selected_fields(c->header, headers, names) + unsigned_form(c->header, field));
  return key.verify(digest, *signature) ? "pass" : "signature";
}

inline std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

inline Secret ed25519_pem(std::string_view seed_base64) {
  // PKCS #8 (RFC 8410 section 7) is this prefix and the seed.
  const std::string prefix("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);
  return Secret("-----BEGIN PRIVATE KEY-----\n" +
                base64_encode(prefix + *base64_decode(first_line(seed_base64))) +
                "\n-----END PRIVATE KEY-----\n");
}

}  // namespace sekisho::dkim::vectors
