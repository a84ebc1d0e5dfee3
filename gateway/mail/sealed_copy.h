// SealedCopy: bytes in a memory file that nobody can change any more (memfd_create(2),
// F_ADD_SEALS): how a message is handed to a worker process, which maps it. Immutable and shared;
// thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/descriptor.h"
#include "gateway/base/error.h"
#include "gateway/mail/copy_budget.h"

namespace sekisho::mail {

class SealedCopy {
 public:
  // ErrorKind::io, ErrorKind::limit: the system gives no more memory or descriptors.
  // `share`: of the budget that it counts against, given back at its end.
  static Result<std::shared_ptr<const SealedCopy>> of(std::string_view bytes,
                                                      CopyBudget::Share share = {});

  // One that is written in several pieces; it takes seal() to be one.
  class Writer {
   public:
    static Result<Writer> open();
    Result<void> append(std::string_view bytes);
    Result<std::shared_ptr<const SealedCopy>> seal(CopyBudget::Share share = {}) &&;

   private:
    explicit Writer(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
    std::size_t size_ = 0;
  };

  [[nodiscard]] int descriptor() const { return file_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  SealedCopy(Descriptor file, std::size_t size, CopyBudget::Share share)
      : share_(std::move(share)), file_(std::move(file)), size_(size) {}
  CopyBudget::Share share_;
  Descriptor file_;
  std::size_t size_;
};

// The other side: bytes that came as a descriptor, mapped for as long as this lives. Refuses what
// is not sealed against writing and shrinking: who sent it could pull it away from under the
// reader.
class SealedView {
 public:
  static Result<SealedView> map(int file);
  SealedView(SealedView&& other) noexcept;
  SealedView& operator=(SealedView&& other) noexcept;
  SealedView(const SealedView&) = delete;
  SealedView& operator=(const SealedView&) = delete;
  ~SealedView();

  [[nodiscard]] std::string_view bytes() const { return {start_, size_}; }

 private:
  SealedView(const char* start, std::size_t size) : start_(start), size_(size) {}
  const char* start_;  // null when empty
  std::size_t size_;
};

}  // namespace sekisho::mail
