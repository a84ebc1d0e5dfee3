#include "gateway/keeper/keeper_link.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

#include <event2/event.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "gateway/keeper/socket_wish.h"

namespace sekisho::keeper {
namespace {

// The keeper has nothing else to do; without an answer by then it hangs, or is stopped.
constexpr Duration kPatience = 10s;

bool is_order(const Message& message) {
  return message.fields.front() == "retire" || message.fields.front() == "log";
}

}  // namespace

Result<std::unique_ptr<KeeperLink>> KeeperLink::from_environment() {
  const char* const value = std::getenv(kVariable);
  if (value == nullptr) return nullptr;
  const std::string text(value);
  ::unsetenv(kVariable);
  std::array<long, 3> numbers{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (long& number : numbers) {
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error != std::errc()) return fail(ErrorKind::io, std::string(kVariable) + " is garbled");
    at = rest == end ? end : rest + 1;
  }
  const auto [protocol, fd, microseconds] = numbers;
  if (protocol != kProtocol)
    return fail(
        ErrorKind::unavailable,
        fmt::format("the keeper speaks version {} of its protocol and not {}: it is another "
                    "version of sekisho, which must be stopped and started",
                    protocol, kProtocol));
  if (::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC) != 0)
    return fail(ErrorKind::io, std::string(kVariable) + " names no open descriptor");
  return std::make_unique<KeeperLink>(Channel(Descriptor(static_cast<int>(fd))),
                                      std::chrono::microseconds(microseconds));
}

KeeperLink::KeeperLink(Channel channel, Duration watchdog)
    : channel_(std::move(channel)), watchdog_(watchdog) {}

KeeperLink::~KeeperLink() { obey(nullptr, {}); }

pid_t KeeperLink::signalled() const { return ::getppid(); }

std::vector<GivenSockets> KeeperLink::take_sockets() {
  std::vector<GivenSockets> given;
  if (!channel_.send({"take"})) return given;
  while (true) {
    auto message = answer();
    if (!message || message->fields.size() != 4 || message->fields[0] != "held") return given;
    const auto bound = SocketAddress::parse(message->fields[3]);
    if (!bound || message->sockets.empty()) continue;
    given.push_back({std::move(message->fields[1]), SocketAddress::parse(message->fields[2]),
                     *bound, std::move(message->sockets)});
  }
}

Result<std::vector<Descriptor>> KeeperLink::open_sockets(const SocketWish& wish) {
  auto sent = channel_.send(fields_of(wish));
  if (!sent) return std::unexpected(std::move(sent.error()));
  auto message = answer();
  if (!message) return std::unexpected(std::move(message.error()));
  const std::size_t wanted = wish.address.is_unix() ? 1 : wish.count;
  if (message->fields[0] == "opened" && message->sockets.size() == wanted)
    return std::move(message->sockets);
  const bool has_reason = message->fields[0] == "failed" && message->fields.size() == 2;
  return fail(ErrorKind::unavailable,
              has_reason ? message->fields[1] : "the keeper gave no sockets");
}

void KeeperLink::keep(const std::vector<HeldPlace>& places) {
  std::vector<std::string> fields{"keep"};
  for (const HeldPlace& place : places) {
    fields.push_back(place.name);
    fields.push_back(place.configured.to_string());
    fields.push_back(place.bound.to_string());
  }
  (void)channel_.send(fields);
}

void KeeperLink::notify(std::string_view assignments) {
  (void)channel_.send({"notify", std::string(assignments)});
}

void KeeperLink::obey(Loop* loop, Orders orders) {
  if (ready_ != nullptr) event_free(std::exchange(ready_, nullptr));
  loop_ = loop;
  orders_ = std::move(orders);
  if (loop == nullptr) return;
  ready_ =
      event_new(loop->base(), channel_.fd(), EV_READ | EV_PERSIST, &KeeperLink::on_ready, this);
  event_add(ready_, nullptr);
}

void KeeperLink::on_ready(int, short, void* self) noexcept {
  try {
    static_cast<KeeperLink*>(self)->read_order();
  } catch (const std::exception& error) {
    fmt::print(stderr, "sekisho: an order of the keeper was not followed: {}\n", error.what());
  }
}

void KeeperLink::read_order() {
  const auto message = channel_.receive(Duration::zero());
  if (message) return message->fields.empty() ? void() : follow(*message);
  if (message.error().kind == ErrorKind::timeout) return;
  event_del(ready_);
  orders_.drain();
}

void KeeperLink::follow(const Message& order) {
  if (order.fields[0] == "retire") orders_.retire();
  if (order.fields[0] == "log" && order.fields.size() == 3)
    orders_.log(order.fields[1], order.fields[2]);
}

Result<Message> KeeperLink::answer() {
  while (true) {
    auto message = channel_.receive(kPatience);
    if (!message) return message;
    if (message->fields.empty()) return fail(ErrorKind::protocol, "the keeper's answer is empty");
    if (!is_order(*message)) return message;
    if (loop_ != nullptr)
      loop_->post([this, order = std::make_shared<Message>(std::move(*message))] {
        if (loop_ != nullptr) follow(*order);
      });
  }
}

}  // namespace sekisho::keeper
