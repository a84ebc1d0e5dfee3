#include "gateway/login_helper/helper_settings.h"

#include "gateway/base/text.h"

namespace sekisho::login {
namespace {

// Where a password in clear text crosses no network.
bool stays_on_this_host(std::string_view uri) {
  return istarts_with(uri, "ldapi://") || istarts_with(uri, "ldap://localhost") ||
         istarts_with(uri, "ldap://127.0.0.1") || istarts_with(uri, "ldap://[::1]");
}

}  // namespace

void LdapSettings::visit(SettingsVisitor& v) {
  v.field("uri", uri, "The directory, for example \"ldaps://ldap.example.com\".");
  v.field("starttls", starttls,
          "Whether a connection to an ldap:// URI is encrypted by STARTTLS before the password is "
          "sent; ldaps:// and ldapi:// URIs need none.");
  v.field("ca_file", ca_file,
          "PEM file with the authorities that the directory's certificate may come from; empty for "
          "the system's.");
  v.field("bind_dn", bind_dn,
          "The entry to bind as, where it follows from the user's name: "
          "\"uid={user},ou=people,dc=example,dc=com\". Without it the entry is searched for.");
  v.field("search_base", search_base, "Where the entry is searched for.");
  v.field("search_filter", search_filter, "What finds it; must find exactly one.");
  v.field("search_dn", search_dn, "Who searches; empty for nobody in particular.");
  v.field("search_password_file", search_password_file,
          "File with the password of search_dn on its first line.");

  if (uri.empty()) {
    if (!bind_dn.empty() || !search_base.empty())
      v.error("uri", "is missing: which directory is to be asked?");
    return;
  }
  const bool known = istarts_with(uri, "ldap://") || istarts_with(uri, "ldaps://") ||
                     istarts_with(uri, "ldapi://");
  if (!known)
    v.error("uri", "must begin with ldaps://, ldap:// or ldapi://");
  else if (istarts_with(uri, "ldap://") && !starttls && !stays_on_this_host(uri))
    v.error("starttls",
            "can't be false for a directory on another host: passwords would cross the network in "
            "clear text");
  if (bind_dn.empty() == search_base.empty())
    v.error("bind_dn",
            "set either bind_dn or search_base: the entry follows from the name, or is "
            "searched for");
  if (!bind_dn.empty() && bind_dn.find("{user}") == std::string::npos)
    v.error("bind_dn", "must hold {user}: every user would be the same entry");
  if (!search_base.empty() && search_filter.find("{user}") == std::string::npos)
    v.error("search_filter", "must hold {user}: every user would be the same entry");
  if (search_dn.empty() != search_password_file.empty())
    v.error("search_dn", "search_dn and search_password_file belong together");
}

void PamSettings::visit(SettingsVisitor& v) {
  v.field("service", service,
          "The PAM service, a file in /etc/pam.d, for example \"sekisho\". Modules run with the "
          "rights of the gateway's user: pam_unix needs the group shadow.");
  if (service.find('/') != std::string::npos)
    v.error("service", "must be the name of a file in /etc/pam.d");
}

void HelperSettings::visit(SettingsVisitor& v) {
  v.field("processes", processes,
          "Processes that ask LDAP or PAM, each one log-in at a time. They start when they are "
          "needed.",
          1, 256);
  v.field("max_waiting", max_waiting,
          "Log-ins that may wait for such a process; further ones are answered 454.", 1, 100'000);
  v.field("timeout", timeout,
          "How long one check may take; then it is answered 454 and its process replaced.");
  v.table("ldap", "Passwords are checked by binding to an LDAP directory.",
          [this](SettingsVisitor& t) { ldap.visit(t); });
  v.table("pam", "Passwords are checked by PAM.", [this](SettingsVisitor& t) { pam.visit(t); });
  if (!ldap.uri.empty() && !pam.service.empty())
    v.error("pam", "either LDAP or PAM can be asked, not both");
  if (timeout.count() <= 0) v.error("timeout", "must be longer than nothing");
}

}  // namespace sekisho::login
