"""The spf filter through SMTP: clients come by the PROXY protocol, a name server on loopback serves the
zones, and what arrived upstream or what the client was told shows the result."""
import pathlib
import re
import statistics
import threading
import time
import unittest

import yaml

import harness
from dns_server import DnsServer
from harness import Gateway, RecordingUpstream, Wire, cases

SUITE = pathlib.Path(__file__).parents[1] / "data" / "spf" / "rfc4408-tests.yml"

CONFIG = """
hostname = "gateway.example.com"
state_directory = "state"
[listener.mx]
profile = "mx"
address = "127.0.0.1:0"
proxy_protocol = ["127.0.0.1"]
filters = ["spf"]
[listener.unchecked]
profile = "mx"
address = "127.0.0.1:0"
proxy_protocol = ["127.0.0.1"]
[listener.submission]
profile = "submission"
address = "127.0.0.1:0"
filters = ["spf", "spf_outgoing"]
[tls]
certificate = "cert.pem"
key = "key.pem"
[auth]
users_file = "users"
[sender]
policy = "log"
[relay]
domains = ["example.com"]
networks = ["10.99.0.1"]
[log]
file = "log"
level = "debug"
{upstream}
[filter.spf_outgoing]
addresses = ["192.0.2.25", "2001:db8::25"]
{extra}
"""

CLIENT = "192.0.2.7"
ZONE = {
    "pass.org": [{"TXT": "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"}],
    "fail.org": [{"TXT": "v=spf1 -all exp=why.fail.org"}],
    "why.fail.org": [{"TXT": "mail of %{o} comes\r\nX-Evil: 1\r\n250 not from %{i}"}],
    "says.org": [{"TXT": "v=spf1 -all exp=why.says.org"}],
    "why.says.org": [{"TXT": "ask %{o} about %{i}"}],
    "softfail.org": [{"TXT": "v=spf1 ~all"}],
    "neutral.org": [{"TXT": "v=spf1 ?all"}],
    "none.org": [{"A": "192.0.2.1"}],
    "permerror.org": [{"TXT": "v=spf1 a:foo\r\nX-Evil:1 -all"}],
    "temperror.org": ["TIMEOUT"],
}


def proxy_header(client):
    family = "TCP6" if ":" in client else "TCP4"
    ours = "2001:db8::99" if ":" in client else "192.0.2.99"
    return f"PROXY {family} {client} {ours} 4711 25\r\n".encode()


def results(message, helo=False):
    """{identity: result} of our Authentication-Results."""
    fields = re.findall(rb"(?im)^authentication-results:((?:.*\r\n)(?:[ \t].*\r\n)*)", message)
    texts = [field.decode().replace("\r\n", "") for field in fields]
    text = "".join(text for text in texts if text.strip().lower().startswith("gateway.example.com;"))
    found = dict(reversed(pair) for pair in re.findall(r"spf=(\w+)[^;]*?smtp\.(\w+)=", text))
    return found if helo else found.get("mailfrom")


class SpfTest(harness.CaseTest):
    spf = ""  # settings of the filter
    dns_timeout = "1s"

    def setUp(self):
        self.dns = self.enterContext(DnsServer(ZONE))
        self.upstream = self.enterContext(RecordingUpstream())

    def gateway(self, spf=None):
        extra = f'[filter.spf]\n{self.spf if spf is None else spf}\n[dns]\n' \
            f'servers = ["{self.dns.address}"]\ntimeout = "{self.dns_timeout}"\n'
        return self.enterContext(Gateway(self.upstream.port, config=CONFIG, extra=extra))

    def connect(self, gateway, client=CLIENT, listener="mx"):
        wire = self.enterContext(Wire(gateway.ports[listener]))
        wire.send(proxy_header(client))
        wire.expect(220)
        return wire

    def mail(self, gateway, sender, client=CLIENT, helo="client.none.org", text="Subject: x\r\n\r\nhi",
             listener="mx"):
        """The first reply that is no success, or (None, the message as it went up)."""
        with Wire(gateway.ports[listener]) as wire:
            wire.send(proxy_header(client))
            wire.expect(220)
            wire.expect(250, f"EHLO {helo}")
            reply = wire.command(f"MAIL FROM:<{sender}>")
            if not reply.startswith("250"):
                return reply, None
            wire.expect(250, "RCPT TO:<bob@example.com>")
            wire.expect(354, "DATA")
            wire.expect(250, f"{text}\r\n.")
            return None, self.upstream.messages[-1][2]


class SuiteRun(SpfTest):

    def result(self, gateway, case):
        """None: the case can't be said in SMTP."""
        with Wire(gateway.ports["mx"]) as wire:
            wire.send(proxy_header(case["host"]))
            wire.expect(220)
            if not wire.command(f"EHLO {case['helo']}").startswith("250"):
                return None
            reply = wire.command(f"MAIL FROM:<{case['mailfrom']}>")
            for start, result in (("550 5.7.23", "fail"), ("451 4.7.24", "temperror"),
                                  ("550 5.7.24", "permerror")):
                if reply.startswith(start):
                    return result
            if not reply.startswith("250"):
                return None
            wire.expect(250, "RCPT TO:<bob@example.com>")
            wire.expect(354, "DATA")
            wire.expect(250, "Subject: x\r\n\r\nhi\r\n.")
        message = self.upstream.messages[-1][2]
        received = re.search(rb"(?im)^received-spf: (\w+)", message)[1].decode()
        self.assertEqual(results(message), received)
        return received

    def score(self):
        """The names of the cases that give their result, and {name: result} of those that don't."""
        right, wrong = [], {}
        for scenario in yaml.safe_load_all(SUITE.read_text()):
            self.dns.serve(scenario["zonedata"])
            gateway = self.gateway()  # with an empty cache
            for name, case in scenario["tests"].items():
                result = self.result(gateway, case)
                if result is None:
                    continue
                wanted = case["result"]
                if result in (wanted if isinstance(wanted, list) else [wanted]):
                    right.append(name)
                else:
                    wrong[name] = result
        return right, wrong


class SuiteThroughSmtpTest(SuiteRun):
    spf = 'helo = "note"\npermerror = "reject"'

    def test_cases_of_the_public_suite_give_their_result(self):
        right, wrong = self.score()
        print(f"SPF suite through SMTP: {len(right)} of {len(right) + len(wrong)}")
        self.assertEqual(wrong, {})
        self.assertGreaterEqual(len(right), 150)


class PolicyTest(SpfTest):
    def test_by_default_a_forbidden_client_is_refused_and_silence_defers(self):
        gateway = self.gateway()
        reply, _ = self.mail(gateway, "a@fail.org")
        self.assertEqual(reply, "550 5.7.23 SPF: 192.0.2.7 may not send mail from fail.org")
        reply, _ = self.mail(gateway, "a@temperror.org")
        self.assertRegex(reply, r"^451 4\.7\.24 SPF: ")
        for result in ("pass", "softfail", "neutral", "none", "permerror"):
            with self.subTest(result):
                reply, message = self.mail(gateway, f"a@{result}.org")
                self.assertIsNone(reply)
                self.assertEqual(results(message), result)
                self.assertRegex(message.decode(), rf"(?m)^Received-SPF: {result} \(")
                marked = result in ("softfail", "permerror")
                self.assertEqual(f"X-Sekisho-SPF: {result} mailfrom".encode() in message, marked)
        metrics_of_fail = re.findall(r" spf [^\n]*address=a@fail\.org[^\n]*result=fail", gateway.log())
        self.assertEqual(len(metrics_of_fail), 1)

    @cases({result: (result, *codes) for result, codes in {
        "pass": ("5.7.1", "4.7.1"), "none": ("5.7.1", "4.7.1"), "neutral": ("5.7.1", "4.7.1"),
        "softfail": ("5.7.23", "4.7.23"), "fail": ("5.7.23", "4.7.23"),
        "temperror": ("5.7.24", "4.7.24"), "permerror": ("5.7.24", "4.7.24")}.items()})
    def test_each_result_can_have_each_action(self, result, reject, defer):
        outcomes = {"reject": f"550 {reject} ", "defer": f"451 {defer} ",
                    "tag": f"X-Sekisho-SPF: {result} mailfrom\r\n", "quarantine": "X-Sekisho-Quarantine: SPF",
                    "pass": f"Received-SPF: {result} ("}
        for action, sign in outcomes.items():
            with self.subTest(action):
                gateway = self.gateway(f'{result} = "{action}"')
                reply, message = self.mail(gateway, f"a@{result}.org")
                self.assertIn(sign, reply or message.decode())
                if action == "pass":
                    self.assertNotIn(b"X-Sekisho", message)
                gateway.stop()

    def test_users_internal_clients_and_allowed_ones_are_not_asked(self):
        gateway = self.gateway('allow_networks = ["192.0.2.7"]\nallow_domains = ["fail.org"]')
        for sender, client in (("a@softfail.org", CLIENT), ("a@fail.org", "192.0.2.8"),
                               ("a@sub.fail.org", "192.0.2.8"), ("a@softfail.org", "10.99.0.1")):
            reply, message = self.mail(gateway, sender, client=client)
            self.assertIsNone(reply)
            self.assertNotRegex(message, rb"(?i)spf|authentication-results")
        with Wire(gateway.ports["submission"]) as wire:
            wire.expect(220)
            wire.login()
            wire.expect(250, "MAIL FROM:<alice@fail.org>")
        self.assertNotIn(" spf ", gateway.log())

    def test_users_and_internal_clients_are_checked_where_asked(self):
        gateway = self.gateway("check_authenticated = true\ncheck_internal = true")
        self.assertIsNotNone(self.mail(gateway, "a@fail.org", client="10.99.0.1")[0])
        with Wire(gateway.ports["submission"]) as wire:
            wire.expect(220)
            wire.login()
            wire.expect(550, "MAIL FROM:<alice@fail.org>")

    def test_the_header_field_can_be_left_out(self):
        _, message = self.mail(self.gateway("received_spf = false"), "a@pass.org")
        self.assertNotIn(b"Received-SPF", message)
        self.assertEqual(results(message), "pass")

    def test_an_observing_filter_refuses_nothing_and_says_what_it_found(self):
        gateway = self.gateway('mode = "observe"')
        reply, message = self.mail(gateway, "a@fail.org")
        self.assertIsNone(reply)
        self.assertIn("would_reject", gateway.log())
        self.assertEqual(results(message), "fail")


class HeloTest(SpfTest):
    def test_a_client_that_may_not_call_itself_so_is_refused(self):
        reply, _ = self.mail(self.gateway(), "a@pass.org", helo="fail.org")
        self.assertEqual(reply, "550 5.7.23 SPF: 192.0.2.7 may not call itself fail.org")

    def test_its_name_can_be_noted_alone(self):
        reply, message = self.mail(self.gateway('helo = "note"'), "a@pass.org", helo="fail.org")
        self.assertIsNone(reply)
        self.assertEqual(results(message, helo=True), {"helo": "fail", "mailfrom": "pass"})

    def test_its_name_can_be_left_alone(self):
        gateway = self.gateway('helo = "off"')
        _, message = self.mail(gateway, "a@pass.org", helo="fail.org")
        self.assertEqual(results(message, helo=True), {"mailfrom": "pass"})
        self.assertNotIn("fail.org", [name for name, _ in self.dns.asked])

    def test_a_doubt_about_the_name_does_not_decide(self):
        gateway = self.gateway('softfail = "reject"\ntemperror = "reject"')
        for name in ("softfail.org", "temperror.org", "permerror.org", "[192.0.2.7]", "localhost"):
            with self.subTest(name):
                self.assertIsNone(self.mail(gateway, "a@pass.org", helo=name)[0])

    def test_with_the_null_sender_the_name_decides(self):
        gateway = self.gateway('helo = "off"')
        reply, _ = self.mail(gateway, "", helo="fail.org")
        self.assertEqual(reply, "550 5.7.23 SPF: 192.0.2.7 may not send mail from fail.org")
        _, message = self.mail(gateway, "", helo="pass.org", client="2001:db8::7")
        self.assertEqual(results(message), "pass")
        self.assertIn(b"postmaster@pass.org", message)


class ForeignBytesTest(SpfTest):
    def lines_named(self, message, name):
        return re.findall(rb"(?im)^" + name + rb"[ \t]*:.*", message)

    def test_the_text_of_a_domain_is_told_on_one_line_where_asked(self):
        gateway = self.gateway('explanation = "domain"')
        reply, _ = self.mail(gateway, "a@fail.org")
        self.assertEqual(len(reply.splitlines()), 1)
        self.assertRegex(reply, r"^550 5\.7\.23 SPF: 192\.0\.2\.7 may not send mail from fail\.org")
        reply, _ = self.mail(gateway, "a@says.org")
        self.assertEqual(reply, "550 5.7.23 SPF: 192.0.2.7 may not send mail from says.org; says.org explains: "
                                "ask says.org about 192.0.2.7")

    def test_nothing_of_a_record_begins_a_header_field_or_a_log_line(self):
        self.dns.serve(ZONE | {"7.2.0.192.in-addr.arpa": [{"PTR": "p\r\nX-Evil: 2.org"}],
                               "p\r\nx-evil: 2.org": [{"A": CLIENT}],
                               "ptr.org": [{"TXT": "v=spf1 exists:%{p}.x.org ~all"}]})
        gateway = self.gateway('explanation = "domain"')
        for sender in ("a@permerror.org", "a@ptr.org", '"a\\";helo=x (y)"@softfail.org'):
            with self.subTest(sender):
                reply, message = self.mail(gateway, sender)
                self.assertIsNone(reply)
                self.assertEqual(self.lines_named(message, b"X-Evil"), [])
                self.assertEqual(len(self.lines_named(message, b"Received-SPF")), 1)
                self.assertEqual(len(self.lines_named(message, b"Authentication-Results")), 1)
        self.assertNotRegex(gateway.log(), r"(?m)^X-Evil")

    def test_results_in_our_name_that_come_with_a_message_are_removed(self):
        text = ("Authentication-Results: gateway.example.com; spf=pass smtp.mailfrom=a@bank.org\r\n"
                "authentication-results: (x) GATEWAY.example.com/1; dkim=pass\r\n"
                "Authentication-Results: other.example.net; spf=pass smtp.mailfrom=b@bank.org\r\n"
                "X-Sekisho-SPF: pass mailfrom\r\nSubject: x\r\n\r\nhi")
        gateway = self.gateway()
        _, message = self.mail(gateway, "a@none.org", text=text)
        self.assertEqual(results(message), "none")
        self.assertNotIn(b"a@bank.org", message)
        self.assertNotIn(b"dkim", message)
        self.assertIn(b"b@bank.org", message)
        self.assertNotIn(b"X-Sekisho-SPF", message)
        # Nor where nothing is checked ...
        _, message = self.mail(gateway, "a@none.org", text=text, listener="unchecked")
        self.assertNotIn(b"a@bank.org", message)
        # ... but for our own hosts, which send on what we have checked.
        _, message = self.mail(gateway, "a@none.org", text=text, listener="unchecked",
                               client="10.99.0.1")
        self.assertIn(b"a@bank.org", message)


class LookUpsTest(SpfTest):
    def test_no_record_costs_more_than_ten_lookups_and_two_voids(self):
        def fan(prefix, domain):
            return "v=spf1 " + " ".join(f"include:{prefix}{i}.{domain}" for i in range(10)) + " -all"

        zone = dict(ZONE)
        zone["fan.org"] = [{"TXT": fan("a", "fan.org")}]
        for i in range(10):
            zone[f"a{i}.fan.org"] = [{"TXT": fan("b", f"a{i}.fan.org")}]
            for j in range(10):
                zone[f"b{j}.a{i}.fan.org"] = [{"TXT": "v=spf1 ?all"}]
        zone["void.org"] = [{"TXT": "v=spf1 " + " ".join(f"a:no{i}.void.org" for i in range(9)) + " +all"}]
        self.dns.serve(zone)
        gateway = self.gateway('helo = "off"\npermerror = "reject"')
        reply, _ = self.mail(gateway, "a@fan.org")
        self.assertRegex(reply, r"^550 5\.7\.24 ")
        self.assertLessEqual(len([name for name, _ in self.dns.asked if "fan.org" in name]), 11)
        reply, _ = self.mail(gateway, "a@void.org")
        self.assertRegex(reply, r"^550 5\.7\.24 ")
        self.assertLessEqual(len([name for name, _ in self.dns.asked if name.startswith("no")]), 3)

    def test_an_answer_that_is_too_long_for_udp_is_fetched_by_tcp(self):
        gateway = self.gateway()
        self.dns.manner = lambda name: "truncate"
        _, message = self.mail(gateway, "a@pass.org")
        self.assertEqual(results(message), "pass")
        self.assertGreater(self.dns.asked_by_tcp, 0)

    @cases({manner: manner for manner in ("silent", "slow", "wrong_id")})
    def test_a_server_without_a_true_answer_defers_in_time(self, manner):
        gateway = self.gateway()
        self.dns.manner = lambda name: manner
        began = time.monotonic()
        reply, _ = self.mail(gateway, "a@pass.org")
        self.assertRegex(reply, r"^451 4\.7\.24 ")
        self.assertLess(time.monotonic() - began, 4)  # one time-out of 1 s for both identities

    def seconds_of(self, gateway, count):
        spent = []
        for _ in range(count):
            began = time.monotonic()
            self.assertIsNone(self.mail(gateway, "a@pass.org")[0])
            spent.append(time.monotonic() - began)
        return statistics.median(spent)

    @cases({manner: manner for manner in ("silent", "slow", "wrong_id", "answer")})
    def test_the_mail_of_others_goes_on_meanwhile(self, manner):
        """With "answer", a flood of names that aren't there."""
        gateway = self.gateway()
        self.dns.manner = lambda name: manner if name.endswith("flood.net") else "answer"
        alone = self.seconds_of(gateway, 40)
        stop = threading.Event()

        def flood(number):
            count = 0
            while not stop.is_set():
                count += 1
                self.mail(gateway, f"a@n{number}-{count}.flood.net",
                          helo=f"h{number}-{count}.flood.net", client=f"198.51.100.{number}")

        floods = [threading.Thread(target=flood, args=(number,)) for number in range(1, 9)]
        for thread in floods:
            thread.start()
        try:
            meanwhile = self.seconds_of(gateway, 40)
        finally:
            stop.set()
            for thread in floods:
                thread.join()
        print(f"mail while the name server is {manner} to others: {1000 * meanwhile:.1f} ms, "
              f"alone {1000 * alone:.1f} ms")
        self.assertLess(meanwhile, 10 * alone + 0.2)

    def test_a_client_that_goes_while_a_lookup_is_pending_leaves_the_gateway_well(self):
        gateway = self.gateway()
        self.dns.manner = lambda name: "silent"
        for number in range(50):
            wire = self.connect(gateway, client=f"198.51.100.{number}")
            wire.expect(250, "EHLO pass.org")
            wire.send(f"MAIL FROM:<a@n{number}.pass.org>\r\n".encode())
            wire.close()
        self.dns.manner = lambda name: "answer"
        self.assertIsNone(self.mail(gateway, "a@none.org")[0])


class OutgoingTest(SpfTest):
    def send(self, gateway, *senders):
        with Wire(gateway.ports["submission"]) as wire:
            wire.expect(220)
            wire.login()
            for sender in senders:
                wire.expect(250, f"MAIL FROM:<{sender}>")
                wire.expect(250, "RSET")

    def test_a_domain_that_does_not_name_our_addresses_is_told_once(self):
        self.dns.serve(ZONE | {"half.org": [{"TXT": "v=spf1 ip4:192.0.2.25 ~all"}]})
        gateway = self.gateway()
        self.send(gateway, "a@half.org", "b@half.org", "a@pass.org", "a@none.org", "a@temperror.org")
        self.send(gateway, "c@half.org")
        lines = [line for line in gateway.log().splitlines() if " spf_outgoing " in line]
        told = [re.search(r"domain=(\S+) address=(\S+) result=(\w+)", line).groups() for line in lines]
        self.assertEqual(told[0], ("half.org", "2001:db8::25", "softfail"))
        self.assertEqual({entry[0] for entry in told[1:]}, {"temperror.org"})

    def test_silence_of_the_name_server_refuses_no_mail(self):
        gateway = self.gateway()
        self.dns.manner = lambda name: "silent"
        self.send(gateway, "a@half.org")


if __name__ == "__main__":
    unittest.main()
