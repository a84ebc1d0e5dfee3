#include "gateway/dns/resolver.h"

#include <array>
#include <cerrno>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#include "gateway/base/text.h"
#include "gateway/dns/server_address.h"

namespace sekisho::dns {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr int kClassIn = 1;
constexpr int kBogus = 1;
constexpr int kSecure = 2;

// Presentation form in which only letters, digits, dashes and underscores stand for themselves.
std::string escape(std::string_view name) {
  std::string escaped;
  for (const char c : name) {
    if (is_alnum(c) || c == '-' || c == '_' || c == '.') {
      escaped += c;
    } else {
      fmt::format_to(std::back_inserter(escaped), "\\{:03}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

}  // namespace

// Lives until libunbound is done with it, which may be after nobody waits any more.
struct Resolver::Query {
  Event answered;
  std::optional<Result<Answer>> answer;
  Type type{};
  std::shared_ptr<Query> self;  // libunbound's share, while a call back can come
};

void Resolver::Free::operator()(ub_ctx* context) const { ub_ctx_delete(context); }

Resolver::Resolver(Loop& loop, const DnsSettings& settings, Metrics& metrics)
    : loop_(loop), metrics_(metrics), timeout_(settings.timeout) {}

Resolver::~Resolver() = default;

Result<std::unique_ptr<Resolver>> Resolver::open(Loop& loop, const DnsSettings& settings,
                                                 Metrics& metrics) {
  std::unique_ptr<Resolver> resolver(new Resolver(loop, settings, metrics));
  resolver->context_.reset(ub_ctx_create_event(loop.base()));
  if (!resolver->context_) return fail(ErrorKind::limit, "libunbound cannot start: no memory");
  if (auto done = resolver->configure(settings); !done) return std::unexpected(done.error());
  return resolver;
}

Result<void> Resolver::set(const char* option, const char* value) {
  const int status = ub_ctx_set_option(context_.get(), option, value);
  if (status == 0) return {};
  return fail(ErrorKind::invalid, fmt::format("libunbound refuses the option {} {}: {}", option,
                                              value, ub_strerror(status)));
}

Result<void> Resolver::configure(const DnsSettings& settings) {
  ub_ctx_debugout(context_.get(), nullptr);  // standard error isn't its place
  const std::array<std::pair<const char*, const char*>, 11> options{{
      {"module-config:", settings.dnssec ? "validator iterator" : "iterator"},
      // Reverse names of private networks are asked for as any other.
      {"unblock-lan-zones:", "yes"},
      {"insecure-lan-zones:", "yes"},
      {"do-not-query-localhost:", "no"},
      // Silent servers are given up within the time of one look-up, and tried again soon.
      {"outbound-msg-retry:", "2"},
      {"unknown-server-time-limit:", "376"},
      {"infra-host-ttl:", "60"},
      {"infra-keep-probing:", "yes"},
      {"msg-cache-size:", "4m"},
      {"rrset-cache-size:", "8m"},
      {"num-queries-per-thread:", "1024"},
  }};
  for (const auto& [option, value] : options) {
    if (auto done = set(option, value); !done) return done;
  }
  if (settings.dnssec) {
    // Asked first, since libunbound only says that it failed.
    if (::access(settings.trust_anchor.c_str(), R_OK) != 0) {
      return std::unexpected(
          system_error(ErrorKind::invalid,
                       "cannot read the trust anchor " + settings.trust_anchor.string(), errno));
    }
    const int status = ub_ctx_add_ta_file(context_.get(), settings.trust_anchor.c_str());
    if (status != 0) {
      return fail(ErrorKind::invalid,
                  fmt::format("cannot read the trust anchor {}: {}", settings.trust_anchor.string(),
                              ub_strerror(status)));
    }
  }
  auto servers = settings.servers;
  if (servers.empty() && !settings.from_root) {
    if (::access(kResolvConf, F_OK) != 0) {
      servers.emplace_back("127.0.0.1");  // what its absence means: resolv.conf(5)
    } else if (const int status = ub_ctx_resolvconf(context_.get(), kResolvConf); status != 0) {
      return fail(ErrorKind::invalid,
                  fmt::format("cannot use {}: {}", kResolvConf, ub_strerror(status)));
    }
  }
  for (const std::string& text : servers) {
    const auto server = parse_server(text);
    if (!server) return fail(ErrorKind::invalid, "'" + text + "' is no address of a name server");
    const auto at = fmt::format("{}@{}", server->address.to_string(), server->port);
    if (const int status = ub_ctx_set_fwd(context_.get(), at.c_str()); status != 0) {
      return fail(ErrorKind::invalid, fmt::format("libunbound refuses the name server {}: {}", text,
                                                  ub_strerror(status)));
    }
  }
  return start();
}

// libunbound reads its files with the first query: one that it answers by itself.
Result<void> Resolver::start() {
  const auto ignore = [](void*, int, void*, int, int, char*, int) {};
  const int status = ub_resolve_event(context_.get(), "localhost", static_cast<int>(Type::a),
                                      kClassIn, nullptr, ignore, nullptr);
  if (status == 0) return {};
  return fail(ErrorKind::invalid, fmt::format("libunbound cannot start: {}", ub_strerror(status)));
}

void Resolver::on_answer(void* data, int rcode, void* packet, int length, int security,
                         char* why_bogus, int was_ratelimited) {
  const std::shared_ptr<Query> query = std::move(static_cast<Query*>(data)->self);
  if (security == kBogus) {
    query->answer =
        fail(ErrorKind::unavailable,
             fmt::format("the answer is forged: {}", why_bogus != nullptr ? why_bogus : "DNSSEC"));
  } else if (rcode != 0 || was_ratelimited != 0) {
    query->answer = fail(ErrorKind::unavailable, "the name server failed or didn't answer");
  } else {
    query->answer = read_answer(
        {static_cast<const std::byte*>(packet), static_cast<std::size_t>(length)}, query->type);
    if (*query->answer) (*query->answer)->secure = security == kSecure;
  }
  query->answered.notify();
}

Task<Result<Answer>> Resolver::ask(Type type, std::string name, Deadline deadline,
                                   CancelSource& cancel) {
  if (name.empty() || name.size() > kMaxName) {
    co_return fail(ErrorKind::invalid, "'" + name + "' is no name");
  }
  auto answer =
      co_await wait_for(type, escape(name), deadline.or_sooner(Deadline::in(timeout_)), cancel);
  count(type, answer);
  if (!answer)
    answer.error().text = fmt::format("{} of {}: {}", to_string(type), name, answer.error().text);
  co_return answer;
}

Task<Result<Answer>> Resolver::wait_for(Type type, const std::string& name, Deadline deadline,
                                        CancelSource& cancel) {
  if (cancel.cancelled()) co_return fail(ErrorKind::cancelled, "cancelled");
  const auto query = std::make_shared<Query>();
  query->type = type;
  query->self = query;
  int id = 0;
  const int status = ub_resolve_event(context_.get(), name.c_str(), static_cast<int>(type),
                                      kClassIn, query.get(), &Resolver::on_answer, &id);
  if (status != 0) {
    query->self.reset();
    co_return fail(status == UB_NOMEM ? ErrorKind::limit : ErrorKind::invalid, ub_strerror(status));
  }
  // Cached answers are here already.
  while (!query->answer) {
    if (auto woken = co_await query->answered.wait(loop_, deadline, cancel); !woken) {
      if (query->self) {
        ub_cancel(context_.get(), id);
        query->self.reset();
      }
      co_return std::unexpected(std::move(woken.error()));
    }
  }
  co_return std::move(*query->answer);
}

void Resolver::count(Type type, const Result<Answer>& answer) {
  std::string_view result = "found";
  if (!answer) {
    result = to_string(answer.error().kind);
  } else if (answer->status != Answer::Status::found) {
    result = answer->status == Answer::Status::no_name ? "no_name" : "no_data";
  }
  metrics_
      .counter("dns_lookups_total", "DNS look-ups by type and result.",
               {{"type", std::string(to_string(type))}, {"result", std::string(result)}})
      .add();
}

}  // namespace sekisho::dns
