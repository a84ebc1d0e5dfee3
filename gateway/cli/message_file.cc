#include "gateway/cli/message_file.h"

#include "gateway/base/file_io.h"
#include "gateway/mail/headers.h"

namespace sekisho::cli {

Result<std::string> message_of(std::string_view text) {
  std::string message;
  message.reserve(text.size() + text.size() / 32);
  if (text.starts_with("From ") || text.starts_with(">From ")) message = "X-Mailbox-Line: ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\0') return fail(ErrorKind::invalid, "it holds a NUL: no message by SMTP does");
    if (c == '\r' && !text.substr(i).starts_with("\r\n"))
      return fail(ErrorKind::invalid, "it holds a CR without LF: no message by SMTP does");
    if (c == '\n' && !message.ends_with('\r')) message += '\r';
    message += c;
  }
  if (!message.empty() && !message.ends_with('\n')) message += "\r\n";
  const std::size_t fields = mail::Headers::parse(message).size();
  const bool body_is_parted =
      fields == message.size() || std::string_view(message).substr(fields).starts_with("\r\n");
  if (!body_is_parted) message.insert(fields, "\r\n");
  return message;
}

Result<std::string> read_message(const std::filesystem::path& file) {
  const auto text = read_whole_file(file);
  if (!text) return std::unexpected(text.error());
  auto message = message_of(*text);
  if (!message) message.error().text = file.string() + ": " + message.error().text;
  return message;
}

}  // namespace sekisho::cli
