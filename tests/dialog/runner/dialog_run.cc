#include "tests/dialog/runner/dialog_run.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"

namespace sekisho::dialog {
namespace {

// RFC 2920 section 3.1: after these a client must wait for the answer.
bool must_wait(std::string_view line) {
  constexpr std::array<std::string_view, 10> kVerbs{"EHLO",     "HELO", "LHLO", "DATA", "AUTH",
                                                    "STARTTLS", "VRFY", "EXPN", "QUIT", "NOOP"};
  const std::string verb = to_upper(line.substr(0, line.find(' ')));
  return std::ranges::find(kVerbs, verb) != kVerbs.end();
}

std::string password_of(std::string_view user) {
  return user == "alice" ? "wonderland" : "builder";
}

}  // namespace

DialogRun::DialogRun(const Script& script, Mode mode)
    : script_(script), mode_(mode), gateway_(script) {
  for (std::size_t i = 0; i < gateway_.upstreams(); ++i) sides_.emplace_back(gateway_.upstream(i));
}

void DialogRun::play() {
  for (const Step& step : script_.steps) {
    try {
      if (step.act != Act::client_line && step.act != Act::client_raw &&
          step.act != Act::server_line)
        flush();
      play_step(step);
    } catch (const Mismatch&) {
      throw;
    } catch (const std::runtime_error& error) {
      throw Mismatch(step.line, error.what());
    }
  }
  const std::size_t last = script_.steps.empty() ? 0 : script_.steps.back().line;
  try {
    flush();
    finish();
  } catch (const Mismatch&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw Mismatch(last, std::string("at the end: ") + error.what());
  }
}

void DialogRun::play_step(const Step& step) {
  switch (step.act) {
    case Act::client_line:
    case Act::client_raw:
      return send(step);
    case Act::server_line:
      return unsent_.empty() ? expect(step) : expected_.push_back(&step);
    case Act::upstream_hears:
      return sides_[step.upstream].hears(step.text);
    case Act::upstream_says:
      return sides_[step.upstream].says(step.text);
    case Act::message:
      return check_message(step);
    case Act::connect:
      return connect(step.text);
    case Act::begin:
      return begin(step.text);
    case Act::tls:
      transcript_ += "-- TLS\n";
      return client().start_tls();
    case Act::close:
      return client().close();
    case Act::half_close:
      return client().half_close();
    case Act::abort:
      return client().abort();
    case Act::expect_closed:
      return client().expect_end();
    case Act::drain:
      return gateway_.drain();
    case Act::upstream_messages:
      return check_upstream_messages(step);
    case Act::upstream_stop:
      return gateway_.upstream(0).stop();
    case Act::received:
      if (const auto message = sides_.front().last_message(); !matches(step.text, message.received))
        throw std::runtime_error("expected: " + step.text + "\n     got: " + message.received);
      return;
    case Act::log:
    case Act::log_never:
      log_lines_.push_back(&step);
      return;
  }
}

Client& DialogRun::client() {
  if (clients_.empty()) throw std::runtime_error("there is no connection");
  return *clients_.back();
}

void DialogRun::write(std::string_view bytes) {
  transcript_ += "C: " + encode_for_log(bytes, 400) + "\n";
  client().write(bytes, mode_ == Mode::bytes);
}

void DialogRun::send(const Step& step) {
  const bool line = step.act == Act::client_line;
  const std::string bytes = line ? step.text + "\r\n" : step.text;
  if (mode_ != Mode::pipelined) return write(bytes);
  unsent_ += bytes;
  if (line && must_wait(step.text)) flush();
}

void DialogRun::flush() {
  if (unsent_.empty()) return;
  write(std::exchange(unsent_, {}));
  for (const Step* step : std::exchange(expected_, {})) {
    try {
      expect(*step);
    } catch (const Mismatch&) {
      throw;
    } catch (const std::runtime_error& error) {
      throw Mismatch(step->line, error.what());
    }
  }
}

std::string DialogRun::read_line() {
  const std::string line = client().read_line();
  transcript_ += "S: " + encode_for_log(line, 600) + "\n";
  if (matches("250-2.0.0 queued as*", line)) ++queued_;
  return line;
}

// The rest of a reply; its last line is returned.
std::string DialogRun::read_reply() {
  std::string line;
  do line = read_line();
  while (line.size() > 3 && line[3] == '-');
  return line;
}

void DialogRun::expect(const Step& step) {
  const bool whole = step.text.ends_with(" ...");
  const std::string_view wanted =
      whole ? std::string_view(step.text).substr(0, step.text.size() - 4) : step.text;
  const std::string line = whole ? read_reply() : read_line();
  if (whole ? !line.starts_with(wanted) : !matches(wanted, line))
    throw Mismatch(step.line, "expected: " + step.text + "\n     got: " + line);
}

void DialogRun::ask(const std::string& line, std::string_view wanted) {
  write(line + "\r\n");
  if (const std::string reply = read_reply(); !reply.starts_with(wanted))
    throw std::runtime_error(line + " was answered with: " + reply);
}

void DialogRun::connect(const std::string& listener) {
  transcript_ += "-- connect " + listener + "\n";
  clients_.push_back(std::make_unique<Client>(gateway_.port(listener)));
}

// "mx", "mx tls", "submission", "submissions as alice": up to where mail can be sent.
void DialogRun::begin(std::string_view words) {
  const auto parts = split(words, ' ');
  const std::string listener(parts.front());
  const bool implicit = listener == "submissions";
  const bool starttls = listener == "submission" || (parts.size() > 1 && parts[1] == "tls");
  connect(listener);
  if (implicit) client().start_tls();
  if (const std::string greeting = read_reply(); !greeting.starts_with("220"))
    throw std::runtime_error("the greeting is: " + greeting);
  const std::string hello = listener == "lmtp" ? "LHLO" : "EHLO";
  ask(hello + " client.example.net", "250");
  if (starttls) {
    ask("STARTTLS", "220");
    client().start_tls();
    ask(hello + " client.example.net", "250");
  }
  if (parts.size() < 3 || parts[1] != "as") return;
  const std::string user(parts[2]);
  const std::string plain = std::string(1, '\0') + user + std::string(1, '\0') + password_of(user);
  ask("AUTH PLAIN " + base64_encode(plain), "235");
}

void DialogRun::check_message(const Step& step) {
  const std::string text = sides_.front().last_message().text;
  std::vector<std::string> got;
  for (const auto line : split(text, '\n')) got.emplace_back(line.substr(0, line.find('\r')));
  if (!got.empty() && got.back().empty()) got.pop_back();
  bool same = got.size() == step.lines.size();
  for (std::size_t i = 0; same && i < got.size(); ++i) same = matches(step.lines[i], got[i]);
  if (same) return;
  std::string all;
  for (const auto& line : got) all += "\n  M: " + encode_for_log(line, 200);
  throw std::runtime_error("the message is:" + all);
}

std::size_t DialogRun::messages() {
  std::size_t count = 0;
  for (std::size_t i = 0; i < gateway_.upstreams(); ++i)
    count += gateway_.upstream(i).messages().size();
  return count;
}

void DialogRun::check_upstream_messages(const Step& step) {
  const auto wanted = parse_uint(step.text);
  if (!wanted) throw std::runtime_error("upstream messages needs a number");
  wanted_messages_ = static_cast<std::size_t>(*wanted);
  if (messages() != *wanted)
    throw std::runtime_error("the upstream has " + std::to_string(messages()) + " messages");
}

void DialogRun::finish() {
  for (const auto& each : clients_) each->close();
  gateway_.stop();
  for (UpstreamSide& side : sides_) side.finish();
  // Promise of every dialog: the upstream has just the messages that we said it has.
  const std::size_t wanted = wanted_messages_.value_or(queued_);
  if (messages() != wanted)
    throw std::runtime_error("the upstream has " + std::to_string(messages()) +
                             " messages, but should have " + std::to_string(wanted));
  const std::string log = gateway_.log();
  for (const Step* step : log_lines_) {
    const std::string pattern = "*" + step->text + "*";
    const auto found = std::ranges::any_of(
        split(log, '\n'), [&](std::string_view line) { return matches(pattern, line); });
    if (found != (step->act == Act::log))
      throw Mismatch(step->line, found ? "the log has such a line" : "no such line in the log");
  }
}

std::string DialogRun::transcript() const { return transcript_; }

}  // namespace sekisho::dialog
