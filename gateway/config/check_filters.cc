// Filters: every name is known, every filter can be built, and all of them leave the client time.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "filters/reach.h"
#include "gateway/config/check.h"
#include "gateway/config/known_filters.h"
#include "gateway/config/units.h"

namespace sekisho::config {
namespace {

using Built = std::map<std::string, std::shared_ptr<const filters::Filter>>;
using std::chrono::milliseconds;

// RFC 5321 section 4.5.3.2.6: what a client waits for the reply after its final dot.
constexpr milliseconds kClientPatience = std::chrono::minutes(10);

Built build_all(const CheckContext& context) {
  Built built;
  const filters::Surroundings around = surroundings(context.settings());
  for (const auto& [name, filter] : context.settings().filter_table) {
    const std::string table = "filter." + name;
    if (filter.blueprint == nullptr || context.has_error(table)) continue;
    filter.blueprint->stand_in(around);
    auto made = filter.blueprint->build();
    if (made) {
      built.emplace(name, std::move(*made));
    } else {
      context.wrong(table, made.error().text);
    }
  }
  return built;
}

// `setting` is the list's path: the listener's own or the one at the top.
void check_list(const CheckContext& context, const std::string& setting,
                const std::vector<std::string>& names) {
  std::vector<std::string_view> known = catalog_names();
  for (const auto& [name, unused] : context.settings().filter_table) known.push_back(name);
  std::ranges::sort(known);
  known.erase(std::ranges::unique(known).begin(), known.end());

  std::set<std::string> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string element = fmt::format("{}[{}]", setting, i);
    if (context.has_error(element)) continue;
    if (std::ranges::find(known, names[i]) == known.end()) {
      context.missing(
          element, element,
          fmt::format("there is no table [filter.{}] and no filter of that name", names[i]),
          suggest(names[i], known));
    } else if (!seen.insert(names[i]).second) {
      context.wrong(element, fmt::format("\"{}\" is in the list twice", names[i]),
                    "a filter runs once; give the second one a table and a name of its own");
    }
  }
}

// Nor of whose mail they find out nothing: a policy would judge what nobody had looked at.
void check_reach(const CheckContext& context, const std::string& element, std::string_view use,
                 const filters::Reach& reach,
                 const std::map<std::string_view, filters::Reach>& judged_by) {
  struct Kind {
    bool filters::Reach::* member;
    std::string_view whose;
  };
  for (const Kind& kind : {Kind{&filters::Reach::authenticated, "users who logged in"},
                           Kind{&filters::Reach::internal, "our own networks and devices"}}) {
    std::vector<std::string_view> blind;
    for (const auto& [other, theirs] : judged_by)
      if (reach.*kind.member && !(theirs.*kind.member)) blind.push_back(other);
    if (blind.empty()) continue;
    context.warn(
        element,
        fmt::format("\"{}\" judges mail of {}, of which {} find{} out nothing", use, kind.whose,
                    fmt::join(blind, " and "), blind.size() == 1 ? "s" : ""),
        "let both look at such mail, or neither: check_submitted of dkim, check_authenticated and "
        "check_internal of the others");
  }
}

// A filter that goes by what others find out is of no use when they come later, or never.
void check_order(const CheckContext& context, const std::string& setting,
                 const std::vector<std::string>& names, const Built& built) {
  const auto& table = context.settings().filter_table;
  std::map<std::string, filters::Reach, std::less<>> before;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto filter = table.find(names[i]);
    if (filter == table.end()) continue;
    const std::string use = filter->second.use.empty() ? names[i] : filter->second.use;
    const filters::CatalogEntry* entry = filters::find_in_catalog(use);
    std::vector<std::string> missing;
    bool any = false;
    std::map<std::string_view, filters::Reach> judged_by;
    for (const std::string_view other :
         entry ? entry->judges_by : std::vector<std::string_view>{}) {
      if (const auto found = before.find(other); found != before.end()) {
        any = true;
        judged_by.emplace(other, found->second);
      } else if (filters::find_in_catalog(other) != nullptr) {
        missing.push_back(std::string(other));
      }
    }
    if (const auto made = built.find(names[i]); made != built.end()) {
      // By its settings; one of several listeners may do without.
      for (const std::string_view other : made->second->judges_by()) {
        any = true;
        if (!before.contains(other)) missing.push_back(std::string(other));
      }
    }
    const auto* limited =
        dynamic_cast<const filters::LimitedReach*>(filter->second.blueprint.get());
    const auto reach = limited != nullptr ? limited->reach() : filters::Reach{};
    before.emplace(use, reach);
    const std::string element = fmt::format("{}[{}]", setting, i);
    check_reach(context, element, use, reach, judged_by);
    if (missing.empty()) continue;
    const std::string others = fmt::format("{}", fmt::join(missing, ", "));
    if (any) {
      context.warn(
          element,
          fmt::format("\"{}\" goes without {}, which does not stand before it", use, others),
          "put it before, or what only that one finds out does not count");
    } else {
      context.wrong(
          element,
          fmt::format("\"{}\" goes by what others find out, and none of {} stands before it", use,
                      others),
          "put them before it in the list");
    }
  }
}

// How often the client waits for it behind its final dot, or while it sends.
int checks_of_message(const filters::Filter& filter) {
  int checks = 0;
  for (const auto stage : {filters::Stage::headers, filters::Stage::end, filters::Stage::sign})
    if (filter.stages().has(stage)) ++checks;
  return checks;
}

// G7: scanning and the upstream's reply together stay below the client's patience, or it sends the
// message again while we are still at it.
void check_time(const CheckContext& context, const std::string& setting,
                const std::vector<std::string>& names, const Built& built) {
  const Settings& settings = context.settings();
  milliseconds reply{0};
  for (const auto& [name, upstream] : settings.upstreams) {
    reply = std::max(reply, upstream.final_timeout);
  }
  if (settings.upstreams.empty()) reply = upstream::UpstreamSettings{}.final_timeout;
  milliseconds scanning{0};
  for (const std::string& name : names) {
    const auto filter = built.find(name);
    if (filter == built.end()) continue;
    const milliseconds timeout = settings.filter_table.at(name).link.timeout;
    scanning += checks_of_message(*filter->second) * timeout;
  }
  if (scanning.count() == 0 || scanning + reply < kClientPatience) return;
  context.wrong(setting,
                fmt::format("these filters may take {} and the upstream's reply {}, but a client "
                            "gives up after 10m (RFC 5321 section 4.5.3.2.6) and sends the message "
                            "again",
                            format_duration(scanning), format_duration(reply)),
                "shorten the filters' timeout or the upstream's final_timeout");
}

// Else the largest messages that are taken could never be looked at, and would be deferred for
// ever.
void check_workers(const CheckContext& context) {
  constexpr std::uint64_t kBesides = 32UL * 1024 * 1024;
  const std::uint64_t needed = context.settings().limits.max_message_size.count + kBesides;
  for (const worker::Pool pool : {worker::Pool::inspect, worker::Pool::signer}) {
    const std::string setting = fmt::format("workers.{}.memory", to_string(pool));
    if (context.settings().workers.of(pool).memory.count >= needed || context.has_error(setting))
      continue;
    context.wrong(setting,
                  "is too little: a worker maps the whole message, and limits.max_message_size "
                  "allows larger ones",
                  fmt::format("set it to {}MiB at least, or lower limits.max_message_size",
                              (needed + 1024 * 1024 - 1) / (1024 * 1024)));
  }
  if (context.settings().workers.copies.count < needed && !context.has_error("workers.copies"))
    context.wrong("workers.copies",
                  "is too little: a message whose filters need a worker is copied whole, and "
                  "limits.max_message_size allows larger ones",
                  fmt::format("set it to {}MiB at least, or lower limits.max_message_size",
                              (needed + 1024 * 1024 - 1) / (1024 * 1024)));
}

}  // namespace

filters::Surroundings surroundings(const Settings& settings) {
  filters::Surroundings around;
  for (const auto& [name, listener] : settings.listeners) around.listeners.push_back(name);
  for (const auto& [name, upstream] : settings.upstreams) around.upstreams.push_back(name);
  if (around.upstreams.empty()) around.upstreams.emplace_back("inbox");
  return around;
}

void check_filters(const CheckContext& context) {
  check_workers(context);
  const Settings& settings = context.settings();
  const Built built = build_all(context);
  check_list(context, "filters", settings.filters);
  std::set<std::string> used(settings.filters.begin(), settings.filters.end());
  for (const auto& [name, listener] : settings.listeners) {
    const std::string own = fmt::format("listener.{}.filters", name);
    const std::string setting = listener.filters_set ? own : "filters";
    if (listener.filters_set) check_list(context, own, listener.filters);
    check_time(context, setting, listener.filters, built);
    check_order(context, setting, listener.filters, built);
    used.insert(listener.filters.begin(), listener.filters.end());
  }
  for (const auto& [name, filter] : settings.filter_table) {
    const std::string table = "filter." + name;
    if (used.contains(name) || context.has_error(table)) continue;
    context.warn(table, "no listener uses this filter",
                 fmt::format("add \"{}\" to `filters` at the top or of a listener", name));
  }
}

}  // namespace sekisho::config
