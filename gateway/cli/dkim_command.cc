// `sekisho dkim`: makes keys, prints the records to publish, and compares them with the DNS.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "filters/dkim/sign_filter.h"
#include "filters/domain_name.h"
#include "gateway/base/encode.h"
#include "gateway/base/file_io.h"
#include "gateway/cli/command_resolver.h"
#include "gateway/cli/commands.h"
#include "gateway/cli/exit_code.h"
#include "gateway/cli/loading.h"
#include "gateway/dns/resolver.h"

namespace sekisho::cli {
namespace {

constexpr Duration kPatience = std::chrono::seconds(20);
constexpr std::size_t kStringMax = 255;  // of one string in a TXT record (RFC 1035 section 3.3)

int complain(std::string_view what) {
  fmt::print(stderr, "sekisho dkim: {}\n", what);
  return kErrors;
}

struct Entry {
  std::string name;  // "filter.NAME.key.KEY", or the file
  dkim::KeySettings settings;
  dkim::PublicKey key;

  [[nodiscard]] std::string record_name() const {
    return fmt::format("{}._domainkey.{}", settings.selector, settings.domain);
  }
  [[nodiscard]] std::string record() const { return dkim::record_text(key); }
};

// As a zone file has it, in strings that fit.
std::string zone_line(const Entry& entry) {
  const std::string record = entry.record();
  std::string strings;
  for (std::size_t at = 0; at < record.size(); at += kStringMax)
    strings += fmt::format("\n    \"{}\"", record.substr(at, kStringMax));
  return fmt::format("{}. IN TXT ({} )\n", entry.record_name(), strings);
}

nlohmann::json to_json(const Entry& entry) {
  return {{"name", entry.name},
          {"domain", entry.settings.domain},
          {"selector", entry.settings.selector},
          {"file", entry.settings.file.string()},
          {"algorithm", to_string(entry.key.algorithm())},
          {"bits", entry.key.bits()},
          {"active", entry.settings.active},
          {"subdomains", entry.settings.subdomains},
          {"record_name", entry.record_name()},
          {"record", entry.record()}};
}

Result<Entry> entry_of(std::string name, dkim::KeySettings settings) {
  auto key = dkim::SigningKey::read(settings.file);
  if (!key) return fail(key.error().kind, name + ": " + key.error().text);
  auto domain = filters::to_a_labels(settings.domain);
  if (!domain) return fail(ErrorKind::invalid, name + ": " + domain.error().text);
  settings.domain = std::move(*domain);
  return Entry{std::move(name), std::move(settings), key->public_key()};
}

// The key of the command line, or those of the configuration.
Result<std::vector<Entry>> entries_for(const DkimWish& wish,
                                       const std::filesystem::path& config_file) {
  std::vector<Entry> entries;
  const auto take = [&](std::string name, dkim::KeySettings settings) -> Result<void> {
    auto entry = entry_of(std::move(name), std::move(settings));
    if (!entry) return std::unexpected(std::move(entry.error()));
    entries.push_back(std::move(*entry));
    return {};
  };
  if (!wish.file.empty()) {
    if (wish.domain.empty() || wish.selector.empty())
      return fail(ErrorKind::invalid, "--file needs --domain and --selector beside it");
    if (auto taken = take(wish.file.string(),
                          {.domain = wish.domain, .selector = wish.selector, .file = wish.file});
        !taken)
      return std::unexpected(std::move(taken.error()));
    return entries;
  }
  const auto loaded = load_or_complain(config::read, config_file);
  if (!loaded) return fail(ErrorKind::invalid, "the configuration has mistakes");
  for (const auto& [filter, settings] : loaded->settings.filter_table) {
    const auto* keys = settings.blueprint ? filters::dkim_keys_of(*settings.blueprint) : nullptr;
    if (keys == nullptr) continue;
    for (const auto& [name, one] : *keys) {
      if (!wish.name.empty() && name != wish.name) continue;
      if (auto taken = take(fmt::format("filter.{}.key.{}", filter, name), one); !taken)
        return std::unexpected(std::move(taken.error()));
    }
  }
  if (entries.empty() && !wish.name.empty())
    return fail(ErrorKind::invalid, "no dkim_sign filter has a key \"" + wish.name + "\"");
  if (entries.empty())
    return fail(ErrorKind::invalid,
                "the configuration has no filter with use = \"dkim_sign\" that has keys");
  return entries;
}

int generate(const DkimWish& wish) {
  const auto domain = filters::to_a_labels(wish.domain);
  if (!domain) return complain("--domain: " + domain.error().text);
  const auto algorithm =
      wish.type == "rsa" ? dkim::Algorithm::rsa_sha256 : dkim::Algorithm::ed25519_sha256;
  const auto key = dkim::SigningKey::generate(algorithm, wish.bits);
  if (!key) return complain(key.error().text);
  const auto pem = key->to_pem();
  if (!pem) return complain(pem.error().text);
  // Never over a file that is there: it may be the key that is in use.
  if (auto made = create_file(wish.file); !made) return complain(made.error().text);
  if (auto written = replace_file(wish.file, pem->reveal()); !written) {
    ::unlink(wish.file.c_str());
    return complain(written.error().text);
  }
  const Entry entry{wish.file.string(),
                    {.domain = *domain, .selector = wish.selector, .file = wish.file},
                    key->public_key()};
  if (wish.json) {
    fmt::print("{}\n", to_json(entry).dump(2));
    return kDone;
  }
  fmt::print("The private key is in {}. Publish this record:\n\n{}\n", wish.file.string(),
             zone_line(entry));
  fmt::print(
      "and, once `sekisho dkim verify` finds it, sign with the key:\n\n"
      "[filter.dkim_sign.key.{0}]\ndomain = \"{1}\"\nselector = \"{0}\"\nfile = \"{2}\"\n",
      wish.selector, *domain, std::filesystem::absolute(wish.file).string());
  return kDone;
}

int show(const std::vector<Entry>& entries, bool json) {
  auto all = nlohmann::json::array();
  for (const Entry& entry : entries) {
    all.push_back(to_json(entry));
    if (!json) fmt::print("{}", zone_line(entry));
  }
  if (json) fmt::print("{}\n", all.dump(2));
  return kDone;
}

int list(const std::vector<Entry>& entries, bool json) {
  if (json) return show(entries, true);
  for (const Entry& entry : entries)
    fmt::print("{}{}  {}  {} {} bits  {}  {}\n", entry.settings.subdomains ? "*." : "",
               entry.settings.domain, entry.settings.selector, to_string(entry.key.algorithm()),
               entry.key.bits(), entry.settings.active ? "signs" : "not active",
               entry.settings.file.string());
  return kDone;
}

// Empty: the record is there and of that key. Else what is wrong, for people.
Task<std::string> flaw_of(const Entry& entry, dns::Resolver& resolver, CancelSource& cancel) {
  const auto answer =
      co_await resolver.ask(dns::Type::txt, entry.record_name(), Deadline::in(kPatience), cancel);
  if (!answer) co_return "the DNS gives no answer: " + encode_for_log(answer.error().text);
  if (answer->records.empty()) co_return "there is no such record";
  if (answer->records.size() > 1)
    co_return fmt::format("there are {} TXT records, and verifiers may take either",
                          answer->records.size());
  const auto record = dkim::KeyRecord::parse(answer->records.front().text);
  if (!record) co_return "the record is wrong: " + record.error().text;
  if (!record->key) co_return "the record says that the key was revoked (p= is empty)";
  if (record->key->algorithm() != entry.key.algorithm() ||
      record->key->bytes() != entry.key.bytes())
    co_return "the record is of another key";
  if (record->strict_identity && entry.settings.subdomains)
    co_return "t=s in the record forbids i= in subdomains";
  if (record->testing) co_return "t=y in the record tells verifiers to ignore signatures";
  co_return std::string();
}

int verify(const std::vector<Entry>& entries, const DkimWish& wish,
           const std::filesystem::path& config_file) {
  const auto asking = CommandResolver::open(wish.dns, config_file);
  if (!asking) return complain(asking.error().text);
  CommandResolver& own = **asking;
  bool good = true;
  auto all = nlohmann::json::array();
  for (const Entry& entry : entries) {
    const std::string flaw =
        own.loop().run_until_done(flaw_of(entry, own.resolver(), own.cancel()));
    good = good && flaw.empty();
    auto json = to_json(entry);
    json["published"] = flaw.empty();
    json["problem"] = flaw;
    all.push_back(std::move(json));
    if (!wish.json) fmt::print("{}: {}\n", entry.record_name(), flaw.empty() ? "published" : flaw);
  }
  if (wish.json) fmt::print("{}\n", all.dump(2));
  return good ? kDone : kErrors;
}

}  // namespace

int manage_dkim(DkimAction action, const DkimWish& wish, const std::filesystem::path& config_file) {
  if (action == DkimAction::generate) return generate(wish);
  if (action == DkimAction::verify && names_message(wish.name))
    return verify_message(wish, config_file);
  const auto entries = entries_for(wish, config_file);
  if (!entries) return complain(entries.error().text);
  switch (action) {
    case DkimAction::show:
      return show(*entries, wish.json);
    case DkimAction::list:
      return list(*entries, wish.json);
    default:
      return verify(*entries, wish, config_file);
  }
}

}  // namespace sekisho::cli
