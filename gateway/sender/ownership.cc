#include "gateway/sender/ownership.h"

#include <fmt/format.h>

#include "gateway/base/encode.h"

namespace sekisho::sender {
namespace {

constexpr std::size_t kMaxListed = 10;
constexpr std::size_t kByLogin = 1;  // any but 0: the login is on no line of a file

void list(const OwnedAddresses& owned, std::string& text) {
  std::size_t listed = 0;
  const auto add = [&](std::string_view before, std::string_view name) {
    if (++listed > kMaxListed) return;
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", before, encode_for_log(name, 80));
  };
  for (const auto& [address, line] : owned.addresses) add("", address);
  for (const auto& [domain, line] : owned.domains) add("*@", domain);
  for (const auto& [domain, line] : owned.below) add("*@*.", domain);
  if (listed > kMaxListed) text += fmt::format(" and {} more", listed - kMaxListed);
}

}  // namespace

Result<std::shared_ptr<const SenderOwnership>> SenderOwnership::create(
    const SenderSettings& settings) {
  std::shared_ptr<SenderMapFile> file;
  if (!settings.map_file.empty()) {
    auto opened = SenderMapFile::open(settings.map_file);
    if (!opened) return std::unexpected(std::move(opened.error()));
    file = std::move(*opened);
  }
  return std::shared_ptr<const SenderOwnership>(new SenderOwnership(settings, std::move(file)));
}

OwnedAddresses SenderOwnership::by_login(std::string_view user) const {
  OwnedAddresses owned;
  const auto add = [&owned](smtp::Mailbox mailbox) {
    const auto address = canonical(mailbox);
    if (!address) return;
    owned.addresses.try_emplace(address->key(), kByLogin);
    if (!owned.first) owned.first = std::move(mailbox);
  };
  if (user.find('@') != std::string_view::npos) {
    if (!settings_.own_login) return owned;
    if (auto login = smtp::parse_mailbox(user, true)) add(std::move(*login));
    return owned;
  }
  for (const std::string& domain : settings_.login_domains)
    if (auto made = smtp::parse_mailbox(fmt::format("{}@{}", user, domain), true))
      add(std::move(*made));
  return owned;
}

bool SenderOwnership::knows(std::string_view user) const {
  // A login domain is there for everybody, also for a login that can be no local part.
  return file_ != nullptr || !settings_.login_domains.empty() || !by_login(user).addresses.empty();
}

SenderOwnership::Answer SenderOwnership::ask(std::string_view user,
                                             const smtp::Mailbox& address) const {
  const auto wanted = canonical(address);
  if (!wanted) return {.owned = false, .why = "its domain has no form in DNS"};
  const std::string& separator = settings_.tag_separator;
  const OwnedAddresses login = by_login(user);
  if (login.find(*wanted, separator) != 0)
    return {.owned = true, .why = "it is the address of the login itself"};
  std::string instead;
  list(login, instead);
  if (file_) {
    const auto map = file_->map();
    const OwnedAddresses* of_user = map->of_user(user);
    for (const OwnedAddresses* owned : {of_user, &map->of_everybody()}) {
      if (owned == nullptr) continue;
      if (const auto line = owned->find(*wanted, separator))
        return {.owned = true, .why = fmt::format("{}:{} says so", file_->path().native(), line)};
    }
    if (of_user != nullptr) list(*of_user, instead);
    list(map->of_everybody(), instead);
  }
  return {.owned = false,
          .why = instead.empty() ? "the user owns no address" : "the user owns " + instead};
}

std::optional<smtp::Mailbox> SenderOwnership::own_address(std::string_view user) const {
  std::optional<smtp::Mailbox> own;
  if (file_) {
    const auto map = file_->map();
    if (const OwnedAddresses* owned = map->of_user(user)) own = owned->first;
  }
  if (!own) own = by_login(user).first;
  if (own && own->is_internationalized()) own.reset();
  return own;
}

Result<bool> SenderOwnership::reload_if_changed() const {
  return file_ ? file_->reload_if_changed() : false;
}

}  // namespace sekisho::sender
