#include "tests/support/scripted_upstream.h"

#include <chrono>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/scripted_connection.h"

namespace sekisho::test {

namespace step {

Step reply(std::string_view lines) {
  std::string text(lines);
  if (!text.ends_with('\n')) text += "\r\n";
  return {.kind = Step::Kind::send, .bytes = std::move(text)};
}
Step bytes(std::string_view bytes) {
  return {.kind = Step::Kind::send, .bytes = std::string(bytes)};
}
Step trickle(std::string_view bytes) {
  return {.kind = Step::Kind::trickle, .bytes = std::string(bytes)};
}
Step read(std::size_t amount) { return {.kind = Step::Kind::read, .bytes = {}, .amount = amount}; }
Step wait() { return {.kind = Step::Kind::wait, .bytes = {}}; }
Step hold() { return {.kind = Step::Kind::hold, .bytes = {}}; }
Step close() { return {.kind = Step::Kind::close, .bytes = {}}; }
Step reset() { return {.kind = Step::Kind::reset, .bytes = {}}; }
Step starttls() { return {.kind = Step::Kind::starttls, .bytes = {}}; }

}  // namespace step

struct ScriptedUpstream::Impl {
  explicit Impl(Options wanted) : options(std::move(wanted)) {
    std::signal(SIGPIPE, SIG_IGN);
    if (options.certificate.empty()) return;
    tls = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(tls, options.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, options.key.c_str(), SSL_FILETYPE_PEM) != 1)
      throw std::runtime_error("ScriptedUpstream: no usable certificate");
  }
  ~Impl() { SSL_CTX_free(tls); }

  void listen();
  void listen_on_path();
  void accept_connections();
  void serve(int fd);

  template <class Read>
  auto read(Read what) const {
    const std::lock_guard lock(record.mutex);
    return what(record);
  }

  Options options;
  SSL_CTX* tls = nullptr;
  ScriptedRecord record;
  std::uint16_t port = 0;
  int listening = -1;
  std::thread acceptor;
  std::vector<std::thread> threads;  // of the acceptor until it has ended
};

void ScriptedUpstream::Impl::listen_on_path() {
  listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, options.socket.c_str(), sizeof(address.sun_path) - 1);
  ::unlink(address.sun_path);
  if (::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listening, 512) != 0)
    throw std::runtime_error("ScriptedUpstream: cannot listen on the socket");
  acceptor = std::thread([this] { accept_connections(); });
}

void ScriptedUpstream::Impl::listen() {
  if (!options.socket.empty()) return listen_on_path();
  listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof(address);
  if (::bind(listening, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listening, 512) != 0 ||
      ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("ScriptedUpstream: cannot listen");
  port = ntohs(address.sin_port);
  acceptor = std::thread([this] { accept_connections(); });
}

void ScriptedUpstream::Impl::accept_connections() {
  while (true) {
    const int fd = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    bool stopping = false;
    record.change([&](ScriptedRecord& shared) {
      stopping = shared.stopping;
      if (stopping) return;
      shared.open.push_back(fd);
      ++shared.connections;
    });
    if (stopping) {
      ::close(fd);
      return;
    }
    threads.emplace_back([this, fd] { serve(fd); });
  }
}

void ScriptedUpstream::Impl::serve(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ScriptedConnection(fd, options, tls, record).run();
}

ScriptedUpstream::ScriptedUpstream(Options options)
    : impl_(std::make_shared<Impl>(std::move(options))) {
  impl_->listen();
}

ScriptedUpstream::~ScriptedUpstream() { stop(); }

void ScriptedUpstream::stop() {
  if (impl_->listening < 0) return;
  impl_->record.change([](ScriptedRecord& record) {
    record.stopping = true;
    for (const int fd : record.open) ::shutdown(fd, SHUT_RDWR);
  });
  ::shutdown(impl_->listening, SHUT_RDWR);
  impl_->acceptor.join();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
  ::close(std::exchange(impl_->listening, -1));
}

void ScriptedUpstream::start() {
  if (impl_->listening >= 0) return;
  impl_->record.change([](ScriptedRecord& record) { record.stopping = false; });
  impl_->listen();
}

std::uint16_t ScriptedUpstream::port() const { return impl_->port; }

void ScriptedUpstream::on(std::string_view point, std::vector<Step> steps, std::size_t times) {
  impl_->record.change([&](ScriptedRecord& record) {
    record.overrides[std::string(point)].push_back({std::move(steps), times});
  });
}

void ScriptedUpstream::clear(std::string_view point) {
  impl_->record.change([&](ScriptedRecord& record) { record.overrides.erase(std::string(point)); });
}

void ScriptedUpstream::release() {
  impl_->record.change([](ScriptedRecord& record) { ++record.releases; });
}

std::vector<ScriptedUpstream::Message> ScriptedUpstream::messages() const {
  return impl_->read([](const ScriptedRecord& record) { return record.messages; });
}
std::vector<std::string> ScriptedUpstream::commands() const {
  return impl_->read([](const ScriptedRecord& record) { return record.commands; });
}
std::vector<std::string> ScriptedUpstream::flights() const {
  return impl_->read([](const ScriptedRecord& record) { return record.flights; });
}
std::size_t ScriptedUpstream::final_dots() const {
  return impl_->read([](const ScriptedRecord& record) { return record.final_dots; });
}
std::size_t ScriptedUpstream::connections() const {
  return impl_->read([](const ScriptedRecord& record) { return record.connections; });
}
std::size_t ScriptedUpstream::open_connections() const {
  return impl_->read([](const ScriptedRecord& record) { return record.open.size(); });
}
std::uint64_t ScriptedUpstream::body_bytes() const {
  return impl_->read([](const ScriptedRecord& record) { return record.body_bytes; });
}

bool ScriptedUpstream::wait_until(
    const std::function<bool(const ScriptedUpstream&)>& condition) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (true) {
    const auto seen = impl_->read([](const ScriptedRecord& record) { return record.version; });
    if (condition(*this)) return true;
    std::unique_lock lock(impl_->record.mutex);
    if (!impl_->record.changed.wait_until(lock, deadline,
                                          [&] { return impl_->record.version != seen; }))
      return false;
  }
}

}  // namespace sekisho::test
