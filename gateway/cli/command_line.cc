#include "gateway/cli/command_line.h"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "filters/worker_jobs.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/login_helper/helper_main.h"
#include "gateway/worker/worker_main.h"

namespace sekisho::cli {
namespace {

// The words of the command line, and the command they end in.
struct Request {
  std::string config = "/etc/sekisho/sekisho.toml";
  RunOptions run;
  bool no_keeper = false;
  bool troff = false;
  UserWish user;
  std::string message;
  std::string folder;
  RouteWish route;
  SpfWish spf;
  DmarcWish dmarc;
  DkimWish dkim;
  SenderWish sender;
  std::string worker_pool;
  RulesWish rules;
  MessageWish message_test;
  TryWish trial;
  std::function<int()> command;
};

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& help,
                      Request& request, std::function<int()> command) {
  CLI::App* app = parent.add_subcommand(name, help);
  app->fallthrough();  // --config may stand behind the subcommand too
  app->callback([&request, command = std::move(command)] { request.command = command; });
  return app;
}

CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& help) {
  CLI::App* app = parent.add_subcommand(name, help);
  app->fallthrough();
  return app;
}

void add_run_command(CLI::App& app, Request& request) {
  CLI::App* run = add_command(app, "run", "Serve until SIGTERM", request, [&request] {
    request.run.keeper = !request.no_keeper;
    return run_daemon(request.config, request.run);
  });
  run->add_flag("--no-keeper", request.no_keeper,
                "Serve in this process, with none that watches it and starts it again");
  run->add_option("--user", request.run.user, "As root: become this user, with its groups")
      ->excludes("--no-keeper");
}

void add_config_commands(CLI::App& app, Request& request) {
  CLI::App* config = add_group(app, "config", "Show what is configured, and what could be");
  add_command(*config, "show", "Print every value in force and where it was set", request,
              [&request] { return show_config(request.config); });
  CLI::App* reference = add_command(
      *config, "reference", "Print every setting with its default", request, [&request] {
        return print_reference(request.troff ? ReferenceForm::troff : ReferenceForm::text);
      });
  reference->add_flag("--troff", request.troff, "As a manual page");
}

void add_user_commands(CLI::App& app, Request& request) {
  static const std::map<std::string, auth::SecretKinds> kinds{{"hash", auth::SecretKinds::hash},
                                                              {"scram", auth::SecretKinds::scram},
                                                              {"both", auth::SecretKinds::both}};
  CLI::App* user = add_group(app, "user", "Keep the file of users who may log in");
  user->add_option("--file", request.user.users_file,
                   "The users file, instead of the configuration's");
  const auto add = [&](const std::string& name, const std::string& help, UserAction action) {
    CLI::App* command = add_command(*user, name, help, request, [&request, action] {
      return manage_users(action, request.user, request.config);
    });
    if (action != UserAction::list) {
      command->add_option("NAME", request.user.name, "The user's name")->required();
    }
    if (action != UserAction::add && action != UserAction::change_password) return;
    command
        ->add_option("--store", request.user.store,
                     "What is kept of the password: a hash, a scram secret, or both. SCRAM log-ins "
                     "need a scram secret; default: hash, or what the user has already")
        ->transform(CLI::CheckedTransformer(kinds, CLI::ignore_case));
  };
  add("add", "Add a user; asks for the password", UserAction::add);
  add("passwd", "Change a user's password; asks for it", UserAction::change_password);
  add("del", "Remove a user", UserAction::remove);
  add("list", "List the users", UserAction::list);
}

void add_inbox_commands(CLI::App& app, Request& request) {
  const auto show = [&request] {
    return show_inbox(request.message, request.folder, request.config);
  };
  CLI::App* inbox = add_command(app, "inbox", "Look into the capture inbox", request, show);
  inbox->add_option("--dir", request.folder, "Its Maildir, instead of the configuration's");
  add_command(*inbox, "list", "List the messages (the same as no subcommand)", request, show);
  CLI::App* one = add_command(*inbox, "show", "Print one message", request, show);
  one->add_option("ID", request.message, "As the list has it")->required();
}

void add_route_command(CLI::App& app, Request& request) {
  CLI::App* route =
      add_command(app, "route", "Print which upstreams a message would go to", request,
                  [&request] { return show_route(request.route, request.config); });
  route->add_option("--from", request.route.sender, "Its sender; by default the empty one");
  route->add_option("--to", request.route.recipients, "A recipient; may be given again")
      ->required();
  route->add_option("--user", request.route.user, "The user who logged in");
  route->add_option("--listener", request.route.listener, "The listener that it comes by");
}

void add_spf_command(CLI::App& app, Request& request) {
  CLI::App* spf = add_command(app, "spf", "Print what SPF says of a client and a sender", request,
                              [&request] { return check_spf(request.spf, request.config); });
  spf->add_option("--ip", request.spf.client, "The client's address")->required();
  spf->add_option("--helo", request.spf.helo, "The name it said");
  spf->add_option("--from", request.spf.sender, "The sender; without it the name is judged");
  spf->add_option("--dns", request.spf.dns, "The name server to ask: ADDRESS or ADDRESS:PORT");
  spf->add_flag("--json", request.spf.json, "As JSON");
}

void add_dmarc_command(CLI::App& app, Request& request) {
  CLI::App* dmarc =
      add_command(app, "dmarc", "Print the DMARC policy of a domain and what it makes of results",
                  request, [&request] { return check_dmarc(request.dmarc, request.config); });
  dmarc->add_option("--from", request.dmarc.from, "The author's domain, or address")->required();
  dmarc->add_option("--spf", request.dmarc.spf, "The result of SPF, as pass:example.com");
  dmarc->add_option("--dkim", request.dmarc.dkim,
                    "The result of a signature, as pass:example.com; may be given again");
  dmarc->add_option("--dns", request.dmarc.dns, "The name server to ask: ADDRESS or ADDRESS:PORT");
  dmarc->add_flag("--json", request.dmarc.json, "As JSON");
}

void add_dkim_commands(CLI::App& app, Request& request) {
  CLI::App* dkim = add_group(app, "dkim", "Make DKIM keys, and compare them with the DNS");
  DkimWish& wish = request.dkim;
  const auto add = [&](const std::string& name, const std::string& help, DkimAction action) {
    CLI::App* command = add_command(*dkim, name, help, request, [&request, action] {
      return manage_dkim(action, request.dkim, request.config);
    });
    command->add_flag("--json", wish.json, "As JSON");
    return command;
  };
  const auto add_key = [&](CLI::App* command, bool required) {
    command->add_option("--file", wish.file, "The file of the private key")->required(required);
    command->add_option("--domain", wish.domain, "The domain that it signs for")
        ->required(required);
    command->add_option("--selector", wish.selector, "The key's name in the DNS")
        ->required(required);
  };
  CLI::App* made = add("gen", "Make a key and print its record", DkimAction::generate);
  add_key(made, true);
  made->add_option("--type", wish.type, "rsa or ed25519")
      ->check(CLI::IsMember({"rsa", "ed25519"}))
      ->capture_default_str();
  made->add_option("--bits", wish.bits, "Of an RSA key")
      ->check(CLI::IsMember({2048, 3072, 4096}))
      ->capture_default_str();
  CLI::App* show = add("show", "Print the records to publish", DkimAction::show);
  add("list", "List what the configuration signs with", DkimAction::list);
  CLI::App* verify =
      add("verify",
          "Tell whether the published records are those of the keys, or what the signatures of a "
          "message are worth",
          DkimAction::verify);
  verify->add_option("--dns", wish.dns, "The name server to ask: ADDRESS or ADDRESS:PORT");
  const std::string of_key = "Of the key in the configuration; by default, all";
  show->add_option("NAME", wish.name, of_key);
  verify->add_option("NAME", wish.name, of_key + ". With a dot or a slash: a file with a message");
  for (CLI::App* command : {show, verify}) add_key(command, false);
}

void add_sender_command(CLI::App& app, Request& request) {
  CLI::App* sender =
      add_command(app, "sender", "Tell whether a user may send as an address, and why", request,
                  [&request] { return show_sender(request.sender, request.config); });
  sender->add_option("USER", request.sender.user, "The user, as it logs in")->required();
  sender->add_option("ADDRESS", request.sender.address, "The address")->required();
  sender->add_option("--listener", request.sender.listener, "The listener that it comes by");
}

void add_sender_options(CLI::App& command, SenderOfMessage& who) {
  command.add_option("--from", who.from, "The sender; by default Return-Path, or From");
  command.add_option("--rcpt", who.recipients,
                     "A recipient, may be given again; by default To, Cc");
  command.add_option("--ip", who.client, "The client's address")->capture_default_str();
  command.add_option("--helo", who.helo, "The name that it says")->capture_default_str();
  command.add_option("--listener", who.listener, "The listener that it comes by");
  command.add_option("--user", who.user, "Who logged in; by default nobody");
  command.add_flag("--tls", who.tls, "The connection is encrypted");
  command.add_option("--spf", who.spf, "The result of SPF")->capture_default_str();
  command.add_option("--dkim", who.dkim, "That of the best DKIM signature")->capture_default_str();
  command.add_option("--dmarc", who.dmarc, "That of DMARC")->capture_default_str();
}

void add_rules_commands(CLI::App& app, Request& request) {
  CLI::App* rules = add_group(app, "rules", "Read and check rule files");
  CLI::App* check = add_command(*rules, "check", "Tell all mistakes in rule files", request,
                                [&request] { return check_rules(request.rules); });
  check->add_option("FILE", request.rules.files, "Rule files, in their order")->required();
  check->add_flag("--json", request.rules.json, "As JSON");
  CLI::App* format = add_command(*rules, "fmt", "Put rule files into the one style", request,
                                 [&request] { return format_rules(request.rules); });
  format->add_option("FILE", request.rules.files, "Rule files")->required();
  format->add_flag("--check", request.rules.only_check, "Change nothing; exit 1 where it would");
  CLI::App* list = add_command(*rules, "list", "List rules, or the values that they may ask for",
                               request, [&request] { return list_rules(request.rules); });
  list->add_option("FILE", request.rules.files, "Rule files, in their order");
  list->add_flag("--values", request.rules.values, "Values by stage, with their types");
  CLI::App* test = add_command(*rules, "test", "Run the tests beside rules", request,
                               [&request] { return test_rules(request.rules); });
  test->add_option("FILE", request.rules.files, "Rule files, in their order")->required();
  CLI::App* coverage =
      add_command(*rules, "coverage", "Tell which rules and conditions no test reaches", request,
                  [&request] { return show_coverage(request.rules); });
  coverage->add_option("FILE", request.rules.files, "Rule files, in their order")->required();
  CLI::App* explain = add_command(*rules, "explain", "Tell in words what a rule is", request,
                                  [&request] { return explain_rule(request.rules); });
  explain->add_option("NAME", request.rules.rule, "Of the rule")->required();
  explain->add_option("--file", request.rules.files, "Rule files, in their order")->required();
  for (CLI::App* command : {test, coverage, explain}) {
    command->add_flag("--json", request.rules.json, "As JSON");
  }
  TryWish& trial = request.trial;
  CLI::App* compare =
      add_command(*rules, "try", "Tell which messages rules would treat differently", request,
                  [&request] { return try_rules(request.trial); });
  compare->add_option("FILE", trial.rules, "The new rule files, in their order")->required();
  compare->add_option("--against", trial.against, "The old ones; by default, no rules");
  compare->add_option("--corpus", trial.messages, "A message, a mailbox file, or a folder")
      ->required();
  compare->add_flag("--all", trial.all, "Every message, not only the first of each rule");
  compare->add_flag("--json", trial.json, "As JSON");
  add_sender_options(*compare, trial.who);
}

void add_test_command(CLI::App& app, Request& request) {
  MessageWish& wish = request.message_test;
  CLI::App* test = add_command(app, "test", "Tell what rules make of messages, and why", request,
                               [&request] { return test_message(request.message_test); });
  test->add_option("MESSAGE", wish.messages, "A message, a mailbox file, or a folder")->required();
  test->add_option("--rules", wish.rules, "Rule files, in their order")->required();
  test->add_flag("--json", wish.json, "As JSON");
  add_sender_options(*test, wish.who);
}

// CLI11's require_subcommand(1) doesn't see to it where fallthrough() lets a second command follow
// the first.
bool is_one_command(const CLI::App& app) {
  const auto given = app.get_subcommands();
  return given.empty() || (given.size() == 1 && is_one_command(*given.front()));
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  Request request;
  if (argc > 0) request.run.program = argv[0];
  CLI::App app("Sekisho, an SMTP gateway in front of a mail server", "sekisho");
  app.set_version_flag("--version", "sekisho " SEKISHO_VERSION);
  app.add_option("-c,--config", request.config, "The configuration file")
      ->envname("SEKISHO_CONFIG")
      ->capture_default_str();
  add_run_command(app, request);
  add_command(app, "check", "Check the configuration and tell all mistakes", request,
              [&request] { return check_config(request.config); });
  add_command(app, "reload", "Let the running gateway read its configuration again", request,
              [&request] { return reload_daemon(request.config); });
  add_command(app, "restart", "Put the program on the disk in its place, without a cut", request,
              [&request] { return restart_daemon(request.config); });
  add_config_commands(app, request);
  add_user_commands(app, request);
  add_inbox_commands(app, request);
  add_route_command(app, request);
  add_spf_command(app, request);
  add_dmarc_command(app, request);
  add_dkim_commands(app, request);
  add_sender_command(app, request);
  add_rules_commands(app, request);
  add_test_command(app, request);

  // What the gateway starts to ask LDAP or PAM; of no use to a person.
  add_command(app, "login-helper", "", request, login::run_helper)->group("");
  // What the gateway starts to look into messages, and to sign.
  CLI::App* worker = add_command(app, "worker", "", request, [&request]() -> int {
    worker::run_worker(request.worker_pool, filters::worker_handlers());
  });
  worker->group("")->add_option("POOL", request.worker_pool)->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // --help, --version
    app.exit(error);
    return asked ? kDone : kUsage;
  }
  if (!is_one_command(app)) {
    fmt::print(stderr, "sekisho: one command at a time; `sekisho --help` shows all\n");
    return kUsage;
  }
  if (!request.command) {
    fmt::print(stderr, "sekisho: a command is missing; `sekisho --help` shows all\n");
    return kUsage;
  }
  try {
    return request.command();
  } catch (const std::exception& error) {
    fmt::print(stderr, "sekisho: {}\n", error.what());
    return kErrors;
  }
}

}  // namespace sekisho::cli
