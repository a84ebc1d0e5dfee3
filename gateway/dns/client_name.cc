#include "gateway/dns/client_name.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "gateway/base/text.h"

namespace sekisho::dns {
namespace {

std::string plain(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return to_lower(name);
}

}  // namespace

std::string reverse_name(const IpAddress& address) {
  const auto& bytes = address.bytes();
  if (address.is_v4()) {
    return fmt::format("{}.{}.{}.{}.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
  }
  std::string name;
  for (const auto byte : std::views::reverse(bytes)) {
    fmt::format_to(std::back_inserter(name), "{:x}.{:x}.", byte & 15U, byte >> 4U);
  }
  return name + "ip6.arpa";
}

Task<Result<std::optional<std::string>>> confirmed_name(Resolver& resolver, IpAddress client,
                                                        Deadline deadline, CancelSource& cancel) {
  auto names = co_await resolver.ask(Type::ptr, reverse_name(client), deadline, cancel);
  if (!names) co_return std::unexpected(std::move(names.error()));
  const auto type = client.is_v4() ? Type::a : Type::aaaa;
  std::optional<Error> failed;
  for (const auto& record : names->records | std::views::take(kMaxNamesOfAnAddress)) {
    auto addresses = co_await resolver.ask(type, record.name, deadline, cancel);
    if (!addresses) {
      // A name that can't be looked up is no name; what the DNS didn't say may yet be one.
      if (addresses.error().kind != ErrorKind::invalid) failed = std::move(addresses.error());
      continue;
    }
    if (std::ranges::count(addresses->records, client, &Record::address) > 0) {
      co_return plain(record.name);
    }
  }
  if (failed) co_return std::unexpected(std::move(*failed));
  co_return std::nullopt;
}

}  // namespace sekisho::dns
