"""DMARC: the filter as a client and the upstream meet it, and `sekisho dmarc`; with a name server of their
own."""
import json
import subprocess
import unittest

from dns_server import DnsServer
from harness import SEKISHO, GatewayTest, undo_dots


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


class DmarcFilterTest(GatewayTest):
    """The client is 127.0.0.1, which `good.example` allows and nobody else does."""

    zone = {"good.example": [{"TXT": "v=spf1 ip4:127.0.0.1 -all"}],
            "_dmarc.good.example": [{"TXT": "v=DMARC1; p=reject"}],
            "_dmarc.reject.example": [{"TXT": "v=DMARC1; p=reject"}],
            "_dmarc.quarantine.example": [{"TXT": "v=DMARC1; p=quarantine"}],
            "_dmarc.none.example": [{"TXT": "v=DMARC1; p=none; sp=reject"}],
            "sub.none.example": [{"A": "127.0.0.1"}],
            "_dmarc.dead.example": ["TIMEOUT"]}
    top = 'filters = ["spf", "dmarc"]'

    @classmethod
    def setUpClass(cls):
        cls.dns = cls.enterClassContext(DnsServer(cls.zone))
        cls.extra = (f'[dns]\nservers = ["{cls.dns.address}"]\n'
                     '[filter.spf]\nfail = "tag"\nnone = "pass"\n')
        super().setUpClass()

    def send(self, header, sender="bounces@good.example", wire=None):
        """The reply to a message of this header."""
        self.count = getattr(self, "count", 0) + 1
        self.recipient = f"{self._testMethodName[-50:]}.{self.count}@example.com".lower()
        if wire is None:
            wire = self.wire("mx")
            wire.expect(250, "EHLO client.example.org")
        wire.expect(250, f"MAIL FROM:<{sender}>")
        wire.expect(250, f"RCPT TO:<{self.recipient}>")
        wire.expect(354, "DATA")
        return wire.command(header.encode() + b"\r\nbody\r\n.\r\n")

    def received(self):
        """What the upstream got of the last message, its fields unfolded; nothing: it got none."""
        found = [undo_dots(data).decode() for _, recipients, data in self.upstream.messages
                 if recipients == [self.recipient]]
        return found[0].replace("\r\n ", " ").replace("\r\n\t", " ") if found else ""

    def test_mail_from_whom_it_says_goes_on_with_its_results(self):
        self.assertEqual(self.send("From: Ann <ann@news.good.example>\r\n")[:3], "250")
        self.assertRegex(self.received(), r"(?m)^Authentication-Results: gateway\.example\.com; .*"
                                          r"dmarc=pass header\.from=news\.good\.example")

    def test_forged_mail_is_refused_where_its_domain_wants_that(self):
        reply = self.send("From: ann@reject.example\r\n")
        self.assertRegex(reply, r"\A550 5\.7\.1 DMARC: mail from reject\.example is not accepted")
        self.assertEqual(self.received(), "")
        self.gateway.wait_for_log(r" dmarc .*result=fail from=reject\.example .*policy=reject")

    def test_forged_mail_is_marked_where_its_domain_wants_that(self):
        self.assertEqual(self.send("From: ann@quarantine.example\r\n")[:3], "250")
        self.assertRegex(self.received(), r"(?m)^X-Sekisho-Quarantine: .*DMARC fail of quarantine")
        self.assertIn("dmarc=fail", self.received())

    def test_a_subdomain_is_judged_by_the_policy_for_subdomains(self):
        self.assertEqual(self.send("From: ann@none.example\r\n")[:3], "250")
        self.assertEqual(self.send("From: ann@sub.none.example\r\n")[:3], "550")

    def test_a_good_author_beside_a_forged_one_helps_nothing(self):
        for header in ("From: a@good.example\r\nFrom: b@reject.example\r\n",
                       "From: a@good.example, b@reject.example\r\n",
                       "To: b@reject.example\r\n"):
            with self.subTest(header):
                self.assertRegex(self.send(header), r"\A550 5\.7\.1 DMARC: the ")
                self.assertEqual(self.received(), "")

    def test_an_author_behind_a_line_that_is_no_field_is_none(self):
        self.send("From: a@good.example\r\nno field\r\nFrom: b@reject.example\r\n")
        self.assertNotIn("b@reject.example", self.received().partition("\r\n\r\n")[0])

    def test_mail_whose_policy_cannot_be_had_is_deferred(self):
        self.assertRegex(self.send("From: ann@dead.example\r\n"), r"\A451 4\.7\.1 DMARC: ")

    def test_a_result_that_the_sender_wrote_in_our_name_is_removed(self):
        forged = ("Authentication-Results: (x) \"Gateway.Example.Com\" 1; dmarc=pass\r\n"
                  " header.from=bank.example\r\nX-Sekisho-DMARC: pass\r\n")
        self.assertEqual(self.send(forged + "From: ann@none.example\r\n")[:3], "250")
        self.assertNotIn("bank.example", self.received())
        self.assertNotIn("X-Sekisho-DMARC", self.received())

    def test_users_are_not_checked(self):
        wire = self.wire("submission")
        wire.expect(250, "EHLO client.example.org")
        wire.starttls()
        wire.expect(250, "EHLO client.example.org")
        wire.login()
        self.assertEqual(self.send("From: alice@example.com\r\n", "alice@example.com", wire)[:3], "250")
        self.assertNotIn("dmarc=", self.received())


if __name__ == "__main__":
    unittest.main()
