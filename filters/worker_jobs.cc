#include "filters/worker_jobs.h"

#include "filters/attachments_job.h"
#include "filters/spf/libspf2_job.h"
#include "gateway/mail/charset.h"

namespace sekisho::filters {

worker::Handlers worker_handlers() {
  worker::Handlers handlers;
  handlers.jobs = {
      {kAttachmentsJob, find_attachment},
      spf::libspf2_handler(),
  };
  handlers.prepare = [](worker::Pool pool, std::string_view) -> Result<void> {
    if (pool == worker::Pool::inspect) mail::load_charsets();
    return {};
  };
  return handlers;
}

}  // namespace sekisho::filters
