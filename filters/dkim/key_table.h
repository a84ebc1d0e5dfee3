// KeyTable: which keys sign for which domain, [filter.NAME.key.KEY]. Old and new keys of a domain
// stand side by side: the active ones sign, one of each algorithm at most; the others are in the
// table to be shown and checked until they are taken out. Immutable; any thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "filters/dkim/key.h"
#include "gateway/base/settings_visitor.h"

namespace sekisho::dkim {

struct KeySettings {
  std::string domain;
  std::string selector;
  std::filesystem::path file;
  bool active = true;
  bool subdomains = false;

  void visit(SettingsVisitor& v);
};

struct TableKey {
  std::string name;  // KEY
  std::string domain;
  std::string selector;
  std::filesystem::path file;
  bool active = true;
  bool subdomains = false;
  PublicKey public_key;

  [[nodiscard]] std::string record_name() const { return selector + "._domainkey." + domain; }
};

class KeyTable {
 public:
  // Reads the files to see whether they hold keys, and keeps the public halves. Errors name the key
  // and the way out.
  static Result<KeyTable> create(const std::map<std::string, KeySettings>& settings);

  // The active keys for a From domain, RSA first: those of the domain itself, else those of the
  // nearest domain above that are for subdomains too. Empty: none of ours.
  [[nodiscard]] std::vector<const TableKey*> find(std::string_view domain) const;
  [[nodiscard]] const std::vector<TableKey>& keys() const { return keys_; }

 private:
  std::vector<TableKey> keys_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> active_;  // by domain, into keys_
};

}  // namespace sekisho::dkim
