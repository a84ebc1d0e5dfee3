#include "gateway/mail/sealed_copy.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sekisho::mail {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr int kNeededSeals = F_SEAL_SHRINK | F_SEAL_WRITE;

std::unexpected<Error> refused(std::string_view what) {
  const bool full = errno == ENOMEM || errno == ENOSPC || errno == EMFILE || errno == ENFILE;
  return std::unexpected(system_error(full ? ErrorKind::limit : ErrorKind::io, what, errno));
}

}  // namespace

Result<SealedCopy::Writer> SealedCopy::Writer::open() {
  Descriptor file(::memfd_create("sekisho-message", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.is_open()) return refused("cannot make a copy for a worker process");
  return Writer(std::move(file));
}

Result<void> SealedCopy::Writer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return refused("cannot write the copy for a worker process");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size_ += static_cast<std::size_t>(written);
  }
  return {};
}

Result<std::shared_ptr<const SealedCopy>> SealedCopy::Writer::seal(CopyBudget::Share share) && {
  if (::fcntl(file_.get(), F_ADD_SEALS, kSeals) != 0)
    return refused("cannot seal the copy for a worker process");
  return std::shared_ptr<const SealedCopy>(
      new SealedCopy(std::move(file_), size_, std::move(share)));
}

Result<std::shared_ptr<const SealedCopy>> SealedCopy::of(std::string_view bytes,
                                                         CopyBudget::Share share) {
  auto writer = Writer::open();
  if (!writer) return std::unexpected(std::move(writer.error()));
  if (auto written = writer->append(bytes); !written)
    return std::unexpected(std::move(written.error()));
  return std::move(*writer).seal(std::move(share));
}

Result<SealedView> SealedView::map(int file) {
  const int seals = ::fcntl(file, F_GET_SEALS);
  if (seals < 0 || (seals & kNeededSeals) != kNeededSeals)
    return fail(ErrorKind::protocol, "the copy for a worker process is not sealed");
  const off_t end = ::lseek(file, 0, SEEK_END);
  if (end < 0) return refused("cannot measure the copy for a worker process");
  const auto size = static_cast<std::size_t>(end);
  if (size == 0) return SealedView(nullptr, 0);
  void* const start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (start == MAP_FAILED) return refused("cannot map the copy for a worker process");
  return SealedView(static_cast<const char*>(start), size);
}

SealedView::SealedView(SealedView&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SealedView& SealedView::operator=(SealedView&& other) noexcept {
  std::swap(start_, other.start_);
  std::swap(size_, other.size_);
  return *this;
}

SealedView::~SealedView() {
  if (start_ != nullptr) ::munmap(const_cast<char*>(start_), size_);
}

}  // namespace sekisho::mail
