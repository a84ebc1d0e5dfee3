// What an upstream is told of the client whose mail it gets. Postfix's XFORWARD, with our own id,
// is for the upstream's log alone; after XCLIENT (Postfix's or Exim's) it takes the client for the
// one that is connected. Each value passes the encoders. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/mail/envelope.h"
#include "gateway/smtp/capabilities.h"

namespace sekisho::upstream {

enum class ForwardClient : std::uint8_t {
  none,
  xforward,  // where it is offered
  proxy,     // in a PROXY header, on a connection for each client; and XFORWARD
  xclient,   // each mail after one of these or not at all; and XFORWARD where it is offered
};

// The words that an upstream's EHLO has behind `extension`; none: not offered.
std::string offered_attributes(const smtp::Capabilities& upstream, std::string_view extension);

// XFORWARD with each attribute that the upstream has named. None when it offers none, or when
// nothing is known of the client.
std::vector<std::string> xforward_commands(const mail::Envelope& envelope,
                                           const smtp::Capabilities& upstream);

// May XCLIENT be used where it has these attributes? Without ADDR, or without any, it may not.
Result<void> check_xclient(std::string_view offered);
// XCLIENT with each attribute that the upstream has named: all at once, so that nothing holds that
// was said of another client. LOGIN only `with_login`. An error where one command can't hold it.
Result<std::string> xclient_command(const mail::Peer& client, std::string_view offered,
                                    bool with_login);

// What goes before everything else on a connection for `client`: the PROXY header, or nothing.
std::string preface_of(ForwardClient how, const mail::Peer* client);
// The PROXY header (version 2) of a connection for `client`. For nobody, and for one without an
// address, it says that the connection is our own.
std::string proxy_header(const mail::Peer* client);

}  // namespace sekisho::upstream
