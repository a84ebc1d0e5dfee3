#include "gateway/worker/dns_questions.h"

#include <gtest/gtest.h>

namespace sekisho::worker {
namespace {

TEST(DnsQuestions, AQuestionComesBackAsItWent) {
  const DnsQuestion question{dns::Type::txt, "s1._domainkey.example.com"};
  EXPECT_EQ(decode_question(encode(question)), question);
  EXPECT_FALSE(decode_question(""));
  EXPECT_FALSE(decode_question(encode(question) + "x"));
}

TEST(DnsQuestions, AnAnswerComesBackWithAllItsRecords) {
  dns::Answer answer{.status = dns::Answer::Status::found, .records = {}, .secure = true};
  answer.records.push_back({.address = *IpAddress::parse("2001:db8::1"), .name = {}, .text = {}});
  answer.records.push_back({.address = {}, .name = "mx.example.com", .preference = 10, .text = {}});
  answer.records.push_back({.address = {}, .name = {}, .text = std::string("v=DKIM1\0p=", 10)});
  const auto bytes = encode(answer);
  ASSERT_TRUE(bytes);
  const auto read = decode_dns_answer(*bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->status, dns::Answer::Status::found);
  EXPECT_TRUE(read->secure);
  ASSERT_EQ(read->records.size(), 3U);
  EXPECT_EQ(read->records[0].address, answer.records[0].address);
  EXPECT_EQ(read->records[1].name, "mx.example.com");
  EXPECT_EQ(read->records[1].preference, 10);
  EXPECT_EQ(read->records[2].text, answer.records[2].text);
}

TEST(DnsQuestions, BothKindsOfNothingAreKeptApart) {
  for (const auto status : {dns::Answer::Status::no_data, dns::Answer::Status::no_name}) {
    const auto read = decode_dns_answer(*encode(dns::Answer{.status = status, .records = {}}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->status, status);
  }
}

TEST(DnsQuestions, WhatIsCutIsNoAnswer) {
  dns::Answer answer{.status = dns::Answer::Status::found, .records = {}};
  answer.records.push_back({.address = {}, .name = "mx.example.com", .preference = 10, .text = {}});
  const std::string bytes = *encode(answer);
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    if (decode_dns_answer(std::string_view(bytes).substr(0, size))) ++accepted;
  EXPECT_EQ(accepted, 1U);  // where its only record would begin
}

TEST(DnsQuestions, WhatIsTooLargeIsRefusedBeforeItIsSent) {
  dns::Answer answer{.status = dns::Answer::Status::found, .records = {}};
  for (int i = 0; i < 100; ++i)
    answer.records.push_back({.address = {}, .name = {}, .text = std::string(1000, 'x')});
  const auto bytes = encode(answer);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().kind, ErrorKind::limit);
}

}  // namespace
}  // namespace sekisho::worker
