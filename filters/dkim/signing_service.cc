#include "filters/dkim/signing_service.h"

#include <utility>

namespace sekisho::dkim {

Task<Result<std::string>> OffloadSigner::sign(const filters::SessionContext& context,
                                              const std::string& name, std::string digest) const {
  const auto key = keys_.find(name);
  if (key == keys_.end()) co_return fail(ErrorKind::unavailable, "there is no key " + name);
  auto outcome =
      co_await context.offload.run(context.loop, [&] { return key->second.sign(digest); });
  if (!outcome) co_return std::unexpected(std::move(outcome.error()));
  co_return std::move(*outcome);
}

}  // namespace sekisho::dkim
