#include "tests/fuzz/session/recording_upstream.h"

#include <algorithm>
#include <utility>

#include "gateway/base/text.h"
#include "gateway/net/socket_stream.h"
#include "gateway/smtp/chunk.h"
#include "gateway/smtp/dot_codec.h"
#include "tests/fuzz/session/require.h"

namespace sekisho::fuzz {
namespace {

constexpr auto kPatience = 5s;
constexpr std::size_t kMaxCommand = 4096;

int open_port() {
  auto fd = open_listening_socket(*Endpoint::parse("127.0.0.1:0"), 64);
  require(fd.has_value(), "no port to listen on");
  return *fd;
}

}  // namespace

struct RecordingUpstream::Connection {
  std::unique_ptr<ByteStream> stream;
  LineReader reader;
  bool mail = false;
  bool binary = false;
  std::size_t recipients = 0;
  std::string chunks{};

  void forget() {
    mail = binary = false;
    recipients = 0;
    chunks.clear();
  }
};

RecordingUpstream::RecordingUpstream(Loop& loop)
    : loop_(loop),
      listener_(
          loop, open_port(), [this](int fd, const Endpoint&) { spawn(serve(fd)); },
          [](const Error& why) { require(false, "cannot accept", why.text); }) {}

void RecordingUpstream::begin(const Misbehaviour& misbehaviour, bool has_extensions) {
  misbehaviour_ = misbehaviour;
  has_extensions_ = has_extensions;
  times_there_ = 0;
  record_ = {};
}

Task<void> RecordingUpstream::wait_quiet() {
  while (open_ > 0)
    require((co_await closed_.wait(loop_, Deadline::in(kPatience), never_)).has_value(),
            "a connection to the upstream stays open");
}

Task<void> RecordingUpstream::serve(int fd) {
  ++open_;
  {
    auto stream = make_socket_stream(loop_, fd, never_);
    ByteStream& bytes = *stream;
    Connection connection{std::move(stream), LineReader(loop_, bytes)};
    co_await converse(connection);
  }
  --open_;
  closed_.notify();
}

// When the dialogue comes to that point now.
bool RecordingUpstream::misbehaves(std::string_view at) const {
  if (at.empty() || misbehaviour_.at != at) return false;
  const std::size_t first = misbehaviour_.spares_first ? 1 : 0;
  return misbehaviour_.once ? times_there_ == first : times_there_ >= first;
}

Task<RecordingUpstream::Next> RecordingUpstream::answer(Connection& connection, std::string_view at,
                                                        std::string_view good) {
  const bool bad = misbehaves(at);
  if (misbehaviour_.at == at) ++times_there_;
  const std::string_view says = bad ? misbehaviour_.says : good;
  if (at == "MAIL" && says.starts_with('2')) connection.mail = true;
  if (at == "RCPT" && says.starts_with('2')) ++connection.recipients;
  if (!says.empty() && !co_await connection.stream->write_all(says, Deadline::in(kPatience)))
    co_return Next::end;
  if (bad && misbehaviour_.closes) co_return Next::end;
  co_return at == "DATA" && says.starts_with('3') ? Next::message : Next::command;
}

Task<void> RecordingUpstream::converse(Connection& connection) {
  Next next = co_await answer(connection, "CONNECT", "220 upstream.example ESMTP\r\n");
  while (next != Next::end) {
    if (next == Next::message) {
      next = co_await take_message(connection);
      continue;
    }
    auto line = co_await connection.reader.read_line(kMaxCommand, Deadline::in(kPatience));
    if (!line) co_return;
    require(line->flaw == LineReader::Flaw::none, "a bad line went to the upstream", line->text);
    next = co_await obey(connection, std::string(line->text));
  }
}

Task<RecordingUpstream::Next> RecordingUpstream::obey(Connection& connection, std::string line) {
  require(std::ranges::all_of(line, [](char c) { return c >= ' ' && c < '\x7f'; }),
          "a control byte went to the upstream", line);
  const std::string verb = line.substr(0, line.find(' '));
  if (verb == "EHLO" || verb == "HELO") {
    connection.forget();
    co_return co_await answer(connection, verb,
                              verb == "HELO" || !has_extensions_
                                  ? "250 upstream.example\r\n"
                                  : "250-upstream.example\r\n250-PIPELINING\r\n250-SIZE 100000\r\n"
                                    "250-8BITMIME\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"
                                    "250 ENHANCEDSTATUSCODES\r\n");
  }
  if (verb == "MAIL") {
    require(line.starts_with("MAIL FROM:<"), "a strange MAIL", line);
    require(!connection.mail, "MAIL within a transaction", line);
    connection.binary = line.ends_with(" BODY=BINARYMIME");
    require(!connection.binary || has_extensions_, "binary mail went where it can't go", line);
    co_return co_await answer(connection, verb, "250 2.1.0 ok\r\n");
  }
  if (verb == "RCPT") {
    require(line.starts_with("RCPT TO:<") && line.ends_with('>'), "a strange RCPT", line);
    record_.asked_for.push_back(line.substr(9, line.size() - 10));
    if (!connection.mail) co_return co_await answer(connection, "", "503 5.5.1 MAIL first\r\n");
    co_return co_await answer(connection, verb, "250 2.1.5 ok\r\n");
  }
  if (verb == "DATA") {
    require(connection.recipients > 0, "DATA without a recipient");
    require(!connection.binary, "DATA for binary mail");
    co_return co_await answer(connection, verb, "354 go ahead\r\n");
  }
  if (verb == "BDAT") co_return co_await take_chunk(connection, std::move(line));
  if (verb == "RSET") {
    connection.forget();
    co_return co_await answer(connection, verb, "250 2.0.0 ok\r\n");
  }
  require(verb == "QUIT", "a strange command went to the upstream", line);
  (void)co_await answer(connection, verb, "221 2.0.0 bye\r\n");
  co_return Next::end;
}

Task<RecordingUpstream::Next> RecordingUpstream::take_message(Connection& connection) {
  smtp::DotDecoder decoder;
  Message message{.recipients = connection.recipients, .text = {}};
  bool begun = false;
  while (!decoder.finished()) {
    auto bytes = co_await connection.reader.read_bytes(Deadline::in(kPatience));
    if (!bytes) co_return Next::end;
    connection.reader.unread(bytes->substr(decoder.feed(*bytes, message.text)));
    if (std::exchange(begun, true)) continue;
    if (co_await answer(connection, "BODY", "") == Next::end) co_return Next::end;
  }
  require(decoder.flaw() == smtp::DotDecoder::Flaw::none, "the message breaks the framing",
          message.text);
  co_return co_await keep(connection, std::move(message));
}

Task<RecordingUpstream::Next> RecordingUpstream::take_chunk(Connection& connection,
                                                            std::string line) {
  require(connection.binary && connection.recipients > 0, "BDAT for no binary mail", line);
  const auto chunk = smtp::parse_bdat(std::string_view(line).substr(4));
  require(chunk.has_value(), "a strange BDAT", line);
  for (std::uint64_t left = chunk->size; left > 0;) {
    auto bytes = co_await connection.reader.read_bytes(Deadline::in(kPatience));
    if (!bytes) co_return Next::end;
    const auto mine = bytes->substr(0, static_cast<std::size_t>(left));
    connection.chunks += mine;
    left -= mine.size();
    connection.reader.unread(bytes->substr(mine.size()));
  }
  if (!chunk->last) co_return co_await answer(connection, "BODY", "250 2.0.0 chunk\r\n");
  co_return co_await keep(connection, {connection.recipients, std::move(connection.chunks)});
}

// The message is whole.
Task<RecordingUpstream::Next> RecordingUpstream::keep(Connection& connection, Message message) {
  connection.forget();
  message.taken = !misbehaves(".") || misbehaviour_.takes_message;
  record_.messages.push_back(std::move(message));
  co_return co_await answer(connection, ".", "250 2.0.0 ok: queued as UP1\r\n");
}

}  // namespace sekisho::fuzz
