#include "filters/rules/signing.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "filters/dkim/author.h"
#include "filters/dkim/body_digest.h"
#include "filters/dkim/sign_job.h"
#include "filters/dkim/signer.h"
#include "filters/domain_name.h"
#include "rules/check/list_file.h"
#include "rules/syntax/load.h"

namespace sekisho::filters::rule {
namespace {

namespace lang = ::sekisho::rules;
using Kind = lang::ast::Action::Kind;

constexpr dkim::Canonicalization kForm{dkim::Form::relaxed, dkim::Form::relaxed};

std::set<std::size_t> maps_of_keys(const lang::RuleSet& set) {
  std::set<std::size_t> maps;
  for (const auto& rule : set.rules) {
    if (rule.off) continue;
    for (const auto& action : rule.actions)
      if (action.kind == Kind::sign && action.value &&
          action.value->kind == lang::Operand::Kind::lookup)
        maps.insert(action.value->index);
  }
  return maps;
}

lang::MapEntries entries_of(const lang::Map& map) {
  if (map.file.empty()) return map.entries;
  lang::DiskFiles disk;
  lang::Sources sources;
  lang::Diagnostics diagnostics;  // the list's own reading has told of mistakes
  auto text = disk.read(map.file, lang::kMaxRuleFile);
  if (!text) return {};
  const auto source = sources.add(map.file, std::move(*text));
  return lang::read_map_file(map.key, map.value, sources, source, diagnostics);
}

// "selector:file"
std::pair<std::string_view, std::string_view> parts_of(std::string_view key) {
  const auto colon = std::min(key.find(':'), key.size());
  return {key.substr(0, colon), key.substr(std::min(colon + 1, key.size()))};
}

void count_unsigned(const SessionContext& context, const std::string& reason) {
  context.metrics
      .counter("dkim_unsigned_total", "Messages of our own that went up without a signature.",
               {{"reason", reason}})
      .add();
}

}  // namespace

Result<RuleKeys> RuleKeys::load(const lang::RuleSet& set) {
  std::map<std::string, dkim::KeySettings> settings;
  for (const std::size_t map : maps_of_keys(set)) {
    for (const auto& [domain, keys] : entries_of(set.maps[map])) {
      const auto* name = std::get_if<std::string>(&domain.value);
      for (const lang::Constant& key : keys) {
        const auto* text = std::get_if<std::string>(&key.value);
        if (name == nullptr || text == nullptr) continue;
        const auto [selector, file] = parts_of(*text);
        settings[fmt::format("{} {}", *name, *text)] = {
            .domain = *name, .selector = std::string(selector), .file = std::string(file)};
      }
    }
  }
  auto table = dkim::KeyTable::create(settings);
  if (!table) return std::unexpected(std::move(table.error()));
  RuleKeys made;
  made.table_ = std::move(*table);
  return made;
}

std::vector<worker::SetupItem> RuleKeys::items() const {
  std::vector<worker::SetupItem> items;
  for (const dkim::TableKey& key : table_.keys())
    items.push_back(dkim::key_item(key.file, key.public_key));
  return items;
}

const dkim::TableKey* RuleKeys::find(std::string_view domain, std::string_view said) const {
  const auto [selector, file] = parts_of(said);
  for (const dkim::TableKey& key : table_.keys())
    if (key.domain == domain && key.selector == selector && key.file == file) return &key;
  return nullptr;
}

Task<void> sign_by_rules(const SessionContext& context, const RuleKeys& keys,
                         const std::vector<std::string>& said, View& view) {
  if (view.outgoing == nullptr || view.message == nullptr || said.empty()) co_return;
  const std::string& section = view.outgoing->header_section;
  const auto headers = mail::Headers::parse(section);
  const auto author = dkim::author_of(headers, section);
  if (!view.envelope.submitted || view.outgoing->sender_is_foreign)
    co_return count_unsigned(context, "foreign_author");
  if (!author) co_return count_unsigned(context, "no_clear_author");
  const auto domain = to_a_labels(author->domain);
  if (!domain) co_return count_unsigned(context, "no_clear_author");
  const auto names = dkim::fields_to_sign(headers);
  if (names.empty()) co_return count_unsigned(context, "too_many_fields");
  std::optional<std::string> body_hash;
  for (const std::string& one : said) {
    const dkim::TableKey* key = keys.find(*domain, one);
    // A map is read again when its file changes, keys at a reload only: what should be signed shall
    // not go without.
    if (key == nullptr)
      throw CheckFailed({ErrorKind::unavailable, "the key " + one + " of " + *domain +
                                                     " is not loaded; a reload reads new keys"});
    if (!body_hash) {
      auto hash = co_await dkim::body_digest(context, *view.message, kForm.body);
      if (!hash) throw CheckFailed(hash.error());
      body_hash = std::move(*hash);
    }
    auto made = dkim::prepare(headers, names, *body_hash,
                              {.algorithm = key->public_key.algorithm(),
                               .canonicalization = kForm,
                               .domain = key->domain,
                               .selector = key->selector},
                              view.now);
    const auto signature = co_await dkim::sign_by_worker(context, key->public_key,
                                                         std::move(made.digest), view.envelope.id);
    if (!signature) throw CheckFailed(signature.error());
    view.outgoing->on_top.push_back(dkim::finished(std::move(made.field), *signature));
    context.metrics
        .counter("dkim_signatures_total", "DKIM signatures made.",
                 {{"algorithm", std::string(to_string(key->public_key.algorithm()))}})
        .add();
  }
}

}  // namespace sekisho::filters::rule
