#include "filters/catalog.h"

#include "filters/arc/filter.h"
#include "filters/arc/seal_filter.h"
#include "filters/attachments.h"
#include "filters/dkim/sign_filter.h"
#include "filters/dkim/verify_filter.h"
#include "filters/dmarc/filter.h"
#include "filters/example.h"
#include "filters/headers.h"
#include "filters/rate_limit/rate_limit.h"
#include "filters/rules/filter.h"
#include "filters/spf/filter.h"
#include "filters/spf/outgoing.h"

namespace sekisho::filters {

const std::vector<CatalogEntry>& catalog() {
  static const std::vector<CatalogEntry> entries{
      {"arc", "Verifies the ARC chain of a message, for the filters behind it.",
       [] { return arc::make_arc(); }},
      {.name = "arc_seal",
       .summary = "Seals mail of others with what the filters found out (ARC).",
       .make = [] { return arc::make_arc_seal(); },
       .judges_by = {"arc"}},
      {"attachments", "Refuses attachments by extension, MIME type and content.",
       [] { return make_attachments(); }},
      {"dkim", "Verifies the DKIM signatures of mail from others.", [] { return make_dkim(); }},
      {"dkim_sign", "Signs what our users and networks send (DKIM).",
       [] { return make_dkim_sign(); }},
      {.name = "dmarc",
       .summary = "Judges the author's domain by SPF and DKIM and does what its policy asks for.",
       .make = [] { return dmarc::make_dmarc(); },
       .judges_by = {"spf", "dkim"}},
      {"example", "Refuses sender domains; a small filter to copy.", [] { return make_example(); }},
      {"headers", "Adds, removes and replaces header fields; hides the client in Received.",
       [] { return make_headers(); }},
      {"rate_limit", "Limits messages, recipients and connections per user and per client.",
       [] { return make_rate_limit(); }},
      {"rules", "Asks the rules that an administrator wrote (docs/rules.md).",
       [] { return make_rules(); }},
      {"spf", "Checks by SPF whether the client may send in the name of the sender's domain.",
       [] { return spf::make_spf(); }},
      {"spf_outgoing",
       "Warns where the sender domain of a user's mail doesn't authorise our own addresses.",
       [] { return spf::make_spf_outgoing(); }},
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
