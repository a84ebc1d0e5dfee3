#include "gateway/auth/user_secret.h"

#include <utility>

#include "gateway/auth/password_hash.h"
#include "gateway/base/text.h"

namespace sekisho::auth {

bool is_locked(std::string_view secret) {
  return secret.starts_with('!') || secret.starts_with('*');
}

Result<UserSecret> parse_user_secret(std::string_view text) {
  UserSecret secret;
  for (const std::string_view part : split(text, ':')) {
    if (part.starts_with(kScramPrefix)) {
      if (secret.scram) return fail(ErrorKind::invalid, "two SCRAM secrets");
      auto scram = parse_scram_secret(part);
      if (!scram) return std::unexpected(std::move(scram.error()));
      secret.scram = std::move(*scram);
      continue;
    }
    if (!secret.hash.empty()) return fail(ErrorKind::invalid, "two password hashes");
    secret.hash = part;
    if (!is_usable_hash(secret.hash))
      return fail(ErrorKind::invalid, "not a password hash that crypt(3) can check here");
  }
  return secret;
}

SecretKinds kinds_of(std::string_view secret) {
  while (is_locked(secret)) secret.remove_prefix(1);
  const auto parsed = parse_user_secret(secret);
  if (!parsed || !parsed->scram) return SecretKinds::hash;
  return parsed->hash.empty() ? SecretKinds::scram : SecretKinds::both;
}

Result<std::string> make_user_secret(const Secret& password, SecretKinds kinds) {
  std::string text;
  if (kinds != SecretKinds::scram) {
    auto hash = hash_password(password);
    if (!hash) return hash;
    text = std::move(*hash);
  }
  if (kinds != SecretKinds::hash) {
    const auto scram = make_scram_secret(password);
    if (!scram) return std::unexpected(scram.error());
    if (!text.empty()) text += ':';
    text += to_text(*scram);
  }
  return text;
}

bool verify_user_secret(const Secret& password, std::string_view secret) {
  const std::string_view bytes = password.reveal();
  if (bytes.empty() || bytes.size() > kMaxPasswordBytes) return false;
  const auto parsed = parse_user_secret(secret);
  if (!parsed) return false;
  if (!parsed->hash.empty()) return verify_password(password, parsed->hash);
  return parsed->scram && verify_password(password, *parsed->scram);
}

std::string describe_user_secret(std::string_view secret) {
  if (is_locked(secret)) return "locked";
  const auto parsed = parse_user_secret(secret);
  if (!parsed) return "unknown";
  std::string text;
  if (!parsed->hash.empty()) text = hash_method(parsed->hash);
  if (parsed->scram) text += text.empty() ? "scram" : ", scram";
  return text;
}

}  // namespace sekisho::auth
