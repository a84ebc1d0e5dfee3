#include "gateway/metrics_page.h"

#include <utility>

#include <event2/buffer.h>
#include <event2/http.h>

#include "gateway/net/listener.h"

namespace sekisho {
namespace {

constexpr int kTimeoutSeconds = 10;
constexpr ev_ssize_t kMaxRequestBytes = 8192;

void on_metrics(evhttp_request* request, void* metrics) {
  const std::string text = static_cast<const Metrics*>(metrics)->prometheus_text();
  evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                    "text/plain; version=0.0.4; charset=utf-8");
  evbuffer* body = evbuffer_new();
  evbuffer_add(body, text.data(), text.size());
  evhttp_send_reply(request, HTTP_OK, "OK", body);
  evbuffer_free(body);
}

void on_anything_else(evhttp_request* request, void*) {
  evhttp_send_error(request, HTTP_NOTFOUND, "the metrics are at /metrics");
}

}  // namespace

struct MetricsPage::Impl {
  evhttp* http = nullptr;
  evhttp_bound_socket* socket = nullptr;
  ~Impl() {
    if (http != nullptr) evhttp_free(http);
  }
};

Result<std::unique_ptr<MetricsPage>> MetricsPage::open(Loop& loop, Descriptor socket,
                                                       const Metrics& metrics) {
  auto impl = std::make_unique<Impl>();
  impl->http = evhttp_new(loop.base());
  if (impl->http == nullptr) return fail(ErrorKind::io, "no memory for the metrics page");
  evhttp_set_allowed_methods(impl->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
  evhttp_set_timeout(impl->http, kTimeoutSeconds);
  evhttp_set_max_headers_size(impl->http, kMaxRequestBytes);
  evhttp_set_max_body_size(impl->http, kMaxRequestBytes);
  evhttp_set_cb(impl->http, "/metrics", &on_metrics, const_cast<Metrics*>(&metrics));
  evhttp_set_gencb(impl->http, &on_anything_else, nullptr);
  impl->socket = evhttp_accept_socket_with_handle(impl->http, socket.get());
  if (impl->socket == nullptr) return fail(ErrorKind::io, "no memory for the metrics page");
  (void)socket.release();  // libevent closes it
  return std::unique_ptr<MetricsPage>(new MetricsPage(std::move(impl)));
}

MetricsPage::MetricsPage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsPage::~MetricsPage() = default;

Endpoint MetricsPage::address() const {
  return local_endpoint(evhttp_bound_socket_get_fd(impl_->socket));
}

}  // namespace sekisho
