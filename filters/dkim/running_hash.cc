#include "filters/dkim/running_hash.h"

#include <array>
#include <stdexcept>

#include <openssl/evp.h>

namespace sekisho::dkim {
namespace {

void require(int done) {
  if (done != 1) throw std::runtime_error("OpenSSL can't hash");
}

}  // namespace

void RunningHash::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

RunningHash::RunningHash() : context_(EVP_MD_CTX_new()) {
  require(context_ != nullptr ? EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) : 0);
}

RunningHash::~RunningHash() = default;

void RunningHash::add(std::string_view bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

std::string RunningHash::digest_with(std::string_view last) const {
  const std::unique_ptr<evp_md_ctx_st, Free> copy(EVP_MD_CTX_new());
  std::array<unsigned char, 32> out{};
  require(copy != nullptr ? EVP_MD_CTX_copy_ex(copy.get(), context_.get()) : 0);
  require(EVP_DigestUpdate(copy.get(), last.data(), last.size()));
  require(EVP_DigestFinal_ex(copy.get(), out.data(), nullptr));
  return {out.begin(), out.end()};
}

}  // namespace sekisho::dkim
