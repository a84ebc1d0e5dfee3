// DKIM signatures a second of 4 KB messages with RSA-2048, from the message's bytes to the finished
// field, against OpenSSL's bare signature of as many hashes; in turns in one run, by the CPU time
// of this thread. Prints both rates and their ratio.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "filters/dkim/canonical.h"
#include "filters/dkim/key.h"
#include "filters/dkim/signer.h"

namespace {

using namespace sekisho;

constexpr int kRounds = 9;
constexpr int kSignatures = 400;  // in a round

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "dkim_sign: %s\n", what);
  std::exit(1);
}

struct Message {
  std::string header;
  std::string body;
};

Message message_of_4_kb() {
  Message made{
      "From: Ann Author <ann@example.com>\r\nTo: Bob Reader <bob@example.net>, "
      "carol@example.org\r\n"
      "Subject: Something that was on my mind\r\nDate: Tue, 24 Nov 2026 18:00:00 +0000\r\n"
      "Message-ID: <0123456789.abcdef@client.example.com>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
      {}};
  while (made.header.size() + made.body.size() < 4096)
    made.body += "This is a line of text as people write them, of some seventy letters.\r\n";
  return made;
}

double ours(const dkim::SigningKey& key, const Message& message) {
  const dkim::SignatureOptions options{.domain = "example.com", .selector = "bench"};
  const double start = cpu_seconds();
  for (int i = 0; i < kSignatures; ++i) {
    dkim::BodyHash body(options.canonicalization.body);
    body.feed(message.body);
    const auto headers = mail::Headers::parse(message.header);
    auto made = dkim::prepare(headers, dkim::fields_to_sign(headers), body.digest(), options, {});
    const auto signature = key.sign(made.digest);
    require(signature.has_value(), "a signature failed");
    require(dkim::finished(std::move(made.field), *signature).size() > 300, "no field");
  }
  return kSignatures / (cpu_seconds() - start);
}

double bare(EVP_PKEY* key) {
  const std::string digest = dkim::sha256("x");
  std::array<unsigned char, 512> out{};
  const double start = cpu_seconds();
  for (int i = 0; i < kSignatures; ++i) {
    std::size_t size = out.size();
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
    const bool done =
        EVP_PKEY_sign_init(context) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
        EVP_PKEY_sign(context, out.data(), &size,
                      reinterpret_cast<const unsigned char*>(digest.data()), digest.size()) == 1;
    EVP_PKEY_CTX_free(context);
    require(done, "OpenSSL can't sign");
  }
  return kSignatures / (cpu_seconds() - start);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main() {
  const auto key = dkim::SigningKey::generate(dkim::Algorithm::rsa_sha256, 2048);
  require(key.has_value(), "no key");
  EVP_PKEY* raw = EVP_RSA_gen(2048);
  require(raw != nullptr, "no key");
  const Message message = message_of_4_kb();
  std::vector<double> signed_messages, bare_signatures, ratios;
  for (int round = 0; round < kRounds; ++round) {
    bare_signatures.push_back(bare(raw));
    signed_messages.push_back(ours(*key, message));
    ratios.push_back(signed_messages.back() / bare_signatures.back());
  }
  EVP_PKEY_free(raw);
  std::printf("dkim rsa-2048, 4 KB: %.0f messages/s, bare signatures %.0f/s, ratio %.2f\n",
              median(signed_messages), median(bare_signatures), median(ratios));
  return 0;
}
