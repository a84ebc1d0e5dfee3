#include "gateway/login_helper/ldap_checker.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <ldap.h>

#include "gateway/base/text.h"
#include "gateway/login_helper/ldap_text.h"

namespace sekisho::login {
namespace {

struct Unbind {
  void operator()(LDAP* directory) const { ldap_unbind_ext_s(directory, nullptr, nullptr); }
};
struct FreeMessage {
  void operator()(LDAPMessage* message) const { ldap_msgfree(message); }
};
struct FreeText {
  void operator()(char* text) const { ldap_memfree(text); }
};
using Directory = std::unique_ptr<LDAP, Unbind>;

timeval to_timeval(std::chrono::milliseconds time) {
  return {.tv_sec = time.count() / 1000, .tv_usec = time.count() % 1000 * 1000};
}

Answer unavailable(std::string_view what, int code) {
  return {Outcome::unavailable, fmt::format("LDAP: {}: {}", what, ldap_err2string(code))};
}

// Codes by which a directory says that it won't have this name with this password; every other one
// speaks of the directory itself.
bool means_wrong(int code) {
  return code == LDAP_INVALID_CREDENTIALS || code == LDAP_NO_SUCH_OBJECT ||
         code == LDAP_INAPPROPRIATE_AUTH || code == LDAP_INVALID_DN_SYNTAX ||
         code == LDAP_INSUFFICIENT_ACCESS || code == LDAP_UNWILLING_TO_PERFORM;
}

class LdapChecker final : public PasswordChecker {
 public:
  LdapChecker(LdapSettings settings, Secret search_password, std::chrono::milliseconds patience)
      : settings_(std::move(settings)),
        search_password_(std::move(search_password)),
        patience_(to_timeval(patience)) {}

  Answer check(const Question& question) override {
    std::string dn = fill_in(settings_.bind_dn, question.user);
    Answer failure;
    if (dn.empty()) {
      const auto found = find(question.user, failure);
      if (!found) return failure;
      dn = *found;
    }
    // Somebody else's connection: what was searched with must not be what decides.
    const Directory directory = connect(failure);
    if (!directory) return failure;
    const bool known = !dn.empty();
    // An unknown user costs a bind too, so that the time tells nothing.
    const int code = bind(directory.get(), known ? dn : settings_.search_base, question.password);
    if (!known) return {Outcome::wrong, "LDAP: no such entry"};
    if (code == LDAP_SUCCESS) return {Outcome::right, "LDAP"};
    if (means_wrong(code)) return {Outcome::wrong, fmt::format("LDAP: {}", ldap_err2string(code))};
    return unavailable("bind", code);
  }

 private:
  Directory connect(Answer& failure) const {
    LDAP* raw = nullptr;
    if (const int code = ldap_initialize(&raw, settings_.uri.c_str()); code != LDAP_SUCCESS) {
      failure = unavailable("the URI", code);
      return nullptr;
    }
    Directory directory(raw);
    const int version = LDAP_VERSION3;
    ldap_set_option(raw, LDAP_OPT_PROTOCOL_VERSION, &version);
    ldap_set_option(raw, LDAP_OPT_NETWORK_TIMEOUT, &patience_);
    ldap_set_option(raw, LDAP_OPT_TIMEOUT, &patience_);
    // Nobody but the directory that was named gets the password.
    ldap_set_option(raw, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    const int demand = LDAP_OPT_X_TLS_DEMAND;
    ldap_set_option(raw, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
    if (!settings_.ca_file.empty())
      ldap_set_option(raw, LDAP_OPT_X_TLS_CACERTFILE, settings_.ca_file.c_str());
    const int as_client = 0;
    int code = ldap_set_option(raw, LDAP_OPT_X_TLS_NEWCTX, &as_client);
    if (code == LDAP_SUCCESS && settings_.starttls && istarts_with(settings_.uri, "ldap://"))
      code = ldap_start_tls_s(raw, nullptr, nullptr);
    if (code == LDAP_SUCCESS) return directory;
    failure = unavailable("TLS", code);
    return nullptr;
  }

  static int bind(LDAP* directory, const std::string& dn, const Secret& password) {
    std::string bytes(password.reveal());
    berval credentials{.bv_len = bytes.size(), .bv_val = bytes.data()};
    const int code = ldap_sasl_bind_s(directory, dn.c_str(), LDAP_SASL_SIMPLE, &credentials,
                                      nullptr, nullptr, nullptr);
    wipe(bytes);
    return code;
  }

  // The user's entry; empty when there is none, or more than one. Nothing: `failure` says why.
  std::optional<std::string> find(const std::string& user, Answer& failure) const {
    const Directory directory = connect(failure);
    if (!directory) return std::nullopt;
    if (!settings_.search_dn.empty()) {
      const int code = bind(directory.get(), settings_.search_dn, search_password_);
      if (code != LDAP_SUCCESS) {
        failure = unavailable("bind as search_dn", code);
        return std::nullopt;
      }
    }
    const std::string filter = fill_in(settings_.search_filter, user);
    std::string no_attributes = LDAP_NO_ATTRS;
    std::array<char*, 2> attributes{no_attributes.data(), nullptr};
    timeval patience = patience_;
    LDAPMessage* raw = nullptr;
    const int code = ldap_search_ext_s(directory.get(), settings_.search_base.c_str(),
                                       LDAP_SCOPE_SUBTREE, filter.c_str(), attributes.data(), 1,
                                       nullptr, nullptr, &patience, 2, &raw);
    const std::unique_ptr<LDAPMessage, FreeMessage> found(raw);
    if (code == LDAP_NO_SUCH_OBJECT || code == LDAP_SIZELIMIT_EXCEEDED) return std::string();
    if (code != LDAP_SUCCESS) {
      failure = unavailable("search", code);
      return std::nullopt;
    }
    if (ldap_count_entries(directory.get(), found.get()) != 1) return std::string();
    const std::unique_ptr<char, FreeText> dn(
        ldap_get_dn(directory.get(), ldap_first_entry(directory.get(), found.get())));
    return dn ? std::string(dn.get()) : std::string();
  }

  LdapSettings settings_;
  Secret search_password_;
  timeval patience_;
};

}  // namespace

std::unique_ptr<PasswordChecker> make_ldap_checker(const LdapSettings& settings,
                                                   Secret search_password,
                                                   std::chrono::milliseconds patience) {
  return std::make_unique<LdapChecker>(settings, std::move(search_password), patience);
}

}  // namespace sekisho::login
