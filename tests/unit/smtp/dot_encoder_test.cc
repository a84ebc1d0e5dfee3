#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/smtp/dot_codec.h"

namespace sekisho::smtp {
namespace {

using namespace std::literals;

std::string encode(std::string_view message, std::size_t slice) {
  DotEncoder encoder;
  std::string out;
  for (std::size_t at = 0; at < message.size(); at += slice) {
    encoder.feed(message.substr(at, slice), out);
  }
  encoder.finish(out);
  return out;
}

std::string encode(std::string_view message) { return encode(message, message.size() + 1); }

struct Example {
  std::string_view message;
  std::string_view wire;
};

TEST(DotEncoder, StuffsDotsAndEndsTheDataAtEverySlicing) {
  const std::vector<Example> cases{
      {"", ".\r\n"},
      {"a\r\n", "a\r\n.\r\n"},
      {".\r\n", "..\r\n.\r\n"},
      {"..\r\n", "...\r\n.\r\n"},
      {"a.b\r\n.c\r\n", "a.b\r\n..c\r\n.\r\n"},
      {"\r\n.\r\n.\r\n", "\r\n..\r\n..\r\n.\r\n"},
      {"tab\t.\r\n", "tab\t.\r\n.\r\n"},
  };
  for (const auto& c : cases) {
    for (std::size_t slice = 1; slice <= c.message.size() + 1; ++slice) {
      EXPECT_EQ(encode(c.message, slice), c.wire) << "slices of " << slice;
    }
  }
}

TEST(DotEncoder, AddsTheLastCrlfWhereItIsMissing) {
  EXPECT_EQ(encode("a"), "a\r\n.\r\n");
  EXPECT_EQ(encode("."), "..\r\n.\r\n");
  EXPECT_EQ(encode("a\r\nb"), "a\r\nb\r\n.\r\n");
  EXPECT_EQ(encode("a\r\n."), "a\r\n..\r\n.\r\n");
}

TEST(DotEncoder, AddsAWholeCrlfBehindHalfAnEnd) {
  EXPECT_EQ(encode("a\r"), "a\r\r\n.\r\n");
  EXPECT_EQ(encode("a\n"), "a\n\r\n.\r\n");
}

TEST(DotEncoder, IsReadyForAnotherMessageAfterFinish) {
  DotEncoder encoder;
  std::string out;
  encoder.feed("a", out);
  encoder.finish(out);
  out.clear();
  encoder.feed(".b\r\n", out);
  encoder.finish(out);
  EXPECT_EQ(out, "..b\r\n.\r\n");
}

TEST(DotEncoder, DoublesDotsBehindBareLineEnds) {
  EXPECT_EQ(encode("a\n.\nb\r\n"), "a\n..\nb\r\n.\r\n");
  EXPECT_EQ(encode("a\r.\rb\r\n"), "a\r..\rb\r\n.\r\n");
  EXPECT_EQ(encode("a\r\r\n.\r\n"), "a\r\r\n..\r\n.\r\n");
}

// The end that the most lenient receiver finds: a dot between any two line-end bytes.
std::size_t lenient_end(std::string_view wire) {
  const auto is_end = [](char c) { return c == '\r' || c == '\n'; };
  for (std::size_t i = 0; i + 1 < wire.size(); ++i) {
    if (wire[i] == '.' && (i == 0 || is_end(wire[i - 1])) && is_end(wire[i + 1])) return i;
  }
  return wire.npos;
}

TEST(DotEncoder, GivesNoReceiverAnEndBeforeTheRealOne) {
  std::mt19937 random(51764);
  constexpr std::string_view kAlphabet = "\r\r\n\n..\0a"sv;
  std::uniform_int_distribution<std::size_t> pick(0, kAlphabet.size() - 1);
  std::uniform_int_distribution<std::size_t> length(1, 30);
  for (int round = 0; round < 20'000; ++round) {
    std::string message(length(random), ' ');
    for (char& c : message) c = kAlphabet[pick(random)];
    const auto wire = encode(message, length(random));
    ASSERT_EQ(lenient_end(wire), wire.size() - 3) << testing::PrintToString(message);
    ASSERT_EQ(wire, encode(message)) << testing::PrintToString(message);
  }
}

std::vector<std::string> clean_messages() {
  std::vector<std::string> messages{
      "",
      "\r\n",
      ".\r\n",
      "..\r\n.\r\n",
      ".a\r\n\r\n.b\r\n",
      "\r\n\r\n.\r\n",
      "Subject: x\r\n\r\n.hidden\r\ntext.\r\n..two\r\n\t.\r\n",
  };
  std::mt19937 random(5321);
  constexpr std::string_view kAlphabet = "...ab\t \xe9";
  std::uniform_int_distribution<std::size_t> pick(0, kAlphabet.size() - 1);
  std::uniform_int_distribution<std::size_t> count(0, 12);
  for (int i = 0; i < 200; ++i) {
    std::string message;
    for (std::size_t lines = count(random); lines > 0; --lines) {
      for (std::size_t n = count(random); n > 0; --n) message += kAlphabet[pick(random)];
      message += "\r\n";
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

TEST(DotCodec, DecodingWhatWasEncodedIsIdentityAtEveryCut) {
  for (const auto& message : clean_messages()) {
    for (std::size_t cut = 0; cut <= message.size(); ++cut) {
      DotEncoder encoder;
      std::string wire;
      encoder.feed(std::string_view(message).substr(0, cut), wire);
      encoder.feed(std::string_view(message).substr(cut), wire);
      encoder.finish(wire);
      DotDecoder decoder;
      std::string decoded;
      const auto first = std::min(cut, wire.size());
      auto used = decoder.feed(std::string_view(wire).substr(0, first), decoded);
      used += decoder.feed(std::string_view(wire).substr(first), decoded);
      ASSERT_TRUE(decoder.finished());
      ASSERT_EQ(used, wire.size());
      ASSERT_EQ(decoder.flaw(), DotDecoder::Flaw::none);
      ASSERT_EQ(decoded, message);
      ASSERT_EQ(decoder.size(), message.size());
    }
  }
}

TEST(DotCodec, LinesAroundTheScannersWordSizeSurvive) {
  for (std::size_t length = 0; length < 40; ++length) {
    for (const char* start : {"", ".", "..", "\t"}) {
      const auto line = start + std::string(length, 'x') + "\r\n";
      const auto message = line + line + line;
      DotDecoder decoder;
      std::string decoded;
      decoder.feed(encode(message), decoded);
      EXPECT_EQ(decoded, message);
      EXPECT_EQ(decoder.flaw(), DotDecoder::Flaw::none);
    }
  }
}

}  // namespace
}  // namespace sekisho::smtp
