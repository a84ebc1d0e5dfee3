#include "gateway/worker/suspects.h"

#include <array>
#include <memory>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace sekisho::worker {
namespace {

constexpr std::size_t kShownBytes = 16;  // of the hash: enough for a name

struct Free {
  void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
};

class Sha256 {
 public:
  Sha256() : context_(::EVP_MD_CTX_new()) {
    good_ =
        context_ != nullptr && ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) == 1;
  }
  void add(std::string_view bytes) {
    good_ = good_ && ::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
  }
  Result<std::string> shown() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    good_ = good_ && ::EVP_DigestFinal_ex(context_.get(), hash.data(), nullptr) == 1;
    if (!good_) return fail(ErrorKind::io, "cannot take the fingerprint of a message");
    std::string text;
    for (std::size_t i = 0; i < kShownBytes; ++i) text += fmt::format("{:02x}", hash[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, Free> context_;
  bool good_ = false;
};

}  // namespace

Result<std::string> fingerprint(const Job& job) {
  Sha256 hash;
  if (job.message) {
    const auto view = mail::SealedView::map(job.message->descriptor());
    if (!view) return std::unexpected(view.error());
    hash.add(view->bytes());
  } else {
    hash.add(job.kind.name);
    hash.add(std::string_view("\0", 1));
    hash.add(job.input);
  }
  return hash.shown();
}

bool Suspects::refuses(const std::string& fingerprint, TimePoint now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const Record* const known = records_.find(fingerprint);
  return known != nullptr && known->deaths >= kFatal;
}

int Suspects::killed(const std::string& fingerprint, TimePoint now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  Record& record = records_.renew(fingerprint);
  record.last = now;
  none_ = false;
  return ++record.deaths;
}

void Suspects::forget_old(TimePoint now) {
  records_.drop_while([now](const Record& one) { return now - one.last >= kMemory; });
  none_ = records_.size() == 0;
}

}  // namespace sekisho::worker
