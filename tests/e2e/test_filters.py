"""The filters as a client meets them: attachments, rate_limit, headers; observe mode and failures."""
import re
import signal
import smtplib
import threading
import unittest

from attachments import (EXE, HARMLESS, MESSAGE_TRICKS, NAME_TRICKS, attached, disposition, mixed)
from harness import (Gateway, GatewayTest, RecordingUpstream, cases, login, undo_dots, wait_until,
                     without_added_headers)

class FilterTest(GatewayTest):
    def recipient(self):
        return f"{self._testMethodName[-60:]}@example.com".lower()

    def send(self, message, wire=None):
        """The reply to the message, sent to mx for this test's recipient."""
        wire = wire or self.mx()
        wire.expect(250, "MAIL FROM:<sender@example.org>")
        wire.expect(250, f"RCPT TO:<{self.recipient()}>")
        wire.expect(354, "DATA")
        if isinstance(message, str):
            message = message.encode("latin-1")
        return wire.command(re.sub(rb"(?m)^\.", b"..", message) + b".\r\n")

    def mx(self):
        wire = self.wire("mx")
        wire.expect(250, "EHLO client.example.org")
        return wire

    def received(self):
        return [undo_dots(data) for _, recipients, data in self.upstream.messages
                if recipients == [self.recipient()]]


class Attachments(FilterTest):
    top = 'filters = ["attachments"]'

    def test_what_stands_below_a_line_that_is_no_field_is_text(self):
        self.assertTrue(self.send("no field at all\r\n" + mixed(EXE)).startswith("250"))
        (arrived,) = self.received()
        head, _, body = arrived.partition(b"\r\n\r\n")
        self.assertNotIn(b"Content-Type", head)
        self.assertTrue(body.startswith(b"no field at all\r\n"), body[:100])

    @cases({name: disposition(parameters) for name, parameters in NAME_TRICKS.items()} |
           MESSAGE_TRICKS)
    def test_refuses_a_program(self, message):
        reply = self.send(message)
        self.assertRegex(reply, r"\A550 5\.7\.1 the attachment .*is of a kind that is not accepted")
        self.assertTrue(reply.isascii() and reply.isprintable(), reply)
        self.assertEqual(self.received(), [])
        self.gateway.wait_for_log(rf" message .*{re.escape(self.recipient())}.*verdict=rejected "
                                  r"code=550 class=filter filter=attachments")

    @cases(HARMLESS)
    def test_lets_pass(self, message):
        self.assertEqual(self.send(message)[:3], "250")
        self.assertEqual([without_added_headers(data) for data in self.received()],
                         [message.encode()])

    def test_leaves_the_session_usable(self):
        wire = self.mx()
        self.assertEqual(self.send(MESSAGE_TRICKS["named_as_text"], wire)[:3], "550")
        self.assertEqual(self.send(HARMLESS["a_pdf"], wire)[:3], "250")
        self.assertEqual(len(self.received()), 1)

    def test_refuses_what_a_user_submits_too(self):
        client = login(self.gateway)
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            client.sendmail("alice@example.com", [self.recipient()],
                            MESSAGE_TRICKS["named_as_text"])
        self.assertEqual(refused.exception.smtp_code, 550)
        client.quit()


class AttachmentsOfOurChoice(FilterTest):
    top = 'filters = ["attachments"]'
    extra = '[filter.attachments]\nextensions = ["docm", ".ZIP"]\ntypes = ["video/*"]\n' \
            "block_programs = false\n"

    @cases({"an_extension": 'attachment; filename="report.DOCM"',
            "another": 'attachment; filename="report.zip"'})
    def test_are_refused_by(self, parameters):
        self.assertEqual(self.send(disposition(parameters))[:3], "550")

    def test_are_refused_by_a_family_of_types(self):
        self.assertEqual(self.send(attached("Content-Type: video/mp4"))[:3], "550")

    def test_take_the_place_of_the_built_in_ones(self):
        self.assertEqual(self.send(disposition("attachment; filename=x.exe"))[:3], "250")


class AttachmentsThatCannotBeRead(FilterTest):
    top = 'filters = ["attachments"]'
    extra = "[mime]\nmax_parts = 5\n"

    def test_are_deferred(self):
        self.assertEqual(self.send(mixed(*["\r\nx\r\n"] * 10))[:9], "451 4.3.0")
        self.assertEqual(self.received(), [])
        self.gateway.wait_for_log(" filter_error .*filter=attachments")

    def test_are_refused_for_what_was_seen_before_the_bound(self):
        self.assertEqual(self.send(mixed(EXE, *["\r\nx\r\n"] * 10))[:3], "550")


class AttachmentsThatCannotBeReadAndMayPass(FilterTest):
    top = 'filters = ["attachments"]'
    extra = '[mime]\nmax_parts = 5\n[filter.attachments]\non_error = "pass"\n'

    def test_pass_and_are_logged(self):
        self.assertEqual(self.send(mixed(*["\r\nx\r\n"] * 10))[:3], "250")
        self.gateway.wait_for_log(" filter_error .*filter=attachments")
        self.assertEqual(len(self.received()), 1)


class Observing(FilterTest):
    top = 'filters = ["attachments", "rate_limit", "headers"]'
    extra = """
[filter.attachments]
mode = "observe"
[filter.rate_limit]
mode = "observe"
messages_per_client = "1/1h"
[filter.headers]
mode = "observe"
add = ["X-Added: yes"]
"""

    def test_passes_everything_as_it_is_and_logs_what_it_would_do(self):
        message = MESSAGE_TRICKS["named_as_text"]
        for _ in range(3):
            self.assertEqual(self.send(message)[:3], "250")
        self.assertEqual([without_added_headers(data) for data in self.received()],
                         [message.encode()] * 3)
        self.gateway.wait_for_log(r" would_reject .*filter=attachments")
        self.gateway.wait_for_log(r" would_defer .*filter=rate_limit")


class Headers(FilterTest):
    top = 'filters = ["headers"]'
    extra = """
[filter.headers]
add = ["X-Checked-By: Sekisho {id}", "X-From: {user} at {client} on {listener}", "X-Braces: {{}}"]
replace = ["Organization: Example Corp"]
remove = ["X-Secret", "x-mailer"]
hide_client = true
"""
    message = (b"Subject: fields\r\nX-Secret: one\r\nOrganization: Elsewhere\r\nx-SECRET: two\r\n"
               b" folded\r\nX-Mailer: Thing 1.0\r\nX-Secretary: kept\r\nFrom: a@example.com\r\n\r\n"
               b"X-Secret: in the body\r\n.\r\n")

    def fields(self, data):
        head, _, body = data.partition(b"\r\n\r\n")
        fields = re.split(rb"\r\n(?![ \t])", head)
        return [tuple(field.decode().split(": ", 1)) for field in fields], body

    def check(self, data, user, listener):
        fields, body = self.fields(data)
        self.assertEqual(body, b"X-Secret: in the body\r\n.\r\n")
        names = [name.lower() for name, _ in fields]
        self.assertEqual(names[0], "received")
        self.assertNotIn("x-secret", names)
        self.assertNotIn("x-mailer", names)
        self.assertEqual([value for name, value in fields if name == "Organization"],
                         ["Example Corp"])
        values = dict(fields)
        self.assertRegex(values["X-Checked-By"], r"\ASekisho [0-9a-f]+-[0-9a-f]+\.1\Z")
        self.assertIn(values["X-Checked-By"].removeprefix("Sekisho "), values["Received"])
        self.assertEqual(values["X-From"], f"{user} at 127.0.0.1 on {listener}".strip())
        self.assertEqual(values["X-Braces"], "{}")
        kept = [name for name in names if name in ("subject", "x-secretary", "from")]
        self.assertEqual(kept, ["subject", "x-secretary", "from"])
        return values

    def test_are_changed_for_a_user_whose_address_is_hidden(self):
        client = login(self.gateway)
        client.sendmail("alice@example.com", [self.recipient()], self.message)
        client.quit()
        values = self.check(self.received()[0], "alice", "submission")
        self.assertNotIn("127.0.0.1", values["Received"])
        self.assertIn("from authenticated-client", values["Received"])

    def test_are_changed_for_a_stranger_whose_address_is_told(self):
        self.assertEqual(self.send(self.message)[:3], "250")
        values = self.check(self.received()[0], "", "mx")
        self.assertIn("[127.0.0.1]", values["Received"])

    def test_are_added_to_a_message_without_any(self):
        self.assertEqual(self.send(b"\r\nonly a body\r\n")[:3], "250")
        fields, body = self.fields(self.received()[0])
        self.assertEqual(body, b"only a body\r\n")
        self.assertIn(("Organization", "Example Corp"), fields)


RATE_LIMIT = 'filters = ["rate_limit", "attachments"]'


class RateLimitOfUsers(FilterTest):
    @classmethod
    def setUpClass(cls):
        """Nothing: each test has a gateway of its own, so that each begins with a full allowance."""

    def limit(self, **limits):
        self.upstream = self.enterContext(RecordingUpstream())
        self.gateway = self.enterContext(Gateway(
            upstream=self.upstream.port, top=RATE_LIMIT, extra="[filter.rate_limit]\n" + "".join(
                f'{name} = "{rate}"\n' for name, rate in limits.items())))

    def submit(self, count=1, user="alice", listener="submission", recipients=1, message=None):
        """The codes that so many messages got, each over a connection of its own."""
        codes = []
        for _ in range(count):
            client = login(self.gateway, user, listener)
            try:
                client.sendmail(f"{user}@example.com",
                                [f"r{n}@example.net" for n in range(recipients)],
                                message or HARMLESS["a_text"])
                codes.append(250)
            except smtplib.SMTPResponseException as refused:
                codes.append(refused.smtp_code)
            except smtplib.SMTPRecipientsRefused as refused:
                codes.append(next(iter(refused.recipients.values()))[0])
            client.close()
        return codes

    def test_ends_a_burst_with_451(self):
        self.limit(messages_per_user="4/1h")
        self.assertEqual(self.submit(6), [250] * 4 + [451] * 2)
        self.assertEqual(len(self.upstream.messages), 4)
        wire = self.wire("submission")
        wire.login()
        self.assertRegex(wire.command("MAIL FROM:<alice@example.com>"),
                         r"\A451 4\.7\.1 sending limit reached, try again in \d+ (s|min|h)\Z")

    def test_counts_a_user_on_every_listener_and_nobody_else(self):
        self.limit(messages_per_user="4/1h")
        self.assertEqual(self.submit(2, listener="submission"), [250] * 2)
        self.assertEqual(self.submit(3, listener="submissions"), [250] * 2 + [451])
        self.assertEqual(self.submit(1, user="bob"), [250])

    def test_counts_recipients(self):
        self.limit(recipients_per_user="5/1h")
        self.assertEqual(self.submit(recipients=3), [250])
        wire = self.wire("submission")
        wire.login()
        wire.expect(250, "MAIL FROM:<alice@example.com>")
        wire.expect(250, "RCPT TO:<one@example.net>")
        wire.expect(250, "RCPT TO:<two@example.net>")
        wire.expect("451 4.7.1", "RCPT TO:<three@example.net>")
        wire.expect(354, "DATA")
        wire.expect(250, b"Subject: for two\r\n\r\n.\r\n")
        self.assertEqual([len(message[1]) for message in self.upstream.messages], [3, 2])
        self.assertEqual(self.submit(), [451])

    def test_does_not_count_what_a_filter_refused(self):
        self.limit(messages_per_user="2/1h", recipients_per_user="2/1h")
        self.assertEqual(self.submit(4, message=MESSAGE_TRICKS["named_as_text"]), [550] * 4)
        self.assertEqual(self.submit(3), [250, 250, 451])

    @cases({"refused_at_rcpt": ("RCPT", "550 5.1.1 no such user", 550),
            "refused_after_the_dot": (".", "554 5.7.1 no", 554),
            "deferred_after_the_dot": (".", "452 4.3.1 full", 452),
            "lost_after_the_dot": (".", ConnectionError, 451)})
    def test_does_not_count_what_the_upstream(self, stage, how, code):
        self.limit(messages_per_user="2/1h", recipients_per_user="2/1h")
        self.upstream.answer = lambda verb, line: how if verb == stage else None
        self.assertEqual(self.submit(2), [code] * 2)
        self.upstream.answer = lambda verb, line: None
        self.assertEqual(self.submit(3), [250, 250, 451])

    def test_does_not_count_what_was_given_up(self):
        self.limit(messages_per_user="2/1h", recipients_per_user="2/1h")
        for last in (b"RSET\r\n", b"QUIT\r\n", b"EHLO again\r\n", b"DATA\r\nhalf a mess"):
            wire = self.wire("submission")
            wire.login()
            wire.expect(250, "MAIL FROM:<alice@example.com>")
            wire.expect(250, "RCPT TO:<one@example.net>")
            wire.send(last)
            wire.reply()
            wire.close()
            wait_until(lambda: self.submit_is_free(), "the place to come free")
        self.assertEqual(self.submit(3), [250, 250, 451])

    def submit_is_free(self):
        """Are both places free? Takes none."""
        wires = [self.wire("submission") for _ in range(2)]
        for wire in wires:
            wire.login()
        codes = [wire.command("MAIL FROM:<alice@example.com>")[:3] for wire in wires]
        for wire in wires:
            wire.expect(250, "RSET")
            wire.close()
        return codes == ["250", "250"]

    def test_holds_for_sessions_at_the_same_time(self):
        self.limit(messages_per_user="5/1h")
        codes = []
        threads = [threading.Thread(target=lambda: codes.extend(self.submit(2))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # A message that was on its way and then counted may have kept another one out, never in.
        self.assertEqual(sorted(set(codes)), [250, 451])
        self.assertEqual(codes.count(250), 5)
        self.assertEqual(len(self.upstream.messages), 5)

    def test_frees_places_with_time(self):
        self.limit(messages_per_user="2/2s")
        codes = self.submit(2)
        wait_until(lambda: codes.extend(self.submit()) or codes[-1] == 451, "the limit")
        wait_until(lambda: codes.extend(self.submit()) or codes[-1] == 250, "a free place")

    def test_outlives_a_reload(self):
        self.limit(messages_per_user="2/1h")
        self.assertEqual(self.submit(2), [250, 250])
        reloads = self.gateway.log().count(" reloaded ")
        self.gateway.signal(signal.SIGHUP)
        wait_until(lambda: self.gateway.log().count(" reloaded ") > reloads, "the reload")
        self.assertEqual(self.submit(), [451])


class RateLimitOfClients(FilterTest):
    top = RATE_LIMIT
    extra = '[filter.rate_limit]\nmessages_per_client = "3/1h"\nconnections_per_client = "6/1h"\n'

    def test_slows_a_stranger_and_then_shuts_the_door(self):
        wire = self.mx()
        for _ in range(3):
            self.assertEqual(self.send(HARMLESS["a_text"], wire)[:3], "250")
        wire.expect("451 4.7.1", "MAIL FROM:<sender@example.org>")
        for _ in range(5):
            self.mx().expect("451 4.7.1", "MAIL FROM:<somebody-else@example.org>")
        # Authenticated mail counts for its user, but a connection is one.
        with self.assertRaises(smtplib.SMTPConnectError) as refused:
            login(self.gateway)
        self.assertEqual(refused.exception.smtp_code, 421)


if __name__ == "__main__":
    unittest.main()
