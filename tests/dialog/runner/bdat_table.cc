// BDAT, case by case: what a client sends behind an accepted RCPT, each reply, and what reached the
// mail server behind the gateway. Played as the dialog files are, in each of their modes; written
// as a table since the lengths of chunks are counted here.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/base/text.h"
#include "tests/dialog/runner/dialog_run.h"

namespace sekisho::dialog {
namespace {

using namespace std::string_literals;

std::string line(std::string_view text) { return std::string(text) + "\r\n"; }
std::string chunk(const std::string& text) {
  return line("BDAT " + std::to_string(text.size())) + text;
}
std::string last(const std::string& text) {
  return line("BDAT " + std::to_string(text.size()) + " LAST") + text;
}
std::string more(std::size_t size) {
  return "250 2.0.0 " + std::to_string(size) + " bytes have come, and more is to come";
}
std::string times(std::size_t count, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

enum class Start : std::uint8_t { connected, greeted, submission, mail, rcpt };
enum class Then : std::uint8_t { noop, closed, client_closes, client_half_closes };

const std::string kHead = "Subject: a\r\n\r\n";
const std::string kTaken = "250 ...";
const std::string kOk = "250 2.0.0 ok";
const std::string kMailFirst = "503 5.5.1 need MAIL command first";
const std::string kNobody = "554 5.5.1 no valid recipients";
const std::string kBegun = "503 5.5.1 the message has begun with BDAT";
const std::string kSyntax = "501 5.5.4 syntax: BDAT length [LAST]; closing connection";
const std::string kBareLf = "554 5.6.0 bare LF *";
const std::string kBareCr = "554 5.6.0 bare CR *";
const std::string kNul = "554 5.6.0 NUL *";
const std::string kFar = "552 5.3.4 message is far over the size limit";
// As text it is a message of its own to somebody who has nothing to do with it.
const std::string kHidden =
    "MAIL FROM:<smuggled@example.org>\r\nRCPT TO:<victim@example.com>\r\n"
    "BDAT 4 LAST\r\nhi\r\n";
const std::string kOpen = "MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.com>\r\n";
const std::string kMailOk = "250 2.1.0 sender ok";
const std::string kRcptOk = "250 2.1.5 recipient ok";

struct Row {
  std::string name;
  Start start;
  std::string bytes;
  std::vector<std::string> replies;
  Then then = Then::noop;
  std::size_t messages = 0;
  std::vector<std::string> text{};  // of the last message, its lines
};

// The last chunk is refused with `reply`, and the session goes on behind it.
Row flawed(const std::string& name, const std::string& text, const std::string& reply) {
  return {name, Start::rcpt, last(kHead + text), {reply}};
}
Row unknown_length(const std::string& name, const std::string& argument) {
  return {name, Start::rcpt, line("BDAT" + argument) + kHidden, {kSyntax}, Then::closed};
}
Row refused(const std::string& name, Start start, const std::string& reply) {
  return {name, start, chunk(kHidden) + last(kHidden), {reply, reply}};
}

std::vector<Row> rows() {
  using enum Start;
  using enum Then;
  const std::string hi = kHead + "hi\r\n";
  const std::vector<std::string> hi_lines{"Subject: a", "", "hi"};
  return {
      // One message in, one message out.
      {"one_chunk", rcpt, last(hi), {kTaken}, noop, 1, hi_lines},
      {"two_chunks", rcpt, chunk(kHead) + last("hi\r\n"), {more(14), kTaken}, noop, 1, hi_lines},
      {"an_empty_last_chunk", rcpt, chunk(hi) + last(""), {more(18), kTaken}, noop, 1, hi_lines},
      {"an_empty_first_chunk", rcpt, chunk("") + last(hi), {more(0), kTaken}, noop, 1, hi_lines},
      {"an_empty_message", rcpt, last(""), {kTaken}, noop, 1},
      {"a_chunk_a_byte",
       rcpt,
       chunk("A") + chunk(":") + chunk("\r") + chunk("\n") + chunk("\r") + chunk("\n") + last("x"),
       {more(1), more(1), more(1), more(1), more(1), more(1), kTaken},
       noop,
       1,
       {"A:", "", "x"}},
      {"cut_between_cr_and_lf",
       rcpt,
       chunk("Subject: a\r") + last("\n\r\nhi\r\n"),
       {more(11), kTaken},
       noop,
       1,
       hi_lines},
      {"cut_in_the_empty_line",
       rcpt,
       chunk("Subject: a\r\n\r") + last("\nhi\r\n"),
       {more(13), kTaken},
       noop,
       1,
       hi_lines},
      {"a_dot_on_a_line_is_text",
       rcpt,
       last(kHead + ".\r\n" + kHidden),
       {kTaken},
       noop,
       1,
       {"Subject: a", "", ".", "MAIL FROM:<smuggled@example.org>", "RCPT TO:<victim@example.com>",
        "BDAT 4 LAST", "hi"}},
      {"a_chunk_that_is_a_dot",
       rcpt,
       chunk(kHead) + chunk(".\r\n") + last("QUIT\r\n"),
       {more(14), more(3), kTaken},
       noop,
       1,
       {"Subject: a", "", ".", "QUIT"}},
      {"two_dots_stay_two",
       rcpt,
       last(kHead + "..\r\n...a\r\n"),
       {kTaken},
       noop,
       1,
       {"Subject: a", "", "..", "...a"}},
      {"no_line_end_at_the_end", rcpt, last(kHead + "hi"), {kTaken}, noop, 1, hi_lines},
      {"a_dot_and_no_line_end",
       rcpt,
       last(kHead + "."),
       {kTaken},
       noop,
       1,
       {"Subject: a", "", "."}},
      {"a_header_without_a_line_end", rcpt, last("Subject: a"), {kTaken}, noop, 1, {"Subject: a"}},
      {"eight_bit_text",
       rcpt,
       last(kHead + "gr\xc3\xbc\xc3\x9f\x65 \xff\r\n"),
       {kTaken},
       noop,
       1,
       {"Subject: a", "", "gr\xc3\xbc\xc3\x9f\x65 \xff"}},
      {"many_lines",
       rcpt,
       chunk(kHead) + chunk(times(500, "0123456789\r\n")) + last("end\r\n"),
       {more(14), more(6000), kTaken},
       noop,
       1,
       {}},
      {"lower_case", rcpt, line("bdat 18 last") + hi, {kTaken}, noop, 1, hi_lines},
      {"more_blanks_than_one", rcpt, line("BDAT   18 \t LAST ") + hi, {kTaken}, noop, 1, hi_lines},
      {"leading_zeros", rcpt, line("BDAT 0000000000018 LAST") + hi, {kTaken}, noop, 1, hi_lines},

      // What stands between chunks and behind messages.
      {"a_message_behind_another",
       rcpt,
       last(hi) + kOpen + last(kHead + "ho\r\n"),
       {kTaken, kMailOk, kRcptOk, kTaken},
       noop,
       2,
       {"Subject: a", "", "ho"}},
      {"noop_between",
       rcpt,
       chunk(kHead) + "NOOP\r\n" + last("hi\r\n"),
       {more(14), kOk, kTaken},
       noop,
       1,
       hi_lines},
      {"rset_between",
       rcpt,
       chunk("X: lost\r\n") + "RSET\r\n" + kOpen + last(hi),
       {more(9), kOk, kMailOk, kRcptOk, kTaken},
       noop,
       1,
       hi_lines},
      {"rset_between_and_no_new_mail",
       rcpt,
       chunk("X: lost\r\n") + "RSET\r\n" + last(hi),
       {more(9), kOk, kMailFirst}},
      {"ehlo_between",
       rcpt,
       chunk("X: lost\r\n") + "HELO client.example.net\r\n" + kOpen + last(hi),
       {more(9), "250 mail.example.com", kMailOk, kRcptOk, kTaken},
       noop,
       1,
       hi_lines},
      {"quit_between", rcpt, chunk(hi) + "QUIT\r\n", {more(18), "221 2.0.0 bye"}, closed},
      {"data_between",
       rcpt,
       chunk(kHead) + "DATA\r\n" + last("hi\r\n"),
       {more(14), kBegun, kTaken},
       noop,
       1,
       hi_lines},
      {"rcpt_between",
       rcpt,
       chunk(kHead) + "RCPT TO:<carol@example.com>\r\n" + last("hi\r\n"),
       {more(14), kBegun, kTaken},
       noop,
       1,
       hi_lines},
      {"mail_between",
       rcpt,
       chunk(kHead) + "MAIL FROM:<b@example.org>\r\n" + last("hi\r\n"),
       {more(14), "503 5.5.1 a transaction is open already", kTaken},
       noop,
       1,
       hi_lines},
      {"bdat_behind_a_message", rcpt, last(hi) + last(kHidden), {kTaken, kMailFirst}, noop, 1},

      // A chunk that is refused before it begins is text all the same.
      refused("before_a_hello", connected, kMailFirst),
      refused("before_mail", greeted, kMailFirst),
      refused("before_rcpt", mail, kNobody),
      refused("before_tls_where_it_is_required", submission,
              "530 5.7.0 must issue a STARTTLS command first"),
      {"behind_a_refused_rcpt",
       mail,
       "RCPT TO:<bob@elsewhere.example.net>\r\n" + last(kHidden),
       {"550 5.7.1 *", kNobody}},
      {"a_refused_chunk_far_over_the_limit", mail, line("BDAT 140000"), {kNobody}, closed},

      // What DATA refuses.
      flawed("a_bare_lf", "one\ntwo\r\n", kBareLf),
      flawed("a_bare_cr", "one\rtwo\r\n", kBareCr),
      flawed("a_nul", "one\0two\r\n"s, kNul),
      flawed("lf_dot_crlf", "one\n.\r\n" + kHidden, kBareLf),
      flawed("a_cr_at_the_end", "one\r", kBareCr),
      flawed("a_line_over_its_limit", std::string(1999, 'x') + "\r\n", "554 5.6.0 a line *"),
      {"a_cr_at_the_end_of_a_chunk",
       rcpt,
       chunk(kHead + "one\r") + last("two\r\n"),
       {more(18), kBareCr}},
      {"a_flaw_in_the_first_of_three",
       rcpt,
       chunk("A: b\nC: d\r\n") + chunk(kHidden) + last(kHidden),
       {kBareLf, kBareLf, kBareLf}},
      {"a_flaw_given_up_by_rset",
       rcpt,
       chunk("A: b\nC: d\r\n") + "RSET\r\n" + kOpen + last(hi),
       {kBareLf, kOk, kMailOk, kRcptOk, kTaken},
       noop,
       1,
       hi_lines},
      {"a_header_section_over_its_limit",
       rcpt,
       chunk(times(20, "X: 0123456789012345678901234567890123456789\r\n")) +
           chunk(times(20, "X: 0123456789012345678901234567890123456789\r\n")) + last(""),
       {more(900), "552 5.3.4 header section *", "552 5.3.4 header section *"}},
      {"a_sum_over_the_limit",
       rcpt,
       chunk(kHead) + chunk(times(3000, "0123456789\r\n")) + chunk(times(3000, "0123456789\r\n")) +
           last("end\r\n"),
       {more(14), more(36000), "552 5.3.4 message is larger *", "552 5.3.4 message is larger *"}},
      {"far_over_the_limit", rcpt, line("BDAT 140000 LAST"), {kFar}, closed},
      {"far_over_the_limit_in_sum",
       rcpt,
       chunk(kHead) + line("BDAT 131072"),
       {more(14), kFar},
       closed},
      {"the_largest_length", rcpt, line("BDAT 9223372036854775808") + kHidden, {kFar}, closed},

      // Nobody knows how much text follows.
      unknown_length("no_length", ""),
      unknown_length("a_word_for_a_length", " LAST"),
      unknown_length("a_negative_length", " -1 LAST"),
      unknown_length("a_length_with_a_sign", " +18 LAST"),
      unknown_length("a_length_in_hex", " 0x12 LAST"),
      unknown_length("a_length_of_2_to_the_63_and_one", " 9223372036854775809"),
      unknown_length("a_length_of_2_to_the_64", " 18446744073709551616 LAST"),
      unknown_length("a_length_of_2_to_the_64_and_18", " 18446744073709551634 LAST"),
      unknown_length("a_length_of_forty_digits", " " + std::string(40, '9')),
      unknown_length("last_without_a_blank", " 18LAST"),
      unknown_length("another_word", " 18 FIRST"),
      unknown_length("a_word_too_many", " 18 LAST LAST"),
      {"a_nul_in_the_command",
       rcpt,
       line("BDAT 18\0LAST"s) + kHidden,
       {"500 5.5.2 NUL in command"},
       closed},
      {"a_bare_cr_in_the_command",
       rcpt,
       line("BDAT 18\r LAST") + kHidden,
       {"500 5.5.2 bare CR in command"},
       closed},

      // Half a message is none.
      {"closed_within_a_chunk", rcpt, line("BDAT 18 LAST") + kHead, {}, client_closes},
      {"closed_before_the_last_chunk", rcpt, chunk(hi), {more(18)}, client_closes},
      {"half_closed_within_a_chunk", rcpt, line("BDAT 19 LAST") + hi, {}, client_half_closes},
      {"half_closed_before_the_last_chunk", rcpt, chunk(hi), {more(18)}, client_half_closes},
  };
}

Script script_of(const Row& row) {
  Script script;
  script.config =
      "[limits]\nmax_message_size = \"64KiB\"\nmax_header_size = \"1KiB\"\nmax_text_line = 2000\n";
  const auto add = [&](Act act, const std::string& text) {
    script.steps.push_back(
        {.line = script.steps.size() + 1, .act = act, .text = text, .lines = {}});
  };
  if (row.start == Start::connected || row.start == Start::submission) {
    add(Act::connect, row.start == Start::connected ? "mx" : "submission");
    add(Act::server_line, "220 ...");
  } else {
    add(Act::begin, "mx");
  }
  if (row.start == Start::mail || row.start == Start::rcpt) {
    add(Act::client_line, "MAIL FROM:<alice@example.org>");
    add(Act::server_line, kMailOk);
  }
  if (row.start == Start::rcpt) {
    add(Act::client_line, "RCPT TO:<bob@example.com>");
    add(Act::server_line, kRcptOk);
  }
  add(Act::client_raw, row.bytes);
  for (const auto& reply : row.replies) add(Act::server_line, reply);
  if (row.then == Then::noop) {
    add(Act::client_line, "NOOP");
    add(Act::server_line, kOk);
  } else if (row.then == Then::closed) {
    add(Act::expect_closed, "");
  } else if (row.then == Then::client_closes) {
    add(Act::close, "");
  } else {
    add(Act::half_close, "");
    add(Act::expect_closed, "");
  }
  add(Act::upstream_messages, std::to_string(row.messages));
  if (row.text.empty()) return script;
  add(Act::message, "");
  script.steps.back().lines = row.text;
  return script;
}

struct Case {
  Row row;
  Mode mode = Mode::lines;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.row.name; }

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Row& row : rows())
    for (const Mode mode : {Mode::lines, Mode::bytes, Mode::pipelined}) all.push_back({row, mode});
  return all;
}

class Bdat : public testing::TestWithParam<Case> {};

TEST_P(Bdat, IsReadByItsLengthAndAnsweredOnce) {
  const Script script = script_of(GetParam().row);
  DialogRun run(script, GetParam().mode);
  try {
    run.play();
  } catch (const Mismatch& mismatch) {
    ADD_FAILURE() << mismatch.what() << "\n--- transcript\n"
                  << run.transcript() << "--- log\n"
                  << run.log();
  }
}

INSTANTIATE_TEST_SUITE_P(Table, Bdat, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& info) {
                           return info.param.row.name + "__" +
                                  std::string(to_string(info.param.mode));
                         });

}  // namespace
}  // namespace sekisho::dialog
