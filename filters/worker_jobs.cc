#include "filters/worker_jobs.h"

#include "filters/attachments_job.h"

namespace sekisho::filters {

worker::Handlers worker_handlers() {
  worker::Handlers handlers;
  handlers.jobs = {
      {kAttachmentsJob, find_attachment},
  };
  return handlers;
}

}  // namespace sekisho::filters
