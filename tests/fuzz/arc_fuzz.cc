// ARC chains under hostile header sections. Oracles: a plan without a flaw checks the newest
// message signature and every seal; what is sealed is a chain with one more set, unless it is
// broken, and says what it was given.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "filters/arc/sealer.h"
#include "filters/arc/verification.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sekisho;
  const std::string_view section(reinterpret_cast<const char*>(data), size);
  const auto headers = mail::Headers::parse(section);
  const arc::Chain chain = arc::read_chain(headers);
  const arc::Plan plan = arc::plan_verification(headers, chain, WallTime{});
  if (plan.flaw.empty() && !chain.empty()) require(plan.checks.size() == chain.sets.size() + 1);
  require(arc::verify(plan, "", {}).outcome != arc::Outcome::pass || chain.empty());

  const arc::SealOptions options{dkim::Algorithm::rsa_sha256, "example.com", "s"};
  const mail::AuthenticationResults results{.authserv_id = "mx.example.com", .results = {}};
  for (const std::string_view status : {"none", "pass", "fail"}) {
    auto sealer = arc::Sealer::begin(headers, chain, status, results, options, WallTime{});
    if (!sealer) continue;
    (void)sealer->message_signature("hash");
    (void)sealer->seal("signature");
    const auto fields = sealer->finish("seal");
    const std::string sealed = fields.seal + fields.signature + fields.results +
                               std::string(section.substr(0, headers.size()));
    const auto again = mail::Headers::parse(sealed);
    const arc::Chain longer = arc::read_chain(again);
    require(longer.newest == chain.newest + 1 && longer.ended == (status == "fail"));
    if (status != "fail")
      require(longer.flaw.empty() && longer.sets.size() == chain.sets.size() + 1);
  }
  return 0;
}
