// libopendkim as the judge of what we sign, over many shapes of messages; and our verification with
// it, over what may be wrong with a signature.
#include <array>
#include <cstdlib>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "filters/dkim/judgement.h"
#include "filters/dkim/verify_job.h"
#include "tests/unit/dkim/vectors.h"

namespace sekisho::dkim {
namespace {

using mail::AuthResult;

WallTime now() { return std::chrono::system_clock::now(); }

const SigningKey& key_for(Algorithm algorithm) {
  static const SigningKey rsa = *SigningKey::generate(Algorithm::rsa_sha256, 2048);
  static const SigningKey ed25519 = *SigningKey::generate(Algorithm::ed25519_sha256, 0);
  return algorithm == Algorithm::rsa_sha256 ? rsa : ed25519;
}

KeyAnswer answer_for(Algorithm algorithm) {
  return {KeyAnswer::Status::found, record_text(key_for(algorithm).public_key())};
}

SignatureOptions options(Algorithm algorithm, std::string_view form) {
  return {.algorithm = algorithm,
          .canonicalization = *Canonicalization::parse(form),
          .domain = "example.com",
          .selector = algorithm == Algorithm::rsa_sha256 ? "rsa" : "ed"};
}

struct Message {
  std::string header;  // with its empty line
  std::string body;
};

Message parted(const std::string& text) {
  mail::HeaderScanner scanner;
  const std::size_t end = scanner.feed(text);
  return {text.substr(0, end), text.substr(end)};
}

std::string sign(const Message& message, const SignatureOptions& how) {
  const auto headers = mail::Headers::parse(message.header);
  auto made = prepare(headers, fields_to_sign(headers),
                      vectors::hash_of_body(how.canonicalization.body, message.body), how, now());
  return finished(std::move(made.field), *key_for(how.algorithm).sign(made.digest));
}

std::vector<Candidate> verified(const Message& message, const std::vector<KeyAnswer>& keys) {
  const auto headers = mail::Headers::parse(message.header);
  auto found = find_signatures(headers, now());
  const BodySource body = [&](const std::function<void(std::string_view)>& take) {
    constexpr std::size_t kSlice = 4093;
    for (std::size_t at = 0; at < message.body.size(); at += kSlice)
      take(std::string_view(message.body).substr(at, kSlice));
    return Result<void>{};
  };
  const auto done = judge_signatures(headers, body, keys, found);
  EXPECT_TRUE(done) << done.error().text;
  return found;
}

void expect_pass(const Message& message, const SignatureOptions& how, std::string_view what) {
  const std::string field = sign(message, how);
  const auto found = verified({field + message.header, message.body}, {answer_for(how.algorithm)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(to_string(found[0].fact.result), "pass")
      << what << " " << how.canonicalization.to_string() << ": " << found[0].fact.reason << "\n"
      << field << message.header.substr(0, 2000);
}

constexpr std::array<std::string_view, 4> kForms{"simple/simple", "simple/relaxed",
                                                 "relaxed/simple", "relaxed/relaxed"};

class Shapes {
 public:
  explicit Shapes(unsigned seed) : random_(seed) {}

  Message next() {
    Message made;
    made.header = "From: Ann <ann@example.com>\r\n";
    for (std::size_t i = 0, fields = pick(12); i < fields; ++i) made.header += field();
    made.header += "\r\n";
    for (std::size_t i = 0, lines = pick(8); i < lines; ++i)
      made.body += text() + one_of({"", " ", "\t ", "  "}) + "\r\n";
    made.body += one_of({"", "\r\n", "\r\n\r\n\r\n", " \r\n", "\t", "no end", "blank end  "});
    return made;
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }
  std::string one_of(std::initializer_list<std::string_view> choices) {
    return std::string(*(choices.begin() + pick(choices.size())));
  }
  std::string text() {
    std::string out;
    for (std::size_t i = 0, words = pick(8); i < words; ++i) {
      out += one_of({"word", "a", "=?utf-8?q?x?=", ".", "\xc3\xbc", "\xff\xfe", "b=x;", ":",
                     "\"q;\"", "<a@b>", "--x", "From "});
      out += one_of({" ", "  ", "\t", " \t "});
    }
    return out;
  }
  std::string field() {
    std::string out =
        one_of({"To", "to", "SUBJECT", "Cc", "Date", "Reply-To", "Message-ID", "MIME-Version",
                "Content-Type", "content-transfer-encoding", "Content-Odd", "X-Any", "Received",
                "References", "List-Id", "Sender"});
    out += ":" + one_of({"", " ", "\t", "  "}) + text();
    for (std::size_t i = 0, folds = pick(3); i < folds; ++i)
      out += "\r\n" + one_of({" ", "\t", "   "}) + text() + "x";
    return out + "\r\n";
  }

  std::mt19937 random_;
};

TEST(DkimAgainstOpendkim, GeneratedMessagesVerify) {
  Shapes shapes(20261124);
  for (int i = 0; i < 400; ++i) {
    const Message message = shapes.next();
    const Algorithm algorithm = i % 2 == 0 ? Algorithm::rsa_sha256 : Algorithm::ed25519_sha256;
    expect_pass(message, options(algorithm, kForms[static_cast<std::size_t>(i / 2) % 4]),
                "message " + std::to_string(i));
    if (HasFailure()) break;
  }
}

TEST(DkimAgainstOpendkim, AMessageOf25MegabytesVerifies) {
  std::string body;
  while (body.size() < 25'000'000) body += "a line of text with  blanks \t and more\r\n\r\n\r\n";
  expect_pass({"From: a@example.com\r\n\r\n", body},
              options(Algorithm::rsa_sha256, "relaxed/relaxed"), "25 MB");
}

TEST(DkimAgainstOpendkim, MessagesOfThePublicCorporaVerify) {
  const char* elsewhere = std::getenv("SEKISHO_CORPORA");
  const std::filesystem::path corpora(elsewhere != nullptr ? elsewhere : SEKISHO_CORPORA);
  if (!std::filesystem::exists(corpora)) GTEST_SKIP() << "no corpora at " << corpora;
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpora)) {
    const auto name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.ends_with(".md") || name.starts_with("LICENSE")) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::string raw{std::istreambuf_iterator<char>(file), {}};
    std::erase_if(raw, [](char c) { return c == '\0' || c == '\r'; });
    if (raw.starts_with("From ")) raw.erase(0, raw.find('\n') + 1);
    const Message message = parted(vectors::crlf(raw));
    const auto headers = mail::Headers::parse(message.header);
    if (headers.find("From") == nullptr || headers.find("DKIM-Signature") != nullptr ||
        headers.size() + 2 != message.header.size())
      continue;  // the filter signs no such header section; or it has signatures already
    expect_pass(message,
                options(Algorithm::ed25519_sha256, kForms[static_cast<std::size_t>(count++) % 4]),
                entry.path().string());
  }
  EXPECT_GT(count, 200);
}

const Message kMessage{"From: a@example.com\r\nSubject: hello\r\n\r\n", "Hello\r\n"};

Candidate judged(const std::string& field, const KeyAnswer& key, std::string body = kMessage.body,
                 const std::string& header = kMessage.header) {
  auto found = verified({field + header, std::move(body)}, {key});
  EXPECT_EQ(found.size(), 1U);
  return found.empty() ? Candidate{} : found[0];
}

TEST(DkimVerification, TellsWhatWasChanged) {
  const auto how = options(Algorithm::rsa_sha256, "relaxed/relaxed");
  const std::string field = sign(kMessage, how);
  const auto key = answer_for(how.algorithm);
  EXPECT_EQ(judged(field, key).fact.result, AuthResult::pass);
  EXPECT_EQ(judged(field, key).fact.domain, "example.com");
  EXPECT_EQ(judged(field, key).fact.selector, "rsa");
  const auto body = judged(field, key, "Hello!\r\n");
  EXPECT_EQ(body.fact.result, AuthResult::fail);
  EXPECT_EQ(body.fact.reason, "the body has changed");
  const auto header = judged(field, key, kMessage.body, "From: b@example.com\r\n\r\n");
  EXPECT_EQ(header.fact.result, AuthResult::fail);
  EXPECT_EQ(header.fact.reason, "the signature doesn't match");
  EXPECT_EQ(
      judged(field, key, kMessage.body, "From: x@example.com\r\n" + kMessage.header).fact.result,
      AuthResult::fail);
}

TEST(DkimVerification, CallsAnUnknownKeyNoBadSignature) {
  const auto how = options(Algorithm::rsa_sha256, "relaxed/relaxed");
  const std::string field = sign(kMessage, how);
  EXPECT_EQ(judged(field, {KeyAnswer::Status::failed, ""}).fact.result, AuthResult::temperror);
  EXPECT_EQ(judged(field, {KeyAnswer::Status::none, ""}).fact.result, AuthResult::permerror);
  for (const std::string_view record :
       {"v=DKIM1; p=", "v=DKIM1; p=AAAA", "nonsense", "v=DKIM1; k=rsa; h=sha1; p=AAAA"}) {
    EXPECT_EQ(judged(field, {KeyAnswer::Status::found, std::string(record)}).fact.result,
              AuthResult::permerror)
        << record;
  }
  EXPECT_EQ(judged(field, answer_for(Algorithm::ed25519_sha256)).fact.result,
            AuthResult::permerror);
}

TEST(DkimVerification, JudgesEachOfSeveralSignatures) {
  const auto rsa = options(Algorithm::rsa_sha256, "relaxed/relaxed");
  const auto ed25519 = options(Algorithm::ed25519_sha256, "simple/simple");
  const Message twice{sign(kMessage, rsa) + sign(kMessage, ed25519) + kMessage.header,
                      kMessage.body};
  auto found = verified(twice, {answer_for(rsa.algorithm), answer_for(ed25519.algorithm)});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].fact.result, AuthResult::pass) << found[0].fact.reason;
  EXPECT_EQ(found[1].fact.result, AuthResult::pass) << found[1].fact.reason;
  found = verified(twice, {{KeyAnswer::Status::failed, ""}, answer_for(ed25519.algorithm)});
  EXPECT_EQ(found[0].fact.result, AuthResult::temperror);
  EXPECT_EQ(found[1].fact.result, AuthResult::pass) << found[1].fact.reason;
}

TEST(DkimVerification, VerifiesTheSignaturesOfRfc8463) {
  // Their h= names every field, and the message is from 2003.
  const Message message = parted(vectors::crlf(vectors::read_data("rfc6376.signed.msg")));
  const auto ed25519 =
      KeyAnswer{KeyAnswer::Status::found,
                "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="};
  const auto rsa =
      KeyAnswer{KeyAnswer::Status::found, vectors::first_line(vectors::read_data("test.txt"))};
  const auto found = verified(message, {ed25519, rsa});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].fact.result, AuthResult::pass) << found[0].fact.reason;
  EXPECT_EQ(found[1].fact.result, AuthResult::pass) << found[1].fact.reason;
}

TEST(DkimVerification, StopsBeforeTheLibraryWhatItCantBear) {
  const auto how = options(Algorithm::rsa_sha256, "relaxed/relaxed");
  const std::string good = sign(kMessage, how);
  const auto with = [&](const std::string& tags) {
    std::string field = good;
    return field.insert(field.find(" h="), tags);
  };
  const auto refused = [&](const std::string& field) {
    const auto headers = mail::Headers::parse(field);
    const auto found = find_signatures(headers, now());
    return found.size() == 1 && found[0].fact.result == AuthResult::permerror &&
           found[0].key_name.empty();
  };
  EXPECT_FALSE(refused(good));
  EXPECT_TRUE(refused(with(" i=" + std::string(257, 'a') + ";")));
  EXPECT_TRUE(refused(with(" i=" + std::string(257, 'a') + "@example.com;")));
  EXPECT_TRUE(refused(with(" i=@other.example;")));
  EXPECT_TRUE(refused(with(" z=" + std::string(8192, 'a') + ";")));
  EXPECT_TRUE(refused(with(" x=100;")));
  EXPECT_TRUE(refused(with(" d=example.com;")));
  EXPECT_TRUE(refused("DKIM-Signature: v=1; a=rsa-sha1; d=a; s=b; h=from; bh=AA==; b=AA==\r\n"));
  EXPECT_TRUE(refused("DKIM-Signature: v=1; a=rsa-sha256; d=a; s=b; h=to; bh=AA==; b=AA==\r\n"));
  EXPECT_TRUE(refused("DKIM-Signature:\r\n"));

  std::string many;
  for (int i = 0; i < 20; ++i) many += good;
  const auto headers = mail::Headers::parse(many);
  EXPECT_EQ(find_signatures(headers, now()).size(), kMaxSignatures);
}

// Signed by hand: with tags that our signer doesn't make.
std::string by_hand(const Message& message, const std::string& tags,
                    const std::vector<std::string_view>& names, std::string_view body,
                    std::string_view forms = "relaxed/relaxed") {
  const auto form = *Canonicalization::parse(forms);
  std::string start = "DKIM-Signature: v=1; a=ed25519-sha256; c=" + std::string(forms) + ";\r\n " +
                      tags + "\r\n h=";
  for (const std::string_view name : names) start.append(name).append(": ");
  start.resize(start.size() - 2);
  start += "; bh=" + base64_encode(vectors::hash_of_body(form.body, body)) + ";\r\n b=";
  const auto headers = mail::Headers::parse(message.header);
  const auto signature = *key_for(Algorithm::ed25519_sha256)
                              .sign(sha256(selected_fields(form.header, headers, names) +
                                           unsigned_form(form.header, start)));
  return start + base64_encode(signature) + "\r\n";
}

TEST(DkimVerification, TrustsNoSignatureOfAPartOfTheBody) {
  const auto key = answer_for(Algorithm::ed25519_sha256);
  for (const std::string_view forms : {"relaxed/relaxed", "simple/simple"}) {
    const std::string field =
        by_hand(kMessage, "d=example.com; s=ed; l=7;", {"From"}, kMessage.body, forms);
    EXPECT_EQ(judged(field, key).fact.result, AuthResult::pass) << judged(field, key).fact.reason;
    EXPECT_EQ(judged(field, key, kMessage.body + "more\r\n").fact.result, AuthResult::policy);
    EXPECT_EQ(judged(field, key, "Hellx\r\n").fact.result, AuthResult::fail);
  }
  // Of the canonical form: blanks that it drops are no unsigned end.
  const std::string wide = "Hello   \r\n\r\n\r\n";
  const auto field = by_hand(kMessage, "d=example.com; s=ed; l=7;", {"From"}, wide);
  EXPECT_EQ(judged(field, key, wide).fact.result, AuthResult::pass);
  EXPECT_EQ(judged(field, key, wide + "x").fact.result, AuthResult::policy);
  const auto nothing = by_hand(kMessage, "d=example.com; s=ed; l=0;", {"From"}, "");
  EXPECT_EQ(judged(nothing, key).fact.result, AuthResult::policy);
  for (const std::string_view wrong : {"l=;", "l=-1;", "l=7x;", "l=99999999999999999999;"}) {
    const auto bad =
        by_hand(kMessage, "d=example.com; s=ed; " + std::string(wrong), {"From"}, kMessage.body);
    EXPECT_EQ(judged(bad, key).fact.result, AuthResult::permerror) << wrong;
  }
}

TEST(DkimVerification, ReadsDomainsThatAreWrittenInUnicode) {
  const auto key = answer_for(Algorithm::ed25519_sha256);
  const std::string domain =
      "b\xc3\xbc"
      "cher.example";
  for (const std::string_view forms : {"relaxed/relaxed", "simple/simple"}) {
    const std::string tags = "d=" + domain + "; s=s\xc3\xa4; i=@Xn--Bcher-KVA.example;";
    const auto field = by_hand(kMessage, tags, {"From", "Subject"}, kMessage.body, forms);
    const auto found = judged(field, key);
    EXPECT_EQ(found.fact.result, AuthResult::pass) << found.fact.reason;
    EXPECT_EQ(found.fact.domain, "xn--bcher-kva.example");
    EXPECT_EQ(found.key_name, "xn--s-0fa._domainkey.xn--bcher-kva.example");
    EXPECT_EQ(judged(field, key, "Hello!\r\n").fact.reason, "the body has changed");
    const auto header = judged(field, key, kMessage.body, "From: b@example.com\r\n\r\n");
    EXPECT_EQ(header.fact.reason, "the signature doesn't match");
  }
  const auto of_a_part = by_hand(kMessage, "d=" + domain + "; s=s; l=7;", {"From"}, kMessage.body);
  EXPECT_EQ(judged(of_a_part, key).fact.result, AuthResult::pass);
  EXPECT_EQ(judged(of_a_part, key, "Hello\r\nmore\r\n").fact.result, AuthResult::policy);
  const auto other = by_hand(kMessage, "d=" + domain + "; s=s; i=@other.example;", {"From"}, "");
  EXPECT_EQ(judged(other, key).fact.result, AuthResult::permerror);
}

TEST(DkimVerification, KnowsTheStrictDomainInEitherForm) {
  auto key = answer_for(Algorithm::ed25519_sha256);
  key.text += "; t=s";
  const auto with = [&](const std::string& identity) {
    return judged(by_hand(kMessage,
                          "d=b\xc3\xbc"
                          "cher.example; s=s; i=" +
                              identity + ";",
                          {"From"}, kMessage.body),
                  key)
        .fact.result;
  };
  EXPECT_EQ(with("@xn--bcher-kva.example"), AuthResult::pass);
  EXPECT_EQ(with("@a.xn--bcher-kva.example"), AuthResult::permerror);
}

TEST(DkimVerification, ASignatureThatCoversOneWhichTheLibraryMayNotSeeIsVerified) {
  const std::string broken =
      "DKIM-Signature: v=2; d=example.com; i=" + std::string(300, 'a') + "@example.com\r\n";
  const Message covered{broken + kMessage.header, kMessage.body};
  const std::string field = by_hand(covered, "d=example.com; s=ed;",
                                    {"From", "DKIM-Signature", "dkim-signature"}, covered.body);
  const auto rsa = options(Algorithm::rsa_sha256, "relaxed/relaxed");
  const std::string plain = sign(kMessage, rsa);
  const std::vector<KeyAnswer> keys{
      answer_for(Algorithm::ed25519_sha256), answer_for(Algorithm::rsa_sha256), {}};
  // The one between came after: h= names no more than the broken one and that there is no other.
  auto found = verified({field + broken + kMessage.header, kMessage.body},
                        {answer_for(Algorithm::ed25519_sha256), {}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].fact.result, AuthResult::pass) << found[0].fact.reason;
  EXPECT_EQ(found[1].fact.result, AuthResult::permerror);
  found = verified({field + plain + broken + kMessage.header, kMessage.body}, keys);
  EXPECT_EQ(found[0].fact.result, AuthResult::fail);
  EXPECT_EQ(found[1].fact.result, AuthResult::pass) << found[1].fact.reason;
  // Without a field that was dropped, the library does it.
  const Message once{plain + kMessage.header, kMessage.body};
  const std::string over =
      by_hand(once, "d=example.com; s=ed;", {"From", "DKIM-Signature"}, once.body);
  found = verified({over + once.header, once.body},
                   {answer_for(Algorithm::ed25519_sha256), answer_for(Algorithm::rsa_sha256)});
  EXPECT_EQ(found[0].fact.result, AuthResult::pass) << found[0].fact.reason;
  EXPECT_EQ(found[1].fact.result, AuthResult::pass) << found[1].fact.reason;
}

Result<std::string> run_job(std::string_view input, std::optional<std::string_view> message) {
  return verify_signatures({.input = input, .message = message});
}

TEST(DkimVerification, IsAJobOfAProcessThatGetsMessageAndKeys) {
  const auto how = options(Algorithm::rsa_sha256, "relaxed/relaxed");
  const std::string broken = "DKIM-Signature: v=2\r\n";
  const std::string message = broken + sign(kMessage, how) + kMessage.header + kMessage.body;
  auto found = find_signatures(mail::Headers::parse(message), now());
  ASSERT_EQ(found.size(), 2U);
  const auto input = encode_keys(now(), {KeyAnswer{}, answer_for(how.algorithm)});
  const auto result = run_job(input, message);
  ASSERT_TRUE(result) << result.error().text;
  ASSERT_TRUE(take_results(*result, found));
  EXPECT_EQ(found[0].fact.result, AuthResult::permerror);
  EXPECT_EQ(found[1].fact.result, AuthResult::pass) << found[1].fact.reason;
}

TEST(DkimVerification, BelievesNoJobThatBreaksItsForm) {
  const auto how = options(Algorithm::rsa_sha256, "relaxed/relaxed");
  const std::string message = sign(kMessage, how) + kMessage.header + kMessage.body;
  const auto input = encode_keys(now(), {answer_for(how.algorithm)});
  EXPECT_FALSE(run_job(input, std::nullopt));
  EXPECT_FALSE(run_job("", message));
  EXPECT_FALSE(run_job(input.substr(1), message));
  EXPECT_FALSE(run_job(encode_keys(now(), {}), message));
  const auto fresh = [&] { return find_signatures(mail::Headers::parse(message), now()); };
  for (const std::string_view result : {"", "\x01", "\0\4pass", "nonsense"}) {
    auto found = fresh();
    EXPECT_FALSE(take_results(result, found)) << result;
  }
  auto found = fresh();
  const std::string odd("\0\4none\0\0", 8);
  EXPECT_FALSE(take_results(odd, found));
  found = fresh();
  const std::string escape("\0\4fail\0\4\x1b[1m", 12);
  ASSERT_TRUE(take_results(escape, found));
  EXPECT_EQ(found[0].fact.result, AuthResult::fail);
  EXPECT_EQ(found[0].fact.reason, "?[1m");
}

}  // namespace
}  // namespace sekisho::dkim
