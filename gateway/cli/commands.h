// What each subcommand does once the command line has been understood. Each returns the exit code.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gateway/auth/user_secret.h"

namespace sekisho::cli {

struct RunOptions {
  bool keeper = true;   // false: this process serves by itself
  std::string user;     // for the keeper to become; empty: who we are
  std::string program;  // the name we were called by
};
int run_daemon(const std::filesystem::path& config_file, const RunOptions& options);
// Tell the gateway that runs with this configuration, found by its ProcessFile.
int reload_daemon(const std::filesystem::path& config_file);
int restart_daemon(const std::filesystem::path& config_file);
int check_config(const std::filesystem::path& config_file);
int show_config(const std::filesystem::path& config_file);

enum class ReferenceForm : bool { text, troff };
int print_reference(ReferenceForm form);

// The message whose way is asked for; empty: none logged in, no listener, the empty sender.
struct RouteWish {
  std::string listener;
  std::string user;
  std::string sender;
  std::vector<std::string> recipients;
};
int show_route(const RouteWish& wish, const std::filesystem::path& config_file);

// The client and sender that SPF is asked about.
struct SpfWish {
  std::string client;  // an IP address
  std::string helo;
  std::string sender;  // empty or "<>": the HELO name is judged
  std::string dns;     // the name server; empty: the configuration's
  bool json = false;
};
int check_spf(const SpfWish& wish, const std::filesystem::path& config_file);

// The author whose DMARC policy is asked for, and what SPF and DKIM are to have found out.
struct DmarcWish {
  std::string from;               // a domain or an address
  std::string spf;                // "pass:example.com"; empty: nothing
  std::vector<std::string> dkim;  // likewise, one for each signature
  std::string dns;                // the name server; empty: the configuration's
  bool json = false;
};
int check_dmarc(const DmarcWish& wish, const std::filesystem::path& config_file);

// The keys of the configuration's dkim_sign filters, or one that is named by file, domain and
// selector.
enum class DkimAction { generate, show, list, verify };
struct DkimWish {
  std::string name;  // of [filter.….key.NAME], empty: all keys; of a message's file, for verify
  std::filesystem::path file;
  std::string domain;
  std::string selector;
  std::string type = "rsa";
  int bits = 2048;
  std::string dns;  // the name server; empty: the configuration's
  bool json = false;
};
// A word that `dkim verify` takes for the file of a message, and not for the name of a key: one
// with a dot or a slash. Exit code 0: a signature passes.
bool names_message(const std::string& argument);
int verify_message(const DkimWish& wish, const std::filesystem::path& config_file);
int manage_dkim(DkimAction action, const DkimWish& wish, const std::filesystem::path& config_file);

// May this user send as this address? Exit code 0: yes; 1: no, or it can't be told.
struct SenderWish {
  std::string user;
  std::string address;
  std::string listener;  // empty: none, [sender] alone counts
};
int show_sender(const SenderWish& wish, const std::filesystem::path& config_file);

enum class UserAction { add, change_password, remove, list };
struct UserWish {
  std::string name;
  std::filesystem::path users_file;        // empty: the one that the configuration names
  std::optional<auth::SecretKinds> store;  // nothing: a hash, or what the user has
};
int manage_users(UserAction action, const UserWish& wish, const std::filesystem::path& config_file);

// `folder` empty: the one that the configuration names. `id` empty: lists what is there.
int show_inbox(const std::string& id, const std::filesystem::path& folder,
               const std::filesystem::path& config_file);

// Rule files; none of these asks the configuration.
struct RulesWish {
  std::vector<std::filesystem::path> files;
  bool json = false;
  bool only_check = false;  // fmt: change nothing, say what would be
  bool values = false;      // list: the values that rules may ask for
  std::string rule;         // explain
};
int check_rules(const RulesWish& wish);
int format_rules(const RulesWish& wish);
int list_rules(const RulesWish& wish);
int test_rules(const RulesWish& wish);
int show_coverage(const RulesWish& wish);
int explain_rule(const RulesWish& wish);

// Who sends a message that rules are tried on; what is empty is taken from the message.
struct SenderOfMessage {
  std::optional<std::string> from;  // "" and "<>": the empty sender
  std::vector<std::string> recipients;
  std::string client = "198.51.100.1";
  std::string helo = "client.example";
  std::string listener;
  std::string user;
  bool tls = false;
  std::string spf = "none";
  std::string dkim = "none";
  std::string dmarc = "none";
};
struct MessageWish {
  std::filesystem::path messages;  // a message, a mailbox file or a folder
  std::vector<std::filesystem::path> rules;
  SenderOfMessage who;
  bool json = false;
};
int test_message(const MessageWish& wish);

struct TryWish {
  std::vector<std::filesystem::path> rules;
  std::vector<std::filesystem::path> against;  // none: no rules
  std::filesystem::path messages;
  SenderOfMessage who;
  bool all = false;  // every message, not the first of each rule
  bool json = false;
};
int try_rules(const TryWish& wish);

}  // namespace sekisho::cli
