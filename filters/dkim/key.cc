#include "filters/dkim/key.h"

#include <array>
#include <cerrno>
#include <utility>

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "gateway/base/file_io.h"
#include "gateway/base/text.h"

namespace sekisho::dkim {
namespace {

constexpr std::size_t kEd25519Bytes = 32;
constexpr std::size_t kMaxPemBytes = 65536;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

template <class T, void (*free)(T*)>
struct Freed {
  void operator()(T* object) const { free(object); }
};
template <class T, void (*free)(T*)>
using Owned = std::unique_ptr<T, Freed<T, free>>;
using PkeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using Bio = Owned<BIO, BIO_vfree>;

KeyHandle handle(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

// Section 3.6.1 wants SubjectPublicKeyInfo, as RFC 6376's examples have it; its text says
// RSAPublicKey, and there are records that follow it.
KeyHandle parse_rsa(std::string_view bytes) {
  const unsigned char* at = bytes_of(bytes);
  auto key = handle(d2i_PUBKEY(nullptr, &at, static_cast<long>(bytes.size())));
  if (key == nullptr) {
    at = bytes_of(bytes);
    key = handle(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(bytes.size())));
  }
  ERR_clear_error();
  if (key == nullptr || at != bytes_of(bytes) + bytes.size()) return nullptr;
  return EVP_PKEY_is_a(key.get(), "RSA") == 1 ? key : nullptr;
}

Result<void> check_rsa_size(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kMinRsaBits || bits > kMaxRsaBits)
    return fail(ErrorKind::invalid, "an RSA key of " + std::to_string(bits) + " bits; " +
                                        std::to_string(kMinRsaBits) + " to " +
                                        std::to_string(kMaxRsaBits) + " are allowed");
  return {};
}

// No pass phrase is asked for: a daemon has nobody to ask.
int no_pass_phrase(char*, int, int, void*) { return -1; }

bool use_pkcs1_sha256(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1;
}

Error crypto_error(std::string_view what) {
  std::array<char, 256> text{};
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code != 0) ERR_error_string_n(code, text.data(), text.size());
  return {ErrorKind::io, std::string(what) + (code != 0 ? ": " : "") + text.data()};
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
  return algorithm == Algorithm::rsa_sha256 ? "rsa-sha256" : "ed25519-sha256";
}

std::string_view key_type(Algorithm algorithm) {
  return algorithm == Algorithm::rsa_sha256 ? "rsa" : "ed25519";
}

std::optional<Algorithm> parse_algorithm(std::string_view text) {
  if (text == "rsa-sha256") return Algorithm::rsa_sha256;
  if (text == "ed25519-sha256") return Algorithm::ed25519_sha256;
  return std::nullopt;
}

Result<PublicKey> PublicKey::parse(Algorithm algorithm, std::string_view bytes) {
  if (algorithm == Algorithm::rsa_sha256) {
    auto key = parse_rsa(bytes);
    if (key == nullptr) return fail(ErrorKind::invalid, "p= holds no RSA key");
    if (auto fit = check_rsa_size(key.get()); !fit) return std::unexpected(fit.error());
    return PublicKey(algorithm, std::move(key));
  }
  auto key = bytes.size() != kEd25519Bytes
                 ? nullptr
                 : handle(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(bytes),
                                                      bytes.size()));
  if (key == nullptr) return fail(ErrorKind::invalid, "p= holds no Ed25519 key");
  return PublicKey(algorithm, std::move(key));
}

int PublicKey::bits() const { return EVP_PKEY_get_bits(key_.get()); }

bool PublicKey::verify(std::string_view digest, std::string_view signature) const {
  int good = 0;
  if (algorithm_ == Algorithm::rsa_sha256) {
    const PkeyContext context(EVP_PKEY_CTX_new(key_.get(), nullptr));
    good = context != nullptr && EVP_PKEY_verify_init(context.get()) == 1 &&
                   use_pkcs1_sha256(context.get())
               ? EVP_PKEY_verify(context.get(), bytes_of(signature), signature.size(),
                                 bytes_of(digest), digest.size())
               : 0;
  } else {
    const DigestContext context(EVP_MD_CTX_new());
    good = context != nullptr &&
                   EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1
               ? EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                  bytes_of(digest), digest.size())
               : 0;
  }
  ERR_clear_error();
  return good == 1;
}

std::string PublicKey::bytes() const {
  if (algorithm_ == Algorithm::rsa_sha256) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    std::string out(reinterpret_cast<char*>(der), size > 0 ? static_cast<std::size_t>(size) : 0);
    OPENSSL_free(der);
    return out;
  }
  std::array<unsigned char, kEd25519Bytes> raw{};
  std::size_t size = raw.size();
  EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &size);
  return {raw.begin(), raw.end()};
}

Result<SigningKey> SigningKey::from_pem(const Secret& pem) {
  const std::string_view text = pem.reveal();
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  auto key = handle(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  ERR_clear_error();
  if (key == nullptr)
    return fail(ErrorKind::invalid,
                "holds no private key in PEM without a pass phrase; "
                "`sekisho dkim gen` makes one");
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1)
    return SigningKey(PublicKey(Algorithm::ed25519_sha256, std::move(key)));
  if (EVP_PKEY_is_a(key.get(), "RSA") != 1)
    return fail(ErrorKind::invalid, "is neither an RSA nor an Ed25519 key");
  if (auto fit = check_rsa_size(key.get()); !fit) return std::unexpected(fit.error());
  return SigningKey(PublicKey(Algorithm::rsa_sha256, std::move(key)));
}

Result<SigningKey> SigningKey::read(const std::filesystem::path& file) {
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0)
    return std::unexpected(system_error(ErrorKind::io, "cannot read " + file.string(), errno));
  if ((info.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0)
    return fail(ErrorKind::invalid, "others can read or change the private key " + file.string() +
                                        ": chmod u=rw,g=r,o= " + file.string());
  auto text = read_whole_file(file, kMaxPemBytes);
  if (!text) return std::unexpected(std::move(text.error()));
  const Secret pem(*text);
  wipe(*text);
  auto key = from_pem(pem);
  if (!key) return fail(ErrorKind::invalid, file.string() + " " + key.error().text);
  return key;
}

Result<SigningKey> SigningKey::generate(Algorithm algorithm, int rsa_bits) {
  EVP_PKEY* made = algorithm == Algorithm::rsa_sha256
                       ? EVP_RSA_gen(static_cast<unsigned int>(rsa_bits))
                       : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  if (made == nullptr) return std::unexpected(crypto_error("cannot make a key"));
  return SigningKey(PublicKey(algorithm, handle(made)));
}

Result<std::string> SigningKey::sign(std::string_view digest) const {
  EVP_PKEY* key = public_.key_.get();
  std::array<unsigned char, kMaxRsaBits / 8> out{};
  std::size_t size = out.size();
  bool done = false;
  if (algorithm() == Algorithm::rsa_sha256) {
    const PkeyContext context(EVP_PKEY_CTX_new(key, nullptr));
    done = context != nullptr && EVP_PKEY_sign_init(context.get()) == 1 &&
           use_pkcs1_sha256(context.get()) &&
           EVP_PKEY_sign(context.get(), out.data(), &size, bytes_of(digest), digest.size()) == 1;
  } else {
    const DigestContext context(EVP_MD_CTX_new());
    done = context != nullptr &&
           EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
           EVP_DigestSign(context.get(), out.data(), &size, bytes_of(digest), digest.size()) == 1;
  }
  if (!done) return std::unexpected(crypto_error("cannot sign"));
  return std::string(reinterpret_cast<const char*>(out.data()), size);
}

Result<Secret> SigningKey::to_pem() const {
  const Bio bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr || PEM_write_bio_PrivateKey(bio.get(), public_.key_.get(), nullptr, nullptr, 0,
                                                 nullptr, nullptr) != 1)
    return std::unexpected(crypto_error("cannot write the key"));
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return Secret({text, static_cast<std::size_t>(size)});
}

Result<PublicKey> read_public_half(const std::filesystem::path& file) {
  const auto key = SigningKey::read(file);
  if (!key) return std::unexpected(key.error());
  // Made anew from its public bytes: the other object holds both halves.
  return PublicKey::parse(key->algorithm(), key->public_key().bytes());
}

}  // namespace sekisho::dkim
