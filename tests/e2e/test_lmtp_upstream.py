"""Mail through the gateway to a real Dovecot by LMTP, over TCP and over a Unix socket."""
import unittest

import dovecot_lmtp
from harness import Gateway, Wire, without_added_headers

store = None  # the Dovecot of all tests here

MESSAGE = (b"From: a@example.org\r\nSubject: \xc3\xbcber\r\nX-Folded: one\r\n\ttwo\r\n\r\n"
           b".\r\n..a\r\nFrom here on\r\n\r\n" + b"x" * 900 + b"\r\n.\r\nQUIT\r\n\r\n")


def setUpModule():
    global store
    dovecot_lmtp.require()
    users = {f"{name}-{way}": "" for name in ("bob", "carol") for way in ("tcp", "unix")}
    store = unittest.enterModuleContext(
        dovecot_lmtp.DovecotLmtp(users | {"small": "100K", "large": "", "wide": "", "dave": ""}))


def gateway(way):
    place = f'host = "unix:{store.socket}"' if way == "unix" else \
        f'host = "127.0.0.1"\nport = {store.port}\ntls = "never"'
    return Gateway(extra=f'[upstream.store]\nprotocol = "lmtp"\nhealth_check = "0s"\n{place}\n')


def send(wire, message=MESSAGE):
    wire.expect(354, "DATA")
    return wire.command(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")


def as_sent(stored):
    """Without the fields on top, and with the line ends that it had."""
    return without_added_headers(stored.replace(b"\n", b"\r\n"),
                                 (b"received", b"return-path", b"delivered-to"))


class LmtpTest(unittest.TestCase):
    def begin(self, running, *recipients):
        """A session up to its recipients, and what was said to each."""
        wire = Wire(running.ports["mx"])
        self.addCleanup(wire.close)
        wire.expect(220)
        wire.expect(250, "EHLO client.example.org")
        wire.expect(250, "MAIL FROM:<a@example.org> BODY=8BITMIME")
        return wire, [wire.command(f"RCPT TO:<{recipient}@example.com>") for recipient in recipients]

    def test_mail_arrives_as_it_was_sent_at_those_who_exist(self):
        for way in ("tcp", "unix"):
            with self.subTest(way), gateway(way) as running:
                wire, said = self.begin(running, f"bob-{way}", "nobody", f"carol-{way}")
                self.assertEqual([reply[:9] for reply in said],
                                 ["250 2.1.5", "550 5.1.1", "250 2.1.5"])
                self.assertEqual(send(wire)[:3], "250")
                for user in (f"bob-{way}", f"carol-{way}"):
                    [stored] = store.mail(user)
                    self.assertEqual(as_sent(stored), without_added_headers(MESSAGE))
                running.wait_for_log(r"verdict=accepted .*upstream=store .*queue_id=\S+")

    def test_a_mailbox_over_its_quota_refuses_the_message_and_the_client_hears_who_has_it(self):
        with gateway("unix") as running:
            wire, said = self.begin(running, "small", "large")
            self.assertEqual([reply[:3] for reply in said], ["250", "250"])
            reply = send(wire, MESSAGE + b"y" * 70 + b"\r\n" + (b"z" * 70 + b"\r\n") * 5000)
            self.assertEqual(reply[:9], "552-5.2.2")
            self.assertIn("1 of the 2 recipients have it already", reply)
            self.assertEqual((len(store.mail("small")), len(store.mail("large"))), (0, 1))
            running.wait_for_log(r"accepted for 1 of 2 recipients; <small@example\.com>: 552")

    def test_a_client_that_speaks_lmtp_as_well_has_the_answer_of_each_mailbox(self):
        listener = '[listener.lmtp]\naddress = "127.0.0.1:0"\nprofile = "mx"\nprotocol = "lmtp"\n'
        place = f'[upstream.store]\nprotocol = "lmtp"\nhost = "unix:{store.socket}"\n'
        with Gateway(extra=listener + place) as running:
            wire = Wire(running.ports["lmtp"])
            self.addCleanup(wire.close)
            wire.expect(220)
            wire.expect(250, "LHLO client.example.org")
            wire.expect(250, "MAIL FROM:<a@example.org>")
            for name, code in (("wide", 250), ("nobody", 550), ("small", 250), ("wide", 250)):
                wire.expect(code, f"RCPT TO:<{name}@example.com>")
            wire.expect(354, "DATA")
            wire.send(b"Subject: large\r\n\r\n" + (b"z" * 70 + b"\r\n") * 5000 + b".\r\n")
            self.assertEqual([wire.reply()[:3] for _ in range(3)], ["250", "552", "250"])
            wire.expect(250, "NOOP")
            self.assertEqual(len(store.mail("small")), 0)
            self.assertGreaterEqual(len(store.mail("wide")), 1)

    def test_one_connection_carries_many_messages(self):
        with gateway("unix") as running:
            before = store.connects()
            wire, _ = self.begin(running, "dave")
            self.assertEqual(send(wire)[:3], "250")
            for _ in range(3):
                wire.expect(250, "MAIL FROM:<a@example.org>")
                wire.expect(250, "RCPT TO:<dave@example.com>")
                self.assertEqual(send(wire)[:3], "250")
            self.assertEqual(len(store.mail("dave")), 4)
            self.assertEqual(store.connects(), before + 1)

    def test_a_store_that_is_away_is_a_temporary_failure(self):
        config = f'[upstream.store]\nprotocol = "lmtp"\nhost = "unix:{store.folder}/nothing"\n'
        with Gateway(extra=config) as running:
            _, said = self.begin(running, "dave")
            self.assertEqual(said[0][:9], "451 4.4.1")
            running.wait_for_log("connect to unix:.*nothing: No such file or directory")


if __name__ == "__main__":
    unittest.main()
