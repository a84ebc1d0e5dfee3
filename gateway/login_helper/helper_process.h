// HelperProcess: one helper process, from the gateway's side. Owned by LoginHelpers; blocking, so
// only ever used on its Offload threads. After an Error it is good for nothing but being destroyed,
// which ends the process.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "gateway/base/descriptor.h"
#include "gateway/base/error.h"
#include "gateway/base/time.h"
#include "gateway/login_helper/frames.h"

namespace sekisho::login {

class HelperProcess {
 public:
  // Runs `command` (its path first) with `setup` as the first frame.
  static Result<std::unique_ptr<HelperProcess>> start(const std::vector<std::string>& command,
                                                      const Secret& setup);
  ~HelperProcess();
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;

  // ErrorKind::timeout, ErrorKind::closed (it died), ErrorKind::protocol (no frame came),
  // ErrorKind::limit (the question is too long to be asked; the process is as good as before).
  Result<Answer> ask(const Question& question, Duration patience);

 private:
  HelperProcess(pid_t pid, Descriptor socket) : pid_(pid), socket_(std::move(socket)) {}
  pid_t pid_;
  Descriptor socket_;
};

}  // namespace sekisho::login
