// How fast a message is read for rules: rendering alone, and all that rules may ask. By the CPU
// time of this thread, over messages of about 22 KB, half text, half HTML. Prints ms per message
// and MB/s; with a directory as argument, over the messages in it.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "rules/content/reader.h"
#include "rules/content/wire.h"

namespace {

using namespace sekisho;
using namespace sekisho::rules::content;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::string message_of_22_kb() {
  std::string text;
  std::string html = "<html><head><title>News</title><style>p { color: red }</style></head><body>";
  while (text.size() < 7000)
    text += "This is a line of text as people write them, of some seventy letters.\r\n";
  for (int i = 0; html.size() < 14'000; ++i) {
    html +=
        "<table><tr><td style=3D\"padding:0\"><p>Some words &amp; a <a href=3D\"https://www."
        "example.com/path/" +
        std::to_string(i) + "\">link</a>=20\r\nto follow<br></p></td></tr></table>\r\n";
  }
  return "From: Ann Author <ann@example.com>\r\nTo: Bob <bob@example.net>\r\nSubject: News\r\n"
         "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n"
         "Content-Type: text/plain; charset=utf-8\r\n\r\n" +
         text +
         "\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n" +
         html + "</body></html>\r\n--b--\r\n";
}

std::vector<std::string> messages_of(const char* directory) {
  std::vector<std::string> messages;
  if (directory == nullptr) return {message_of_22_kb()};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    messages.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return messages;
}

Plan plan_of(std::uint64_t wants) {
  WireWriter out;
  out.number(1);
  out.number(wants);
  out.number(0);
  out.number(0);
  auto plan = Plan::decode(out.take());
  if (!plan) std::abort();
  return std::move(*plan);
}

std::uint64_t bit(Want want) { return std::uint64_t{1} << static_cast<unsigned>(want); }

void measure(const char* what, std::uint64_t wants, const std::vector<std::string>& messages) {
  const Plan plan = plan_of(wants);
  auto matchers = Matchers::of(plan);
  if (!matchers) std::abort();
  std::size_t bytes = 0;
  std::size_t count = 0;
  std::size_t failed = 0;
  const double start = cpu_seconds();
  while (cpu_seconds() - start < 1.0) {
    for (const std::string& message : messages) {
      const auto found = read(message, plan, *matchers, mail::MimeLimits{});
      failed += found ? 0 : 1;
      bytes += message.size();
      ++count;
    }
  }
  const double spent = cpu_seconds() - start;
  std::printf("%-10s %7.3f ms/message %7.1f MB/s  %zu of %zu failed\n", what,
              1000 * spent / static_cast<double>(count), static_cast<double>(bytes) / spent / 1e6,
              failed, count);
}

}  // namespace

int main(int argc, char** argv) {
  const auto messages = messages_of(argc > 1 ? argv[1] : nullptr);
  measure("headers", bit(Want::subject) | bit(Want::from), messages);
  measure("text", bit(Want::text), messages);
  measure("urls", bit(Want::urls), messages);
  measure("parts", bit(Want::parts), messages);
  measure("all", (std::uint64_t{1} << kWants) - 1, messages);
  return 0;
}
