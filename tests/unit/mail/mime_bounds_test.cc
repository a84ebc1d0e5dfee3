// The bounds of MimeView, its independence of how bytes arrive, and a run over real mail.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/mail/line_source.h"
#include "gateway/mail/mime_view.h"

namespace sekisho::mail {
namespace {

using ::testing::HasSubstr;

MimeView::Reader by_blocks(std::string_view message, std::size_t block) {
  return [message, block](std::uint64_t offset, std::size_t max, std::string& out) -> Result<void> {
    out.clear();
    if (offset < message.size()) out = message.substr(offset, std::min(max, block));
    return {};
  };
}

MimeLimits patient() {
  MimeLimits limits;
  limits.max_time = std::chrono::minutes(5);
  return limits;
}

std::string nested_multiparts(int levels) {
  std::string out;
  for (int i = 0; i < levels; ++i) {
    const std::string name = "b" + std::to_string(i) + "e";
    out.append("Content-Type: multipart/mixed; boundary=").append(name);
    out.append("\r\n\r\n--").append(name).append("\r\n");
  }
  return out;
}

TEST(MimeBounds, ReportPartsThatAreNestedTooDeep) {
  MimeLimits limits = patient();
  limits.max_depth = 5;
  const auto fits = MimeView::parse_text(nested_multiparts(5) + "\r\nx", limits);
  EXPECT_TRUE(fits.complete);
  const auto deep = MimeView::parse_text(nested_multiparts(6) + "\r\nx", limits);
  EXPECT_FALSE(deep.complete);
  EXPECT_THAT(deep.incomplete_reason, HasSubstr("deeper than 5"));
  for (const MimePart& part : deep.parts) EXPECT_LE(part.depth, 5);
}

TEST(MimeBounds, HoldForTenThousandLevelsOfAnyKind) {
  std::string messages;
  for (int i = 0; i < 10'000; ++i) messages += "Content-Type: message/rfc822\r\n\r\n";
  std::string quoted;
  for (int i = 0; i < 10'000; ++i) {
    quoted +=
        "Content-Type: message/rfc822\r\nX: =3D\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n";
  }
  for (const std::string& message : {nested_multiparts(10'000), messages, quoted}) {
    const auto view = MimeView::parse_text(message, MimeLimits{});
    EXPECT_FALSE(view.complete);
    EXPECT_LE(view.parts.size(), 1000U);
  }
}

TEST(MimeBounds, ReportMorePartsThanTheLimit) {
  MimeLimits limits = patient();
  limits.max_parts = 10;
  std::string message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 9; ++i) message += "--b\r\n\r\nx\r\n";
  EXPECT_TRUE(MimeView::parse_text(message, limits).complete);
  message += "--b\r\n\r\nx\r\n";
  const auto view = MimeView::parse_text(message, limits);
  EXPECT_FALSE(view.complete);
  EXPECT_THAT(view.incomplete_reason, HasSubstr("more than 10 parts"));
  EXPECT_EQ(view.parts.size(), 10U);
}

TEST(MimeBounds, CountUuencodedFilesAsParts) {
  MimeLimits limits = patient();
  limits.max_parts = 10;
  std::string message = "\r\n";
  for (int i = 0; i < 20; ++i) message += "begin 644 a\r\nend\r\n";
  EXPECT_FALSE(MimeView::parse_text(message, limits).complete);
}

TEST(MimeBounds, ReportContentFieldsThatAreTooLong) {
  MimeLimits limits = patient();
  limits.max_part_header = Bytes{1000};
  const std::string field = "Content-Type: a/b; x=" + std::string(2000, 'x') + "; name=evil.exe";
  const auto view = MimeView::parse_text(field + "\r\n\r\nMZ", limits);
  EXPECT_FALSE(view.complete);
  EXPECT_THAT(view.incomplete_reason, HasSubstr("1000 bytes"));
  // Other fields don't count: they are not kept.
  EXPECT_TRUE(
      MimeView::parse_text("Subject: " + std::string(2000, 'x') + "\r\n\r\n", limits).complete);
}

TEST(MimeBounds, ReportMoreNamesThanAreRead) {
  std::string many = "Content-Type: a/b";
  for (int i = 0; i < 200; ++i) many += "; name=" + std::to_string(i);
  EXPECT_FALSE(MimeView::parse_text(many + "\r\n\r\n", patient()).complete);
  std::string fields;
  for (int i = 0; i < 20; ++i) fields += "Content-Type: a/b" + std::to_string(i) + "\r\n";
  EXPECT_FALSE(MimeView::parse_text(fields + "\r\n", patient()).complete);
}

TEST(MimeBounds, ReportABoundaryBeyondAllMeasure) {
  const std::string boundary(9000, 'q');
  const auto view = MimeView::parse_text(
      "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n\r\nx",
      patient());
  EXPECT_FALSE(view.complete);
}

TEST(MimeBounds, ReportAnEncodedMessageThatIsTooLargeToDecode) {
  const std::string line = base64_encode(std::string(57, 'x')) + "\r\n";
  std::string message =
      "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
      base64_encode("Content-Type: a/b; name=evil.exe\r\n\r\n") + "\r\n";
  while (message.size() < 12UL * 1024 * 1024) message += line;
  const auto view = MimeView::parse_text(message, patient());
  EXPECT_FALSE(view.complete);
  ASSERT_EQ(view.parts.size(), 2U);
  EXPECT_EQ(view.parts[1].extensions(), std::vector<std::string>{"exe"});
}

TEST(MimeBounds, StopWhenTheTimeIsOver) {
  MimeLimits limits;
  limits.max_time = std::chrono::milliseconds(0);
  const std::string message = "\r\n" + std::string(1'000'000, 'x');
  const auto view = MimeView::parse_text(message, limits);
  EXPECT_FALSE(view.complete);
  EXPECT_THAT(view.incomplete_reason, HasSubstr("0 ms"));
}

TEST(MimeBounds, EndAtOnceForMessagesMadeToTakeLong) {
  const std::string comment(60'000, '(');
  std::string occurrences = "Content-Type: a/b;";
  while (occurrences.size() < 60'000) occurrences += "name=(";
  std::string sections = "Content-Type: a/b";
  for (int i = 0; i < 4000; ++i) sections += "; name*" + std::to_string(i) + "*=%41";
  std::string headers;
  for (int i = 0; i < 100'000; ++i) headers += "X: y\r\n";
  std::string parts = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 100'000; ++i) parts += "--b\r\n\r\n";
  std::string words = "Content-Type: a/b; name=\"";
  while (words.size() < 60'000) words += "=?utf-8?Q?=41?= ";
  const auto start = Clock::now();
  for (const std::string& message :
       {"Content-Type: a/b; name=" + comment, "Content-Type: " + comment, occurrences, sections,
        headers, parts, words, std::string(3'000'000, '\n'), std::string(3'000'000, '-')}) {
    MimeView::parse_text(message + "\r\n\r\nx", MimeLimits{});
  }
  // Nine messages of at most two seconds each; a quadratic one would take minutes.
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(25));
}

TEST(MimeView, PassesOnTheFailureOfItsReader) {
  const auto view =
      MimeView::parse([](std::uint64_t, std::size_t,
                         std::string&) -> Result<void> { return fail(ErrorKind::io, "gone"); },
                      MimeLimits{});
  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().text, "gone");
}

void expect_same(const MimeView& a, const MimeView& b, std::string_view what) {
  EXPECT_TRUE(a.parts == b.parts) << what;
  EXPECT_EQ(a.complete, b.complete) << what;
  EXPECT_EQ(a.incomplete_reason, b.incomplete_reason) << what;
}

TEST(MimeView, IsTheSameForAnyBlocks) {
  const std::string message =
      "Content-Type: multipart/mixed; boundary=b\r\nX: y\r\n\r\n--b\r\n\r\n" +
      std::string(100'000, 'x') + "\r\nbegin 644 a.exe\r\n#35J0\r\nend\r\n--b\r\n" +
      "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
      base64_encode("Content-Type: a/b; name=x.exe\r\n\r\nMZ") +
      "\r\n--b\r\nContent-Type: a/b;\r\n name=" + std::string(40'000, 'n') +
      ".exe\r\n\r\nbody\r\n--b--\r\n";
  const auto whole = MimeView::parse_text(message, patient());
  EXPECT_EQ(whole.parts.size(), 6U);
  for (const std::size_t block : {1UL, 2UL, 7UL, 1000UL, 32768UL, 65537UL}) {
    const auto view = MimeView::parse(by_blocks(message, block), patient());
    ASSERT_TRUE(view);
    expect_same(*view, whole, std::to_string(block));
  }
}

TEST(LineSource, CutsEndlessLinesAtTheSamePlacesWhateverTheBlocks) {
  const std::string text =
      "a\r\n\r\nb\n" + std::string(3 * LineSource::kMaxLine + 5, 'x') + "\r\nend";
  std::vector<std::vector<std::string>> readings;
  for (const std::size_t block : {1UL, 3UL, 5000UL, 1'000'000UL}) {
    const auto reader = by_blocks(text, block);
    LineSource source(reader);
    Line line;
    std::string joined;
    auto& reading = readings.emplace_back();
    while (*source.next(line)) {
      EXPECT_EQ(line.offset, joined.size());
      joined += std::string(line.text) + std::string(line.eol);
      reading.push_back((line.starts ? "+" : "-") + std::string(line.text));
    }
    EXPECT_EQ(joined, text);
  }
  EXPECT_EQ(readings[0].size(), 8U);
  for (const auto& reading : readings) EXPECT_EQ(reading, readings[0]);
}

std::size_t resident_kb() {
  std::ifstream status("/proc/self/statm");
  std::size_t pages = 0;
  status >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

TEST(MimeView, ReadsAHundredMegabytesInLittleMemory) {
  const std::string head =
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\n";
  std::string lines;
  for (int i = 0; i < 2000; ++i) lines += std::string(76, 'Q') + "\r\n";
  constexpr std::uint64_t kSize = 100'000'000;
  const auto reader = [&](std::uint64_t offset, std::size_t max, std::string& out) -> Result<void> {
    out.clear();
    if (offset >= kSize) return {};
    if (offset < head.size()) {
      out = head.substr(offset);
      return {};
    }
    out = lines.substr((offset - head.size()) % lines.size(), max);
    return {};
  };
  const std::size_t before = resident_kb();
  const auto view = MimeView::parse(reader, patient());
  const std::size_t after = resident_kb();
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->complete);
  ASSERT_EQ(view->parts.size(), 2U);
  EXPECT_GT(view->parts[1].size, 99'000'000U);
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  EXPECT_LT(after - std::min(before, after), 1024U);
#else
  static_cast<void>(before);
  static_cast<void>(after);
#endif
}

// Robustness only: nothing is known about what is in them, but no reader of mail may choke on it.
TEST(MimeView, TakesEveryMessageOfTheCorpora) {
  namespace fs = std::filesystem;
  const char* named = std::getenv("SEKISHO_CORPORA");
  const fs::path root = named != nullptr ? named : SEKISHO_CORPORA;
  if (!fs::is_directory(root)) GTEST_SKIP() << "no corpora at " << root;
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string path = entry.path().string();
    if (!entry.is_regular_file() ||
        !(path.contains("mime4j-testmsgs") || path.contains("spamassassin-"))) {
      continue;
    }
    std::ifstream in(path, std::ios::binary);
    const std::string raw{std::istreambuf_iterator<char>(in), {}};
    std::string message;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '\n' && (i == 0 || raw[i - 1] != '\r')) message += '\r';
      message += raw[i];
    }
    const auto whole = MimeView::parse_text(message, patient());
    EXPECT_FALSE(whole.parts.empty()) << path;
    EXPECT_TRUE(whole.complete) << path << ": " << whole.incomplete_reason;
    const auto pieces = MimeView::parse(by_blocks(message, 997), patient());
    ASSERT_TRUE(pieces) << path;
    expect_same(*pieces, whole, path);
    for (const MimePart& part : whole.parts) {
      EXPECT_LE(part.offset, message.size()) << path;
      static_cast<void>(part.extensions());
    }
    ++files;
  }
  EXPECT_GT(files, 0U);
}

}  // namespace
}  // namespace sekisho::mail
