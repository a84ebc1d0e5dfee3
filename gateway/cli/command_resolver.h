// CommandResolver: a loop and a resolver on it, for a command that asks the DNS and ends. One
// thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "gateway/async/cancel.h"
#include "gateway/async/loop.h"
#include "gateway/base/metrics.h"
#include "gateway/dns/resolver.h"

namespace sekisho::cli {

class CommandResolver {
 public:
  // Asks whom dns_choice() says. Its errors, and those of Resolver::open().
  static Result<std::unique_ptr<CommandResolver>> open(const std::string& server,
                                                       const std::filesystem::path& config_file);

  Loop& loop() { return loop_; }
  dns::Resolver& resolver() { return *resolver_; }
  CancelSource& cancel() { return cancel_; }  // never fires

 private:
  CommandResolver() = default;
  Loop loop_;
  Metrics metrics_;
  CancelSource cancel_;
  std::unique_ptr<dns::Resolver> resolver_;
};

}  // namespace sekisho::cli
