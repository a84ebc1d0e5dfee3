"""Mail through the gateway to Exim and to OpenSMTPD, and their answers back."""
import re

import unpacked_mta
from harness import CaseTest, Gateway, Wire, cases

MESSAGES = {
    "plain_text": b"From: a@example.com\r\nSubject: plain\r\n\r\nhello\r\n",
    "dots_at_line_starts": b"From: a@example.com\r\nSubject: dots\r\n\r\n.\r\n..\r\n.a\r\n \r\n",
    "eight_bit_text": "From: a@example.com\r\nSubject: x\r\n\r\nschöne Grüße\r\n".encode(),
    "commands_in_the_text": b"From: a@example.com\r\nSubject: commands\r\n\r\nMAIL FROM:<x@example.com>\r\n"
                            b"RCPT TO:<y@example.com>\r\nDATA\r\n.. \r\nRSET\r\n",
    "long_lines": b"From: a@example.com\r\nSubject: long\r\n\r\n" + (b"x" * 900 + b"\r\n") * 200,
}


class OtherMtaTest(CaseTest):
    """Tests in front of one mail server."""

    kind = None

    @classmethod
    def setUpClass(cls):
        if cls.kind is None:
            return
        cls.server = cls.enterClassContext(cls.kind())
        cls.gateway = cls.enterClassContext(Gateway(upstream=cls.server.port))

    def mx(self):
        wire = self.enterContext(Wire(self.gateway.ports["mx"]))
        wire.expect(220)
        wire.expect(250, "EHLO client.example.org")
        return wire

    def send(self, wire, recipients, message, code=250):
        wire.expect(250, "MAIL FROM:<a@example.com>")
        for recipient in recipients:
            wire.expect(250, f"RCPT TO:<{recipient}>")
        wire.expect(354, "DATA")
        return wire.expect(code, re.sub(rb"(?m)^\.", b"..", message) + b".\r\n")


class PassesMail(OtherMtaTest):
    @cases(MESSAGES)
    def test_unchanged(self, message):
        recipient = f"{self._testMethodName}@example.com"
        self.send(self.mx(), [recipient], message)
        text = self.server.wait_for_mail(recipient)
        header, body = message.split(b"\r\n\r\n", 1)
        self.assertEqual(text.split(b"\r\n\r\n", 1)[1], body)
        for field in header.split(b"\r\n"):
            self.assertIn(b"\r\n" + field + b"\r\n", text)
        self.assertIn(b"by gateway.example.com (Sekisho", text)

    def test_to_many_recipients_each_once(self):
        recipients = [f"many{n}@example.com" for n in range(20)]
        self.send(self.mx(), recipients, MESSAGES["plain_text"])
        for recipient in recipients:
            self.server.wait_for_mail(recipient)

    def test_one_after_another_on_a_kept_connection(self):
        wire = self.mx()
        for n in range(5):
            self.send(wire, [f"row{n}@example.com"], MESSAGES["plain_text"])
        for n in range(5):
            self.server.wait_for_mail(f"row{n}@example.com")

    def test_but_not_to_a_recipient_that_it_refuses(self):
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<a@example.com>")
        wire.expect(550, "RCPT TO:<refused@example.com>")
        wire.expect(554, "DATA")


class ToExim(PassesMail):
    kind = unpacked_mta.Exim

    def test_that_defers_a_recipient(self):
        wire = self.mx()
        wire.expect(250, "MAIL FROM:<a@example.com>")
        self.assertIn("greylisted", wire.expect("451 4.2.0", "RCPT TO:<later@example.com>"))

    def test_that_refuses_the_text(self):
        reply = self.send(self.mx(), ["text@example.com"],
                          b"From: a@example.com\r\nSubject: lottery\r\n\r\nwon\r\n", "550 5.7.1")
        self.assertIn("no lotteries please", reply)


class ToOpenSmtpd(PassesMail):
    kind = unpacked_mta.OpenSmtpd


del PassesMail, OtherMtaTest  # the runner would take them for tests
