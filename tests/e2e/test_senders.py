"""Which addresses a user may send as, as a mail program meets it, and a map that changes under it."""
import re
import smtplib
import subprocess
import unittest

from harness import SEKISHO, Gateway, GatewayTest, cases, login

MAP = """# who may send as whom
alice: alice@example.com, sales@example.com, @support
bob: *@bob.example
@support: support@example.com
"""


def mail(author, extra=""):
    return f"From: {author}\r\n{extra}Subject: hello\r\n\r\nhello\r\n"


class SenderTest(GatewayTest):
    extra = '[sender]\nmap_file = "senders"\n'
    more_files = {"senders": MAP}

    def setUp(self):
        self.client = login(self.gateway)
        self.addCleanup(self.client.close)

    def send(self, sender, message, client=None):
        """The answer to MAIL or to the message, whichever refuses; else "250"."""
        try:
            (client or self.client).sendmail(sender, ["eve@example.org"], message.encode())
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
            return f"{refused.smtp_code} {refused.smtp_error.decode()}"
        return "250"


class Senders(SenderTest):
    @cases({"the_login_s_own": "alice@example.com", "an_alias": "sales@example.com",
            "a_group_s": "support@example.com", "a_tagged_one": "alice+x@example.com"})
    def test_takes(self, address):
        self.assertEqual(self.send(address, mail(address)), "250")

    @cases({"a_colleague_s": "bob@bob.example", "a_boss_s": "ceo@example.com",
            "one_of_a_domain_below": "alice@sub.example.com"})
    def test_refuses(self, address):
        self.assertEqual(self.send(address, mail(address)),
                         f'553 5.7.1 <{address}> is not an address of the user "alice"')
        self.assertEqual(self.send("alice@example.com", mail(address)),
                         f'550 5.7.1 From: <{address}> is not an address of the user "alice"')
        self.gateway.wait_for_log(
            rf"foreign_sender .*user=alice .*where=From .*{re.escape(address)}.*action=reject")
        self.assertNotIn(address, [sender for sender, _, _ in self.upstream.messages])

    def test_has_its_own_answer_for_each_user(self):
        bob = login(self.gateway, "bob")
        self.addCleanup(bob.close)
        self.assertEqual(self.send("any@bob.example", mail("other@bob.example"), bob), "250")
        self.assertEqual(self.send("any@bob.example", mail("other@bob.example"))[:3], "553")

    @cases({"yes": ("alice", "Sales@Example.com", 0, "yes: .*senders:2 says so"),
            "by_a_group": ("alice", "support@example.com", 0, "yes: .*senders:4 says so"),
            "no": ("bob", "sales@example.com", 1, r"no: .*owns \*@bob\.example.*\n.*553"),
            "nobody": ("carol", "sales@example.com", 1, "no: .*owns no address")})
    def test_are_told_on_the_command_line(self, user, address, status, words):
        done = subprocess.run([SEKISHO, "sender", user, address, "--config",
                               self.gateway.folder / "sekisho.toml"],
                              text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertRegex(done.stdout, words)


class AMapThatChanges(SenderTest):
    def test_takes_effect_in_open_sessions_and_keeps_its_content_when_it_breaks(self):
        self.assertEqual(self.send("new@example.com", mail("new@example.com"))[:3], "553")
        self.gateway.write("senders", MAP.replace("sales@", "new@"))
        self.gateway.wait_for_log(r"file_reloaded .*sender\.map_file")
        self.assertEqual(self.send("new@example.com", mail("new@example.com")), "250")
        self.assertEqual(self.send("sales@example.com", mail("sales@example.com"))[:3], "553")

        self.gateway.write("senders", "alice: ceo@example.com\nbob\n")
        self.gateway.wait_for_log(r"file_refused .*previous content.*senders:2:1: no colon")
        self.assertEqual(self.send("new@example.com", mail("new@example.com")), "250")
        self.assertEqual(self.send("ceo@example.com", mail("ceo@example.com"))[:3], "553")


class Rewriting(GatewayTest):
    extra = '[sender]\nlogin_domains = ["example.com"]\npolicy = "rewrite"\n'

    def test_sends_as_the_user_and_keeps_the_original(self):
        client = login(self.gateway)
        self.addCleanup(client.close)
        client.sendmail("scanner@local.example", ["eve@example.org"],
                        mail("Scanner <scanner@local.example>"))
        sender, _, data = self.upstream.messages[-1]
        self.assertEqual(sender, "alice@example.com")
        self.assertIn(b"\r\nFrom: alice@example.com\r\n", data)
        self.assertIn(b"\r\nX-Original-From: Scanner <scanner@local.example>\r\n", data)


class AConfiguration(unittest.TestCase):
    def test_with_a_broken_map_is_refused_with_its_line(self):
        gateway = Gateway(extra='[sender]\nmap_file = "senders"\n')
        self.addCleanup(gateway.__exit__, None)
        gateway.write("senders", "alice: alice@example.com\nbob: @nowhere\n")
        done = subprocess.run([SEKISHO, "check", "--config", gateway.folder / "sekisho.toml"],
                              text=True, capture_output=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r'senders:2:6: there is no group "@nowhere"; add a line')


if __name__ == "__main__":
    unittest.main()
