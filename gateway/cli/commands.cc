#include "gateway/cli/commands.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "gateway/auth/user_command.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/loading.h"
#include "gateway/config/load.h"
#include "gateway/inbox/capture_server.h"
#include "gateway/keeper/keeper.h"
#include "gateway/keeper/keeper_link.h"
#include "gateway/keeper/systemd.h"
#include "gateway/server.h"

namespace sekisho::cli {
namespace {

using config::Loaded;

// The keeper starts this program again, which finds by its environment what it is to be.
int run_under_keeper(const std::filesystem::path& config_file, const RunOptions& options) {
  std::error_code failed;
  auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) {
    fmt::print(stderr, "sekisho: /proc/self/exe can't be read ({}); start it with --no-keeper\n",
               failed.message());
    return kErrors;
  }
  return keeper::run_keeper(
      {.program = {.path = std::move(program),
                   .words = {options.program, "run", "--config", config_file.string()}},
       .user = options.user});
}

}  // namespace

int run_daemon(const std::filesystem::path& config_file, const RunOptions& options) {
  auto link = keeper::KeeperLink::from_environment();
  if (!link) {
    fmt::print(stderr, "sekisho: {}\n", link.error().text);
    return kErrors;
  }
  if (options.keeper && !*link) return run_under_keeper(config_file, options);
  std::optional<Loaded> loaded = load_or_complain(config::load, config_file);
  if (!loaded) return kBadConfiguration;
  print(loaded->warnings);
  if (*link) return run_server(std::move(*loaded), config_file, **link);
  SystemdSupervisor supervisor;
  return run_server(std::move(*loaded), config_file, supervisor);
}

int check_config(const std::filesystem::path& config_file) {
  const std::optional<Loaded> loaded = load_or_complain(config::load, config_file);
  if (!loaded) return kErrors;
  print(loaded->warnings);
  const std::size_t warnings = loaded->warnings.size();
  fmt::print("{}: ok{}\n", config_file.string(),
             warnings == 0 ? "" : ", " + counted(warnings, "warning"));
  return kDone;
}

int show_config(const std::filesystem::path& config_file) {
  const std::optional<Loaded> loaded = load_or_complain(config::load, config_file);
  if (!loaded) return kErrors;
  print(loaded->warnings);
  fmt::print("{}", config::show(*loaded));
  return kDone;
}

int print_reference(ReferenceForm form) {
  fmt::print("{}", form == ReferenceForm::troff ? config::reference_troff() : config::reference());
  return kDone;
}

int manage_users(UserAction action, const UserWish& wish,
                 const std::filesystem::path& config_file) {
  std::filesystem::path file = wish.users_file;
  if (file.empty()) {
    // Not load(): before the first user is added, the users file may not be there yet.
    const std::optional<Loaded> loaded = load_or_complain(config::read, config_file);
    if (!loaded) return kErrors;
    file = loaded->settings.auth.users_file;
  }
  if (file.empty()) {
    fmt::print(stderr, "sekisho user: {} sets no auth.users_file; name a file with --file\n",
               config_file.string());
    return kErrors;
  }
  switch (action) {
    case UserAction::add:
      return auth::add_user(file, wish.name, wish.store.value_or(auth::SecretKinds::hash));
    case UserAction::change_password:
      return auth::change_password(file, wish.name, wish.store);
    case UserAction::remove:
      return auth::delete_user(file, wish.name);
    case UserAction::list:
      return auth::list_users(file);
  }
  return kErrors;
}

int show_inbox(const std::string& id, const std::filesystem::path& folder,
               const std::filesystem::path& config_file) {
  std::filesystem::path maildir = folder;
  if (maildir.empty()) {
    const std::optional<Loaded> loaded = load_or_complain(config::read, config_file);
    if (!loaded) return kErrors;
    maildir = config::inbox_directory(loaded->settings);
  }
  return id.empty() ? inbox::list_inbox(maildir) : inbox::show_inbox(maildir, id);
}

}  // namespace sekisho::cli
