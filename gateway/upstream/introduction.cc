#include "gateway/upstream/introduction.h"

#include <algorithm>

#include "gateway/base/encode.h"
#include "gateway/base/text.h"
#include "gateway/net/proxy_protocol.h"
#include "gateway/smtp/xclient.h"

namespace sekisho::upstream {
namespace {

using smtp::ClientAttribute;
using Attributes = std::vector<ClientAttribute>;

constexpr std::size_t kMaxValue = 255;  // more of one is refused by Postfix

// What is not visible is not said: decoding a value gives no control byte either, for nobody knows
// how careful the upstream is with its log.
std::string visible(std::string_view value) { return encode_for_smtp(value, kMaxValue); }

// Empty, and so unavailable, for a client without an address (a unix socket).
std::string address_value(const Endpoint& end) {
  return end.address.is_unspecified() ? std::string() : smtp::attribute_address(end.address);
}

std::string port_value(const Endpoint& end) {
  return end.port == 0 ? std::string() : std::to_string(end.port);
}

// What both commands have. The name is empty: nobody has asked the DNS for it.
Attributes attributes_of(const mail::Peer& client) {
  return {{"NAME", ""},
          {"ADDR", address_value(client.remote)},
          {"PORT", port_value(client.remote)},
          {"PROTO", client.extended ? "ESMTP" : "SMTP"},
          {"HELO", visible(client.helo)}};
}

}  // namespace

std::string offered_attributes(const smtp::Capabilities& upstream, std::string_view extension) {
  for (const std::string& line : upstream.others) {
    const auto blank = line.find(' ');
    if (iequals(line.substr(0, blank), extension))
      return blank == std::string::npos ? std::string() : line.substr(blank + 1);
  }
  return {};
}

std::vector<std::string> xforward_commands(const mail::Envelope& envelope,
                                           const smtp::Capabilities& upstream) {
  if (envelope.client == nullptr) return {};
  Attributes attributes = attributes_of(*envelope.client);
  attributes.push_back({"IDENT", visible(envelope.id)});
  // LOCAL would have Postfix complete bare names in the header section as those of its own host.
  attributes.push_back({"SOURCE", "REMOTE"});
  return smtp::write_attribute_commands("XFORWARD", attributes,
                                        offered_attributes(upstream, "XFORWARD"));
}

Result<void> check_xclient(std::string_view offered) {
  if (smtp::offers_attribute(offered, "ADDR")) return {};
  return fail(ErrorKind::unavailable,
              "the upstream does not offer us XCLIENT, which `forward_client` demands");
}

Result<std::string> xclient_command(const mail::Peer& client, std::string_view offered,
                                    bool with_login) {
  Attributes attributes = attributes_of(client);
  attributes.push_back({"DESTADDR", address_value(client.local)});
  attributes.push_back({"DESTPORT", port_value(client.local)});
  if (with_login) attributes.push_back({"LOGIN", visible(client.user)});
  auto commands = smtp::write_attribute_commands("XCLIENT", attributes, offered);
  if (commands.size() > 1) {
    // The EHLO that follows tells that name as well.
    std::erase_if(attributes, [](const ClientAttribute& one) { return one.name == "HELO"; });
    commands = smtp::write_attribute_commands("XCLIENT", attributes, offered);
  }
  if (commands.size() != 1)
    return fail(ErrorKind::unavailable, "the client can't be told of by one XCLIENT");
  return std::move(commands.front());
}

std::string preface_of(ForwardClient how, const mail::Peer* client) {
  return how == ForwardClient::proxy ? proxy_header(client) : std::string();
}

std::string proxy_header(const mail::Peer* client) {
  if (client == nullptr || client->remote.address.is_unspecified())
    return encode_local_proxy_header();
  return encode_proxy_header(client->remote, client->local);
}

}  // namespace sekisho::upstream
