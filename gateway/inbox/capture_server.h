// CaptureServer: the embedded upstream for trying Sekisho out: a small SMTP server on a loopback
// port of its own that stores what it is sent in a Maildir and answers 250 only when that is on
// disk. It is a real SMTP peer, so that the gateway has no second path for "no upstream". Not for
// the network.
#pragma once

#include <filesystem>
#include <memory>

#include "gateway/async/offload.h"
#include "gateway/base/ip.h"
#include "gateway/base/log.h"

namespace sekisho::inbox {

class CaptureServer {
 public:
  // Listens on 127.0.0.1 and a free port, served by `loop`. Call it on the loop's thread or before
  // the loop runs; all references outlive the server and its sessions.
  static Result<std::unique_ptr<CaptureServer>> start(Loop& loop, Offload& offload,
                                                      const std::filesystem::path& maildir,
                                                      Log& log);
  ~CaptureServer();  // shuts down
  CaptureServer(const CaptureServer&) = delete;
  CaptureServer& operator=(const CaptureServer&) = delete;

  [[nodiscard]] Endpoint address() const;
  void shut_down();  // on the loop's thread; accepts no more and cancels its sessions
  // Completes when there is no session any more: after shut_down(), before the loop stops.
  Task<void> wait_until_idle();

 private:
  struct Impl;
  explicit CaptureServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // sessions hold it too, until they have unwound
};

// `sekisho inbox [list|show ID]`. Return the exit code. ID may be the number that the list shows.
int list_inbox(const std::filesystem::path& maildir);
int show_inbox(const std::filesystem::path& maildir, const std::string& id);

}  // namespace sekisho::inbox
