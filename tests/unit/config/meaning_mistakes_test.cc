// Mistakes in what settings mean together. Each text is a whole configuration; the mistake must be
// the only error.
#include <gtest/gtest.h>

#include "tests/unit/config/config_test_support.h"

namespace sekisho::config {
namespace {

#define MX "[listener.in]\naddress = \"127.0.0.1:2525\"\nprofile = \"mx\"\n"
#define INSIDE "[listener.in]\naddress = \"127.0.0.1:2525\"\nprofile = \"internal\"\n"
#define DEVICES                                                         \
  "[listener.in]\naddress = \"127.0.0.1:2525\"\nprofile = \"legacy\"\n" \
  "[listener.in.legacy]\n"
#define OURS "[relay]\ndomains = [\"example.com\"]\n"
#define UP "[upstream.x]\nhost = \"mail.example.com\"\n"

constexpr Mistake kMistakes[] = {
    // Networks that would make an open relay.
    {INSIDE "[relay]\nnetworks = [\"0.0.0.0/0\"]", 5, 13, "is the whole Internet"},
    {INSIDE "[relay]\nnetworks = [\"::/0\"]", 5, 13, "is the whole Internet"},
    {INSIDE "[relay]\nnetworks = [\"::ffff:0:0/96\"]", 5, 13, "is the whole Internet"},
    {INSIDE "[relay]\nnetworks = [\"10.0.0.0/8\", \"0.0.0.0/1\"]", 5, 27, "wider than /8"},
    {INSIDE "[relay]\nnetworks = [\"8.0.0.0/7\"]\nnetworks_may_be_public = true", 5, 13,
     "wider than /8"},
    {INSIDE "[relay]\nnetworks = [\"2000::/3\"]\nnetworks_may_be_public = true", 5, 13,
     "wider than /32"},
    {INSIDE "[relay]\nnetworks = [\"2002::/16\"]", 5, 13, "wider than /32"},
    {INSIDE "[relay]\nnetworks = [\"fc00::/7\"]", 5, 13, "wider than /32"},
    {INSIDE "[relay]\nnetworks = [\"64:ff9b::/96\"]\nnetworks_may_be_public = true", 5, 13,
     "NAT64"},
    {INSIDE "[relay]\nnetworks = [\"224.0.0.0/8\"]", 5, 13, "no address of a client"},
    {INSIDE "[relay]\nnetworks = [\"8.8.0.0/16\"]\nnetworks_may_be_public = true", 5, 13,
     "public network wider than /24"},
    {INSIDE "[relay]\nnetworks = [\"100.64.0.0/10\"]\nnetworks_may_be_public = true", 5, 13,
     "public network wider than /24"},
    {INSIDE "[relay]\nnetworks = [\"2001:db8::/40\"]\nnetworks_may_be_public = true", 5, 13,
     "public network wider than /48"},
    {INSIDE "[relay]\nnetworks = [\"192.0.2.0/24\"]", 5, 13,
     "every host in it could relay without a password"},
    {INSIDE "[relay]\nnetworks = [\"192.0.2.1\"]", 5, 13, "set networks_may_be_public = true"},
    {INSIDE "[relay]\nnetworks = [\"2001:db8::/48\"]\nnetworks_may_be_public = false", 5, 13,
     "set networks_may_be_public = true"},
    {INSIDE "[relay]\nnetworks = [\"10.0.0.1/8\"]", 5, 13, "did you mean '10.0.0.0/8'?"},
    {INSIDE "[relay]\nnetworks = [\"10.0.0.0/33\"]", 5, 13, "prefix length"},
    {INSIDE "[relay]\nnetworks = [\"mail.example.com\"]", 5, 13, "not an IP address or network"},
    {INSIDE "[relay]\nnetworks = \"10.0.0.0/8\"", 5, 12, "write networks = [\"10.0.0.0/8\"]"},
    // Domains that would.
    {MX "[relay]\ndomains = [\"*\"]", 5, 12, "every domain in the world"},
    {MX "[relay]\ndomains = [\"example.com\", \"*.com\"]", 5, 27, "whole top-level domain"},
    {MX "[relay]\ndomains = [\"*.co.uk\"]", 5, 12, "would relay for everybody's domains"},
    {MX "[relay]\ndomains = [\"*.*\"]", 5, 12, "every domain in the world"},
    {MX "[relay]\ndomains = [\"a.*.example.com\"]", 5, 12, "a star may only stand"},
    {MX "[relay]\ndomains = [\".example.com\"]", 5, 12, "write \"*.example.com\""},
    {MX "[relay]\ndomains = [\"example.com.\"]", 5, 12, "write \"example.com\""},
    {MX "[relay]\ndomains = [\"me@example.com\"]", 5, 12, "is an address"},
    {MX "[relay]\ndomains = [\"192.0.2.1\"]", 5, 12, "is an IP address"},
    {MX "[relay]\ndomains = [\"exa mple.com\"]", 5, 12, "is not a domain name"},
    {MX "[relay]\ndomains = [\"\"]", 5, 12, "is not a domain name"},
    // Unix sockets: clients without an address.
    {"[listener.in]\naddress = \"unix:run/x\"\nprofile = \"mx\"\n" OURS, 2, 11,
     "no Unix socket's path"},
    {"[listener.in]\naddress = \"/run/x\"\nprofile = \"mx\"\n" OURS, 2, 11,
     "write \"unix:/run/x\""},
    {"[listener.in]\naddress = \"unix:/tmp/../x\"\nprofile = \"mx\"\n" OURS, 2, 11,
     "write \"unix:/x\""},
    {"[listener.in]\naddress = \"unix:/etc/passwd\"\nprofile = \"mx\"\n" OURS, 2, 11,
     "it is no socket"},
    {"[listener.in]\naddress = \"unix:/nowhere/x\"\nprofile = \"internal\"\n"
     "[relay]\nnetworks = [\"10.0.0.1\"]",
     3, 11, "use submission"},
    {"[listener.in]\naddress = \"unix:/nowhere/x\"\nprofile = \"mx\"\nproxy_protocol = "
     "[\"10.0.0.1\"]\n" OURS,
     4, 18, "who comes by a Unix socket has none"},
    {"[listener.in]\naddress = \"unix:/nowhere/x\"\nprofile = \"mx\"\nsocket_mode = \"rw\"\n" OURS,
     4, 15, "like \"0660\""},
    {"[listener.in]\naddress = \"unix:/nowhere/x\"\nprofile = \"mx\"\nsocket_group = \"no "
     "such\"\n" OURS,
     4, 16, "no group"},
    {MX "socket_mode = \"0666\"\n" OURS, 4, 15, "for a Unix socket alone"},
    {"[listener.a]\naddress = \"unix:/nowhere/x\"\nprofile = \"mx\"\n"
     "[listener.b]\naddress = \"unix:/nowhere/x\"\nprofile = \"mx\"\n" OURS,
     5, 11, "give each its own path"},
    {"metrics_address = \"unix:/nowhere/x\"\n" MX OURS, 1, 19, "not an IP address with a port"},
    // Routes.
    {MX OURS UP "[route.r]\nupstreams = [\"y\"]", 9, 14, "no table [upstream.y]"},
    {MX OURS UP "[route.r]\nupstreams = [\"x\", \"x\"]", 9, 19, "in the list twice"},
    {MX OURS UP "[route.r]\nupstreams = []", 9, 13, "needs the name of an upstream"},
    {MX OURS UP "[route.r]\nupstreams = [\"x\"]\nlisteners = [\"out\"]", 10, 14,
     "no table [listener.out]"},
    {MX OURS UP "[route.r]\nupstreams = [\"x\"]\n[route.s]\nupstreams = [\"x\"]", 10, 1,
     "[route.r] is asked first and takes all of it"},
    {MX OURS UP "[route.r]\nupstreams = [\"x\"]\nrecipient_domains = [\"example.org\"]", 5, 12,
     "\"example.com\" has no route"},
    {INSIDE "[relay]\nnetworks = [\"127.0.0.1\"]\n" UP
            "[route.r]\nupstreams = [\"x\"]\nsenders = [\"example.org\"]",
     1, 1, "no route takes what the others leave"},
    {MX OURS "[upstream.y]\nhost = \"a.example.com\"\n" UP "[route.r]\nupstreams = [\"x\"]", 6, 1,
     "no route names it"},
    {MX OURS UP "[route.r]\nupstreams = [\"x\"]\nsenders = [\"a b\"]", 10, 12,
     "is not an address, a domain"},
    // Senders.
    {MX OURS "[sender]\nlogin_domains = [\"a b\"]", 7, 18, "\"a b\" is not a domain name"},
    {MX OURS "[sender]\ntag_separator = \"ab\"", 7, 17, "must be one sign"},
    {MX OURS "[sender]\ntag_separator = \"@\"", 7, 17, "must be one sign"},
    {MX OURS "[sender]\npolicy = \"off\"\nmap_file = \"x\"", 8, 12, "no effect with policy"},
    {MX OURS "[sender]\nmap_file = \"/nowhere/senders\"", 7, 12, "user: address, address"},
    {MX "sender_policy = \"log\"\n" OURS, 4, 17, "no effect where nobody logs in"},
    // Listeners.
    {"[listener.in]\naddress = \"127.0.0.1:25\"\nprofile = \"mx\"\nprotocol = \"lmtp\"\n" OURS, 2,
     11, "port 25 is SMTP's"},
    {MX "protocol = \"uucp\"\n" OURS, 4, 12, "lmtp"},
    {OURS, 0, 0, "nobody could connect"},
    {MX "[tls]\nticket_rotation = \"5s\"\n" OURS, 5, 19, "or at least 1m"},
    {MX "[tls]\ndirectory = \"/nowhere\"\n" OURS, 5, 13, "cannot look for certificates"},
    {MX "client_certificates = \"require\"\nrequire_tls = true\n" OURS, 4, 23,
     "\"require\" needs client_ca_file"},
    {MX "client_ca_file = \"/dev/null\"\n" OURS, 4, 18,
     "has no effect without client_certificates"},
    {MX "client_certificates = \"request\"\n" OURS, 1, 1, "needs TLS, but tls.certificate"},
    {MX "certificate_login = { name = \"email\" }\n" OURS, 4, 21, "users log in at submission"},
    {"[listener.in]\nprofile = \"mx\"\n" OURS, 1, 1, "needs an address and port"},
    {"[listener.in]\naddress = \"127.0.0.1:25\"\n" OURS, 1, 1, "needs a profile"},
    {"[listener.in]\naddress = \"127.0.0.1:25\"\nprofile = \"sumbission\"\n" OURS, 3, 11,
     "did you mean `submission`?"},
    {"[listener.in]\naddress = \"127.0.0.1\"\nprofile = \"mx\"\n" OURS, 2, 11,
     "write \"127.0.0.1:25\""},
    {"[listener.in]\naddress = \":26\"\nprofile = \"mx\"\n" OURS, 2, 11, "write \"0.0.0.0:26\""},
    {"[listener.in]\naddress = \"*:25\"\nprofile = \"mx\"\n" OURS, 2, 11, "\"[::]:25\""},
    {"[listener.in]\naddress = \"localhost:25\"\nprofile = \"mx\"\n" OURS, 2, 11,
     "write \"127.0.0.1:25\""},
    {"[listener.in]\naddress = \"::1\"\nprofile = \"mx\"\n" OURS, 2, 11, "write \"[::1]:25\""},
    {"[listener.in]\naddress = \"127.0.0.1:70000\"\nprofile = \"mx\"\n" OURS, 2, 11,
     "not an IP address with a port"},
    {"[listener.in]\naddress = \"192.0.2.1:0\"\nprofile = \"mx\"\n" OURS, 2, 11, "port 0"},
    {"[listener.in]\naddress = \"\"\nprofile = \"mx\"\n" OURS, 2, 11,
     "not an IP address with a port"},
    {MX "[listener.two]\naddress = \"127.0.0.1:2525\"\nprofile = \"mx\"\n" OURS, 5, 11,
     "is the address of listener.in.address already (t.toml:3)"},
    {"metrics_address = \"127.0.0.1:2525\"\n" MX OURS, 1, 19, "already"},
    {"metrics_address = \"9100\"\n" MX OURS, 1, 19, "not an IP address with a port"},
    {MX, 1, 1, "nobody could send anything"},
    {INSIDE, 1, 1, "nobody could send anything"},
    {MX "require_tls = true\n" OURS, 1, 1, "tls.certificate is not set"},
    {"[listener.s]\naddress = \"127.0.0.1:587\"\nprofile = \"submission\"\nrequire_tls = false\n"
     "[auth]\nusers_file = \"/nonexistent/users\"\n[tls]\ncertificate = \"/nonexistent/c\"\n"
     "key = \"/nonexistent/k\"",
     4, 15, "clear text"},
    {MX "proxy_protocol = [\"0.0.0.0/0\"]\n" OURS, 4, 19, "can't be believed about its clients"},
    {MX "proxy_protocol = [\"192.0.2.1\", \"192.0.0.0/16\"]\n" OURS, 4, 32, "name single hosts"},
    {MX OURS "[timeouts]\nproxy_header = \"0s\"\n", 7, 16, "longer than nothing"},
    {MX "xclient_from = [\"10.0.0.0/7\"]\n" OURS, 4, 17, "can't be believed about its clients"},
    {MX "xclient_login = true\n" OURS, 4, 17, "has no effect without xclient_from"},
    {MX "xclient_from = [\"192.0.2.1\"]\nxclient_login = true\n" OURS, 5, 17,
     "nobody logs in where the profile is mx"},
    {DEVICES "sender = \"scan@example.com\"\n", 1, 1, "and none is named"},
    {DEVICES "clients = [\"192.168.1.2\"]\n", 1, 1, "in whose name its devices send"},
    {DEVICES "clients = [\"192.168.1.2\"]\nsender = \"scan\"\n", 6, 10, "must be one address"},
    {DEVICES "clients = [\"192.0.2.1\"]\nsender = \"scan@example.com\"\n", 5, 12,
     "is not a private network"},
    {DEVICES "clients = [\"10.0.0.0/7\"]\nsender = \"scan@example.com\"\n", 5, 12,
     "name the devices one by one"},
    {DEVICES "clients = [\"10.0.0.1\"]\nsender = \"scan@example.com\"\nauth_without_tls = true\n",
     7, 20, "nobody can log in"},
    {DEVICES "clients = [\"10.0.0.1\"]\nsender = \"scan@example.com\"\ntls_1_0 = true\n", 7, 11,
     "has no effect without a certificate"},
    {MX "[listener.in.legacy]\nclients = [\"10.0.0.1\"]\nsender = \"scan@example.com\"\n" OURS, 4,
     1, "belongs to profile"},
    // Upstreams.
    {MX OURS "[upstream.x]\nport = 25", 6, 1, "needs a host"},
    {MX OURS "[upstream.x]\nhost = \"\"", 7, 8, "needs a host"},
    {MX OURS "[upstream.x]\nhost = \"mail.example.com:25\"", 7, 8, "a port has its own key"},
    {MX OURS "[upstream.x]\nhost = \"127.0.0.1\"\nport = 2525", 7, 8, "mail would go in circles"},
    {MX OURS "[upstream.x]\nhost = \"localhost\"\nport = 2525", 7, 8, "in circles"},
    {MX OURS "[upstream.x]\nhost = \"gw.example.com\"\nport = 2525", 7, 8, "in circles"},
    {"[listener.in]\naddress = \"0.0.0.0:2525\"\nprofile = \"mx\"\n" OURS
     "[upstream.x]\nhost = \"127.0.0.1\"\nport = 2525",
     7, 8, "in circles"},
    {"[listener.in]\naddress = \"[::]:2525\"\nprofile = \"mx\"\n" OURS
     "[upstream.x]\nhost = \"::1\"\nport = 2525",
     7, 8, "in circles"},
    {MX OURS UP "final_timeout = \"10m\"", 8, 17, "below 10m"},
    {MX OURS UP "protocol = \"lmtp\"", 6, 1, "not be spoken on port 25"},
    {MX OURS "[upstream.x]\nhost = \"unix:lmtp\"", 7, 8, "named by its whole path"},
    {MX OURS "[upstream.x]\nhost = \"unix:/nonexistent/x\"\nport = 24", 8, 8, "no meaning"},
    {MX OURS "[upstream.x]\nhost = \"unix:/nonexistent/x\"\ntls = \"verify\"", 6, 1,
     "no name that a certificate could be for"},
    {MX OURS "[upstream.x]\nhost = \"unix:/etc/passwd\"", 7, 8, "is no socket"},
    {MX OURS "[recipient_cache]\nrefusals = [\"5.1.1\", \"4.1.1\"]", 7, 22,
     "of a permanent refusal"},
    {MX OURS "[recipient_cache]\nrefusals = []", 7, 12, "nobody counts as unknown"},
    {MX OURS UP "command_timeout = \"0s\"", 8, 19, "more than 0"},
    {MX OURS UP "[auth]\nupstream = \"y\"", 9, 12, "no [upstream.y]"},
    {MX OURS UP "[auth]\nupstream = \"x\"", 9, 12, "set tls = \"verify\""},
    {MX OURS UP "tls = \"verify\"\n[auth]\nupstream = \"x\"\nusers_file = \"/nonexistent/users\"",
     10, 12, "can't be set beside"},
    {MX OURS UP "tls = \"verify\"\ntls_ca_file = \"/nonexistent/ca.pem\"", 9, 15, "No such file"},
    // Filters.
    {"filters = [\"atachments\"]\n" MX OURS, 1, 12, "did you mean \"attachments\"?"},
    {MX "filters = [\"headers\", \"nosuchthing\"]\n" OURS, 4, 23, "no table [filter.nosuchthing]"},
    {"filters = [\"headers\", \"headers\"]\n" MX OURS, 1, 23, "in the list twice"},
    {"filters = [\"dmarc\", \"spf\"]\n" MX OURS, 1, 12, "none of spf"},
    {"filters = [\"x\"]\n" MX OURS "[filter.x]\nuse = \"header\"\nadd = [\"a\"]", 8, 7,
     "did you mean \"headers\"?"},
    {"filters = [\"x\"]\n" MX OURS "[filter.x]\non_error = \"pass\"", 7, 1,
     "there is no filter \"x\""},
    {"filters = [\"attachments\"]\n" MX OURS "[filter.attachments]\ntimeout = \"0s\"", 8, 11,
     "longer than nothing"},
    {"filters = [\"attachments\"]\n" MX OURS "[filter.attachments]\ntimeout = \"4m\"", 1, 11,
     "a client gives up after 10m"},
    // Names, files and folders.
    {"hostname = \"\"\n" MX OURS, 1, 12, "is not a host name"},
    {"hostname = \"my host\"\n" MX OURS, 1, 12, "is not a host name"},
    {"hostname = \"192.0.2.1\"\n" MX OURS, 1, 12, "is not a host name"},
    {"state_directory = \"\"\n" MX OURS, 1, 19, "must not be empty"},
    {"state_directory = \"/dev/null\"\n" MX OURS, 1, 19, "is no folder"},
    {MX OURS "[log]\nfile = \"/nonexistent/sekisho.log\"", 7, 8, "no folder /nonexistent"},
    {MX OURS "[log]\nfile = \"/tmp\"", 7, 8, "is a folder"},
    {MX OURS "[auth]\nusers_file = \"/nonexistent/users\"", 7, 14, "No such file"},
    {MX OURS "[auth]\nusers_file = \"/tmp\"", 7, 14, "not a regular file"},
    {MX OURS "[tls]\ncertificate = \"/nonexistent/c\"", 7, 15, "No such file"},
    {MX OURS "[tls]\nkey = \"/nonexistent/k\"", 6, 1, "a key is of no use"},
    {MX "[relay]\ndomains_file = \"/nonexistent/domains\"", 5, 16, "No such file"},
    {MX OURS "domains_file = \"/dev/zero\"", 6, 16, "not a regular file"},
};

class MeaningMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(MeaningMistakes, AreToldInTheirPlace) {
  const Mistake& mistake = GetParam();
  // Texts that set the host name themselves keep their line numbers.
  const bool own_name = mistake.text.starts_with("hostname");
  const std::string text = (own_name ? "" : std::string(kTop)) + std::string(mistake.text);
  const auto errors = errors_of(load_text(text, "t.toml"));
  const std::uint32_t line = own_name || mistake.line == 0 ? mistake.line : mistake.line + 1;
  const auto told = std::ranges::find_if(errors, [&](const Diagnostic& error) {
    return error.line == line && error.column == mistake.column &&
           (error.message + " | " + error.hint).find(mistake.told) != std::string::npos;
  });
  EXPECT_NE(told, errors.end()) << text << "\n" << rendered(errors);
  // Where several files are missing at once, each is told.
  if (mistake.text.find("/nonexistent") == std::string_view::npos) {
    EXPECT_EQ(errors.size(), 1U) << rendered(errors);
  }
}

INSTANTIATE_TEST_SUITE_P(Table, MeaningMistakes, testing::ValuesIn(kMistakes));

}  // namespace
}  // namespace sekisho::config
