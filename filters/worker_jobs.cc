#include "filters/worker_jobs.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "filters/attachments_job.h"
#include "filters/dkim/sign_job.h"
#include "filters/dkim/verify_job.h"
#include "filters/insert_texts_job.h"
#include "filters/rules/content_job.h"
#include "filters/spf/libspf2_job.h"
#include "gateway/mail/charset.h"

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
    if (pool == worker::Pool::signer) return keys->load(setup);
    mail::load_charsets();
    return content->hold(setup);
  };
  return handlers;
}

std::string signer_setup(const std::map<std::string, Link>& filters) {
  std::vector<std::filesystem::path> files;
  for (const auto& [name, link] : filters) {
    const auto more = link.filter->key_files();
    files.insert(files.end(), more.begin(), more.end());
  }
  return dkim::key_ring_setup(files);
}

std::string inspect_setup(const std::map<std::string, Link>& filters) {
  std::vector<std::string> plans;
  for (const auto& [name, link] : filters) {
    for (std::string& plan : link.filter->content_plans()) {
      if (std::ranges::find(plans, plan) == plans.end()) plans.push_back(std::move(plan));
    }
  }
  return plans.empty() ? std::string() : rule::content_setup(plans);
}

}  // namespace sekisho::filters
