// Parts: names in every reading, kinds by bytes, archives and what is in them.
#include "rules/content/parts.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <gtest/gtest.h>
#include <zlib.h>

#include "gateway/base/text.h"
#include "rules/content/archive.h"
#include "rules/content/file_kind.h"

namespace sekisho::rules::content {
namespace {

using std::literals::operator""s;
using Words = std::vector<std::string>;

std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

struct ZipFile {
  std::string name;
  std::string content;
  unsigned flags = 0;
  std::string central_name{};  // where it is another
};

// A zip whose members are stored.
std::string zip_of(const std::vector<ZipFile>& files) {
  std::string out;
  std::string directory;
  for (const ZipFile& file : files) {
    const std::string sizes = little(file.content.size(), 4) + little(file.content.size(), 4);
    const std::string middle = little(file.flags, 2) + little(0, 2) + little(0, 4) + little(0, 4);
    const std::string& name = file.central_name.empty() ? file.name : file.central_name;
    directory += "PK\1\2" + little(20, 2) + little(20, 2) + middle + sizes +
                 little(name.size(), 2) + little(0, 12) + little(out.size(), 4) + name;
    out += "PK\3\4" + little(20, 2) + middle + sizes + little(file.name.size(), 2) + little(0, 2) +
           file.name + file.content;
  }
  const std::size_t at = out.size();
  return out + directory + "PK\5\6" + little(0, 4) + little(files.size(), 2) +
         little(files.size(), 2) + little(directory.size(), 4) + little(at, 4) + little(0, 2);
}

std::string gzip_of(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(content.size() / 2 + 1000, '\0');
  std::string in = content;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string tar_of(const std::string& name, const std::string& content) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  std::array<char, 13> size{};
  std::snprintf(size.data(), size.size(), "%011zo", content.size());
  block.replace(124, 11, size.data());
  block[156] = '0';
  block.replace(257, 5, "ustar");
  std::string out = block + content;
  out.resize((out.size() + 511) / 512 * 512 + 1024);
  return out;
}

std::string attached(const std::string& name, const std::string& content) {
  return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b\r\n"
         "Content-Type: application/octet-stream; name=\"" +
         name + "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64_encode(content) +
         "\r\n--b--\r\n";
}

Result<std::vector<Part>> try_parts(const std::string& message, bool hash = false) {
  const auto view = mail::MimeView::parse_text(message, {}, mail::MimeView::Bodies::keep);
  EXPECT_TRUE(view.complete) << view.incomplete_reason;
  return parts_of(view, message, hash);
}

std::vector<Part> parts(const std::string& message, bool hash = false) {
  auto found = try_parts(message, hash);
  EXPECT_TRUE(found) << found.error().text;
  return found.value_or(std::vector<Part>());
}

bool has_extension(const std::vector<Part>& parts, const std::string& extension) {
  return std::ranges::any_of(parts, [&](const Part& part) {
    return std::ranges::find(part.extensions, extension) != part.extensions.end();
  });
}

bool has_kind(const std::vector<Part>& parts, const std::string& kind) {
  return std::ranges::any_of(parts, [&](const Part& part) {
    return std::ranges::find(part.kinds, kind) != part.kinds.end();
  });
}

const std::string kProgram = "MZ\x90\0\3\0\0\0"s;

TEST(FileKind, IsWhatTheBytesSay) {
  EXPECT_EQ(kinds_of(kProgram), Words{"program"});
  EXPECT_EQ(kinds_of("\x7f"
                     "ELF\2\1\1"s),
            Words{"program"});
  EXPECT_EQ(kinds_of("MZ is how this letter begins"), Words{"text"});
  EXPECT_EQ(kinds_of("\x89PNG\r\n\x1a\n"s), Words{"image"});
  EXPECT_EQ(kinds_of("%PDF-1.7\n\1"), Words{"document"});
  EXPECT_EQ(kinds_of("#!/bin/sh\n"), (Words{"script", "text"}));
  EXPECT_EQ(kinds_of("@echo off\r\n"), (Words{"text", "script"}));
  EXPECT_EQ(kinds_of("\0\1\2\3"s), Words{"unknown"});
  EXPECT_EQ(kinds_of(std::string(0x8001, '\0') + "CD001"), Words{"disk-image"});
  EXPECT_EQ(kinds_of(kProgram + zip_of({{"a.txt", "x"}})), (Words{"program", "archive"}));
  for (const std::string& kind : kinds_of("\x1f\x8b"s))
    EXPECT_NE(std::ranges::find(words_of(Type::part_kind), kind), words_of(Type::part_kind).end());
}

TEST(Parts, HaveEveryReadingOfASplitName) {
  const auto found = parts(
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
      "Content-Type: text/plain; name=\"a.txt\"\r\n"
      "Content-Disposition: attachment; filename*0*=utf-8''invoice.pd; filename*1*=f%2Ee;\r\n"
      " filename*2=xe\r\n\r\nx\r\n--b--\r\n");
  EXPECT_TRUE(has_extension(found, "exe"));
  EXPECT_TRUE(has_extension(found, "txt"));
  EXPECT_EQ(std::ranges::count(found, true, &Part::attachment), 1);
}

TEST(Parts, HaveSizeAndHashOfTheirDecodedBytes) {
  const auto found = parts(attached("x.bin", "abc"), true);
  const auto& file = found.back();
  EXPECT_EQ(file.size, 3U);
  EXPECT_EQ(file.hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(file.types, Words{"application/octet-stream"});
  EXPECT_TRUE(file.attachment);
  EXPECT_FALSE(found.front().attachment);
}

TEST(Parts, AreMembersOfArchivesToo) {
  const auto found = parts(attached(
      "a.zip", zip_of({{"docs/readme.txt", "hi"}, {"docs/run.exe", kProgram}, {"docs/", ""}})));
  EXPECT_TRUE(has_extension(found, "exe"));
  EXPECT_TRUE(has_kind(found, "program"));
  EXPECT_EQ(found.size(), 5U);  // the message, its text, the zip, two members
  EXPECT_EQ(found.back().size, kProgram.size());
  EXPECT_TRUE(found.back().attachment);
}

TEST(Parts, AreFoundInArchivesInArchives) {
  std::string archive = zip_of({{"evil.scr", kProgram}});
  for (int i = 0; i < 5; ++i) archive = zip_of({{"inner.zip", archive}});
  EXPECT_TRUE(has_extension(parts(attached("outer.zip", archive)), "scr"));
  const auto packed = gzip_of(tar_of("dir/evil.js", "x"));
  EXPECT_TRUE(has_extension(parts(attached("a.tgz", packed)), "js"));
  EXPECT_TRUE(has_extension(parts(attached("evil.exe.gz", gzip_of("x"))), "exe"));
}

TEST(Parts, OfArchivesInAnArchiveAreListedOnce) {
  std::vector<ZipFile> files(300, ZipFile{"x.txt", "hello"});
  const std::string inner = zip_of(files);
  const auto found = parts(attached("a.zip", zip_of(std::vector(25, ZipFile{"in.zip", inner}))));
  EXPECT_EQ(found.size(), 3U + 25U + 25U * 300U);
}

TEST(Parts, OfAZipAreThoseOfBothItsLists) {
  const auto found = parts(attached("a.zip", zip_of({{"evil.exe", kProgram, 0, "harmless.txt"}})));
  EXPECT_TRUE(has_extension(found, "exe"));
  EXPECT_TRUE(has_extension(found, "txt"));
  // No directory at all: cut off, or read as a stream.
  const std::string whole = zip_of({{"evil.exe", kProgram}});
  EXPECT_TRUE(
      has_extension(parts(attached("a.zip", whole.substr(0, whole.find("PK\1\2")))), "exe"));
  EXPECT_TRUE(has_extension(parts(attached("a.jpg", "\xff\xd8\xff\xe0 picture" + whole)), "exe"));
}

TEST(Parts, OfAFileThatIsSeveralArchivesAreThoseOfAll) {
  // A zip whose first member's bytes look like the header of a tar.
  std::string block(300, ' ');
  block.replace(257 - 35, 5, "ustar");
  const auto found = parts(attached("a.zip", zip_of({{"a.txt", block}, {"run.exe", kProgram}})));
  EXPECT_TRUE(has_extension(found, "exe"));
  const auto behind_gzip = gzip_of("x") + zip_of({{"run.exe", kProgram}});
  EXPECT_TRUE(has_extension(parts(attached("a.zip", behind_gzip)), "exe"));
}

TEST(Parts, OfAGzipAreThoseOfAllItsStreams) {
  const auto packed = gzip_of("") + gzip_of(tar_of("dir/evil.js", "x"));
  EXPECT_TRUE(has_extension(parts(attached("a.tgz", packed)), "js"));
}

TEST(Parts, OfArchivesWithoutAnyNameAreReadAllTheSame) {
  const auto message =
      "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
      base64_encode(gzip_of(zip_of({{"run.exe", kProgram}}))) + "\r\n";
  EXPECT_TRUE(has_extension(parts(message, true), "exe"));
}

TEST(Parts, OfATarHaveEveryNameOfItsRecords) {
  auto records = tar_of("x", "30 comment= path=a.txt\n20 path=evil.exe\n");
  records.resize(1024);
  records[156] = 'x';
  EXPECT_TRUE(has_extension(parts(attached("a.tar", records + tar_of("a.txt", "x"))), "exe"));
}

TEST(Parts, SayWhetherTheyHaveAPassword) {
  const auto found = parts(attached("a.zip", zip_of({{"run.exe", kProgram, 1}})));
  EXPECT_TRUE(has_extension(found, "exe"));
  EXPECT_EQ(std::ranges::count(found, true, &Part::encrypted), 2);
  EXPECT_EQ(found.back().kinds, Words{"unknown"});
  EXPECT_TRUE(parts(attached("a.pdf", "%PDF-1.7 /Encrypt 5 0 R")).back().encrypted);
  EXPECT_FALSE(parts(attached("a.pdf", "%PDF-1.7 ")).back().encrypted);
}

TEST(Parts, KnowDocumentsThatAreArchives) {
  const auto found = parts(
      attached("a.docm", zip_of({{"[Content_Types].xml", "<x/>"}, {"word/vbaProject.bin", "x"}})));
  EXPECT_TRUE(has_kind(found, "document"));
  EXPECT_TRUE(std::ranges::any_of(found, [](const Part& part) {
    return std::ranges::find(part.names, "vbaProject.bin") != part.names.end();
  }));
}

TEST(Parts, AreAnErrorWhereAnArchiveIsABomb) {
  std::string deep = zip_of({{"x", "x"}});
  for (int i = 0; i < 12; ++i) deep = zip_of({{"x.zip", deep}});
  const auto nested = try_parts(attached("a.zip", deep));
  ASSERT_FALSE(nested);
  EXPECT_EQ(nested.error().kind, ErrorKind::limit);

  std::vector<ZipFile> many(10'100, ZipFile{"x", ""});
  EXPECT_FALSE(try_parts(attached("a.zip", zip_of(many))));

  const std::string blank = tar_of("x", std::string(80UL * 1024 * 1024, ' '));
  EXPECT_FALSE(try_parts(attached("a.tgz", gzip_of(blank))));
}

TEST(Parts, AreFoundInEncodedMessagesAndOldEncodings) {
  const std::string inner = attached("evil.exe", kProgram);
  const auto found =
      parts("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
            base64_encode(inner) + "\r\n");
  EXPECT_TRUE(has_kind(found, "program"));
  EXPECT_EQ(found.back().size, kProgram.size());

  const auto old =
      parts("Subject: x\r\n\r\nHello\r\nbegin 644 a.exe\r\n#0V%T\r\n`\r\nend\r\n", true);
  EXPECT_TRUE(has_extension(old, "exe"));
  EXPECT_EQ(old.back().size, 3U);
}

TEST(Parts, OfBrokenArchivesEndWhereTheyBreak) {
  std::string archive = zip_of({{"a.exe", kProgram}, {"b.txt", "hello"}});
  for (std::size_t cut = 0; cut < archive.size(); ++cut)
    EXPECT_TRUE(try_parts(attached("a.zip", archive.substr(0, cut)))) << cut;
  for (std::size_t at = 0; at < archive.size(); ++at) {
    std::string broken = archive;
    broken[at] = '\xff';
    static_cast<void>(try_parts(attached("a.zip", broken)));
  }
}

}  // namespace
}  // namespace sekisho::rules::content
