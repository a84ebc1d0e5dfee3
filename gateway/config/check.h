// What the settings mean together, once each of them could be read: would this be an open relay,
// can users log in, do the files exist. Reads the files that the settings name.
#pragma once

#include <string>
#include <string_view>

#include "gateway/config/document.h"
#include "gateway/config/problems.h"
#include "gateway/config/settings.h"

namespace sekisho::config {

// Single elements of relay.networks and relay.domains, by their text.
void check_elements(const Document& document, Problems& problems);

// Everything else.
void check(const Settings& settings, const Document& document, Problems& problems);

// What the checks share: settings, and where each of them stands.
class CheckContext {
 public:
  CheckContext(const Settings& settings, const Document& document, Problems& problems)
      : settings_(settings), document_(document), problems_(problems) {}

  [[nodiscard]] const Settings& settings() const { return settings_; }
  // Of the value; of the nearest table around it when it isn't set.
  [[nodiscard]] Place place(std::string_view setting) const;
  [[nodiscard]] bool is_set(std::string_view setting) const {
    return document_.root.find(setting) != nullptr;
  }
  // False when a file couldn't be read to its end.
  [[nodiscard]] bool complete() const { return !problems_.incomplete(); }
  [[nodiscard]] bool has_error(std::string_view setting) const {
    return problems_.has_error(setting);
  }
  // `setting` may end in "[n]".
  void wrong(std::string_view setting, std::string_view why, std::string hint = {}) const;
  void warn(std::string_view setting, std::string_view why, std::string hint = {}) const;
  // `setting` isn't set, and `needed_by` needs it.
  void missing(std::string_view setting, std::string_view needed_by, std::string_view why,
               std::string hint = {}) const;

 private:
  const Settings& settings_;
  const Document& document_;
  Problems& problems_;
};

// The parts of check().
void check_listeners(const CheckContext& context);
void check_unix_listener(const CheckContext& context, const std::string& table,
                         const ListenerSettings& listener);
void check_files(const CheckContext& context);
void check_upstreams(const CheckContext& context);
void check_routes(const CheckContext& context);
void check_filters(const CheckContext& context);

}  // namespace sekisho::config
