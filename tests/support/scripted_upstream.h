// ScriptedUpstream: an SMTP server for tests on 127.0.0.1 and a port of the system's choice, or on
// a Unix socket. By itself it accepts every message and keeps it; on() says what it does instead at
// a given point. Greeted with LHLO it speaks LMTP: its answer to the dot is one for each recipient.
// Blocking sockets, a thread for each connection; every method may be called from the test's thread
// at any time.
//
//   ScriptedUpstream upstream;                                      // takes everything
//   upstream.on("RCPT", {step::reply("550 5.1.1 no such user")});   // refuses each recipient
//   upstream.on("MAIL", {step::reply("421 4.3.2 bye"), step::close()}, 1);  // the first MAIL only
//   upstream.on(".", {step::hold()});                               // never answers the final dot
//   … connect to upstream.port() …
//   upstream.messages().at(0).data;                                 // as it came, dots still
//   stuffed
//
// The points: "CONNECT" (before the greeting), "EHLO", "LHLO", "HELO", "STARTTLS", "MAIL", "RCPT",
// "DATA", "BODY" (after 354, before any of the message is read), "." (the dot or the LAST chunk was
// read), "BDAT" (another chunk was read), "RSET", "NOOP", "QUIT", "AUTH", "*" (any other command).
// The steps stand in for the default answer and what it would have done: after "DATA" answered by a
// step with 354, message text is read; after "MAIL" or
// "." answered with anything, the message is kept or not as the code's first digit says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::test {

struct Step {
  enum class Kind : std::uint8_t { send, trickle, read, wait, hold, close, reset, starttls };
  Kind kind = Kind::send;
  std::string bytes;       // send, trickle
  std::size_t amount = 0;  // read
};

namespace step {
Step reply(std::string_view lines);    // adds CRLF to the end when there is none
Step bytes(std::string_view bytes);    // as they are
Step trickle(std::string_view bytes);  // one byte at a time, each in a segment of its own
Step read(std::size_t amount);  // reads at least so many bytes of what comes, and forgets them
Step wait();                    // until ScriptedUpstream::release()
Step hold();                    // says nothing, reads nothing, until the client has closed
Step close();
Step reset();     // closes with a TCP reset
Step starttls();  // the handshake, after a 220 that a step before it sent
}  // namespace step

class ScriptedUpstream {
 public:
  struct Options {
    // Lines of the EHLO reply; STARTTLS is added while a certificate is set and TLS is off.
    std::vector<std::string> extensions = {"PIPELINING", "SIZE 104857600", "8BITMIME",
                                           "ENHANCEDSTATUSCODES"};
    std::filesystem::path certificate{};  // PEM; empty: no TLS
    std::filesystem::path key{};
    bool implicit_tls = false;
    bool trickle = false;            // every answer goes out one byte at a time
    std::filesystem::path socket{};  // a Unix socket instead of a port; not there yet
  };
  struct Message {
    std::string mail;                // "MAIL FROM:<a@example.org> SIZE=3", the line as it came
    std::vector<std::string> rcpts;  // the lines of the accepted ones
    std::string data;                // the bytes between 354 and CRLF.CRLF, its first CRLF included
    bool in_chunks = false;          // it came by BDAT: no dots were added
  };

  ScriptedUpstream() : ScriptedUpstream(Options{}) {}
  explicit ScriptedUpstream(Options options);
  ~ScriptedUpstream();  // closes everything and joins
  ScriptedUpstream(const ScriptedUpstream&) = delete;
  ScriptedUpstream& operator=(const ScriptedUpstream&) = delete;

  [[nodiscard]] std::uint16_t port() const;

  // What to do at a point instead of the default, `times` times (over all connections), then the
  // default again. Several for one point are used up in their order. 0: always.
  void on(std::string_view point, std::vector<Step> steps, std::size_t times = 0);
  void clear(std::string_view point);
  void release();  // lets one step::wait() go on; may be called before it is reached
  // Stops listening and closes all connections; start() listens again on the same port.
  void stop();
  void start();

  // What happened so far.
  [[nodiscard]] std::vector<Message> messages() const;      // answered 2xx after their dot
  [[nodiscard]] std::vector<std::string> commands() const;  // every line, of all connections
  // What each recv() outside of message text gave: shows what came in one flight.
  [[nodiscard]] std::vector<std::string> flights() const;
  [[nodiscard]] std::size_t final_dots() const;   // CRLF.CRLF seen, whatever was answered
  [[nodiscard]] std::size_t connections() const;  // accepted
  [[nodiscard]] std::size_t open_connections() const;
  [[nodiscard]] std::uint64_t body_bytes() const;  // of message text, finished or not

  // Waits until `condition` holds (looked at after each event above); false after 10 s.
  [[nodiscard]] bool wait_until(
      const std::function<bool(const ScriptedUpstream&)>& condition) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sekisho::test
