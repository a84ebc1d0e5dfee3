"""Attempts to make a running gateway relay: address forms, session tricks, TLS and AUTH state tricks.

Each attempt must get no 2xx for the foreign recipient, and the upstream must not hear of it. Controls
show that the same steps do pass for those who may.
"""
import base64
import ssl
import unittest

import harness

VICTIM = b"victim@foreign.example.net"
LOCAL = b"local@example.com"
MESSAGE = b"Subject: spam\r\n\r\nspam\r\n.\r\n"
# What the upstream may hear of recipients in a test that relays nothing.
LOCAL_ONLY = ("RCPT TO:<local@example.com>",)

# What follows "RCPT TO:", or a whole command line where it begins with "RCPT".
FORMS = {
    "plain": b"<%s>" % VICTIM,
    "in_capitals": b"<VICTIM@FOREIGN.EXAMPLE.NET>",
    "verb_in_small_letters": b"rcpt to:<%s>" % VICTIM,
    # The local part carries another address.
    "percent_hack": b"<victim%foreign.example.net@example.com>",
    "percent_hack_twice": b"<victim%foreign.example.net%example.com@example.com>",
    "percent_hack_in_quotes": b'<"victim%foreign.example.net"@example.com>',
    "percent_hack_at_a_literal": b"<victim%foreign.example.net@[127.0.0.1]>",
    "percent_hack_at_our_host_name": b"<victim%foreign.example.net@gateway.example.com>",
    "percent_hack_without_a_domain": b"<victim%foreign.example.net>",
    "percent_hack_with_a_trailing_dot": b"<victim%foreign.example.net@example.com.>",
    "percent_encoded_at": b"<victim%40foreign.example.net@example.com>",
    "percent_encoded_line_end": b"<local%0d%0aRCPT%20TO:%3Cvictim@example.com>",
    "bang_path": b"<foreign.example.net!victim@example.com>",
    "bang_path_of_two_hops": b"<other.example.net!foreign.example.net!victim@example.com>",
    "bang_path_in_quotes": b'<"foreign.example.net!victim"@example.com>',
    "bang_path_alone": b"<foreign.example.net!victim>",
    "bang_path_to_us_first": b"<example.com!foreign.example.net!victim>",
    "bang_and_percent": b"<foreign.example.net!victim%example.com@example.com>",
    "decnet_colons": b"<foreign.example.net::victim@example.com>",
    "mailbox_colon": b"<foreign.example.net:victim@example.com>",
    "quoted_address": b'<"victim@foreign.example.net"@example.com>',
    "quoted_address_escaped": b'<"victim\\@foreign.example.net"@example.com>',
    "quoted_address_without_a_domain": b'<"victim@foreign.example.net">',
    "quoted_brackets": b'<"<victim@foreign.example.net>"@example.com>',
    "quoted_end_of_path": b'<"local@example.com>"@foreign.example.net>',
    "quoted_foreign_local_part": b'<"victim"@foreign.example.net>',
    "quoted_local_address_at_a_foreign_domain": b'<"local@example.com"@foreign.example.net>',
    "quote_left_open": b'<"victim@foreign.example.net@example.com>',
    "quote_in_the_middle": b'<local"@example.com"@foreign.example.net>',
    "backslash_at": b"<victim\\@foreign.example.net@example.com>",
    "two_ats": b"<victim@foreign.example.net@example.com>",
    "two_ats_the_local_one_first": b"<local@example.com@foreign.example.net>",
    "no_local_part": b"<@foreign.example.net>",
    "no_domain": b"<victim@>",
    # Source routes.
    "source_route": b"<@example.com:%s>" % VICTIM,
    "source_route_of_two_hops": b"<@example.com,@gateway.example.com:%s>" % VICTIM,
    "source_route_over_a_foreign_hop": b"<@foreign.example.net:%s>" % LOCAL,
    "source_route_of_a_literal": b"<@[127.0.0.1]:%s>" % VICTIM,
    "source_route_without_a_colon": b"<@example.com,%s>" % VICTIM,
    "source_route_with_an_empty_hop": b"<@:%s>" % VICTIM,
    "source_route_of_very_many_hops": b"<" + b",".join([b"@example.com"] * 60) + b":%s>" % VICTIM,
    # Address literals and numbers.
    "literal_loopback": b"<victim@[127.0.0.1]>",
    "literal_any": b"<victim@[0.0.0.0]>",
    "literal_elsewhere": b"<victim@[192.0.2.1]>",
    "literal_ipv6_loopback": b"<victim@[IPv6:::1]>",
    "literal_ipv6_mapped": b"<victim@[IPv6:::ffff:127.0.0.1]>",
    "literal_ipv6_without_a_tag": b"<victim@[::1]>",
    "literal_of_our_domain": b"<victim@[example.com]>",
    "literal_left_open": b"<victim@[127.0.0.1>",
    "literal_and_our_domain": b"<victim@[192.0.2.1].example.com>",
    "address_without_brackets": b"<victim@127.0.0.1>",
    "address_as_one_number": b"<victim@2130706433>",
    "address_with_a_hash": b"<victim@#2130706433>",
    # Domains that look like ours.
    "trailing_dot": b"<victim@foreign.example.net.>",
    "our_domain_as_the_end_of_a_label": b"<victim@xexample.com>",
    "our_domain_with_a_hyphen_before": b"<victim@evil-example.com>",
    "our_domain_as_a_subdomain": b"<victim@example.com.evil.example.net>",
    "our_domain_cut_short": b"<victim@example.co>",
    "our_domain_longer": b"<victim@example.community>",
    "our_domain_with_another_dot": b"<victim@exampleXcom>",
    "our_domain_without_its_top": b"<victim@example>",
    "top_alone": b"<victim@com>",
    "subdomain_that_is_not_listed": b"<victim@mail.example.com>",
    "subdomain_whose_parent_alone_is_starred": b"<victim@sub.example.com>",
    "end_of_a_label_of_a_starred_parent": b"<victim@a.xsub.example.com>",
    "star": b"<victim@*.sub.example.com>",
    "leading_dot": b"<victim@.example.com>",
    "two_dots": b"<victim@foreign..example.com>",
    "empty_label_below_a_starred_parent": b"<victim@.sub.example.com>",
    "slash_in_the_domain": b"<victim@foreign.example.net/example.com>",
    # Other alphabets.
    "utf8_domain": "<victim@外国.example.net>".encode(),
    "utf8_local_part": "<víctim@foreign.example.net>".encode(),
    "punycode_domain": b"<victim@xn--foreign-4ve.example.net>",
    "cyrillic_twin_of_our_domain": "<victim@еxample.com>".encode(),
    "punycode_twin_of_our_domain": b"<victim@xn--xample-2of.com>",
    "full_width_domain": "<victim@ｅｘａｍｐｌｅ.com>".encode(),
    "full_width_at": "<victim＠foreign.example.net@example.com>".encode(),
    "ideographic_full_stop": "<victim@foreign。example.com>".encode(),
    "overlong_utf8_at": b"<victim\xc1\x80foreign.example.net@example.com>",
    "latin1": b"<victim\xa0@foreign.example.net>",
    # Blanks.
    "blank_before_the_path": b" <%s>" % VICTIM,
    "tab_before_the_path": b"\t<%s>" % VICTIM,
    "blank_before_the_colon": b"RCPT TO :<%s>" % VICTIM,
    "two_blanks_in_the_command": b"RCPT  TO:<%s>" % VICTIM,
    "tab_in_the_command": b"RCPT\tTO:<%s>" % VICTIM,
    "blank_at_the_end": b"<%s >" % VICTIM,
    "blank_at_the_front": b"< %s>" % VICTIM,
    "blank_in_the_local_part": b"<local victim@foreign.example.net>",
    "blank_before_a_second_address": b"<local@example.com victim@foreign.example.net>",
    "tab_before_the_at": b"<victim\t@foreign.example.net>",
    # Brackets.
    "no_brackets": VICTIM,
    "only_the_opening_bracket": b"<%s" % VICTIM,
    "only_the_closing_bracket": b"%s>" % VICTIM,
    "brackets_twice": b"<<%s>>" % VICTIM,
    "brackets_around_ours_inside": b"<<%s>%s>" % (LOCAL, VICTIM),
    "brackets_around_the_other_inside": b"<%s<%s>>" % (LOCAL, VICTIM),
    "two_paths": b"<%s><%s>" % (LOCAL, VICTIM),
    "two_paths_with_a_comma": b"<%s>,<%s>" % (LOCAL, VICTIM),
    "two_paths_with_a_blank": b"<%s> <%s>" % (LOCAL, VICTIM),
    "two_addresses_with_a_comma": b"<%s,%s>" % (LOCAL, VICTIM),
    "two_addresses_with_a_semicolon": b"<%s;%s>" % (LOCAL, VICTIM),
    "two_commands_in_one": b"<%s> RCPT TO:<%s>" % (LOCAL, VICTIM),
    "display_name": b'"Local" <%s>' % VICTIM,
    "comment_before": b"(local@example.com)<%s>" % VICTIM,
    "comment_in_the_domain": b"<victim@foreign.example.net(example.com)>",
    "comment_before_the_at": b"<victim(@example.com)@foreign.example.net>",
    "group": b"list:%s;" % VICTIM,
    # Parameters.
    "orcpt_of_ours": b"<%s> ORCPT=rfc822;local@example.com" % VICTIM,
    "notify": b"<%s> NOTIFY=NEVER" % VICTIM,
    "auth_on_rcpt": b"<%s> AUTH=<>" % VICTIM,
    "holdfor": b"<%s> BY=120;R" % VICTIM,
    "equals": b"<%s> =" % VICTIM,
    # Postmaster.
    "postmaster_elsewhere": b"<postmaster@foreign.example.net>",
    "postmaster_of_a_literal": b"<postmaster@[127.0.0.1]>",
    "postmaster_with_a_percent": b"<postmaster%foreign.example.net>",
    "postmaster_with_an_empty_domain": b"<postmaster@>",
    "postmaster_and_a_word": b"<postmaster victim@foreign.example.net>",
    # Control bytes.
    "nul_before_our_domain": b"<victim@foreign.example.net\0.example.com>",
    "nul_behind_our_domain": b"<local@example.com\0@foreign.example.net>",
    "nul_at_the_end": b"<%s>\0" % VICTIM,
    "bell": b"<victim\x07@foreign.example.net>",
    "backspaces": b"<victim@foreign.example.net\x08\x08\x08@example.com>",
    "delete": b"<victim@foreign.example.net\x7f>",
    "escape": b"<\x1b[2Jvictim@foreign.example.net>",
    "form_feed": b"\x0c<%s>" % VICTIM,
    "bare_cr_between_commands": b"<%s>\rRCPT TO:<%s>" % (LOCAL, VICTIM),
    "bare_lf_between_commands": b"<%s>\nRCPT TO:<%s>" % (LOCAL, VICTIM),
    "bare_lf_in_the_path": b"<local@example.com\n@foreign.example.net>",
    # Length.
    "long_local_part": b"<" + b"v" * 500 + b"@foreign.example.net>",
    "long_domain": b"<victim@" + b"foreign." * 40 + b"net>",
    "long_local_part_of_ours": b"<" + b"%" * 300 + b"@example.com>",
    "our_domain_at_the_end_of_a_long_line": b"<" + b"victim@foreign.example.net" * 200
                                            + b"@example.com>",
}


class OpenRelayTest(harness.GatewayTest):
    extra = """
[listener.internal]
profile = "internal"
address = "127.0.0.1:0"
[auth.throttle]
first_delay = "0s"
max_failures_per_client = 100000
"""
    more_files = {"conf.d/networks.toml": '[relay]\nnetworks = ["10.99.0.0/16"]\n'}

    def setUp(self):
        self.told = len(self.upstream.commands)
        self.delivered = len(self.upstream.messages)

    def check_upstream(self, recipients=LOCAL_ONLY, messages=0):
        """The upstream heard of no other recipients in this test, and got so many messages."""
        for command in self.upstream.commands[self.told:]:
            if command[:4].upper() == "RCPT":
                self.assertIn(command, recipients)
        self.assertEqual(len(self.upstream.messages) - self.delivered, messages)

    def refuse(self, wire, line):
        """Sends a line that must get no 2xx nor 3xx; the end of the session is as good."""
        reply = wire.command(line)
        if reply is not None:
            self.assertIn(reply[0], "45", f"{line!r}: {reply}")
        return reply

    def refuse_relay(self, wire):
        """From MAIL on as far as it goes: the foreign recipient must not pass."""
        wire.command("MAIL FROM:<spammer@foreign.example.org>")
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        self.refuse(wire, "DATA")
        self.check_upstream()


class AddressForms(OpenRelayTest):
    @harness.cases(FORMS)
    def test_mx_refuses(self, form):
        wire = self.wire("mx")
        wire.expect(250, "EHLO spammer.example.org")
        wire.expect(250, "MAIL FROM:<spammer@foreign.example.org>")
        line = form if form[:4].upper() == b"RCPT" else b"RCPT TO:" + form
        reply = self.refuse(wire, line + b"\r\n")
        self.assertTrue(reply.startswith("5"), reply)
        self.refuse(wire, "DATA")
        self.check_upstream()

    @harness.cases({name: FORMS[name] for name in (
        "plain", "percent_hack", "bang_path", "source_route", "quoted_address", "literal_loopback",
        "two_ats", "postmaster_elsewhere")})
    def test_submission_refuses_without_login(self, form):
        for listener in ("submission", "submissions"):
            wire = self.wire(listener)
            wire.expect(250, "EHLO spammer.example.org")
            if listener == "submission":
                wire.starttls()
                wire.expect(250, "EHLO spammer.example.org")
            wire.expect(530, "MAIL FROM:<alice@example.com>")
            self.refuse(wire, b"RCPT TO:" + form + b"\r\n")
            self.refuse(wire, "DATA")
        self.check_upstream()

    @harness.cases({
        "our_domain": LOCAL,
        "our_domain_in_capitals": b"LOCAL@EXAMPLE.COM",
        "below_a_starred_parent": b"local@a.sub.example.com",
        "far_below_a_starred_parent": b"local@b.a.sub.example.com",
        "postmaster_alone": b"Postmaster",
    })
    def test_control_mx_takes(self, recipient):
        wire = self.wire("mx")
        wire.expect(250, "EHLO friend.example.org")
        wire.expect(250, "MAIL FROM:<friend@foreign.example.org>")
        wire.expect(250, b"RCPT TO:<%s>\r\n" % recipient)
        wire.expect(354, "DATA")
        wire.expect(250, MESSAGE)
        self.assertEqual(len(self.upstream.messages) - self.delivered, 1)

    def test_an_orcpt_is_no_recipient(self):
        wire = self.wire("mx")
        wire.expect(250, "EHLO spammer.example.org")
        wire.expect(250, "MAIL FROM:<spammer@foreign.example.org>")
        wire.expect(250, b"RCPT TO:<%s> ORCPT=rfc822;%s\r\n" % (LOCAL, VICTIM))
        self.check_upstream(("RCPT TO:<%s>" % LOCAL.decode(),))

    @harness.cases({"submission": "submission", "submissions": "submissions"})
    def test_control_a_login_may_send_anywhere_on(self, listener):
        wire = self.wire(listener)
        wire.login()
        wire.expect(250, "MAIL FROM:<alice@example.com>")
        wire.expect(250, b"RCPT TO:<%s>\r\n" % VICTIM)
        wire.expect(354, "DATA")
        wire.expect(250, MESSAGE)
        self.check_upstream(("RCPT TO:<victim@foreign.example.net>",), messages=1)
        self.assertEqual(self.upstream.messages[-1][1], ["victim@foreign.example.net"])


class SessionTricks(OpenRelayTest):
    @harness.cases({
        "null_sender": "MAIL FROM:<>",
        "postmaster": "MAIL FROM:<postmaster@example.com>",
        "administrator": "MAIL FROM:<admin@example.com>",
        "user_with_an_account": "MAIL FROM:<alice@example.com>",
        "sender_at_our_host": "MAIL FROM:<root@gateway.example.com>",
        "sender_at_loopback": "MAIL FROM:<root@[127.0.0.1]>",
        "sender_at_localhost": "MAIL FROM:<root@localhost>",
        "sender_that_is_the_recipient": "MAIL FROM:<victim@foreign.example.net>",
        "auth_parameter": "MAIL FROM:<alice@example.com> AUTH=<>",
        "auth_parameter_of_a_user": "MAIL FROM:<alice@example.com> AUTH=alice@example.com",
        "size_and_body": "MAIL FROM:<admin@example.com> SIZE=1 BODY=8BITMIME",
        "source_route_of_ours": "MAIL FROM:<@gateway.example.com:admin@example.com>",
    })
    def test_a_sender_opens_nothing(self, mail):
        for listener in ("mx", "internal"):
            wire = self.wire(listener)
            wire.expect(250, "EHLO spammer.example.org")
            wire.command(mail)
            self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
            self.refuse(wire, "DATA")
        self.check_upstream(recipients=())

    @harness.cases({
        "localhost": "EHLO localhost",
        "loopback": "EHLO [127.0.0.1]",
        "loopback_ipv6": "EHLO [IPv6:::1]",
        "our_host_name": "EHLO gateway.example.com",
        "our_domain": "HELO example.com",
        "trusted_address": "EHLO [10.99.0.1]",
        "upstream": "HELO upstream",
    })
    def test_a_hello_opens_nothing(self, hello):
        for listener in ("mx", "internal"):
            wire = self.wire(listener)
            wire.expect(250, hello)
            self.refuse_relay(wire)

    @harness.cases({
        "xclient": "XCLIENT ADDR=10.99.0.1 NAME=trusted.example.com LOGIN=alice",
        "xforward": "XFORWARD ADDR=10.99.0.1 NAME=trusted.example.com",
        "proxy_v1": "PROXY TCP4 10.99.0.1 127.0.0.1 4711 25",
        "proxy_v2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\x63\0\x01\x7f\0\0\x01\x12\x67\0\x19",
        "proxy_unknown": "PROXY UNKNOWN",
        "xauth": "XAUTH alice",
        "x_anonymoustls": "X-ANONYMOUSTLS",
        "xexch50": "XEXCH50 1 2",
        "http": "POST / HTTP/1.1",
    })
    def test_a_claimed_origin_is_not_believed(self, line):
        for listener in ("mx", "internal"):
            for hello_first in (False, True):
                wire = self.wire(listener)
                if hello_first:
                    wire.expect(250, "EHLO spammer.example.org")
                self.refuse(wire, line)
                wire.command("EHLO spammer.example.org")
                self.refuse_relay(wire)

    def test_a_client_outside_the_networks_gets_nothing_on_internal(self):
        wire = self.wire("internal")
        wire.expect(250, "EHLO spammer.example.org")
        wire.expect(250, "MAIL FROM:<admin@example.com>")
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % LOCAL)
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        self.check_upstream()

    def test_rcpt_without_mail(self):
        wire = self.wire("mx")
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        wire.expect(250, "EHLO spammer.example.org")
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        self.refuse(wire, "DATA")
        self.check_upstream()

    def test_rcpt_after_a_refused_mail(self):
        wire = self.wire("mx")
        wire.expect(250, "EHLO spammer.example.org")
        wire.expect(5, "MAIL FROM:spammer")
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % LOCAL)
        self.refuse(wire, "DATA")
        self.check_upstream()

    @harness.cases({"rset": "RSET", "ehlo": "EHLO again.example.org", "helo": "HELO again"})
    def test_rcpt_after_the_transaction_was_dropped_by(self, command):
        wire = self.wire("mx")
        wire.expect(250, "EHLO spammer.example.org")
        wire.expect(250, "MAIL FROM:<spammer@foreign.example.org>")
        wire.expect(250, b"RCPT TO:<%s>\r\n" % LOCAL)
        wire.expect(250, command)
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        self.refuse(wire, "DATA")
        self.check_upstream()

    def test_only_the_local_one_of_mixed_recipients_passes(self):
        wire = self.wire("mx")
        wire.expect(250, "EHLO spammer.example.org")
        wire.expect(250, "MAIL FROM:<spammer@foreign.example.org>")
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        wire.expect(250, b"RCPT TO:<%s>\r\n" % LOCAL)
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        wire.expect(354, "DATA")
        wire.expect(250, MESSAGE)
        self.check_upstream(messages=1)
        self.assertEqual(self.upstream.messages[-1][1], ["local@example.com"])

    def test_a_good_transaction_opens_nothing_for_the_next(self):
        wire = self.wire("mx")
        wire.expect(250, "EHLO spammer.example.org")
        wire.expect(250, "MAIL FROM:<spammer@foreign.example.org>")
        wire.expect(250, b"RCPT TO:<%s>\r\n" % LOCAL)
        wire.expect(354, "DATA")
        wire.expect(250, MESSAGE)
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        wire.expect(250, "MAIL FROM:<spammer@foreign.example.org>")
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        self.refuse(wire, "DATA")
        self.check_upstream(messages=1)

    def test_a_pipelined_message_behind_a_refusal_goes_nowhere(self):
        wire = self.wire("mx")
        wire.send(b"EHLO spammer.example.org\r\nMAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n%sQUIT\r\n"
                  % (VICTIM, MESSAGE))
        replies = wire.replies()
        self.assertEqual([reply[0] for reply in replies[:4]], ["2", "2", "5", "5"])
        self.check_upstream()

    def test_a_pipelined_body_that_holds_commands_goes_nowhere(self):
        wire = self.wire("mx")
        inner = b"MAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n" % VICTIM
        wire.send(b"EHLO spammer.example.org\r\n" + inner + inner + MESSAGE + b"QUIT\r\n")
        wire.replies()
        self.check_upstream()

    def test_recipients_in_the_header_are_no_recipients(self):
        wire = self.wire("mx")
        wire.expect(250, "EHLO spammer.example.org")
        wire.expect(250, "MAIL FROM:<spammer@foreign.example.org>")
        wire.expect(250, b"RCPT TO:<%s>\r\n" % LOCAL)
        wire.expect(354, "DATA")
        wire.expect(250, b"To: %s\r\nBcc: %s\r\nResent-To: %s\r\n\r\n.\r\n" % ((VICTIM,) * 3))
        self.check_upstream(messages=1)
        self.assertEqual(self.upstream.messages[-1][1], ["local@example.com"])

    @harness.cases({"vrfy": b"VRFY <%s>\r\n", "expn": b"EXPN <%s>\r\n", "send": b"SEND FROM:<%s>\r\n",
                    "saml": b"SAML FROM:<%s>\r\n", "turn": b"TURN %s\r\n", "etrn": b"ETRN %s\r\n"})
    def test_another_verb_opens_nothing(self, line):
        wire = self.wire("mx")
        wire.expect(250, "EHLO spammer.example.org")
        wire.command(line % VICTIM)
        self.refuse_relay(wire)

    def test_refusals_without_end_close_the_session(self):
        wire = self.wire("mx")
        wire.expect(250, "EHLO spammer.example.org")
        wire.expect(250, "MAIL FROM:<spammer@foreign.example.org>")
        wire.send(b"RCPT TO:<%s>\r\n" % VICTIM * 200)
        replies = wire.replies()
        self.assertTrue(all(reply.startswith("550") for reply in replies[:-1]))
        self.assertTrue(replies[-1].startswith("421"), replies[-1])
        self.check_upstream()


class TlsAndAuthTricks(OpenRelayTest):
    def encrypted(self, listener="submission", **options):
        wire = self.wire(listener)
        wire.expect(250, "EHLO spammer.example.org")
        if listener != "submissions":
            wire.starttls(**options)
            wire.expect(250, "EHLO spammer.example.org")
        return wire

    def refuse_everything(self, wire):
        """The client counts as not logged in."""
        wire.expect(530, "MAIL FROM:<alice@example.com>")
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        self.refuse(wire, "DATA")
        self.check_upstream()

    # Each line but the last is answered with 334.
    @harness.cases({name: (lines,) for name, lines in {
        "wrong_password": ["AUTH PLAIN " + harness.plain("alice", "wrong")],
        "unknown_user": ["AUTH PLAIN " + harness.plain("mallory", "x")],
        "empty_user_and_password": ["AUTH PLAIN " + harness.plain("", "")],
        "empty_password": ["AUTH PLAIN " + harness.plain("alice", "")],
        "empty_user": ["AUTH PLAIN " + harness.plain("", harness.USERS["alice"])],
        "authorization_as_another": [
            "AUTH PLAIN " + harness.plain("alice", harness.USERS["alice"], "bob")],
        "authorization_as_root": [
            "AUTH PLAIN " + harness.plain("alice", harness.USERS["alice"], "root")],
        "authorization_alone": ["AUTH PLAIN " + harness.plain("", "", "alice")],
        "password_of_another": ["AUTH PLAIN " + harness.plain("alice", harness.USERS["bob"])],
        "hash_as_the_password": ["AUTH PLAIN " + harness.plain("alice", "$y$j9T$")],
        "nul_behind_the_password": [
            "AUTH PLAIN " + harness.plain("alice", harness.USERS["alice"] + "\0x")],
        "line_end_in_the_user": ["AUTH PLAIN " + harness.plain("alice\n", "x")],
        "colon_in_the_user": ["AUTH PLAIN " + harness.plain("alice:x", "x")],
        "star_as_the_user": ["AUTH PLAIN " + harness.plain("*", "*")],
        "no_response": ["AUTH PLAIN ="],
        "no_base64": ["AUTH PLAIN !!!"],
        "cancelled_plain": ["AUTH PLAIN", "*"],
        "cancelled_login": ["AUTH LOGIN", "*"],
        "cancelled_at_the_password": ["AUTH LOGIN", "YWxpY2U=", "*"],
        "empty_lines": ["AUTH LOGIN", "", ""],
        "wrong_password_by_login": ["AUTH LOGIN", "YWxpY2U=", "d3Jvbmc="],
        "mail_in_the_exchange": ["AUTH LOGIN", "MAIL FROM:<alice@example.com>"],
        "external": ["AUTH EXTERNAL ="],
        "external_as_a_user": ["AUTH EXTERNAL YWxpY2U="],
        "anonymous": ["AUTH ANONYMOUS YWxpY2U="],
        "cram_md5": ["AUTH CRAM-MD5"],
        "gssapi": ["AUTH GSSAPI"],
        "no_mechanism": ["AUTH"],
    }.items()})
    def test_a_failed_login_opens_nothing(self, lines):
        for listener in ("submission", "submissions"):
            wire = self.encrypted(listener)
            for line in lines[:-1]:
                wire.expect(334, line)
            self.refuse(wire, lines[-1])
            self.refuse_everything(wire)

    def test_a_login_before_starttls_is_refused_and_worth_nothing_after(self):
        wire = self.wire("submission")
        wire.expect(250, "EHLO spammer.example.org")
        self.refuse(wire, "AUTH PLAIN " + harness.plain("alice", harness.USERS["alice"]))
        self.refuse_everything(wire)
        wire.starttls()
        wire.expect(250, "EHLO spammer.example.org")
        self.refuse_everything(wire)

    def test_a_login_in_two_steps_before_starttls_is_refused(self):
        wire = self.wire("submission")
        wire.expect(250, "EHLO spammer.example.org")
        self.refuse(wire, "AUTH LOGIN")
        self.refuse(wire, "YWxpY2U=")
        self.refuse_everything(wire)

    def test_a_login_on_mx_opens_nothing(self):
        for encrypted in (False, True):
            wire = self.encrypted("mx") if encrypted else self.wire("mx")
            wire.expect(250, "EHLO spammer.example.org")
            self.refuse(wire, "AUTH PLAIN " + harness.plain("alice", harness.USERS["alice"]))
            self.refuse_relay(wire)

    def test_tls_alone_opens_nothing_on_mx(self):
        self.refuse_relay(self.encrypted("mx"))

    def test_starttls_again_is_refused_and_the_login_stays(self):
        wire = self.wire("submission")
        wire.login()
        self.refuse(wire, "STARTTLS")
        wire.expect(250, "MAIL FROM:<alice@example.com>")
        wire.expect(250, "RSET")
        self.check_upstream()

    def test_starttls_on_a_connection_that_began_with_tls_is_refused(self):
        wire = self.wire("submissions")
        wire.expect(250, "EHLO spammer.example.org")
        self.refuse(wire, "STARTTLS")
        self.refuse_everything(wire)

    @harness.cases({
        "a_login": b"EHLO x\r\nAUTH PLAIN "
                   + harness.plain("alice", harness.USERS["alice"]).encode() + b"\r\n",
        "a_transaction": b"EHLO x\r\nMAIL FROM:<alice@example.com>\r\nRCPT TO:<%s>\r\n" % VICTIM,
        "half_a_command": b"RCPT TO:<victim@foreign",
        "one_byte": b"\r",
        "a_second_starttls": b"STARTTLS\r\n",
    })
    def test_plaintext_behind_starttls_is_not_obeyed(self, injected):
        for listener in ("submission", "mx"):
            wire = self.wire(listener)
            wire.expect(250, "EHLO spammer.example.org")
            wire.send(b"STARTTLS\r\n" + injected)
            replies = wire.replies()
            self.assertTrue(replies[0].startswith("5"), replies)
            self.assertEqual(len(replies), 1, replies)
        self.check_upstream()

    def test_a_transaction_does_not_outlive_starttls(self):
        wire = self.wire("mx")
        wire.expect(250, "EHLO spammer.example.org")
        wire.expect(250, "MAIL FROM:<spammer@foreign.example.org>")
        wire.expect(250, b"RCPT TO:<%s>\r\n" % LOCAL)
        wire.starttls()
        self.refuse(wire, b"RCPT TO:<%s>\r\n" % VICTIM)
        self.refuse(wire, "DATA")
        self.refuse(wire, "MAIL FROM:<spammer@foreign.example.org>")  # before EHLO
        self.check_upstream()

    def test_a_login_on_one_connection_does_not_serve_another(self):
        logged_in = self.wire("submission")
        logged_in.login()
        self.refuse_everything(self.encrypted())
        logged_in.expect(250, "MAIL FROM:<alice@example.com>")
        self.refuse_everything(self.encrypted("submissions"))

    def test_a_login_ends_with_its_connection(self):
        wire = self.wire("submission")
        wire.login()
        wire.expect(221, "QUIT")
        self.refuse_everything(self.encrypted())

    @harness.cases({"tls_1_2": ssl.TLSVersion.TLSv1_2, "tls_1_3": ssl.TLSVersion.TLSv1_3})
    def test_a_resumed_tls_session_is_not_logged_in(self, version):
        context = harness.tls_context()
        context.maximum_version = version
        wire = self.wire("submission")
        wire.expect(250, "EHLO client.example.org")
        wire.starttls(context)
        wire.login()
        session = wire.socket.session
        self.refuse_everything(self.encrypted(context=context, session=session))

    def test_a_login_is_not_taken_over_by_pipelining(self):
        """MAIL and RCPT sent along with a login that fails are obeyed as from a stranger."""
        wire = self.encrypted()
        wire.send(b"AUTH PLAIN %s\r\nMAIL FROM:<alice@example.com>\r\nRCPT TO:<%s>\r\nDATA\r\n"
                  % (harness.plain("alice", "wrong").encode(), VICTIM))
        for code in (535, 530, 503, 503):
            wire.expect(code)
        self.check_upstream()

    @harness.cases({"rset": "RSET", "ehlo": "EHLO again", "helo": "HELO again", "noop": "NOOP"})
    def test_a_failed_login_is_not_made_good_by(self, command):
        wire = self.encrypted()
        wire.expect(535, "AUTH PLAIN " + harness.plain("alice", "wrong"))
        wire.expect(250, command)
        self.refuse_everything(wire)

    def test_a_second_login_cannot_change_the_user(self):
        wire = self.wire("submission")
        wire.login()
        self.refuse(wire, "AUTH PLAIN " + harness.plain("bob", harness.USERS["bob"]))
        wire.expect(250, "MAIL FROM:<alice@example.com>")
        wire.expect(250, b"RCPT TO:<%s>\r\n" % LOCAL)
        wire.expect(354, "DATA")
        wire.expect(250, MESSAGE)
        self.check_upstream(messages=1)
        self.gateway.wait_for_log(r"message src=\S+ id=\S+ listener=submission user=alice ")

    def test_a_forged_base64_login_is_no_login(self):
        """Blanks, padding in the middle and bytes behind it are refused, not skipped."""
        good = base64.b64decode(harness.plain("alice", harness.USERS["alice"]))
        text = base64.b64encode(good).decode()
        for forged in (text + "!", text[:8] + "=" + text[8:], text + "====", text[:-1] + "\x01"):
            wire = self.encrypted()
            self.refuse(wire, "AUTH PLAIN " + forged)
            self.refuse_everything(wire)


if __name__ == "__main__":
    unittest.main()
