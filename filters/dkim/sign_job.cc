#include "filters/dkim/sign_job.h"

#include <utility>

#include "filters/dkim/canonical.h"
#include "gateway/base/fields.h"

namespace sekisho::dkim {
namespace {

constexpr std::size_t kDigest = 32;

}  // namespace

std::string fingerprint(const PublicKey& key) { return sha256(key.bytes()); }

std::string key_ring_setup(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string_view> fields;
  for (const auto& file : files) fields.emplace_back(file.native());
  std::string setup;
  append_fields(setup, fields);
  return setup;
}

Result<void> KeyRing::load(std::string_view setup) {
  const auto files = decode_fields(setup);
  if (!files) return fail(ErrorKind::protocol, "the list of key files can't be read");
  for (const std::string_view file : *files) {
    auto key = SigningKey::read(file);
    if (key)
      keys_.emplace(fingerprint(key->public_key()), std::move(*key));
    else
      problems_ += (problems_.empty() ? "" : "; ") + key.error().text;
  }
  return {};
}

Result<std::string> KeyRing::sign(std::string_view input) const {
  if (input.size() != 2 * kDigest) return fail(ErrorKind::invalid, "no fingerprint and digest");
  const auto key = keys_.find(input.substr(0, kDigest));
  if (key == keys_.end())
    return fail(ErrorKind::unavailable,
                "the signer has no such key" + (problems_.empty() ? "" : ": " + problems_));
  return key->second.sign(input.substr(kDigest));
}

Task<Result<std::string>> sign_by_worker(const filters::SessionContext& context,
                                         const PublicKey& key, std::string digest,
                                         std::string log_id) {
  auto signature = co_await context.workers.run(context.loop,
                                                {.kind = kSignJob,
                                                 .input = fingerprint(key) + digest,
                                                 .message = nullptr,
                                                 .log_id = std::move(log_id)},
                                                context.cancel);
  if (signature && !key.verify(digest, *signature))
    co_return fail(ErrorKind::protocol, "the signer's signature is none");
  co_return signature;
}

}  // namespace sekisho::dkim
