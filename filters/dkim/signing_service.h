// SigningService: who holds the private keys and signs hashes with them. Shared by all loops.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "filters/dkim/key_table.h"
#include "filters/filter.h"

namespace sekisho::dkim {

class SigningService {
 public:
  virtual ~SigningService() = default;
  // `digest` is a SHA-256; `name` is TableKey::name.
  virtual Task<Result<std::string>> sign(const filters::SessionContext& context,
                                         const std::string& name, std::string digest) const = 0;
};

// Signs on the Offload pool, since an RSA signature takes longer than a loop may stand still.
class OffloadSigner final : public SigningService {
 public:
  explicit OffloadSigner(std::map<std::string, SigningKey> keys) : keys_(std::move(keys)) {}
  Task<Result<std::string>> sign(const filters::SessionContext& context, const std::string& name,
                                 std::string digest) const override;

 private:
  std::map<std::string, SigningKey> keys_;
};

}  // namespace sekisho::dkim
