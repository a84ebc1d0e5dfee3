"""The ten policies of contrib/examples/rules, live: each through SMTP, with a recording upstream."""
import base64
import re
import shutil
import smtplib
import unittest

from harness import ROOT, Gateway, RecordingUpstream, tls_context, undo_dots, wait_until

RULES = ROOT / "contrib" / "examples" / "rules"
PASSWORD = "correct horse"
USERS = {name: PASSWORD for name in ("alice", "bob", "ivan", "mallory")}
SENDERS = "alice: alice@example.com, @sales.example.com, info@example.com\n" \
          "bob: bob@example.com\nivan: ivan@example.com\nmallory: mallory@example.com\n"



class TenPolicies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = RecordingUpstream(cls.answer)
        cls.gateway = Gateway(upstream=cls.upstream.port, top='filters = ["rules"]',
                              extra='[filter.rules]\nfile = "rules/ten-policies.rules"\n'
                                    'timeout = "30s"\n', users=USERS)
        folder = cls.gateway.folder / "rules"
        shutil.copytree(RULES, folder)
        (folder / "lists" / "may-send-as.txt").write_text(SENDERS)
        key = cls.gateway.folder / "example.com.pem"
        cls.gateway.run("dkim", "gen", "--file", key, "--domain", "example.com",
                        "--selector", "s2026")
        (folder / "lists" / "dkim-keys.txt").write_text(f"example.com: s2026:{key}\n")
        cls.gateway.start()

    @classmethod
    def tearDownClass(cls):
        try:
            cls.gateway.stop()
        finally:
            shutil.rmtree(cls.gateway.folder, ignore_errors=True)
            cls.upstream.close()

    @staticmethod
    def answer(verb, line):
        return "550 5.1.1 no such user" if verb == "RCPT" and "nobody" in line else None

    def client(self, user):
        client = smtplib.SMTP("127.0.0.1", self.gateway.ports["submission"], timeout=60)
        self.addCleanup(client.close)
        client.starttls(context=tls_context())
        client.login(user, PASSWORD)
        return client

    def stranger(self):
        client = smtplib.SMTP("127.0.0.1", self.gateway.ports["mx"], timeout=60)
        self.addCleanup(client.close)
        client.ehlo("client.example.org")
        return client

    def send(self, user, to, text, sender=None):
        """The reply to the message, and what arrived."""
        client = self.client(user)
        self.assertEqual(client.mail(sender or f"{user}@example.com")[0], 250)
        self.assertEqual(client.rcpt(to)[0], 250)
        before = len(self.upstream.messages)
        reply = client.data(text.replace("\r\n", "\n").replace("\n", "\r\n").encode("latin-1"))
        arrived = [undo_dots(data).decode("utf-8", "replace")
                   for _, _, data in self.upstream.messages[before:]]
        return reply, arrived

    def mail(self, body="How are you?", sender="alice@example.com", subject="hello", more=""):
        return f"From: <{sender}>\nTo: <x@elsewhere.example>\nSubject: {subject}\n{more}\n{body}\n"

    def test_a_strangers_write_to_us_only_and_interns_to_colleagues_only(self):
        stranger = self.stranger()
        stranger.mail("a@spam.example")
        self.assertEqual(stranger.rcpt("v@elsewhere.example")[0], 550)
        self.assertEqual(stranger.rcpt("info@example.com")[0], 250)
        intern = self.client("ivan")
        intern.mail("ivan@example.com")
        code, text = intern.rcpt("friend@elsewhere.example")
        self.assertEqual((code, text), (550, b"5.7.1 Your account may write to colleagues only."))
        self.assertEqual(intern.rcpt("bob@example.com")[0], 250)

    def test_b_users_send_as_themselves_and_their_shared_mailboxes(self):
        client = self.client("alice")
        self.assertEqual(client.mail("bob@example.com")[0], 553)
        self.assertEqual(client.mail("anything@sales.example.com")[0], 250)

    def test_b_the_from_line_that_people_see_is_theirs(self):
        reply, arrived = self.send("alice", "x@elsewhere.example", self.mail(sender="ceo@bank.example"))
        self.assertEqual(reply[0], 553, reply)
        self.assertIn(b"ceo@bank.example", reply[1])
        self.assertEqual(arrived, [])

    def test_c_the_fifty_first_recipient_at_once_waits(self):
        client = self.client("bob")
        client.mail("bob@example.com")
        codes = [client.rcpt(f"x{i}@elsewhere.example")[0] for i in range(51)]
        self.assertEqual(codes, [250] * 50 + [450])

    def test_e_no_programs_whatever_the_file_is_called(self):
        text = (RULES / "samples" / "rfc2231-split-exe.eml").read_text(encoding="latin-1")
        text = re.sub(r"(?m)^From:.*$", "From: <alice@example.com>", text, count=1)
        reply, arrived = self.send("alice", "x@elsewhere.example", text)
        self.assertEqual(reply[0], 550, reply)
        self.assertIn(b"is a program", reply[1])
        self.assertEqual(arrived, [])

    def test_f_three_of_the_five_fraud_words_are_put_into_quarantine(self):
        reply, arrived = self.send("alice", "x@elsewhere.example",
                                   self.mail("Urgent: buy gift cards, and keep this confidential."))
        self.assertEqual(reply[0], 250, reply)
        self.assertIn("X-Sekisho-Quarantine: ", arrived[0])
        self.assertIn("fraud words", arrived[0])

    def test_g_no_card_numbers_leave_the_house(self):
        reply, arrived = self.send("alice", "x@elsewhere.example",
                                   self.mail("My card: 4111 1111 1111 1111"))
        self.assertEqual(reply[0], 554, reply)
        self.assertEqual(arrived, [])
        notice = wait_until(lambda: next((data for _, rcpts, data in self.upstream.messages
                                          if rcpts == ["security@example.com"]), None),
                            "the notice")
        head, _, body = notice.partition(b"\r\n\r\n")
        self.assertIn(b"Auto-Submitted: auto-generated", head)
        text = base64.b64decode(body).decode()
        self.assertIn("1111", text)
        self.assertNotIn("4111 1111 1111 1111", text)
        self.assertNotIn("4111111111111111", text)

    def test_h_mail_that_leaves_has_a_footer_and_is_signed(self):
        reply, arrived = self.send("alice", "x@elsewhere.example", self.mail())
        self.assertEqual(reply[0], 250, reply)
        head, _, body = arrived[0].partition("\r\n\r\n")
        disclaimer = (RULES / "texts" / "disclaimer").read_text().strip().splitlines()
        self.assertTrue(body.startswith("How are you?"), body)
        self.assertIn(disclaimer[0].split()[0], body)
        self.assertIn("X-Sent-Through: gateway.example.com", head)
        self.assertRegex(head, r"(?s)DKIM-Signature:.*d=example\.com;.*s=s2026")

    def test_i_a_user_half_of_whose_recipients_are_refused_is_suspended(self):
        client = self.client("mallory")
        client.mail("mallory@example.com")
        for i in range(9):
            client.rcpt(f"x{i}@elsewhere.example")
        for i in range(12):
            self.assertEqual(client.rcpt(f"nobody{i}@elsewhere.example")[0], 550)
        client.rset()
        self.assertEqual(client.mail("mallory@example.com")[0], 450)
        with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
            self.client("mallory")
        self.assertEqual(refused.exception.smtp_code, 454)
        wait_until(lambda: any(rcpts == ["postmaster@example.com"]
                               for _, rcpts, _ in self.upstream.messages), "the notice")
        self.assertIn("user ", (self.gateway.folder / "state" / "suspended").read_text())

    def test_j_a_rule_on_trial_is_only_logged(self):
        reply, arrived = self.send(
            "alice", "x@elsewhere.example",
            self.mail("See https://pay.elsewhere.example/now.html", subject="Your invoice"))
        self.assertEqual(reply[0], 250, reply)
        self.assertNotIn("X-Sekisho-Quarantine", arrived[0])


if __name__ == "__main__":
    unittest.main()
