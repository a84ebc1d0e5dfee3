#include "gateway/base/thread.h"

#include <csignal>

#include <pthread.h>

namespace sekisho {

void enter_background_thread(const char* name) {
  pthread_setname_np(pthread_self(), name);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace sekisho
