// `sekisho inbox`: what the capture inbox holds, for people. Nothing in a stored message is
// trusted: on a terminal its control bytes would be commands.
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"
#include "gateway/inbox/capture_server.h"
#include "gateway/inbox/maildir.h"

namespace sekisho::inbox {
namespace {

int complain(const Error& error) {
  fmt::print(stderr, "sekisho inbox: {}\n", encode_for_log(error.text));
  return 1;
}

// Line ends as a terminal has them, every other control character (the C1 ones of UTF-8 as well) as
// '?'.
std::string for_terminal(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  for (std::size_t i = 0; i < message.size(); ++i) {
    const auto byte = static_cast<unsigned char>(message[i]);
    const auto next = static_cast<unsigned char>(i + 1 < message.size() ? message[i + 1] : '\0');
    if (byte == '\r') continue;
    if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      out += '?';
      ++i;
      continue;
    }
    out += (byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7f ? '?' : message[i];
  }
  return out;
}

std::string or_dash(std::string_view bytes, std::size_t max) {
  return bytes.empty() ? "-" : encode_for_log(bytes, max);
}

}  // namespace

int list_inbox(const std::filesystem::path& maildir) {
  std::error_code error;
  if (!std::filesystem::exists(maildir / "new", error)) {
    fmt::print("The inbox {} is empty: nothing has been captured yet.\n", maildir.string());
    return 0;
  }
  auto opened = Maildir::open(maildir);
  if (!opened) return complain(opened.error());
  const auto messages = opened->list();
  if (!messages) return complain(messages.error());
  if (messages->empty()) fmt::print("The inbox {} is empty.\n", maildir.string());
  std::size_t number = 0;
  for (const StoredMessage& message : *messages) {
    fmt::print("{:>4}  {}\n", ++number, or_dash(message.subject, 200));
    fmt::print("      from {}  to {}\n", or_dash(message.from, 100), or_dash(message.to, 100));
    fmt::print("      {}  {} bytes  {}\n", or_dash(message.date, 60), message.size,
               encode_for_log(message.id));
  }
  return 0;
}

int show_inbox(const std::filesystem::path& maildir, const std::string& id) {
  auto opened = Maildir::open(maildir);
  if (!opened) return complain(opened.error());
  std::string wanted = id;
  if (const auto number = parse_uint(id)) {
    const auto messages = opened->list();
    if (!messages) return complain(messages.error());
    if (*number == 0 || *number > messages->size()) {
      return complain({ErrorKind::invalid, "there is no message " + id});
    }
    wanted = (*messages)[*number - 1].id;
  }
  const auto message = opened->read(wanted);
  if (!message) return complain(message.error());
  const std::string shown = ::isatty(STDOUT_FILENO) == 1 ? for_terminal(*message) : *message;
  const bool written = std::fwrite(shown.data(), 1, shown.size(), stdout) == shown.size();
  return written && std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace sekisho::inbox
