#include "filters/dkim/sign_job.h"

#include <utility>

#include <fmt/format.h>

#include "filters/dkim/canonical.h"
#include "gateway/base/fields.h"

namespace sekisho::dkim {
namespace {

constexpr std::size_t kDigest = 32;

}  // namespace

std::string fingerprint(const PublicKey& key) { return sha256(key.bytes()); }

worker::SetupItem key_item(const std::filesystem::path& file, const PublicKey& key) {
  const std::string name = fingerprint(key);
  worker::SetupItem item{.kind = std::string(kKeyItem), .content = {}};
  append_fields(item.content, {file.native(), name});
  return item;
}

Result<void> KeyRing::add(std::string_view item) {
  const auto fields = decode_fields(item);
  if (!fields || fields->size() != 2)
    return fail(ErrorKind::protocol, "the name of a key file can't be read");
  const std::string_view file = (*fields)[0];
  auto key = SigningKey::read(file);
  if (key && fingerprint(key->public_key()) != (*fields)[1])
    key = fail(ErrorKind::invalid, fmt::format("{}: is another key than before", file));
  if (!key) {
    problems_ += (problems_.empty() ? "" : "; ") + key.error().text;
    return std::unexpected(std::move(key.error()));
  }
  keys_.emplace((*fields)[1], std::move(*key));
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
