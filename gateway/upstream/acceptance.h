// UpstreamAcceptance: the proof that an upstream took a whole message: its 2xx after our final dot.
// Only SmtpClient's reading of that reply makes one, and only from one is a 250 to our client
// built (promise 2).
#pragma once

#include <string>
#include <utility>

#include "gateway/smtp/reply.h"

namespace sekisho::upstream {

class UpstreamAcceptance {
 public:
  [[nodiscard]] const smtp::Reply& reply() const { return reply_; }
  [[nodiscard]] const std::string& upstream() const { return upstream_; }
  // The upstream's own id when its reply names one ("250 2.0.0 Ok: queued as ABC"); else empty.
  [[nodiscard]] std::string queue_id() const;

 private:
  friend class SmtpClient;
  UpstreamAcceptance(std::string upstream, smtp::Reply reply)
      : upstream_(std::move(upstream)), reply_(std::move(reply)) {}
  std::string upstream_;
  smtp::Reply reply_;
};

}  // namespace sekisho::upstream
