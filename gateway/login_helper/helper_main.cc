#include "gateway/login_helper/helper_main.h"

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/base/file_io.h"
#include "gateway/base/text.h"
#include "gateway/login_helper/ldap_checker.h"
#include "gateway/login_helper/pam_checker.h"

namespace sekisho::login {
namespace {

// A helper gives up before the gateway gives it up.
constexpr std::chrono::milliseconds kMargin{500};

std::unique_ptr<PasswordChecker> make_checker(std::string_view setup) {
  const auto fields = decode_fields(setup);
  if (!fields || fields->size() != 10) return nullptr;
  const auto text = [&](std::size_t i) { return std::string((*fields)[i]); };
  if (text(0) == "pam") return make_pam_checker({.service = text(1)});
  LdapSettings ldap;
  ldap.uri = text(2);
  ldap.starttls = text(3) == "yes";
  ldap.ca_file = text(4);
  ldap.bind_dn = text(5);
  ldap.search_base = text(6);
  ldap.search_filter = text(7);
  ldap.search_dn = text(8);
  const std::size_t patience_at = (*fields)[9].find(' ');
  if (patience_at == std::string_view::npos) return nullptr;
  const auto patience = parse_uint((*fields)[9].substr(0, patience_at));
  if (!patience) return nullptr;
  return make_ldap_checker(ldap, Secret((*fields)[9].substr(patience_at + 1)),
                           std::chrono::milliseconds(*patience));
}

// One datagram; empty at the end.
std::string_view receive(std::string& buffer) {
  buffer.resize(kMaxFrame);
  const ssize_t size = ::recv(kHelperSocket, buffer.data(), buffer.size(), 0);
  return std::string_view(buffer).substr(0, size > 0 ? static_cast<std::size_t>(size) : 0);
}

}  // namespace

Result<Secret> encode_setup(const HelperSettings& settings) {
  const LdapSettings& ldap = settings.ldap;
  std::string password;
  if (!ldap.search_password_file.empty()) {
    auto read = read_whole_file(ldap.search_password_file);
    if (!read) return std::unexpected(std::move(read.error()));
    password = trim(std::string_view(*read).substr(0, read->find('\n')));
    wipe(*read);
  }
  // Each of a check's three waits may take its share.
  const auto patience = std::max(settings.timeout / 3 - kMargin, settings.timeout / 4);
  std::string last = fmt::format("{} {}", patience.count(), password);
  auto setup =
      encode_fields({settings.pam.service.empty() ? "ldap" : "pam", settings.pam.service, ldap.uri,
                     ldap.starttls ? "yes" : "no", ldap.ca_file.native(), ldap.bind_dn,
                     ldap.search_base, ldap.search_filter, ldap.search_dn, last});
  wipe(last);
  wipe(password);
  if (!setup) return fail(ErrorKind::limit, "the settings of the login helper are too long");
  return std::move(*setup);
}

int run_helper() {
  // Passwords pass through here: nobody may look on, and nothing of it may reach a disk.
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::close_range(kHelperSocket + 1, ~0U, 0);

  std::string buffer;
  const std::unique_ptr<PasswordChecker> checker = make_checker(receive(buffer));
  if (!checker) return 2;
  while (true) {
    const std::string_view frame = receive(buffer);
    if (frame.empty()) return 0;
    const auto question = decode_question(frame);
    wipe(buffer);
    if (!question || question->password.empty()) return 2;
    const auto answer = encode(checker->check(*question));
    if (!answer) return 2;
    const std::string_view bytes = answer->reveal();
    if (::send(kHelperSocket, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return 0;
  }
}

}  // namespace sekisho::login
