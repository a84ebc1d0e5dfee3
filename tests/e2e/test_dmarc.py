"""`sekisho dmarc` with a name server of its own."""
import json
import subprocess
import unittest

from dns_server import DnsServer
from harness import SEKISHO


class DmarcCommandTest(unittest.TestCase):
    def setUp(self):
        self.dns = self.enterContext(DnsServer())

    def dmarc(self, *options):
        return subprocess.run([SEKISHO, "dmarc", "--dns", self.dns.address, *options],
                              capture_output=True, text=True, timeout=30, check=False)

    def verdict(self, *options):
        done = self.dmarc("--json", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_the_policy_of_the_organization_is_found_for_a_subdomain(self):
        self.dns.serve({"_dmarc.example.com": [{"TXT": "v=DMARC1; p=none; sp=reject; pct=50"}]})
        verdict = self.verdict("--from", "alice@news.example.com")
        self.assertEqual((verdict["result"], verdict["policy"], verdict["disposition"]),
                         ("fail", "reject", "reject"))
        self.assertEqual(verdict["record"]["domain"], "example.com")
        self.assertEqual(verdict["record"]["percent"], 50)
        self.assertEqual([lookup["name"] for lookup in verdict["lookups"]],
                         ["_dmarc.news.example.com", "_dmarc.example.com"])

    def test_an_aligned_signature_passes_and_another_domains_does_not(self):
        self.dns.serve({"_dmarc.example.com": [{"TXT": "v=DMARC1; p=reject"}]})
        verdict = self.verdict("--from", "example.com", "--dkim", "pass:example.net",
                               "--dkim", "pass:mail.example.com", "--spf", "fail:example.com")
        self.assertEqual(verdict["result"], "pass")
        self.assertEqual([(one["domain"], one["aligned"]) for one in verdict["identifiers"]],
                         [("example.com", True), ("example.net", False), ("mail.example.com", True)])
        self.assertEqual(self.verdict("--from", "example.com", "--dkim", "pass:example.net")["result"],
                         "fail")

    def test_strict_alignment_takes_no_subdomain(self):
        self.dns.serve({"_dmarc.example.com": [{"TXT": "v=DMARC1; p=reject; aspf=s; adkim=s"}]})
        verdict = self.verdict("--from", "example.com", "--spf", "pass:mail.example.com",
                               "--dkim", "pass:mail.example.com")
        self.assertEqual(verdict["result"], "fail")

    def test_a_domain_without_record_is_none(self):
        self.dns.serve({})
        verdict = self.verdict("--from", "example.org", "--spf", "pass:example.org")
        self.assertEqual((verdict["result"], verdict["record"]), ("none", None))

    def test_a_domain_beyond_ascii_is_asked_for_in_a_labels(self):
        self.dns.serve({"_dmarc.xn--bcher-kva.example": [{"TXT": "v=DMARC1; p=quarantine"}]})
        self.assertEqual(self.verdict("--from", "a@b\u00fccher.example")["policy"], "quarantine")

    def test_the_text_tells_policy_alignment_and_look_ups(self):
        self.dns.serve({"_dmarc.example.com": [{"TXT": "v=DMARC1; p=reject; rua=mailto:a@b\t"}]})
        done = self.dmarc("--from", "example.com", "--spf", "pass:example.net")
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in ("fail\n", "policy reject, by the record of example.com",
                      "spf pass of example.net: not aligned", "the domain asks for: reject",
                      "TXT _dmarc.example.com"):
            self.assertIn(words, done.stdout)

    def test_what_is_no_domain_or_result_is_told(self):
        for options in (("--from", "a b"), ("--from", "example.com", "--spf", "example.com"),
                        ("--from", "example.com", "--dkim", "good:example.com")):
            done = self.dmarc(*options)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(options[-1], done.stderr)


if __name__ == "__main__":
    unittest.main()
