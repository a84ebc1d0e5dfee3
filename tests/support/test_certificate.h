// Certificates for tests: a certificate authority made on the spot, and a server certificate signed
// by it, as PEM files in a folder that goes away with the object.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace sekisho::test {

class TestCertificate {
 public:
  struct Options {
    std::chrono::seconds valid_from = std::chrono::hours(-1);  // both relative to now
    std::chrono::seconds valid_until = std::chrono::hours(24);
    bool rsa = false;                  // a 2048-bit RSA key instead of P-256
    std::string usage = "serverAuth";  // extended key usage; "clientAuth" for a client's
    std::string key_password;          // not empty: the key file is encrypted with it
  };

  // `names` become the subjectAltName entries: host names, IP addresses where they parse as such,
  // mail addresses where they have an @. The first is the common name too.
  explicit TestCertificate(const std::vector<std::string>& names = {"localhost", "127.0.0.1"})
      : TestCertificate(names, Options{}) {}
  TestCertificate(const std::vector<std::string>& names, const Options& options);

  [[nodiscard]] std::filesystem::path ca_file() const { return folder_.path() / "ca.pem"; }
  [[nodiscard]] std::filesystem::path certificate_file() const {
    return folder_.path() / "server.pem";  // the server's certificate, then the authority's
  }
  [[nodiscard]] std::filesystem::path key_file() const { return folder_.path() / "server.key"; }
  [[nodiscard]] const TempDir& folder() const { return folder_; }

 private:
  TempDir folder_;
};

}  // namespace sekisho::test
