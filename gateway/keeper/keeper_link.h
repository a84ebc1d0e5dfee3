// KeeperLink: the Supervisor of a gateway process that the keeper has started. The keeper opens the
// sockets and holds them, so that they outlive us. When it dies, we end in order: nobody would
// start another process, and the next keeper needs the ports. Main loop.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "gateway/keeper/channel.h"
#include "gateway/keeper/supervisor.h"

struct event;

namespace sekisho::keeper {

class KeeperLink : public Supervisor {
 public:
  // By the variable that the keeper sets, which is taken out of the environment; null: no keeper
  // has started us.
  static Result<std::unique_ptr<KeeperLink>> from_environment();
  KeeperLink(Channel channel, Duration watchdog);
  ~KeeperLink() override;

  std::vector<GivenSockets> take_sockets() override;
  Result<std::vector<Descriptor>> open_sockets(const SocketWish& wish) override;
  void keep(const std::vector<HeldPlace>& places) override;
  void notify(std::string_view assignments) override;
  [[nodiscard]] pid_t signalled() const override;
  [[nodiscard]] Duration watchdog() const override { return watchdog_; }
  void obey(Loop* loop, Orders orders) override;

 private:
  static void on_ready(int, short, void* self) noexcept;
  void read_order();
  void follow(const Message& order);
  // The answer to what was asked; orders that come before it are followed later.
  Result<Message> answer();

  Channel channel_;
  Duration watchdog_;
  Loop* loop_ = nullptr;
  Orders orders_;
  event* ready_ = nullptr;
};

}  // namespace sekisho::keeper
