#include "gateway/notice.h"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/base/text.h"
#include "gateway/mail/headers.h"

namespace sekisho {
namespace {

constexpr std::size_t kMaxText = 16UL * 1024;
constexpr std::size_t kMaxSubject = 200;
constexpr std::size_t kLine = 76;  // RFC 2045 section 6.8

std::string in_lines(std::string_view base64) {
  std::string out;
  for (; !base64.empty(); base64.remove_prefix(std::min(kLine, base64.size())))
    out.append(base64.substr(0, kLine)).append("\r\n");
  return out;
}

}  // namespace

NoticeMessage notice_message(const filters::Notice& notice, std::string_view hostname,
                             std::string_view id, WallTime now) {
  NoticeMessage made;
  std::string& header = made.header_section;
  header += mail::format_field("Date", rfc5322_date(now));
  header += mail::format_field("From", fmt::format("Sekisho <MAILER-DAEMON@{}>", hostname));
  header += mail::format_field("To", fmt::format("<{}>", notice.to));
  header += mail::format_field("Subject", notice.subject.substr(0, kMaxSubject));
  header += mail::format_field("Message-ID", fmt::format("<{}@{}>", id, hostname));
  header += mail::format_field("Auto-Submitted", "auto-generated");
  header += mail::format_field("MIME-Version", "1.0");
  header += mail::format_field("Content-Type", "text/plain; charset=utf-8");
  header += mail::format_field("Content-Transfer-Encoding", "base64");
  header += "\r\n";
  made.body = in_lines(base64_encode(notice.text.substr(0, kMaxText) + "\n"));
  return made;
}

}  // namespace sekisho
