"""Mail through the gateway to a real Postfix, and its answers back."""
import base64
import random
import re
import subprocess
import unittest

import postfix
from harness import (PATIENCE, CaseTest, Gateway, Wire, cases, login, make_certificate, wait_until,
                     without_added_headers)

server = None  # the Postfix of all tests here


def setUpModule():
    global server
    postfix.require()
    server = unittest.enterModuleContext(postfix.Postfix())


def numbered_lines(count):
    return b"".join(b"line %d of a message\r\n" % number for number in range(count))


def attachment(size):
    """A message with a base64 part of so many bytes."""
    body = base64.encodebytes(random.Random(1).randbytes(size)).replace(b"\n", b"\r\n")
    return (b"Subject: with an attachment\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=frontier\r\n\r\n--frontier\r\n\r\nsee below\r\n"
            b"--frontier\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.bin"
            b"\r\n\r\n" + body + b"--frontier--\r\n")


MESSAGES = {
    "plain_text": b"From: a@example.com\r\nTo: b@example.com\r\nSubject: plain\r\n\r\nhello\r\n",
    "eight_bit_bytes": b"Subject: \xc3\xbcber \xff\xfe\r\n\r\n" + b"".join(
        bytes([byte]) * 3 + b"\r\n" for byte in range(1, 256) if byte not in b"\r\n"),
    "dots_at_line_starts": b"Subject: dots\r\n\r\n.\r\n..\r\n...\r\n.a\r\n..a\r\n. \r\n .\r\na.\r\n"
                           b"\r\n.\r\nQUIT\r\n.",
    "long_lines": b"Subject: long\r\n\r\n" + b"\r\n".join(
        b"x" * length for length in (997, 998, 999, 1000, 2046, 2047, 2048, 2049, 4096, 4097, 8192,
                                     70_000)) + b"\r\n",
    "a_long_header": b"Subject: " + b"word " * 150 + b"\r\nX-Long: " + b"y" * 5000 +
                     b"\r\nTo: " + b",\r\n ".join(b"r%d@example.com" % n for n in range(500)) +
                     b"\r\n\r\nbody\r\n",
    "a_folded_header": b"Subject: one\r\n two\r\n\tthree\r\nX-Odd:no blank\r\nX-Empty:\r\n"
                       b"x-empty: \r\n\r\nbody\r\n",
    "an_empty_body": b"Subject: nothing to say\r\n\r\n",
    "empty_lines_around": b"Subject: lines\r\n\r\n\r\n\r\nmiddle\r\n\r\n\r\n\r\n",
    "blanks_at_line_ends": b"Subject: blanks  \r\nX-Tab: a\tb\t\r\n\r\n  a  \r\n\t\r\n \r\nb\t\r\n",
    "lines_that_begin_with_From": b"Subject: mbox\r\n\r\nFrom here on\r\n>From there\r\nFrom \r\n",
    "commands_in_the_text": b"Subject: commands\r\n\r\nMAIL FROM:<x@example.com>\r\n"
                            b"RCPT TO:<y@example.com>\r\nDATA\r\n.. \r\nRSET\r\n",
    "ten_thousand_lines": b"Subject: many\r\n\r\n" + numbered_lines(10_000),
    "ten_megabytes": attachment(10_000_000),
}


class PostfixTest(CaseTest):
    """Tests in front of one listener of Postfix."""

    behind = "plain"

    @classmethod
    def setUpClass(cls):
        cls.gateway = cls.enterClassContext(Gateway(upstream=server.ports[cls.behind]))

    def recipient(self):
        """A recipient that is this test's own."""
        return f"{self._testMethodName}.{self.behind}"[-64:].lower() + "@example.com"

    def mx(self):
        """A connection to the mx listener that has said EHLO."""
        wire = self.enterContext(Wire(self.gateway.ports["mx"]))
        wire.expect(220)
        wire.expect(250, "EHLO client.example.org")
        return wire

    def send(self, recipients, message, sender="alice@example.com"):
        client = login(self.gateway)
        try:
            return client.sendmail(sender, recipients, message)
        finally:
            client.close()

    def logged(self, recipient):
        """The gateway's line of the message to `recipient`, as a dict."""
        match = self.gateway.wait_for_log(rf".* message .*rcpt=\S*<{re.escape(recipient)}>.*")
        return dict(re.findall(r'(\w+)=("[^"]*"|\S*)', match[0]))


class PassesMessagesUnchanged(PostfixTest):
    @cases(MESSAGES)
    def test_submitted(self, message):
        self.send(self.recipient(), message)
        mail = server.wait_for_mail(self.recipient())
        self.assertEqual(mail.sender, "alice@example.com")
        self.assert_same(mail.data, message)

    def assert_same(self, delivered, sent):
        if not sent.endswith(b"\r\n"):
            sent += b"\r\n"  # what a client has to add, smtplib too
        got = without_added_headers(delivered)
        if got != sent:
            at = next((i for i, (a, b) in enumerate(zip(got, sent)) if a != b),
                      min(len(got), len(sent)))
            self.fail(f"{len(got)} bytes instead of {len(sent)}, different from byte {at} on: "
                      f"{got[max(at - 20, 0):at + 40]} instead of {sent[max(at - 20, 0):at + 40]}")

    def test_with_our_received_field_under_postfixs(self):
        self.send(self.recipient(), MESSAGES["plain_text"])
        mail = server.wait_for_mail(self.recipient())
        self.assertIn("by upstream.example.com (Postfix)", mail.received)
        self.assertRegex(mail.data.decode(),
                         r"\AReceived: from \S+ \(\[127\.0\.0\.1\]\)\r\n\tby gateway\.example\.com "
                         r"\(Sekisho[^)]*\)\r\n\twith ESMTPSA \(TLSv1\.3 cipher \S+\)\r\n"
                         r"\tid \S+\r\n\tfor <" + re.escape(self.recipient()))

    def test_from_the_null_sender(self):
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<>")
        wire.expect(250, f"RCPT TO:<{self.recipient()}>")
        wire.expect(354, "DATA")
        wire.expect(250, b"Subject: a bounce\r\n\r\n.\r\n")
        self.assertEqual(server.wait_for_mail(self.recipient()).sender, "")

    def test_to_a_hundred_recipients(self):
        recipients = [f"hundred{n}.{self.behind}@example.com" for n in range(100)]
        self.assertEqual(self.send(recipients, MESSAGES["plain_text"]), {})
        for recipient in recipients:
            self.assert_same(server.wait_for_mail(recipient).data, MESSAGES["plain_text"])
        line = self.logged(recipients[0])
        self.assertEqual(line["nrcpt"], "100")
        self.assertRegex(server.log(), rf"{line['queue_id']}: from=<alice@example.com>, "
                                       r"size=\d+, nrcpt=100 ")

    def test_with_quoted_and_odd_addresses(self):
        sender, recipient = '"a b"@example.com', f"o'hare+{self.behind}=y/z@example.com"
        self.send(recipient, MESSAGES["plain_text"], sender)
        self.assertEqual(server.wait_for_mail(recipient).sender, sender)


class PassesRepliesOn(PostfixTest):
    def test_of_an_acceptance_with_both_ids(self):
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<a@example.org>")
        wire.expect(250, f"RCPT TO:<{self.recipient()}>")
        wire.expect(354, "DATA")
        reply = wire.expect(250, b"Subject: ids\r\n\r\nbody\r\n.\r\n")
        line = self.logged(self.recipient())
        ours, theirs = re.fullmatch(r"250-2\.0\.0 queued as (\S+)\n"
                                    r"250 2\.0\.0 Ok: queued as (\S+)", reply).groups()
        self.assertEqual((line["id"], line["queue_id"]), (ours, theirs))
        self.assertEqual((line["verdict"], line["class"], line["upstream"]),
                         ("accepted", "upstream", "main"))
        wait_until(lambda: re.search(rf"{theirs}: to=<{self.recipient()}>.*status=sent",
                                     server.log()), "Postfix's line with its id")
        self.assertIn(theirs, server.wait_for_mail(self.recipient()).received)
        self.assertIn(ours, server.wait_for_mail(self.recipient()).data.decode())

    @cases({"550": ("refused", "550 5.1.1", "no such user here"),
            "450": ("later", "450 4.2.0", "greylisted, come again"),
            "452": ("full", "452 4.2.2", "mailbox full")})
    def test_to_a_recipient(self, name, code, text):
        other = f"beside-{name}@example.com"
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<a@example.org>")
        self.assertEqual(wire.command(f"RCPT TO:<{name}@example.com>"),
                         f"{code} <{name}@example.com>: Recipient address rejected: {text}")
        wire.expect(250, f"RCPT TO:<{other}>")
        wire.expect(354, "DATA")
        wire.expect(250, b"Subject: for one of two\r\n\r\n.\r\n")
        server.wait_for_mail(other)
        self.assertNotIn(f"{name}@example.com", [mail.recipient for mail in server.mail()])
        self.assertEqual(self.logged(other)["refused"], "1")

    def test_of_553_to_a_sender(self):
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<refused-sender@example.org>")
        self.assertIn("this sender is not wanted",
                      wire.expect("553 5.1.8", f"RCPT TO:<{self.recipient()}>"))

    def test_of_550_after_the_dot(self):
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<a@example.org>")
        wire.expect(250, f"RCPT TO:<{self.recipient()}>")
        wire.expect(354, "DATA")
        self.assertEqual(wire.command(b"Subject: you won the lottery\r\n\r\n.\r\n"),
                         "550 5.7.1 no lotteries please")
        line = self.logged(self.recipient())
        self.assertEqual((line["verdict"], line["code"], line["class"]),
                         ("rejected", "550", "upstream"))
        # The same connection carries the next one.
        wire.expect(250, "MAIL FROM:<a@example.org>")
        wire.expect(250, f"RCPT TO:<{self.recipient()}>")
        wire.expect(354, "DATA")
        wire.expect(250, b"Subject: honest work\r\n\r\n.\r\n")
        self.assertIn(b"honest work", server.wait_for_mail(self.recipient()).data)


class InFrontOfASmallPostfix(PostfixTest):
    behind = "small"

    def test_a_message_too_large_for_it_is_552_after_the_dot(self):
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<a@example.org>")
        wire.expect(250, f"RCPT TO:<{self.recipient()}>")
        wire.expect(354, "DATA")
        self.assertIn("larger than 17952 bytes", wire.expect(
            "552 5.3.4", b"Subject: big\r\n\r\n" + b"x" * 30 * 1000 + b"\r\n.\r\n"))

    def test_an_announced_size_too_large_for_it_is_552_at_once(self):
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<a@example.org> SIZE=10000")
        wire.expect(250, f"RCPT TO:<{self.recipient()}>")  # its SIZE is known from now on
        wire.expect(250, "RSET")
        wire.expect("552 5.3.4", "MAIL FROM:<a@example.org> SIZE=30000")


class InFrontOfAPostfixForFewRecipients(PostfixTest):
    behind = "few_recipients"

    def test_its_452_stops_the_client_where_postfix_does(self):
        recipients = [f"few{n}@example.com" for n in range(8)]
        refused = self.send(recipients, MESSAGES["plain_text"])
        self.assertEqual({name: reply[0] for name, reply in refused.items()},
                         {name: 452 for name in recipients[5:]})
        for recipient in recipients[:5]:
            server.wait_for_mail(recipient)


class InFrontOfAPostfixWithoutPipelining(PassesMessagesUnchanged):
    behind = "step_by_step"


class InFrontOfAPostfixWithoutExtensions(PostfixTest):
    behind = "bare"

    def test_mail_passes(self):
        self.send(self.recipient(), MESSAGES["dots_at_line_starts"] + b"\r\n")
        mail = server.wait_for_mail(self.recipient())
        self.assertEqual(without_added_headers(mail.data),
                         MESSAGES["dots_at_line_starts"] + b"\r\n")


class InFrontOfAnImpatientPostfix(PostfixTest):
    behind = "impatient"

    def test_a_kept_connection_that_postfix_ended_costs_no_mail(self):
        for n in range(3):
            recipient = f"impatient{n}@example.com"
            ends = server.log().count("timeout after")
            self.send(recipient, MESSAGES["plain_text"])
            server.wait_for_mail(recipient)
            wait_until(lambda: server.log().count("timeout after") > ends,
                       "Postfix to end the idle connection")


UPSTREAM = """
[upstream.main]
host = "127.0.0.1"
port = {port}
tls = "{tls}"
breaker_failures = 1
{more}
"""


class TlsToPostfix(PostfixTest):
    @classmethod
    def setUpClass(cls):
        pass

    def gateway_to(self, listener, tls, trusted=None, name=None):
        """A gateway with Postfix's certificate ("right") or another one ("wrong") as the trusted one."""
        more = "" if name is None else f'tls_name = "{name}"\n'
        if trusted:
            more += 'tls_ca_file = "ca.pem"\n'
        gateway = Gateway(extra=UPSTREAM.format(port=server.ports[listener], tls=tls, more=more))
        if trusted == "right":
            gateway.write("ca.pem", (server.folder / "cert.pem").read_text())
        elif trusted == "wrong":
            (gateway.folder / "other").mkdir()
            make_certificate(gateway.folder / "other")
            gateway.write("ca.pem", (gateway.folder / "other" / "cert.pem").read_text())
        self.gateway = self.enterContext(gateway)

    @cases({"never_with_starttls_offered": ("tls", "never", False),
            "opportunistic_with_starttls_offered": ("tls", "opportunistic", True),
            "opportunistic_without": ("plain", "opportunistic", False),
            "required": ("tls", "required", True),
            "verify": ("tls", "verify", True, "right", "localhost"),
            "verify_by_the_address": ("tls", "verify", True, "right"),
            "implicit": ("implicit_tls", "implicit", True),
            "implicit_verify": ("implicit_tls", "implicit-verify", True, "right", "localhost")})
    def test_mail_passes_with(self, listener, tls, encrypted, *trust):
        self.gateway_to(listener, tls, *trust)
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<a@example.org>")
        wire.expect(250, f"RCPT TO:<{self.recipient()}>")
        wire.expect(354, "DATA")
        wire.expect(250, MESSAGES["plain_text"] + b".\r\n")
        mail = server.wait_for_mail(self.recipient())
        self.assertEqual("with ESMTPS " in mail.received, encrypted, mail.received)

    @cases({"required_and_no_starttls": ("plain", "required", None, None,
                                         "does not offer STARTTLS"),
            "verify_and_a_strange_authority": ("tls", "verify", "wrong", "localhost",
                                               "certificate"),
            "verify_and_the_systems_authorities": ("tls", "verify", None, "localhost",
                                                   "certificate"),
            "verify_and_another_name": ("tls", "verify", "right", "upstream.example.com",
                                        "certificate"),
            "verify_and_another_address": ("tls", "verify", "right", "127.0.0.2", "certificate"),
            "implicit_where_there_is_none": ("plain", "implicit", None, None, "TLS"),
            "implicit_verify_and_a_strange_authority": ("implicit_tls", "implicit-verify", "wrong",
                                                        "localhost", "certificate")})
    def test_no_mail_passes_with(self, listener, tls, trusted, name, reason):
        self.gateway_to(listener, tls, trusted, name)
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<a@example.org>")
        wire.expect("451 4.4.1", f"RCPT TO:<{self.recipient()}>")
        wire.expect("554 5.5.1", "DATA")
        self.gateway.wait_for_log(f"upstream_down .*upstream=main .*reason=.*{reason}")
        self.assertEqual([mail for mail in server.mail() if mail.recipient == self.recipient()], [])


class UnderLoad(PostfixTest):
    def run_source(self, messages, sessions, recipient, *options):
        done = subprocess.run(
            ["/usr/sbin/smtp-source", "-N", "-s", str(sessions), "-m", str(messages), "-l", "4096",
             "-f", "load@example.org", "-t", recipient, *options,
             f"127.0.0.1:{self.gateway.ports['mx']}"],
            capture_output=True, text=True, timeout=4 * PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        wanted = sorted(f"{n}{recipient}" for n in range(1, messages + 1))

        def arrived():
            return sorted(mail.recipient for mail in server.mail()
                          if mail.recipient.endswith(recipient))

        wait_until(lambda: len(arrived()) >= messages, f"{messages} messages", interval=0.5)
        self.assertEqual(arrived(), wanted)

    def test_every_message_of_many_sessions_arrives_once(self):
        before = server.connects()
        self.run_source(500, 20, "busy@example.com", "-d")
        # Connections are kept and used again, and never more at once than there are sessions.
        self.assertLessEqual(server.connects() - before, 40)

    def test_sessions_of_one_message_each_share_connections(self):
        before = server.connects()
        self.run_source(100, 5, "short@example.com")
        self.assertLessEqual(server.connects() - before, 20)


if __name__ == "__main__":
    unittest.main()
