"""Recipients that a real Postfix knows or doesn't know, and how often it is asked."""
import signal
import unittest

import postfix
from harness import Gateway, Wire, wait_until

server = None  # the Postfix of all tests here


def setUpModule():
    global server
    postfix.require()
    server = unittest.enterModuleContext(postfix.Postfix())


class RecipientCacheTest(unittest.TestCase):
    def gateway(self, cache=""):
        """No connection is kept or made to look, so that each question to Postfix is one in its log."""
        return Gateway(extra=f'''
{cache}
[upstream.main]
host = "127.0.0.1"
port = {server.ports["mailboxes"]}
idle = "1ms"
health_check = "0s"
max_messages = 1
''')

    def session(self, gateway):
        wire = Wire(gateway.ports["mx"])
        self.addCleanup(wire.close)
        wire.expect(220)
        wire.expect(250, "EHLO client.example.org")
        return wire

    def ask(self, gateway, *names):
        """A session of its own: what is said to each of these recipients, and the session."""
        wire = self.session(gateway)
        wire.expect(250, "MAIL FROM:<a@example.org>")
        replies = [wire.command(f"RCPT TO:<{name}@example.com>") for name in names]
        return replies, wire

    def asked(self, before):
        return server.connects() - before

    def test_an_unknown_recipient_is_asked_for_once_until_a_reload(self):
        with self.gateway() as gateway:
            before = server.connects()
            [first], _ = self.ask(gateway, "nobody")
            self.assertRegex(first, r"^550 5\.1\.1 <nobody@example\.com>: .*User unknown")
            wait_until(lambda: self.asked(before) == 1, "Postfix to have logged it")
            for _ in range(20):
                [again], wire = self.ask(gateway, "nobody")
                self.assertEqual(again, first)
                wire.expect(221, "QUIT")
            self.assertEqual(self.asked(before), 1)
            wait_until(lambda: gateway.log().count("cached=yes") == 20, "20 lines of the log")

            gateway.signal(signal.SIGHUP)
            gateway.wait_for_log("reloaded")
            [again], _ = self.ask(gateway, "nobody")
            self.assertEqual(again, first)
            wait_until(lambda: self.asked(before) == 2, "Postfix to have been asked again")

    def test_a_known_recipient_gets_mail_beside_an_unknown_one(self):
        with self.gateway() as gateway:
            for number in range(2):
                replies, wire = self.ask(gateway, "known", "stranger")
                self.assertEqual([reply[:9] for reply in replies], ["250 2.1.5", "550 5.1.1"])
                wire.expect(354, "DATA")
                wire.expect(250, b"Subject: %d\r\n\r\nhello\r\n.\r\n" % number)
            wait_until(lambda: len([mail for mail in server.mail()
                                    if mail.recipient == "known@example.com"]) == 2, "both messages")

    def test_a_known_recipient_may_be_accepted_without_a_connection(self):
        with self.gateway('[recipient_cache]\nknown = "1h"') as gateway:
            before = server.connects()
            self.ask(gateway, "known")
            wait_until(lambda: self.asked(before) == 1, "Postfix to have logged it")
            replies, wire = self.ask(gateway, "known")
            self.assertEqual(replies[0][:9], "250 2.1.5")
            self.assertEqual(self.asked(before), 1)
            wire.expect(354, "DATA")
            wire.expect(250, b"Subject: at once\r\n\r\nhello\r\n.\r\n")
            wait_until(lambda: any(b"Subject: at once" in mail.data for mail in server.mail()),
                       "the message")


if __name__ == "__main__":
    unittest.main()
