// A SCRAM client that isn't ours: libgsasl's.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <gsasl.h>

namespace sekisho::test {

class GsaslClient {
 public:
  // `binding` in base64, for -PLUS; what a client has of it, if anything.
  GsaslClient(const char* mechanism, const char* user, const char* password,
              const std::string& binding = {}, const char* authorize_as = nullptr) {
    if (gsasl_init(&library_) != GSASL_OK ||
        gsasl_client_start(library_, mechanism, &session_) != GSASL_OK)
      throw std::runtime_error("no gsasl client");
    gsasl_property_set(session_, GSASL_AUTHID, user);
    gsasl_property_set(session_, GSASL_PASSWORD, password);
    if (authorize_as != nullptr) gsasl_property_set(session_, GSASL_AUTHZID, authorize_as);
    if (!binding.empty()) gsasl_property_set(session_, GSASL_CB_TLS_EXPORTER, binding.c_str());
  }
  ~GsaslClient() {
    gsasl_finish(session_);
    gsasl_done(library_);
  }
  GsaslClient(const GsaslClient&) = delete;
  GsaslClient& operator=(const GsaslClient&) = delete;

  // What the client says to this; "ERROR" where it doesn't believe it.
  std::string step(std::string_view message) {
    char* made = nullptr;
    std::size_t size = 0;
    code_ = gsasl_step(session_, message.data(), message.size(), &made, &size);
    std::string text = code_ == GSASL_OK || code_ == GSASL_NEEDS_MORE ? std::string(made, size)
                                                                      : std::string("ERROR");
    gsasl_free(made);
    return text;
  }
  [[nodiscard]] bool believes() const { return code_ == GSASL_OK; }

 private:
  Gsasl* library_ = nullptr;
  Gsasl_session* session_ = nullptr;
  int code_ = GSASL_NEEDS_MORE;
};

}  // namespace sekisho::test
