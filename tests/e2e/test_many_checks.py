"""Log-ins, signatures and verifications by the thousand, several at a time: what sanitizers are to see. Where
sekisho is a build with one (SEKISHO_BINARY), a report of theirs fails the test."""
import concurrent.futures
import json
import pathlib
import re
import smtplib
import subprocess
import tempfile
import unittest

from dns_server import DnsServer
from harness import LONG, SEKISHO, Gateway, RecordingUpstream, login, undo_dots

try:
    import dkim
except ImportError:
    dkim = None

COUNT = 2_000 if LONG else 60
CLIENTS = 8

SETTINGS = """
[dns]
servers = ["{dns}"]
[filter.verify]
use = "dkim"
[filter.sign]
use = "dkim_sign"
[filter.sign.key.rsa]
domain = "example.com"
selector = "s1"
file = "{key}"
[workers.inspect]
max_jobs = 300
[workers.signer]
max_jobs = 300
"""


@unittest.skipIf(dkim is None, "python3-dkim is not installed")
class ManyChecks(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        shown = subprocess.run([SEKISHO, "dkim", "gen", "--domain", "example.com", "--selector", "s1", "--json",
                                "--file", folder / "rsa.pem"], capture_output=True, text=True, check=True).stdout
        dns = self.enterContext(DnsServer({"s1._domainkey.example.com": [{"TXT": json.loads(shown)["record"]}]}))
        self.upstream = self.enterContext(RecordingUpstream())
        self.gateway = self.enterContext(Gateway(
            upstream=self.upstream.port, top='filters = ["verify", "sign"]',
            extra=SETTINGS.format(dns=dns.address, key=folder / "rsa.pem")))

    def log_in_and_send(self, number):
        with login(self.gateway) as client:
            client.sendmail("alice@example.com", ["bob@example.net"],
                            f"From: alice@example.com\r\nSubject: {number}\r\n\r\nhello\r\n")

    def send_on(self, message):
        with smtplib.SMTP("127.0.0.1", self.gateway.ports["mx"], timeout=60) as client:
            client.sendmail("alice@example.com", ["carol@example.com"], message)

    def in_parallel(self, work, items):
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for _ in pool.map(work, items):
                pass

    def test_are_all_right(self):
        self.in_parallel(self.log_in_and_send, range(COUNT))
        signed = [undo_dots(message[2]) for message in self.upstream.messages]
        self.assertEqual(len(signed), COUNT)
        for message in signed:
            self.assertTrue(message.startswith(b"DKIM-Signature: "))
        # What came out goes in again, as if it had not been here.
        bodies = [re.sub(rb"(?m)^Received:[^\n]*\n(?:[ \t][^\n]*\n)*", b"", message) for message in signed]
        self.in_parallel(self.send_on, bodies)
        for message in self.upstream.messages[COUNT:]:
            self.assertIn(b"dkim=pass", message[2])
        self.assertEqual(len(self.upstream.messages), 2 * COUNT)
        self.assertEqual(re.findall(r"(?m)^.* (?:worker_died|filter_error) .*$", self.gateway.log()), [])
        self.gateway.stop()
        self.assertNotIn("Sanitizer", self.gateway.printed())


if __name__ == "__main__":
    unittest.main()
