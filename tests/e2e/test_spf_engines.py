"""libspf2 as the second engine of the spf filter, in its worker process: what it makes of the public
suite, that it survives the records which crash it elsewhere, and that a difference is told."""
import re
import unittest


from test_spf_filter import SpfTest, SuiteRun


class Libspf2SuiteTest(SuiteRun):
    spf = 'engine = "libspf2"\nhelo = "note"\npermerror = "reject"'

    def test_its_score_on_the_public_suite(self):
        right, wrong = self.score()
        print(f"SPF suite through SMTP, libspf2: {len(right)} of {len(right) + len(wrong)}")
        self.assertGreaterEqual(len(right), 140, wrong)


class Libspf2Test(SpfTest):
    spf = 'engine = "libspf2"\npermerror = "reject"'
    macros = "%{i}" * 127 + "x" * 20  # CVE-2023-42118

    def died(self, gateway):
        return re.findall(r"worker_died .*", gateway.log())

    def test_its_results_are_acted_on(self):
        gateway = self.gateway()
        self.assertIsNone(self.mail(gateway, "a@pass.org")[0])
        self.assertRegex(self.mail(gateway, "a@fail.org")[0], r"^550 5\.7\.23 ")
        self.assertRegex(self.mail(gateway, "a@temperror.org")[0], r"^451 4\.7\.24 ")
        self.assertRegex(self.mail(gateway, "a@permerror.org")[0], r"^550 5\.7\.24 ")

    def test_the_records_that_crash_it_do_nothing_but_count(self):
        long = "".join("%{i}." for _ in range(127)) + "x" * 5000
        self.dns.serve({
            "explains.org": [{"TXT": "v=spf1 exp=why.explains.org -all"}],
            "why.explains.org": [{"TXT": self.macros}],
            "exists.org": [{"TXT": f"v=spf1 exists:{long}.org -all"}],
            "macros.org": [{"TXT": f"v=spf1 exists:{self.macros}.org -all"}],
        })
        gateway = self.gateway()
        self.assertRegex(self.mail(gateway, "a@explains.org")[0], r"^550 5\.7\.23 ")
        for domain in ("exists.org", "macros.org"):
            self.assertRegex(self.mail(gateway, f"a@{domain}")[0], r"^550 5\.7\.2[34] ")
        self.assertIsNone(self.mail(gateway, "a@none.example.org")[0])
        self.assertNotIn("why.explains.org", [name for name, _ in self.dns.asked])
        self.assertEqual(self.died(gateway), [])


class CrossCheckTest(SpfTest):
    def test_a_difference_is_told_and_the_chosen_engine_decides(self):
        # libspf2 takes a /0 for an error.
        self.dns.serve({"all.org": [{"TXT": "v=spf1 ip4:0.0.0.0/0 -all"}],
                        "same.org": [{"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}]})
        gateway = self.gateway("cross_check = true\nhelo = \"off\"")
        self.assertIsNone(self.mail(gateway, "a@same.org")[0])
        self.assertIsNone(self.mail(gateway, "a@all.org")[0])
        told = re.findall(r"spf_engines_differ .*", gateway.log())
        self.assertEqual(len(told), 1)
        self.assertIn("identity=a@all.org own=pass libspf2=permerror", told[0])


del SpfTest, SuiteRun

if __name__ == "__main__":
    unittest.main()
