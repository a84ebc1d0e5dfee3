#include "tests/support/scripted_connection.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sekisho::test {

std::optional<std::vector<Step>> ScriptedRecord::take(const std::string& point) {
  const std::lock_guard lock(mutex);
  const auto found = overrides.find(point);
  if (found == overrides.end() || found->second.empty()) return std::nullopt;
  Override& next = found->second.front();
  std::vector<Step> steps = next.steps;
  if (next.times > 0 && --next.times == 0) found->second.pop_front();
  return steps;
}

ScriptedConnection::ScriptedConnection(int fd, const ScriptedUpstream::Options& options,
                                       SSL_CTX* tls, ScriptedRecord& record)
    : fd_(fd), options_(options), context_(tls), record_(record) {}

ScriptedConnection::~ScriptedConnection() {
  SSL_free(ssl_);
  record_.change([this](ScriptedRecord& record) {
    std::erase(record.open, fd_);
    ::close(fd_);  // under the lock: stop() must not find the number in another's use
  });
}

template <class Before>
ScriptedConnection::Said ScriptedConnection::at(const std::string& point,
                                                std::string_view default_reply, Before before) {
  const auto steps = record_.take(point);
  if (!steps) {
    const char digit = default_reply.empty() ? '\0' : default_reply.front();
    before(digit);
    return {digit, !say(default_reply, options_.trickle), true};
  }
  Said said{.by_default = false};
  for (const Step& step : *steps)
    if (!step.bytes.empty() && said.digit == 0) said.digit = step.bytes.front();
  before(said.digit);
  for (const Step& step : *steps)
    if (!do_step(step)) {
      said.over = true;
      break;
    }
  return said;
}

ScriptedConnection::Said ScriptedConnection::at(const std::string& point,
                                                std::string_view default_reply) {
  return at(point, default_reply, [](char) {});
}

bool ScriptedConnection::do_step(const Step& step) {
  switch (step.kind) {
    case Step::Kind::send:
      return say(step.bytes, options_.trickle);
    case Step::Kind::trickle:
      return say(step.bytes, true);
    case Step::Kind::read:
      while (in_.size() < step.amount)
        if (!fill(true)) return false;
      in_.clear();
      return true;
    case Step::Kind::wait: {
      std::unique_lock lock(record_.mutex);
      record_.changed.wait(lock, [this] { return record_.releases > 0 || record_.stopping; });
      if (record_.releases > 0) --record_.releases;
      return !record_.stopping;
    }
    case Step::Kind::hold:
      hold();
      return false;
    case Step::Kind::close:
      return false;
    case Step::Kind::reset: {
      const linger now{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
      return false;
    }
    case Step::Kind::starttls:
      return handshake();
  }
  return false;
}

void ScriptedConnection::run() {
  if (options_.implicit_tls && !handshake()) return;
  if (at("CONNECT", "220 upstream.test ESMTP\r\n").over) return;
  while (auto line = read_line()) {
    record_.change([&](ScriptedRecord& record) { record.commands.push_back(*line); });
    if (!command(*line)) return;
  }
}

// False: the connection is over.
bool ScriptedConnection::command(std::string_view line) {
  std::string verb(line.substr(0, line.find(' ')));
  std::ranges::transform(verb, verb.begin(), [](unsigned char c) { return std::toupper(c); });
  if (verb == "EHLO" || verb == "HELO" || verb == "LHLO") {
    message_ = {};
    lmtp_ = verb == "LHLO";
    return !at(verb, verb != "HELO" ? ehlo_reply() : "250 upstream.test\r\n").over;
  }
  if (verb == "STARTTLS") {
    const bool possible = context_ != nullptr && ssl_ == nullptr;
    const Said said = at(verb, possible ? "220 2.0.0 go ahead\r\n" : "454 4.7.0 no TLS here\r\n");
    if (said.over) return false;
    return !(said.by_default && possible) || handshake();
  }
  if (verb == "MAIL") {
    return !at(verb, "250 2.1.0 sender ok\r\n", [&](char digit) {
              if (digit == '2') message_ = {.mail = std::string(line), .rcpts = {}, .data = {}};
            }).over;
  }
  if (verb == "RCPT") {
    const bool possible = !message_.mail.empty();
    return !at(verb, possible ? "250 2.1.5 recipient ok\r\n" : "503 5.5.1 MAIL first\r\n",
               [&](char digit) {
                 if (digit == '2') message_.rcpts.emplace_back(line);
               })
                .over;
  }
  if (verb == "DATA") {
    const Said said =
        at(verb, message_.rcpts.empty() ? "503 5.5.1 RCPT first\r\n" : "354 go ahead\r\n");
    return !said.over && (said.digit != '3' || take_message());
  }
  if (verb == "BDAT") return take_chunk(line);
  if (verb == "RSET") {
    message_ = {};
    return !at(verb, "250 2.0.0 forgotten\r\n").over;
  }
  if (verb == "QUIT") return at(verb, "221 2.0.0 bye\r\n").over && false;
  if (verb == "NOOP" || verb == "AUTH")
    return !at(verb, verb == "NOOP" ? "250 2.0.0 ok\r\n" : "503 5.5.1 no AUTH here\r\n").over;
  return !at("*", "500 5.5.2 what?\r\n").over;
}

bool ScriptedConnection::take_message() {
  if (at("BODY", "").over) return false;
  std::size_t end = std::string::npos;
  std::size_t searched = 0;
  while (true) {
    if (in_.starts_with(".\r\n")) end = 0;  // an empty message
    if (end == std::string::npos) {
      const std::size_t found = in_.find("\r\n.\r\n", searched);
      if (found != std::string::npos) end = found + 2;
    }
    if (end != std::string::npos) break;
    searched = in_.size() < 4 ? 0 : in_.size() - 4;
    if (!fill(true)) return false;
  }
  message_.data = in_.substr(0, end);
  in_.erase(0, end + 3);
  return end_message();
}

// RFC 3030.
bool ScriptedConnection::take_chunk(std::string_view line) {
  const std::size_t size = std::strtoull(std::string(line.substr(4)).c_str(), nullptr, 10);
  while (in_.size() < size)
    if (!fill(true)) return false;
  message_.data += in_.substr(0, size);
  message_.in_chunks = true;
  in_.erase(0, size);
  const bool possible = !message_.rcpts.empty();
  if (!possible || !line.ends_with(" LAST"))
    return !at("BDAT", possible ? "250 2.0.0 chunk ok\r\n" : "503 5.5.1 RCPT first\r\n").over;
  return end_message();
}

bool ScriptedConnection::end_message() {
  record_.change([](ScriptedRecord& record) { ++record.final_dots; });
  return !at(".", final_reply(), [&](char digit) {
            if (digit != '2') return;
            record_.change(
                [&](ScriptedRecord& record) { record.messages.push_back(std::move(message_)); });
            message_ = {};
          }).over;
}

std::string ScriptedConnection::final_reply() const {
  if (!lmtp_) return "250 2.0.0 ok: queued as SCRIPTED1\r\n";
  std::string replies;
  for (std::size_t i = 1; i <= message_.rcpts.size(); ++i)
    replies += "250 2.0.0 ok: queued as SCRIPTED" + std::to_string(i) + "\r\n";
  return replies;
}

std::string ScriptedConnection::ehlo_reply() const {
  std::vector<std::string> lines{"upstream.test"};
  lines.insert(lines.end(), options_.extensions.begin(), options_.extensions.end());
  if (context_ != nullptr && ssl_ == nullptr) lines.emplace_back("STARTTLS");
  std::string reply;
  for (std::size_t i = 0; i < lines.size(); ++i)
    reply += (i + 1 < lines.size() ? "250-" : "250 ") + lines[i] + "\r\n";
  return reply;
}

bool ScriptedConnection::handshake() {
  if (context_ == nullptr) return false;
  in_.clear();
  ssl_ = SSL_new(context_);
  SSL_set_fd(ssl_, fd_);
  return SSL_accept(ssl_) == 1;
}

bool ScriptedConnection::say(std::string_view bytes, bool one_by_one) {
  while (!bytes.empty()) {
    const std::size_t size = one_by_one ? 1 : bytes.size();
    const long sent = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(size))
                                      : ::send(fd_, bytes.data(), size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t ScriptedConnection::receive(char* into, std::size_t size) {
  const long got =
      ssl_ != nullptr ? SSL_read(ssl_, into, static_cast<int>(size)) : ::recv(fd_, into, size, 0);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool ScriptedConnection::fill(bool in_body) {
  std::array<char, 64 * 1024> buffer;
  const std::size_t got = receive(buffer.data(), buffer.size());
  if (got == 0) return false;
  in_.append(buffer.data(), got);
  record_.change([&](ScriptedRecord& record) {
    if (in_body)
      record.body_bytes += got;
    else
      record.flights.emplace_back(buffer.data(), got);
  });
  return true;
}

std::optional<std::string> ScriptedConnection::read_line() {
  std::size_t end;
  while ((end = in_.find('\n')) == std::string::npos)
    if (!fill(false)) return std::nullopt;
  std::string line = in_.substr(0, end);
  in_.erase(0, end + 1);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

void ScriptedConnection::hold() {
  pollfd socket{.fd = fd_, .events = POLLRDHUP, .revents = 0};
  ::poll(&socket, 1, -1);
}

}  // namespace sekisho::test
