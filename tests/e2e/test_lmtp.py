"""LMTP clients (RFC 2033): an answer for each recipient after the message."""
import re
import smtplib
import threading
import unittest
from unittest import mock

import postfix
from harness import GatewayTest, RecordingUpstream, PATIENCE, cases, wait_until

LMTP = """
[listener.lmtp]
address = "127.0.0.1:0"
profile = "mx"
protocol = "lmtp"
"""
MESSAGE = b"Subject: hello\r\n\r\nhello\r\n"


class Client(smtplib.LMTP):
    """The library's client reads the first recipient's answer only."""

    def __init__(self, port):
        super().__init__("127.0.0.1", port)
        self.sock.settimeout(PATIENCE)

    def send_to(self, *recipients, message=MESSAGE):
        """The codes after the message, one for each recipient that was accepted."""
        self.ehlo_or_helo_if_needed()
        self.mail("eve@example.org")
        accepted = [self.rcpt(recipient)[0] == 250 for recipient in recipients].count(True)
        first = self.data(message)[0]
        return [first] + [self.getreply()[0] for _ in range(accepted - 1)]


class LmtpTest(GatewayTest):
    """Mail for example.com goes to `upstream`, for a.sub.example.com to `other`."""

    extra = LMTP + """
[upstream.other]
host = "127.0.0.1"
port = {port}
tls = "never"
[route.other]
recipient_domains = ["a.sub.example.com"]
upstreams = ["other"]
"""

    @classmethod
    def setUpClass(cls):
        cls.answers = {}
        cls.other = cls.enterClassContext(
            RecordingUpstream(lambda verb, line: cls.answers.get(verb)))
        cls.extra = cls.extra.replace("{port}", str(cls.other.port))
        super().setUpClass()

    def copies(self, recipient):
        return sum(recipient in recipients
                   for upstream in (self.upstream, self.other)
                   for _, recipients, _ in upstream.messages)


class Lmtp(LmtpTest):
    def setUp(self):
        self.answers.clear()
        self.client = Client(self.gateway.ports["lmtp"])
        self.addCleanup(self.client.close)

    def test_each_recipient_has_the_answer_of_its_own_upstream(self):
        here, there = "one@example.com", "one@a.sub.example.com"
        self.assertEqual(self.client.send_to(here, there), [250, 250])
        self.answers["."] = "552 5.2.2 full"
        here, there = "two@example.com", "two@a.sub.example.com"
        self.assertEqual(self.client.send_to(there, here, there), [552, 250, 552])
        self.assertEqual((self.copies(here), self.copies(there)), (1, 0))
        self.answers["."] = ConnectionAbortedError
        here, there = "three@example.com", "three@a.sub.example.com"
        self.assertEqual(self.client.send_to(here, there), [250, 451])
        self.assertEqual((self.copies(here), self.copies(there)), (1, 0))
        self.assertEqual(self.client.noop()[0], 250)

    def test_a_recipient_that_was_refused_gets_no_second_answer(self):
        self.assertEqual(
            self.client.send_to("four@example.com", "five@example.org", "five@example.com"),
            [250, 250])
        self.assertEqual(self.client.noop()[0], 250)

    def test_a_message_that_we_refuse_has_the_refusal_for_each(self):
        self.client.ehlo_or_helo_if_needed()
        self.client.mail("eve@example.org")
        for name in ("six", "seven"):
            self.client.rcpt(f"{name}@example.com")
        self.client.docmd("DATA")
        self.client.send(b"Received: x\r\n" * 60 + b"\r\nround and round\r\n.\r\n")
        self.assertEqual([self.client.getreply()[0] for _ in range(2)], [554, 554])
        self.assertEqual(self.client.noop()[0], 250)

    def test_many_clients_are_answered_at_once(self):
        results = []

        def send(number):
            client = Client(self.gateway.ports["lmtp"])
            for message in range(5):
                results.append(client.send_to(*(f"m{number}-{message}-{i}@example.com"
                                                for i in range(10))))
            client.quit()

        threads = [threading.Thread(target=send, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [[250] * 10] * 50)
        for number in range(10):
            self.assertEqual(self.copies(f"m{number}-4-9@example.com"), 1)

    @cases({"ehlo": "EHLO client.example.org", "helo": "HELO client.example.org"})
    def test_smtp_is_not_spoken(self, line):
        self.assertEqual(self.client.docmd(line)[0], 500)


class PostfixInFront(postfix.Postfix):
    """A Postfix that hands all its mail to an LMTP server."""

    def __init__(self, place):
        super().__init__()
        with open(self.folder / "etc" / "main.cf", "a", encoding="utf-8") as main:
            main.write(f"transport_maps = static:lmtp:{place}\n")

    def start(self):
        services = postfix.SERVICES + "lmtp unix - - n - - lmtp\n"
        with mock.patch.object(postfix, "SERVICES", services):
            return super().start()

    def status(self, recipient):
        """The last words of its log about a recipient: "sent", "deferred" …"""
        found = re.findall(rf"lmtp\[\d+\]: \w+: to=<{re.escape(recipient)}>,.* status=(\w+)",
                           self.log())
        return found[-1] if found else None


class BehindPostfix(LmtpTest):
    def test_only_the_recipients_that_were_deferred_are_tried_again(self):
        postfix.require()
        here, there = "one@example.com", "one@a.sub.example.com"
        self.answers["."] = "452 4.2.2 full today"
        with PostfixInFront(f"inet:127.0.0.1:{self.gateway.ports['lmtp']}") as server:
            with smtplib.SMTP("127.0.0.1", server.ports["plain"], timeout=PATIENCE) as client:
                client.sendmail("eve@example.org", [here, there], MESSAGE)
            wait_until(lambda: (server.status(here), server.status(there)) == ("sent", "deferred"),
                       "an answer for each")
            self.assertIn("452 4.2.2 full today", server.log())
            del self.answers["."]
            postfix.privileged("/usr/sbin/postqueue", "-c", server.folder / "etc", "-f")
            wait_until(lambda: server.status(there) == "sent", "the second try")
        self.assertEqual((self.copies(here), self.copies(there)), (1, 1))
        self.gateway.wait_for_log(r"message .*from=<eve@example\.org>.* nrcpt=1 .*verdict=accepted")
        self.assertRegex(self.upstream.messages[-1][2].decode(), r"with LMTP\r\n\tid ")


class Configuration(GatewayTest):
    def test_port_25_is_refused(self):
        path = self.gateway.folder / "lmtp.toml"
        path.write_text((self.gateway.folder / "sekisho.toml").read_text() +
                        LMTP.replace(":0", ":25"))
        with self.assertRaises(Exception) as refused:
            self.gateway.run("check", "--config", path)
        self.assertIn("port 25 is SMTP's", refused.exception.stderr)


if __name__ == "__main__":
    unittest.main()
