#include "gateway/smtp/sasl.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace sekisho::smtp {
namespace {

// RFC 4616 section 2 asks servers to take at least 255 octets of each; a longer password is no
// password but an attempt to keep the hash busy.
constexpr std::size_t kMaxUser = 255;
constexpr std::size_t kMaxPassword = 1024;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

Reply malformed() { return Reply::of(501, "5.5.2", "malformed authentication response"); }

// Both mechanisms end here.
SaslExchange::Step finish(std::string_view authorize_as, std::string_view user,
                          std::string_view password) {
  if (user.empty() || user.size() > kMaxUser || std::ranges::any_of(user, is_control)) {
    return invalid_credentials();
  }
  if (password.empty() || password.size() > kMaxPassword || password.contains('\0')) {
    return invalid_credentials();
  }
  if (!authorize_as.empty() && authorize_as != user) return invalid_credentials();
  return Credentials{.user = std::string(user),
                     .authorize_as = std::string(authorize_as),
                     .password = Secret(password)};
}

// RFC 4616: [authzid] NUL authcid NUL passwd, in one response.
class Plain final : public SaslExchange {
 public:
  Step step(std::optional<std::string_view> response) override {
    if (!response) return Challenge{};
    const auto parts = split(*response, '\0');
    if (parts.size() != 3) return malformed();
    return finish(parts[0], parts[1], parts[2]);
  }
};

// The server asks with two fixed words (draft-murchison-sasl-login; clients match on them). A name
// that comes as initial response answers the first.
class Login final : public SaslExchange {
 public:
  Step step(std::optional<std::string_view> response) override {
    if (!response || (!asked_ && response->empty())) {
      asked_ = true;
      return Challenge{"Username:"};
    }
    asked_ = true;
    if (!user_) {
      user_ = std::string(*response);
      return Challenge{"Password:"};
    }
    return finish({}, *user_, *response);
  }

 private:
  bool asked_ = false;
  std::optional<std::string> user_;
};

}  // namespace

Reply invalid_credentials() {
  return Reply::of(535, "5.7.8", "authentication credentials invalid");
}

std::unique_ptr<SaslExchange> SaslExchange::start(std::string_view mechanism) {
  if (iequals(mechanism, "PLAIN")) return std::make_unique<Plain>();
  if (iequals(mechanism, "LOGIN")) return std::make_unique<Login>();
  return nullptr;
}

const std::vector<std::string_view>& SaslExchange::mechanisms() {
  static const std::vector<std::string_view> names{"PLAIN", "LOGIN"};
  return names;
}

}  // namespace sekisho::smtp
