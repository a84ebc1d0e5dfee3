"""`sekisho spf` with a name server that serves the public SPF suite."""
import json
import pathlib
import subprocess
import unittest

import yaml

from dns_server import TYPES, DnsServer
from harness import SEKISHO

SUITE = pathlib.Path(__file__).parents[1] / "data" / "spf" / "rfc4408-tests.yml"


class SpfCommandTest(unittest.TestCase):
    def setUp(self):
        self.dns = self.enterContext(DnsServer())

    def spf(self, client, helo, sender, *more):
        return subprocess.run(
            [SEKISHO, "spf", "--ip", client, "--helo", helo, "--from", sender, "--dns",
             self.dns.address, *more], capture_output=True, text=True, timeout=30, check=False)

    def verdict(self, client, helo, sender):
        done = self.spf(client, helo, sender, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_every_case_of_the_public_suite_gives_its_result(self):
        passed = failed = 0
        for scenario in yaml.safe_load_all(SUITE.read_text()):
            for name, case in scenario["tests"].items():
                self.dns.serve(scenario["zonedata"])
                with self.subTest(name):
                    verdict = self.verdict(case["host"], case["helo"], case["mailfrom"])
                    wanted = case["result"]
                    wanted = wanted if isinstance(wanted, list) else [wanted]
                    failed += verdict["result"] not in wanted
                    self.assertIn(verdict["result"], wanted, verdict)
                    explained = case.get("explanation")
                    if explained:
                        self.assertEqual(verdict["explanation"],
                                         "" if explained == "DEFAULT" else explained)
                    passed += 1
        print(f"SPF suite: {passed} of {passed + failed}")
        self.assertGreater(passed, 190)

    def test_a_fan_of_includes_costs_ten_lookups(self):
        def fan(prefix, domain):
            return "v=spf1 " + " ".join(f"include:{prefix}{i}.{domain}" for i in range(10)) + " -all"

        zone = {"example.org": [{"TXT": fan("a", "example.org")}]}
        for i in range(10):
            zone[f"a{i}.example.org"] = [{"TXT": fan("b", f"a{i}.example.org")}]
            for j in range(10):
                zone[f"b{j}.a{i}.example.org"] = [{"TXT": fan("c", f"b{j}.a{i}.example.org")}]
        self.dns.serve(zone)
        verdict = self.verdict("192.0.2.1", "client.example.net", "user@example.org")
        self.assertEqual(verdict["result"], "permerror")
        self.assertLessEqual(len(self.dns.asked), 11)  # the domain's own record, and ten

    def test_the_third_void_lookup_is_the_last(self):
        record = "v=spf1 " + " ".join(f"a:no{i}.example.org" for i in range(9)) + " +all"
        self.dns.serve({"example.org": [{"TXT": record}]})
        verdict = self.verdict("192.0.2.1", "client.example.net", "user@example.org")
        self.assertEqual(verdict["result"], "permerror")
        self.assertEqual(sum(kind == TYPES["A"] for _, kind in self.dns.asked), 3)

    def test_the_text_says_what_matched_and_what_was_asked(self):
        self.dns.serve({"example.org": [{"TXT": "v=spf1 include:_spf.example.org -all"}],
                        "_spf.example.org": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}]})
        done = self.spf("192.0.2.1", "client.example.net", "user@example.org")
        self.assertEqual(done.stdout.splitlines()[0], "pass")
        self.assertIn("matched 'include' of example.org", done.stdout)
        self.assertIn("TXT _spf.example.org", done.stdout)

    def test_bytes_of_a_record_reach_the_terminal_encoded(self):
        self.dns.serve({"example.org": [{"TXT": "v=spf1 \x1b[31mred"}]})
        done = self.spf("192.0.2.1", "client.example.net", "user@example.org")
        self.assertEqual(done.stdout.splitlines()[0], "permerror")
        self.assertNotIn("\x1b", done.stdout)

    def test_a_wrong_address_is_named(self):
        done = self.spf("192.0.2", "client.example.net", "user@example.org")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--ip", done.stderr)


if __name__ == "__main__":
    unittest.main()
