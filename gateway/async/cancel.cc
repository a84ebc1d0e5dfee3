#include "gateway/async/cancel.h"

#include <utility>

namespace sekisho {

void CancelSource::cancel() {
  cancelled_ = true;
  while (!waiting_.empty()) waiting_.take_first().wake_();
}

CancelSource::Registration::Registration(CancelSource& source, std::function<void()> wake)
    : wake_(std::move(wake)) {
  source.waiting_.append(*this);
}

}  // namespace sekisho
