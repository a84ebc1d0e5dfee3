"""DKIM: what the gateway signs is verified by dkimpy with the record that `sekisho dkim` prints."""
import json
import pathlib
import random
import re
import signal
import smtplib
import subprocess
import tempfile
import unittest

from dns_server import DnsServer
from harness import SEKISHO, Gateway, RecordingUpstream, login, undo_dots, wait_until

try:
    import dkim
except ImportError:
    dkim = None

KEYS = """
[filter.dkim_sign]
use = "dkim_sign"
{settings}
[filter.dkim_sign.key.rsa]
domain = "example.com"
selector = "s1"
file = "rsa.pem"
[filter.dkim_sign.key.ed]
domain = "example.com"
selector = "s2"
file = "ed.pem"
"""


def sekisho_dkim(*arguments, check=True):
    return subprocess.run([SEKISHO, "dkim", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=check)


def make_keys(folder):
    for selector, kind, name in (("s1", "rsa", "rsa.pem"), ("s2", "ed25519", "ed.pem")):
        sekisho_dkim("gen", "--domain", "example.com", "--selector", selector, "--type", kind,
                     "--file", folder / name)


def records(config):
    """{name: text}, as bytes, of all keys in the configuration."""
    shown = json.loads(sekisho_dkim("show", "--json", "--config", config).stdout)
    return {entry["record_name"].encode(): entry["record"].encode() for entry in shown}


class SigningGateway(Gateway):
    def __init__(self, upstream, settings="", filters="", extra=""):
        super().__init__(upstream=upstream, top=f'filters = ["dkim_sign"{filters}]',
                         extra=KEYS.format(settings=settings) + extra)
        make_keys(self.folder)
        self.records = None

    def record(self, name):
        """As the DNS would have it."""
        if self.records is None:
            self.records = records(self.folder / "sekisho.toml")
        return self.records.get(name.rstrip(b"."))


class Shapes:
    """Messages as people and programs write them, and as neither does."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        words = ["word", "a", "=?utf-8?q?x?=", ".", "ü", "b=x;", ":", '"q;"', "--x", "From "]
        return "".join(self.random.choice(words) + self.random.choice([" ", "  ", "\t", " \t "])
                       for _ in range(self.random.randrange(8)))

    def field(self):
        name = self.random.choice(["To", "to", "SUBJECT", "Cc", "Date", "Reply-To", "Message-ID",
                                   "MIME-Version", "Content-Type", "Content-Odd", "X-Any",
                                   "References", "List-Id"])
        folds = "".join("\r\n" + self.random.choice([" ", "\t", "   "]) + self.text() + "x"
                        for _ in range(self.random.randrange(3)))
        return name + ":" + self.random.choice(["", " ", "\t", "  "]) + self.text() + folds + "\r\n"

    def message(self):
        fields = "".join(self.field() for _ in range(self.random.randrange(12)))
        lines = "".join(self.text() + self.random.choice(["", " ", "\t "]) + "\r\n"
                        for _ in range(self.random.randrange(8)))
        end = self.random.choice(["", "\r\n", "\r\n\r\n\r\n", " \r\n", "\t\r\n"])
        return ("From: Alice <alice@example.com>\r\n" + fields + "\r\n" + lines + end).encode()


@unittest.skipIf(dkim is None, "python3-dkim is not installed")
class Signing(unittest.TestCase):
    def setUp(self):
        self.upstream = self.enterContext(RecordingUpstream())

    def start(self, **options):
        return self.enterContext(SigningGateway(self.upstream.port, **options))

    def last(self):
        return undo_dots(self.upstream.messages[-1][2])

    def verify(self, gateway, message):
        """How many signatures there are, once dkimpy has found all of them good."""
        count = len(re.findall(rb"(?m)^DKIM-Signature:", message.partition(b"\r\n\r\n")[0]))
        for i in range(count):
            good = dkim.DKIM(message).verify(i, lambda name, timeout=5: gateway.record(name))
            self.assertTrue(good, f"signature {i} of\n{message[:4000]!r}")
        return count

    def test_a_message_arrives_with_two_signatures_that_verify(self):
        gateway = self.start()
        with login(gateway) as client:
            client.sendmail("alice@example.com", ["bob@example.net"],
                            "From: Alice <alice@example.com>\r\nSubject: hello\r\n\r\n.dot\r\n")
        message = self.last()
        self.assertEqual(self.verify(gateway, message), 2)
        self.assertRegex(message, rb"\ADKIM-Signature: ")
        for line in message.partition(b"\r\nReceived:")[0].split(b"\r\n"):
            self.assertLessEqual(len(line), 78, line)

    def test_messages_of_300_shapes_verify(self):
        for settings, seed in (("", 1), ('canonicalization = "simple/simple"', 2)):
            gateway = self.start(settings=settings)
            shapes = Shapes(seed)
            with login(gateway) as client:
                for _ in range(150):
                    client.sendmail("alice@example.com", ["bob@example.net"], shapes.message())
                    self.assertEqual(self.verify(gateway, self.last()), 2)

    def test_the_header_edits_come_before_the_signature(self):
        gateway = self.start(filters=', "headers"', extra="[filter.headers]\n"
                             'replace = ["Subject: replaced"]\nremove = ["Reply-To"]\n')
        with login(gateway) as client:
            client.sendmail("alice@example.com", ["bob@example.net"],
                            "From: alice@example.com\r\nReply-To: x@y.z\r\nSubject: a\r\n\r\nb\r\n")
        self.assertIn(b"Subject: replaced", self.last())
        self.assertEqual(self.verify(gateway, self.last()), 2)

    def test_a_message_of_25_megabytes_verifies(self):
        gateway = self.start()
        body = b"a line with  blanks \t and more text than that\r\n\r\n" * 500_000
        with login(gateway) as client:
            client.sendmail("alice@example.com", ["bob@example.net"],
                            b"From: alice@example.com\r\n\r\n" + body[:24_000_000])
        self.assertEqual(self.verify(gateway, self.last()), 2)

    def test_mail_of_others_is_not_signed(self):
        gateway = self.start()
        with smtplib.SMTP("127.0.0.1", gateway.ports["mx"]) as client:
            client.sendmail("alice@example.com", ["bob@example.com"],
                            "From: alice@example.com\r\n\r\nforged\r\n")
        self.assertEqual(self.verify(gateway, self.last()), 0)
        with login(gateway) as client:
            client.sendmail("alice@example.com", ["bob@example.net"],
                            "From: alice@example.org\r\n\r\nanother domain\r\n")
        self.assertEqual(self.verify(gateway, self.last()), 0)

    def rotate(self, gateway, old, new, reloads=1):
        """Puts a new RSA key in the place of the old one."""
        sekisho_dkim("gen", "--domain", "example.com", "--selector", new, "--file",
                     gateway.folder / f"{new}.pem")
        text = (gateway.folder / "sekisho.toml").read_text()
        text, count = re.subn(rf'selector = "{old}"\nfile = ".*"', f'selector = "{new}"\nfile = "{new}.pem"',
                              text)
        self.assertEqual(count, 1)
        gateway.write("sekisho.toml", text)
        gateway.signal(signal.SIGHUP)
        wait_until(lambda: gateway.log().count(" reloaded ") == reloads, "the reload")

    def send(self, client):
        client.sendmail("alice@example.com", ["bob@example.net"],
                        "From: alice@example.com\r\n\r\nhello\r\n")
        return self.last()

    def test_a_reload_signs_with_the_new_key(self):
        gateway = self.start()
        self.rotate(gateway, "s1", "s3")
        with login(gateway) as client:
            self.assertIn(b" s=s3;", self.send(client))
        self.assertEqual(self.verify(gateway, self.last()), 2)

    def test_sessions_from_before_a_reload_sign_with_the_keys_that_they_began_with(self):
        gateway = self.start()
        before = records(gateway.folder / "sekisho.toml")
        with login(gateway) as oldest:
            self.rotate(gateway, "s1", "s3")
            with login(gateway) as middle:
                self.rotate(gateway, "s3", "s4", reloads=2)
                before |= records(gateway.folder / "sekisho.toml")
                for client, selector in ((oldest, b"s1"), (middle, b"s3"), (oldest, b"s1")):
                    self.assertIn(b" s=%s;" % selector, self.send(client))
                with login(gateway) as newest:
                    self.assertIn(b" s=s4;", self.send(newest))
                gateway.records = before
                self.assertEqual(self.verify(gateway, self.last()), 2)
        self.assertNotIn("filter_error", gateway.log())


class Command(unittest.TestCase):
    def setUp(self):
        self.gateway = Gateway(extra=KEYS.format(settings=""))
        self.addCleanup(self.gateway.__exit__, None, None, None)
        self.config = self.gateway.folder / "sekisho.toml"
        make_keys(self.gateway.folder)

    def test_gen_writes_a_file_for_its_owner_alone_and_never_over_another(self):
        file = self.gateway.folder / "rsa.pem"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        before = file.read_text()
        again = sekisho_dkim("gen", "--domain", "example.com", "--selector", "s", "--file", file,
                             check=False)
        self.assertNotEqual(again.returncode, 0)
        self.assertEqual(file.read_text(), before)

    def test_show_prints_records_in_strings_that_fit(self):
        shown = sekisho_dkim("show", "--config", self.config).stdout
        self.assertIn("s1._domainkey.example.com. IN TXT (", shown)
        for string in re.findall(r'"([^"]*)"', shown):
            self.assertLessEqual(len(string), 255)

    def test_verify_compares_the_dns_with_the_keys(self):
        zone = {name.decode(): [{"TXT": text.decode()}]
                for name, text in records(self.config).items()}
        with DnsServer(zone) as dns:
            def verify(*more):
                return sekisho_dkim("verify", "--config", self.config, "--dns", dns.address, *more,
                                    check=False)
            self.assertEqual(verify().returncode, 0, verify().stderr)
            zone["s1._domainkey.example.com"] = zone["s2._domainkey.example.com"]
            dns.serve(zone)
            wrong = verify()
            self.assertEqual(wrong.returncode, 1)
            self.assertIn("s1._domainkey.example.com: the record is of another key", wrong.stdout)
            dns.serve({})
            self.assertIn("there is no such record", verify("rsa").stdout)

    def test_list_names_what_signs(self):
        listed = sekisho_dkim("list", "--config", self.config).stdout
        self.assertRegex(listed, r"example\.com  s1  rsa-sha256 2048 bits  signs  .*rsa\.pem")
        self.assertRegex(listed, r"example\.com  s2  ed25519-sha256 \d+ bits  signs  .*ed\.pem")

    def test_a_key_that_others_can_read_stops_the_start(self):
        (self.gateway.folder / "rsa.pem").chmod(0o644)
        done = subprocess.run([SEKISHO, "check", "--config", self.config], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("chmod", done.stderr + done.stdout)


class MessageCommand(unittest.TestCase):
    def setUp(self):
        upstream = self.enterContext(RecordingUpstream())
        self.gateway = self.enterContext(SigningGateway(upstream.port))
        with login(self.gateway) as client:
            client.sendmail("alice@example.com", ["bob@example.net"],
                            "From: alice@example.com\r\nSubject: x\r\n\r\nHello\r\n")
        self.signed = undo_dots(upstream.messages[-1][2])
        zone = {name.decode(): [{"TXT": record.decode()}]
                for name, record in records(self.gateway.folder / "sekisho.toml").items()}
        self.dns = self.enterContext(DnsServer(zone))

    def verify(self, message, *more):
        file = self.gateway.folder / "message.eml"
        file.write_bytes(message)
        return sekisho_dkim("verify", file, "--dns", self.dns.address, *more, check=False)

    def test_says_what_each_signature_is_worth_and_why(self):
        broken = b"DKIM-Signature: v=1; a=rsa-sha1; d=x.example; s=s; b=\x1b[1m; h=From\r\n"
        good = self.verify(broken + self.signed)
        self.assertEqual(good.returncode, 0, good.stderr)
        lines = good.stdout.splitlines()
        self.assertRegex(lines[0], r"\Apermerror: .+")
        self.assertEqual(lines[1:], ["pass: d=example.com s=s2 a=ed25519-sha256",
                                     "pass: d=example.com s=s1 a=rsa-sha256"])
        self.assertNotIn("\x1b", good.stdout)
        changed = self.verify(self.signed + b"more\r\n", "--json")
        self.assertEqual(changed.returncode, 1)
        found = json.loads(changed.stdout)
        self.assertEqual([(one["result"], one["reason"]) for one in found],
                         [("fail", "the body has changed")] * 2)
        self.assertEqual(found[0]["record_name"], "s2._domainkey.example.com")

    def test_takes_messages_as_files_have_them(self):
        mailbox = b"From a@example.com Mon Jan  1\n" + self.signed.replace(b"\r\n", b"\n")
        self.assertEqual(self.verify(mailbox).returncode, 0)
        nothing = self.verify(b"From: a@example.com\n\nHello\n")
        self.assertEqual(nothing.stdout, "none: the message has no DKIM signature\n")
        self.assertEqual(nothing.returncode, 1)
        self.assertIn("NUL", self.verify(self.signed + b"\0").stderr)
        missing = sekisho_dkim("verify", "./nowhere", check=False)
        self.assertEqual(missing.returncode, 1)
        self.assertIn("nowhere", missing.stderr)

    def test_a_name_server_that_fails_is_no_bad_signature(self):
        self.dns.serve({"s1._domainkey.example.com": ["TIMEOUT"]})
        lines = self.verify(self.signed).stdout.splitlines()
        self.assertRegex(lines[0], r"\Apermerror: d=example\.com s=s2 .*, there is no key\Z")
        self.assertRegex(lines[1], r"\Atemperror: d=example\.com s=s1 ")


@unittest.skipIf(dkim is None, "python3-dkim is not installed")
class Verifying(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = cls.enterClassContext(tempfile.TemporaryDirectory())
        shown = sekisho_dkim("gen", "--domain", "example.org", "--selector", "s1", "--json",
                             "--file", pathlib.Path(cls.keys) / "rsa.pem").stdout
        cls.zone = {"s1._domainkey.example.org": [{"TXT": json.loads(shown)["record"]}]}
        cls.private = (pathlib.Path(cls.keys) / "rsa.pem").read_bytes()

    def setUp(self):
        self.upstream = self.enterContext(RecordingUpstream())
        self.dns = self.enterContext(DnsServer(self.zone))

    def start(self, settings=""):
        return self.enterContext(Gateway(
            upstream=self.upstream.port, top='filters = ["dkim"]',
            extra=f'[dns]\nservers = ["{self.dns.address}"]\n[filter.dkim]\n{settings}\n'))

    def signed(self, body=b"Hello\r\n", **options):
        message = b"From: bob@example.org\r\nSubject: hello\r\n\r\n" + body
        return dkim.sign(message, b"s1", b"example.org", self.private,
                         include_headers=[b"from", b"subject"], **options) + message

    def results(self, gateway, message):
        """What the gateway wrote of DKIM into the message that it passed on."""
        before = len(self.upstream.messages)
        with smtplib.SMTP("127.0.0.1", gateway.ports["mx"]) as client:
            client.sendmail("bob@example.org", ["alice@example.com"], message)
        self.assertEqual(len(self.upstream.messages), before + 1)
        head = undo_dots(self.upstream.messages[-1][2]).partition(b"\r\n\r\n")[0]
        fields = re.findall(rb"(?mi)^Authentication-Results:((?:.|\r\n[ \t])*)", head)
        return re.findall(rb"dkim=(\w+)", b" ".join(fields))

    def test_says_what_each_signature_is_worth(self):
        gateway = self.start()
        good = self.signed()
        self.assertEqual(self.results(gateway, good), [b"pass"])
        self.assertEqual(self.results(gateway, good + b"more\r\n"), [b"fail"])
        # What is no field is body for whoever reads it, and so it is for us.
        slipped_in = good.replace(b"\r\n\r\n", b"\r\nyour account is locked\r\n\r\n", 1)
        self.assertEqual(self.results(gateway, slipped_in), [b"fail"])
        self.assertEqual(self.results(gateway, good.replace(b"hello", b"other")), [b"fail"])
        self.assertEqual(self.results(gateway, b"From: a@b.example\r\n\r\nx\r\n"), [b"none"])
        self.assertEqual(self.results(gateway, good.replace(b" s=s1;", b" s=s9;")), [b"permerror"])
        # Its own name in a field that the message brought along is not ours.
        lie = b"Authentication-Results: gateway.example.com; dkim=pass header.d=example.org\r\n"
        self.assertEqual(self.results(gateway, lie + good + b"more\r\n"), [b"fail"])

    def test_verifies_a_message_of_20_megabytes(self):
        gateway = self.start()
        body = b"a line with  blanks \t and more text than that\r\n\r\n" * 400_000
        message = self.signed(body, canonicalize=(b"simple", b"simple"))
        self.assertEqual(self.results(gateway, message), [b"pass"])

    def test_a_name_server_that_fails_is_no_bad_signature(self):
        gateway = self.start('temperror = "defer"')
        self.dns.serve({"s1._domainkey.example.org": ["TIMEOUT"]})
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            self.results(gateway, self.signed())
        self.assertEqual(refused.exception.smtp_code, 451)
        self.assertEqual(self.upstream.messages, [])

    def test_does_what_it_is_told_with_a_bad_signature(self):
        gateway = self.start('fail = "reject"\nnone = "tag"')
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            self.results(gateway, self.signed() + b"more\r\n")
        self.assertEqual(refused.exception.smtp_code, 550)
        self.results(gateway, b"From: a@b.example\r\n\r\nx\r\n")
        self.assertIn(b"\r\nX-Sekisho-DKIM: none\r\n", self.upstream.messages[-1][2])

    def test_what_the_library_cant_bear_reaches_no_process(self):
        gateway = self.start()
        for tags in (b" i=" + b"a" * 300 + b";", b" z=" + b"a" * 600 * 20 + b";"):
            lines = b"\r\n ".join(tags[i:i + 900] for i in range(0, len(tags), 900))
            message = self.signed().replace(b" s=s1;", b" s=s1;" + lines)
            self.assertEqual(self.results(gateway, message), [b"permerror"])
        many = self.signed()
        field = many[:many.index(b"\r\nFrom:") + 2]
        self.assertEqual(set(self.results(gateway, field * 30 + many)), {b"pass"})
        self.assertNotIn("worker_died", gateway.log())


if __name__ == "__main__":
    unittest.main()
