#include "filters/attachments.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filters/attachments_job.h"
#include "gateway/base/text.h"
#include "tests/unit/filters/bench.h"

namespace sekisho::filters::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Texts = std::vector<std::string>;

class AttachmentsTest : public ::testing::Test {
 protected:
  ChainRun::Outcome judge(const std::string& text, std::map<std::string, std::any> values = {},
                          LinkSettings link = {}) {
    mail::Message message(bench_.loop, bench_.offload, {std::filesystem::temp_directory_path()},
                          limits_);
    const auto body = text.find("\r\n\r\n") + 4;
    message.mutable_header_section() = text.substr(0, body);
    const auto kept = bench_.loop.run_until_done(message.body().append(text.substr(body)));
    EXPECT_TRUE(kept);
    bench_.message = &message;
    const auto blueprint = make_attachments();
    std::vector<Link> links;
    links.push_back(
        {.name = "attachments", .filter = build(*blueprint, std::move(values)), .settings = link});
    auto run = bench_.open(std::move(links));
    auto outcome = bench_.run(*run, Stage::end);
    bench_.message = nullptr;
    return outcome;
  }

  // A message with one attachment of these header lines and content.
  static std::string with_part(const std::string& part_header,
                               const std::string& content = "data") {
    return "From: a@example.com\r\nMIME-Version: 1.0\r\n"
           "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
           "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
           "--b\r\n" +
           part_header + "\r\n" + content + "\r\n--b--\r\n";
  }

  mail::MimeLimits limits_;
  Bench bench_;
};

TEST_F(AttachmentsTest, RefusesByExtensionAndNamesTheAttachment) {
  const auto outcome =
      judge(with_part("Content-Type: application/octet-stream\r\n"
                      "Content-Disposition: attachment; filename=\"Invoice 2026.EXE\"\r\n"));
  EXPECT_EQ(outcome.verdict.reply().summary(),
            "550 5.7.1 the attachment \"Invoice 2026.EXE\" is of a kind that is not accepted here "
            "(.exe)");
}

TEST_F(AttachmentsTest, LetsOrdinaryAttachmentsPass) {
  for (const char* name :
       {"photo.jpg", "report.pdf", "notes.txt", "archive.tar.gz", "exe", "a.exe.pdf.txt"}) {
    const auto outcome =
        judge(with_part("Content-Type: application/octet-stream\r\n"
                        "Content-Disposition: attachment; filename=\"" +
                        std::string(name) + "\"\r\n"));
    EXPECT_FALSE(outcome.verdict.refuses()) << name << " " << outcome.verdict.why();
  }
}

TEST_F(AttachmentsTest, SeesThroughEveryWayToWriteAName) {
  for (const char* header :
       {"Content-Type: application/octet-stream; name=x.exe\r\n",
        "Content-Disposition: attachment; filename*=utf-8''x%2Eexe\r\n",
        "Content-Disposition: attachment; filename*0=\"x.e\"; filename*1=\"xe\"\r\n",
        "Content-Disposition: attachment; filename*0*=utf-8''x%2E; filename*1=exe\r\n",
        "Content-Disposition: attachment; filename=\"=?utf-8?B?eC5leGU=?=\"\r\n",
        "Content-Disposition: attachment; filename=\"x.exe . \"\r\n",
        "Content-Disposition: attachment;\r\n filename=\"x.exe\"\r\n"}) {
    EXPECT_EQ(judge(with_part(header)).verdict.kind(), Verdict::Kind::reject) << header;
  }
}

TEST_F(AttachmentsTest, SeesAttachmentsOfForwardedMessages) {
  const std::string inner = with_part("Content-Disposition: attachment; filename=x.exe\r\n");
  const auto outcome = judge(
      "Content-Type: multipart/mixed; boundary=outer\r\n\r\n"
      "--outer\r\nContent-Type: message/rfc822\r\n\r\n" +
      inner + "\r\n--outer--\r\n");
  EXPECT_EQ(outcome.verdict.kind(), Verdict::Kind::reject);
}

TEST_F(AttachmentsTest, RefusesByMimeTypeAndFamily) {
  const std::string video = with_part("Content-Type: Video/MP4; name=a.mp4\r\n");
  EXPECT_FALSE(judge(video).verdict.refuses());
  EXPECT_TRUE(judge(video, {{"types", Texts{"video/*"}}}).verdict.refuses());
  const auto outcome = judge(video, {{"types", Texts{"video/mp4"}}});
  EXPECT_THAT(outcome.verdict.reply().summary(), HasSubstr("(type video/mp4)"));
  EXPECT_TRUE(judge(with_part("Content-Type: application/x-msdownload\r\n")).verdict.refuses());
}

TEST_F(AttachmentsTest, RefusesProgramsWhateverTheirName) {
  const std::string program("MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0\xb8", 17);
  const std::string message = with_part(
      "Content-Type: application/pdf; name=report.pdf\r\nContent-Transfer-Encoding: base64\r\n",
      base64_encode(program));
  EXPECT_THAT(judge(message).verdict.reply().summary(), HasSubstr("(a program)"));
  EXPECT_FALSE(judge(message, {{"block_programs", false}}).verdict.refuses());
}

TEST_F(AttachmentsTest, TheNameCannotBreakTheReplyOrTheLog) {
  const auto outcome = judge(with_part(
      "Content-Disposition: attachment; filename*=utf-8''a%0D%0A250%20fine%00%1B.exe\r\n"));
  ASSERT_EQ(outcome.verdict.kind(), Verdict::Kind::reject);
  const std::string wire = outcome.verdict.reply().wire();
  EXPECT_EQ(wire.find("\r\n"), wire.size() - 2);
  for (const char c : wire.substr(0, wire.size() - 2)) EXPECT_TRUE(c >= ' ' && c <= '~') << wire;
}

TEST_F(AttachmentsTest, AMessageThatCannotBeReadWholeIsAFailure) {
  limits_.max_parts = 1;
  const std::string message = with_part("Content-Type: text/plain; name=a.txt\r\n");
  const auto outcome = judge(message);
  EXPECT_EQ(outcome.verdict.reply().code, 451);
  EXPECT_THAT(bench_.log->kept(), SizeIs(1));
  EXPECT_EQ(bench_.counted("filter_errors_total", {{"filter", "attachments"}, {"kind", "limit"}}),
            1);
  EXPECT_FALSE(judge(message, {}, {.on_error = OnError::pass}).verdict.refuses());
}

TEST_F(AttachmentsTest, AnOffenceFoundBeforeTheBoundStands) {
  limits_.max_parts = 3;
  std::string message = with_part("Content-Disposition: attachment; filename=x.exe\r\n");
  message.insert(message.rfind("--b--"), "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n");
  EXPECT_EQ(judge(message).verdict.kind(), Verdict::Kind::reject);
}

TEST(IsProgram, KnowsProgramsByTheirFirstBytes) {
  using namespace std::string_literals;
  struct Case {
    std::string magic;
    const char* type;
    bool program;
  };
  for (const Case& each :
       {Case{"MZ\x90\0\x03\0\0\0"s, "application/octet-stream", true},
        Case{"MZ\x90\0\x03\0\0\0"s, "text/plain", true},
        Case{"MZ is Mainz, dear"s, "text/plain", false},
        Case{"MZAAAAAAAAAAAAAA"s, "application/pdf", true},
        Case{"\x7f"
             "ELF\x02\x01\x01"s,
             "image/png", true},
        Case{"\xcf\xfa\xed\xfe"s, "application/octet-stream", true},
        Case{"\x89PNG\r\n"s, "image/png", false}, Case{""s, "application/octet-stream", false},
        Case{"M"s, "application/octet-stream", false}}) {
    mail::MimePart part;
    part.magic = each.magic;
    part.type = each.type;
    EXPECT_EQ(is_program(part), each.program) << each.magic << " " << each.type;
  }
}

TEST(AttachmentsSettings, TakeExtensionsWithAndWithoutDotInAnyCase) {
  EXPECT_THAT(
      setting_errors(*make_attachments(), {{"extensions", Texts{"exe", ".JS", "library-ms"}}}),
      IsEmpty());
  for (const char* wrong : {"", ".", "tar.gz", "*.exe", "e x e"}) {
    EXPECT_THAT(setting_errors(*make_attachments(), {{"extensions", Texts{wrong}}}), SizeIs(1))
        << wrong;
  }
}

TEST(AttachmentsSettings, TakeMimeTypesAndFamilies) {
  EXPECT_THAT(setting_errors(*make_attachments(), {{"types", Texts{"video/*", "Application/PDF"}}}),
              IsEmpty());
  for (const char* wrong : {"", "video", "/x", "video/", "a/b/c", "*/*", "video/m*", "a b/c"}) {
    EXPECT_THAT(setting_errors(*make_attachments(), {{"types", Texts{wrong}}}), SizeIs(1)) << wrong;
  }
}

}  // namespace
}  // namespace sekisho::filters::testing
