#include "filters/dkim/canonical.h"

#include <gtest/gtest.h>

#include "tests/unit/dkim/vectors.h"

namespace sekisho::dkim {
namespace {

class Text final : public BodyCanonicalizer {
 public:
  using BodyCanonicalizer::BodyCanonicalizer;
  std::string out;

 private:
  void write(std::string_view bytes) override { out += bytes; }
};

std::string canonical_body(Form form, std::string_view body, std::size_t slice = 1000000) {
  Text text(form);
  for (std::size_t at = 0; at < body.size(); at += slice) text.feed(body.substr(at, slice));
  text.finish();
  return text.out;
}

// RFC 6376 section 3.4.5.
TEST(DkimCanonical, GivesTheExamplesOfTheRfc) {
  EXPECT_EQ(canonical_field(Form::relaxed, "A: X\r\n"), "a:X\r\n");
  EXPECT_EQ(canonical_field(Form::relaxed, "B : Y\t\r\n\tZ  \r\n"), "b:Y Z\r\n");
  EXPECT_EQ(canonical_field(Form::simple, "B : Y\t\r\n\tZ  \r\n"), "B : Y\t\r\n\tZ  \r\n");
  const std::string_view body = " C \r\nD \t E\r\n\r\n\r\n";
  EXPECT_EQ(canonical_body(Form::relaxed, body), " C\r\nD E\r\n");
  EXPECT_EQ(canonical_body(Form::simple, body), " C \r\nD \t E\r\n");
}

TEST(DkimCanonical, MakesOfAnEmptyBodyOneLineOrNothing) {
  for (const std::string_view body : {"", "\r\n", "\r\n\r\n\r\n"}) {
    EXPECT_EQ(canonical_body(Form::simple, body), "\r\n");
    EXPECT_EQ(canonical_body(Form::relaxed, body), "");
  }
  EXPECT_EQ(canonical_body(Form::relaxed, " \t\r\n\t"), "");
  EXPECT_EQ(canonical_body(Form::simple, " "), " \r\n");
}

TEST(DkimCanonical, EndsTheLastLine) {
  EXPECT_EQ(canonical_body(Form::simple, "a"), "a\r\n");
  EXPECT_EQ(canonical_body(Form::relaxed, "a "), "a\r\n");
  EXPECT_EQ(canonical_field(Form::simple, "A: b"), "A: b\r\n");
}

TEST(DkimCanonical, TakesBareLineEndsForText) {
  EXPECT_EQ(canonical_body(Form::relaxed, "a \rb\nc\r\r\n"), "a \rb\nc\r\r\n");
  EXPECT_EQ(canonical_body(Form::simple, "a\r"), "a\r\r\n");
}

TEST(DkimCanonical, DoesNotCareHowTheBodyIsSliced) {
  const std::string body = " a  b\t\r\n\r\n \t\r\n.x \r y\r\r\n\r\n\r\n last \r\n\r\n \r\n\r";
  for (const Form form : {Form::simple, Form::relaxed}) {
    const std::string whole = canonical_body(form, body);
    for (std::size_t slice = 1; slice < body.size(); ++slice)
      EXPECT_EQ(canonical_body(form, body, slice), whole) << slice;
  }
}

TEST(DkimCanonical, SelectsRepeatedFieldsFromTheBottomUp) {
  const auto headers = mail::Headers::parse("X: 1\r\nY: y\r\nx: 2\r\n");
  const std::vector<std::string_view> names{"x", "X", "x", "Z", "y"};
  EXPECT_EQ(selected_fields(Form::relaxed, headers, names), "x:2\r\nx:1\r\ny:y\r\n");
}

TEST(DkimCanonical, EmptiesTheSignatureWhereverItStands) {
  EXPECT_EQ(unsigned_form(Form::simple, "S: a=1; b=xx\r\n yy\r\n"), "S: a=1; b=");
  EXPECT_EQ(unsigned_form(Form::simple, "S: b= x ; bh=q\r\n"), "S: b=; bh=q");
  EXPECT_EQ(unsigned_form(Form::relaxed, "S: bh=b=;\r\n\tb=xx;\r\n"), "s:bh=b=; b=;");
}

TEST(DkimCanonical, ReadsItsNames) {
  EXPECT_EQ(Canonicalization::parse("relaxed"), (Canonicalization{Form::relaxed, Form::simple}));
  EXPECT_EQ(Canonicalization::parse("simple/relaxed"),
            (Canonicalization{Form::simple, Form::relaxed}));
  EXPECT_FALSE(Canonicalization::parse("relaxed/"));
  EXPECT_FALSE(Canonicalization::parse("Relaxed"));
}

TEST(DkimCanonical, HashesTheBodyOfTheRfcsMessage) {
  const auto message = vectors::crlf(vectors::read_data("rfc6376.msg"));
  ASSERT_FALSE(message.empty());
  EXPECT_EQ(base64_encode(vectors::hash_of_body(Form::simple, vectors::body_of(message))),
            "4bLNXImK9drULnmePzZNEBleUanJCX5PIsDIFoH4KTQ=");
}

}  // namespace
}  // namespace sekisho::dkim
