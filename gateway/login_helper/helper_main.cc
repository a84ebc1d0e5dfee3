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
#include "gateway/base/spawn.h"
#include "gateway/base/text.h"
#include "gateway/login_helper/ldap_checker.h"
#include "gateway/login_helper/pam_checker.h"

namespace sekisho::login {
namespace {

// A helper gives up before the gateway gives it up.
constexpr std::chrono::milliseconds kMargin{500};

// The fields of a setup frame, in their order.
enum Field : std::size_t {
  kKind,
  kService,
  kUri,
  kStarttls,
  kCaFile,
  kBindDn,
  kSearchBase,
  kSearchFilter,
  kSearchDn,
  kSearchPassword,
  kPatience,
  kFields
};

std::unique_ptr<PasswordChecker> make_checker(std::string_view setup) {
  const auto fields = decode_fields(setup);
  if (!fields || fields->size() != kFields) return nullptr;
  const auto text = [&](Field field) { return std::string((*fields)[field]); };
  if (text(kKind) == "pam") return make_pam_checker({.service = text(kService)});
  const auto patience = parse_uint((*fields)[kPatience]);
  if (!patience) return nullptr;
  LdapSettings ldap;
  ldap.uri = text(kUri);
  ldap.starttls = text(kStarttls) == "yes";
  ldap.ca_file = text(kCaFile);
  ldap.bind_dn = text(kBindDn);
  ldap.search_base = text(kSearchBase);
  ldap.search_filter = text(kSearchFilter);
  ldap.search_dn = text(kSearchDn);
  return make_ldap_checker(ldap, Secret((*fields)[kSearchPassword]),
                           std::chrono::milliseconds(*patience));
}

// One datagram; empty at the end.
std::string_view receive(std::string& buffer) {
  buffer.resize(kMaxFrame);
  const ssize_t size = ::recv(kSpawnedSocket, buffer.data(), buffer.size(), 0);
  return std::string_view(buffer).substr(0, size > 0 ? static_cast<std::size_t>(size) : 0);
}

}  // namespace

Result<Secret> encode_setup(const HelperSettings& settings) {
  const LdapSettings& ldap = settings.ldap;
  Secret password;
  if (!ldap.search_password_file.empty()) {
    auto read = read_secret(ldap.search_password_file);
    if (!read) return std::unexpected(std::move(read.error()));
    password = std::move(*read);
  }
  // Each of a check's three waits may take its share.
  const auto patience = std::max(settings.timeout / 3 - kMargin, settings.timeout / 4);
  auto setup = encode_fields({settings.pam.service.empty() ? "ldap" : "pam", settings.pam.service,
                              ldap.uri, ldap.starttls ? "yes" : "no", ldap.ca_file.native(),
                              ldap.bind_dn, ldap.search_base, ldap.search_filter, ldap.search_dn,
                              password.reveal(), std::to_string(patience.count())});
  if (!setup) return fail(ErrorKind::limit, "the settings of the login helper are too long");
  return std::move(*setup);
}

int run_helper() {
  // Passwords pass through here: nobody may look on, and nothing of it may reach a disk.
  ::prctl(PR_SET_DUMPABLE, 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::close_range(kSpawnedSocket + 1, ~0U, 0);

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
    if (::send(kSpawnedSocket, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return 0;
  }
}

}  // namespace sekisho::login
