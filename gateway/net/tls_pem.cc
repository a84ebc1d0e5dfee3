#include "gateway/net/tls_pem.h"

#include <cerrno>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>

namespace sekisho {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, CloseFile>;

Result<OpenFile> open_file(std::string_view what, const std::filesystem::path& path) {
  OpenFile file(std::fopen(path.c_str(), "re"));
  if (!file) {
    return std::unexpected(
        system_error(ErrorKind::invalid,
                     std::string("cannot open the ").append(what) + " " + path.string(), errno));
  }
  return file;
}

// Notes that a password would be needed and gives none.
int refuse_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

std::string take_tls_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!text.empty()) text += "; ";
    text += reason != nullptr ? std::string(reason) : "error " + std::to_string(code);
  }
  return text;
}

std::unexpected<Error> refused_by_tls(const std::string& what) {
  std::string reasons = take_tls_errors();
  return fail(ErrorKind::invalid, reasons.empty() ? what : what + ": " + reasons);
}

Result<PrivateKey> read_private_key(const std::filesystem::path& path) {
  ERR_clear_error();
  auto file = open_file("private key", path);
  if (!file) return std::unexpected(std::move(file.error()));
  bool encrypted = false;
  PrivateKey key(PEM_read_PrivateKey(file->get(), nullptr, &refuse_password, &encrypted));
  if (encrypted) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "the private key " + path.string() +
                                        " is encrypted with a password; store it without one "
                                        "(openssl pkey -in OLD -out NEW) and protect the file");
  }
  if (!key) return refused_by_tls("no usable private key in " + path.string());
  return key;
}

Result<std::vector<Certificate>> read_certificates(const std::filesystem::path& path) {
  ERR_clear_error();
  auto file = open_file("certificate", path);
  if (!file) return std::unexpected(std::move(file.error()));
  std::vector<Certificate> all;
  while (Certificate one{PEM_read_X509(file->get(), nullptr, nullptr, nullptr)}) {
    all.push_back(std::move(one));
  }
  const unsigned long last = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (all.empty() || !at_end) return refused_by_tls("no usable certificate in " + path.string());
  ERR_clear_error();
  return all;
}

Result<void> trust_authorities(SSL_CTX* context, const std::filesystem::path& path) {
  ERR_clear_error();
  if (auto file = open_file("CA file", path); !file) {
    return std::unexpected(std::move(file.error()));
  }
  if (SSL_CTX_load_verify_file(context, path.c_str()) != 1) {
    return refused_by_tls("no usable certificate in " + path.string());
  }
  return {};
}

}  // namespace sekisho
