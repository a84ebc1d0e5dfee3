#include <algorithm>

#include "filters/dkim/key.h"
#include "filters/dkim/tag_list.h"
#include "gateway/base/text.h"

namespace sekisho::dkim {
namespace {

bool lists(std::string_view value, std::string_view word) {
  const auto words = words_of_list(value);
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

Result<KeyRecord> KeyRecord::parse(std::string_view text) {
  const auto tags = TagList::parse(text);
  if (!tags) return std::unexpected(tags.error());
  if (const auto version = tags->find("v")) {
    // Section 3.6.1: it must stand first, when it stands at all.
    if (*version != "DKIM1" || tags->tags().front().name != "v")
      return fail(ErrorKind::invalid, "v= isn't DKIM1");
  }
  const auto hashes = tags->find("h");
  if (hashes && !lists(*hashes, "sha256"))
    return fail(ErrorKind::invalid, "h= doesn't allow SHA-256");
  const auto services = tags->value_or("s", "*");
  if (!lists(services, "*") && !lists(services, "email"))
    return fail(ErrorKind::invalid, "s= says that the key isn't for mail");
  const auto type = tags->value_or("k", "rsa");
  if (type != "rsa" && type != "ed25519")
    return fail(ErrorKind::invalid, "k= is neither rsa nor ed25519");
  const auto encoded = tags->find("p");
  if (!encoded) return fail(ErrorKind::invalid, "p= is missing");

  const auto flags = tags->value_or("t", "");
  KeyRecord record{.key = {}, .testing = lists(flags, "y"), .strict_identity = lists(flags, "s")};
  if (encoded->empty()) return record;
  const auto bytes = decode_base64_value(*encoded);
  if (!bytes) return fail(ErrorKind::invalid, "p= isn't base64");
  auto key =
      PublicKey::parse(type == "rsa" ? Algorithm::rsa_sha256 : Algorithm::ed25519_sha256, *bytes);
  if (!key) return std::unexpected(std::move(key.error()));
  record.key = std::move(*key);
  return record;
}

std::string record_text(const PublicKey& key) {
  return "v=DKIM1; k=" + std::string(key_type(key.algorithm())) +
         "; p=" + base64_encode(key.bytes());
}

}  // namespace sekisho::dkim
