#include "gateway/login_helper/pam_checker.h"

#include <cstdlib>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <security/pam_appl.h>

namespace sekisho::login {
namespace {

// Answers every question that hides its answer with the password, and no other question: a module
// that wants more than a password can't be satisfied here. PAM frees what we allocate.
int converse(int count, const pam_message** messages, pam_response** responses, void* data) {
  if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
  auto* answers = static_cast<pam_response*>(
      std::calloc(static_cast<std::size_t>(count), sizeof(pam_response)));
  if (answers == nullptr) return PAM_BUF_ERR;
  const auto& password = *static_cast<const Secret*>(data);
  for (int i = 0; i < count; ++i) {
    const int style = messages[i]->msg_style;
    if (style == PAM_PROMPT_ECHO_OFF) {
      answers[i].resp = ::strdup(password.reveal().data());
    } else if (style != PAM_TEXT_INFO && style != PAM_ERROR_MSG) {
      for (int j = 0; j < i; ++j) std::free(answers[j].resp);
      std::free(answers);
      return PAM_CONV_ERR;
    }
  }
  *responses = answers;
  return PAM_SUCCESS;
}

// The gateway's throttle decides how long a failure takes; here it would keep the process busy.
void no_delay(int /*result*/, unsigned /*microseconds*/, void* /*data*/) {}

bool means_wrong(int code) {
  return code == PAM_AUTH_ERR || code == PAM_USER_UNKNOWN || code == PAM_MAXTRIES ||
         code == PAM_ACCT_EXPIRED || code == PAM_PERM_DENIED || code == PAM_NEW_AUTHTOK_REQD ||
         code == PAM_CRED_INSUFFICIENT;
}

class PamChecker final : public PasswordChecker {
 public:
  explicit PamChecker(PamSettings settings) : settings_(std::move(settings)) {}

  Answer check(const Question& question) override {
    // Where C strings end, two passwords would be the same.
    if (question.password.reveal().find('\0') != std::string_view::npos)
      return {Outcome::wrong, "PAM: a NUL in the password"};
    Secret password = question.password.clone();
    const pam_conv conversation{.conv = converse, .appdata_ptr = &password};
    pam_handle_t* pam = nullptr;
    int code = pam_start(settings_.service.c_str(), question.user.c_str(), &conversation, &pam);
    if (code != PAM_SUCCESS) return {Outcome::unavailable, "PAM does not start"};
    pam_set_item(pam, PAM_RHOST, question.client.c_str());
    pam_set_item(pam, PAM_TTY, "smtp");
    void (*delay)(int, unsigned, void*) = no_delay;
    pam_set_item(pam, PAM_FAIL_DELAY, reinterpret_cast<const void*>(delay));
    code = pam_authenticate(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
    if (code == PAM_SUCCESS) code = pam_acct_mgmt(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
    const std::string words = pam_strerror(pam, code);
    pam_end(pam, code);
    if (code == PAM_SUCCESS) return {Outcome::right, "PAM"};
    return {means_wrong(code) ? Outcome::wrong : Outcome::unavailable,
            fmt::format("PAM: {}", words)};
  }

 private:
  PamSettings settings_;
};

}  // namespace

std::unique_ptr<PasswordChecker> make_pam_checker(const PamSettings& settings) {
  return std::make_unique<PamChecker>(settings);
}

}  // namespace sekisho::login
