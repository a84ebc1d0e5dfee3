// The `attachments` filter: refuses a message with a part whose name ends in a listed extension,
// whose MIME type is listed, or whose content is a program whatever it is called. Every reading of
// a name counts (mail/mime_view.h). A message that can't be read to its end within the bounds of
// [mime] is a failure of the filter (451 by default), never "nothing found"; so is one that no
// worker process has read: the gateway's own never parses it (attachments_job.h). Not looked into:
// archives, TNEF (winmail.dat) and BinHex.
#pragma once

#include <memory>

#include "filters/catalog.h"

namespace sekisho::filters {

std::unique_ptr<Blueprint> make_attachments();

}  // namespace sekisho::filters
