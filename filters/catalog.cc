#include "filters/catalog.h"

#include "filters/attachments.h"
#include "filters/example.h"
#include "filters/headers.h"
#include "filters/rate_limit/rate_limit.h"

namespace sekisho::filters {

const std::vector<CatalogEntry>& catalog() {
  static const std::vector<CatalogEntry> entries{
      {"attachments", "Refuses attachments by extension, MIME type and content.",
       [] { return make_attachments(); }},
      {"example", "Refuses sender domains; a small filter to copy.", [] { return make_example(); }},
      {"headers", "Adds, removes and replaces header fields; hides the client in Received.",
       [] { return make_headers(); }},
      {"rate_limit", "Limits messages, recipients and connections per user and per client.",
       [] { return make_rate_limit(); }},
  };
  return entries;
}

const CatalogEntry* find_in_catalog(std::string_view name) {
  for (const CatalogEntry& entry : catalog()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace sekisho::filters
