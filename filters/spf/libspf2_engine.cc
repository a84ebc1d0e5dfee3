#include "filters/spf/libspf2_engine.h"

#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <span>

// libspf2's headers need these before them.
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/types.h>

extern "C" {
#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_dns_rr.h>
#include <spf2/spf_log.h>
}

#include "filters/spf/names.h"
#include "filters/spf/record.h"
#include "gateway/base/text.h"

namespace sekisho::spf {
namespace {

constexpr unsigned kMaxLookups = 10;  // RFC 7208 section 4.6.4, of terms
constexpr std::size_t kMaxVoids = 2;
constexpr std::size_t kMaxMxNames = 10;
constexpr std::size_t kMaxPtrNames = 10;

std::string without_explanation(std::string_view record) {
  std::string kept;
  for (const auto term : split(record, ' ')) {
    if (term.empty() || iequals(term.substr(0, 4), "exp=")) continue;
    if (!kept.empty()) kept += ' ';
    kept += term;
  }
  return kept;
}

// Between the library and the DNS: asks what it may ask, counts, and shows it nothing that isn't
// sound. Its first objection is the verdict, whatever the library makes of the rest.
class Guard {
 public:
  explicit Guard(const Ask& ask) : ask_(ask) {}

  const std::optional<dns::Answer>& find(const Question& question) {
    static const std::optional<dns::Answer> kNoName{
        {.status = dns::Answer::Status::no_name, .records = {}}};
    if (objection_ || !is_lookup_name(question.name)) return kNoName;
    const auto known = answers_.find(question);
    if (known != answers_.end()) return known->second;
    // Addresses of a name that an MX or PTR answer gave belong to that term.
    const bool starts_a_term = !answers_.empty() && !named_.contains(question.name);
    if (starts_a_term && ++lookups_ > kMaxLookups) {
      object(Outcome::permerror, "more than 10 terms that need the DNS");
      return kNoName;
    }
    auto answer = ask_(question);
    if (answer) look_at(question, *answer);
    if (objection_) return kNoName;
    failed_ = failed_ || !answer;
    return answers_.emplace(question, std::move(answer)).first->second;
  }

  [[nodiscard]] const std::optional<Verdict>& objection() const { return objection_; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] unsigned lookups() const { return lookups_; }
  [[nodiscard]] unsigned voids() const { return voids_; }

 private:
  void object(Outcome outcome, std::string why) {
    objection_ = Verdict{.outcome = outcome,
                         .domain = {},
                         .mechanism = {},
                         .problem = std::move(why),
                         .explanation = {},
                         .lookups = lookups_,
                         .void_lookups = voids_};
  }

  void look_at(const Question& question, dns::Answer& answer) {
    // The first question is for the record itself, which is no term (section 4.6.4).
    if (answer.records.empty() && question.type != dns::Type::txt && ++voids_ > kMaxVoids) {
      return object(Outcome::permerror, "more than 2 look-ups found nothing");
    }
    if (question.type == dns::Type::txt) return look_at_texts(question, answer);
    if (question.type == dns::Type::mx && answer.records.size() > kMaxMxNames) {
      return object(Outcome::permerror, "mx: '" + question.name + "' has more than 10 MX records");
    }
    if (question.type == dns::Type::ptr && answer.records.size() > kMaxPtrNames) {
      answer.records.resize(kMaxPtrNames);
    }
    if (question.type != dns::Type::mx && question.type != dns::Type::ptr) return;
    std::erase_if(answer.records,
                  [](const dns::Record& record) { return !is_lookup_name(record.name); });
    for (const auto& record : answer.records) named_.insert(normal_name(record.name));
  }

  void look_at_texts(const Question& question, dns::Answer& answer) {
    std::erase_if(answer.records,
                  [](const dns::Record& record) { return !is_spf_record(record.text); });
    for (auto& record : answer.records) {
      if (record.text.size() > kMaxLibspf2Record) {
        return object(Outcome::permerror,
                      "the record of '" + question.name + "' has more than 1024 bytes");
      }
      if (const auto parsed = parse_record(record.text); !parsed) {
        return object(Outcome::permerror, question.name + ": " + parsed.error().text);
      }
      record.text = without_explanation(record.text);
    }
  }

  const Ask& ask_;
  std::map<Question, std::optional<dns::Answer>> answers_;
  std::set<std::string> named_;
  std::optional<Verdict> objection_;
  bool failed_ = false;
  unsigned lookups_ = 0;
  unsigned voids_ = 0;
};

std::optional<dns::Type> type_of(ns_type type) {
  switch (type) {
    case ns_t_a:
      return dns::Type::a;
    case ns_t_aaaa:
      return dns::Type::aaaa;
    case ns_t_mx:
      return dns::Type::mx;
    case ns_t_ptr:
      return dns::Type::ptr;
    case ns_t_txt:
      return dns::Type::txt;
    default:  // also 99, the type SPF, which RFC 7208 gave up
      return std::nullopt;
  }
}

// A record as the library holds it.
std::string data_of(const dns::Record& record, dns::Type type) {
  std::string data;
  if (type == dns::Type::a || type == dns::Type::aaaa) {
    sockaddr_storage storage{};
    Endpoint{record.address, 0}.to_sockaddr(storage);
    if (type == dns::Type::a) {
      const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
      data.assign(reinterpret_cast<const char*>(&in.sin_addr), sizeof in.sin_addr);
    } else {
      const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
      data.assign(reinterpret_cast<const char*>(&in6.sin6_addr), sizeof in6.sin6_addr);
    }
    return data;
  }
  data = type == dns::Type::txt ? record.text : record.name;
  data += '\0';
  return data;
}

// The library's look-up; a null from it would make the library abort.
SPF_dns_rr_t* look_up(SPF_dns_server_t* server, const char* domain, ns_type wanted, int) {
  auto& guard = *static_cast<Guard*>(server->hook);
  const auto type = type_of(wanted);
  if (!type) return SPF_dns_rr_new_init(server, domain, wanted, 0, NO_DATA);
  const auto& answer = guard.find({*type, normal_name(domain)});
  if (!answer) return SPF_dns_rr_new_init(server, domain, wanted, 0, TRY_AGAIN);
  if (answer->records.empty()) {
    const bool exists = answer->status != dns::Answer::Status::no_name;
    return SPF_dns_rr_new_init(server, domain, wanted, 0, exists ? NO_DATA : HOST_NOT_FOUND);
  }
  SPF_dns_rr_t* rr = SPF_dns_rr_new_init(server, domain, wanted, 0, NETDB_SUCCESS);
  int count = 0;
  for (const auto& record : answer->records) {
    const auto data = data_of(record, *type);
    if (SPF_dns_rr_buf_realloc(rr, count, data.size()) != SPF_E_SUCCESS) break;
    std::memcpy(rr->rr[count], data.data(), data.size());
    rr->num_rr = ++count;
  }
  return rr;
}

Outcome outcome_of(SPF_result_t result, bool a_look_up_failed) {
  switch (result) {
    case SPF_RESULT_NEUTRAL:
      return Outcome::neutral;
    case SPF_RESULT_PASS:
      return Outcome::pass;
    case SPF_RESULT_FAIL:
      return Outcome::fail;
    case SPF_RESULT_SOFTFAIL:
      return Outcome::softfail;
    case SPF_RESULT_NONE:
      return Outcome::none;
    case SPF_RESULT_TEMPERROR:
      return Outcome::temperror;
    case SPF_RESULT_PERMERROR:
      return Outcome::permerror;
    case SPF_RESULT_INVALID:  // it gave up: at a failed first look-up, or at a record's syntax
      break;
  }
  return a_look_up_failed ? Outcome::temperror : Outcome::permerror;
}

void set_client(SPF_request_t* request, const IpAddress& client) {
  sockaddr_storage storage{};
  Endpoint{client, 0}.to_sockaddr(storage);
  if (client.is_v4()) {
    SPF_request_set_ipv4(request, reinterpret_cast<const sockaddr_in&>(storage).sin_addr);
  } else {
    SPF_request_set_ipv6(request, reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr);
  }
}

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};

}  // namespace

Verdict evaluate_by_libspf2(const Query& query, const Ask& ask) {
  Verdict verdict;
  const auto at = query.identity.rfind('@');
  verdict.domain =
      normal_name(at == std::string::npos ? query.identity : query.identity.substr(at + 1));
  if (!is_domain(verdict.domain)) {
    verdict.problem = "'" + verdict.domain + "' is no domain name";
    return verdict;
  }

  Guard guard(ask);
  SPF_dns_server_t dns{};
  dns.lookup = look_up;
  dns.name = "gateway";
  dns.hook = &guard;
  const std::unique_ptr<SPF_server_t, Freed<SPF_server_free>> server(SPF_server_new_dns(&dns, 0));
  if (!server) throw std::bad_alloc();
  SPF_server_set_sanitize(server.get(), 1);
  const std::unique_ptr<SPF_request_t, Freed<SPF_request_free>> request(
      SPF_request_new(server.get()));
  if (!request) throw std::bad_alloc();
  set_client(request.get(), query.client);
  SPF_request_set_helo_dom(request.get(), query.helo.c_str());
  const std::string sender = at == std::string::npos ? "postmaster@" + query.identity
                             : at == 0               ? "postmaster" + query.identity
                                                     : query.identity;
  SPF_request_set_env_from(request.get(), sender.c_str());

  SPF_response_t* response = nullptr;
  SPF_request_query_mailfrom(request.get(), &response);
  const std::unique_ptr<SPF_response_t, Freed<SPF_response_free>> owned(response);
  if (guard.objection()) return *guard.objection();
  verdict.outcome = outcome_of(
      response == nullptr ? SPF_RESULT_INVALID : SPF_response_result(response), guard.failed());
  verdict.lookups = guard.lookups();
  verdict.void_lookups = guard.voids();
  return verdict;
}

}  // namespace sekisho::spf
