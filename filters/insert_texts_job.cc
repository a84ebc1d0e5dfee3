#include "filters/insert_texts_job.h"

#include "gateway/mail/text_insertion.h"

namespace sekisho::filters {

Result<std::string> insert_texts(const worker::JobInput& job) {
  const auto order = mail::read_insertion_order(job.input);
  if (!order) return std::unexpected(order.error());
  if (!job.message || order->header_size > job.message->size())
    return fail(ErrorKind::protocol, "no message to put a text into");
  return mail::write(mail::insert_texts(job.message->substr(0, order->header_size),
                                        job.message->substr(order->header_size), order->texts));
}

}  // namespace sekisho::filters
