#include "filters/worker_jobs.h"

#include <memory>
#include <vector>

#include "filters/attachments_job.h"
#include "filters/dkim/sign_job.h"
#include "filters/dkim/verify_job.h"
#include "filters/insert_texts_job.h"
#include "filters/rules/content_job.h"
#include "filters/spf/libspf2_job.h"
#include "gateway/mail/charset.h"
#include "gateway/worker/setup.h"

namespace sekisho::filters {

worker::Handlers worker_handlers() {
  worker::Handlers handlers;
  const auto keys = std::make_shared<dkim::KeyRing>();
  const auto content = std::make_shared<rule::ContentReader>();
  handlers.jobs = {
      {kAttachmentsJob, find_attachment},
      {kInsertTextsJob, insert_texts},
      {dkim::kSignJob, [keys](const worker::JobInput& job) { return keys->sign(job.input); }},
      {dkim::kVerifyJob, dkim::verify_signatures},
      {rule::kContentJob, [content](const worker::JobInput& job) { return content->read(job); }},
      spf::libspf2_handler(),
  };
  handlers.prepare = [keys, content](worker::Pool pool, std::string_view setup) -> Result<void> {
    if (pool == worker::Pool::inspect) mail::load_charsets();
    const std::vector<worker::Preparer> preparers{
        {dkim::kKeyItem, [keys](std::string_view item) { return keys->add(item); }},
        {rule::kPlanItem,
         [content](std::string_view plan) {
           return content->hold(rule::content_setup({std::string(plan)}));
         }},
    };
    return worker::prepare_all(setup, preparers);
  };
  return handlers;
}

}  // namespace sekisho::filters
