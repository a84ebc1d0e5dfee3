#include "gateway/mail/copy_budget.h"

namespace sekisho::mail {

Result<CopyBudget::Share> CopyBudget::take(std::uint64_t bytes) {
  std::uint64_t taken = taken_;
  do {
    if (bytes > most_ || taken > most_ - bytes) {
      refused_.add();
      return fail(ErrorKind::limit, "the copies for worker processes have all their memory");
    }
  } while (!taken_.compare_exchange_weak(taken, taken + bytes));
  held_.add(static_cast<double>(bytes));
  return Share(*this, bytes);
}

void CopyBudget::give_back(std::uint64_t bytes) {
  taken_ -= bytes;
  held_.add(-static_cast<double>(bytes));
}

}  // namespace sekisho::mail
