"""What a broken upstream does to the gateway's clients: nothing worse than "try again"."""
import re
import signal
import socket
import time
import unittest

from faulty_upstream import AnotherProcess, FaultyUpstream, closed_port, upstream_table
from harness import (CaseTest, Gateway, Wire, cases, undo_dots, wait_until, without_added_headers)

MESSAGE = b"Subject: once and only once\r\n\r\n..one dot\r\nbody\r\n"


class FaultTest(CaseTest):
    def start(self, *upstreams):
        self.gateway = self.enterContext(Gateway(extra="".join(upstreams)))
        return self.gateway

    def wire(self):
        wire = self.enterContext(Wire(self.gateway.ports["mx"]))
        self.greet(wire)
        return wire

    def greet(self, wire):
        wire.expect(220)
        wire.expect(250, "EHLO client.example.org")

    def send_alone(self):
        """send() in a session of its own: one session may only see so many refusals."""
        with Wire(self.gateway.ports["mx"]) as wire:
            self.greet(wire)
            return self.send(wire)

    def send(self, wire, recipient="one@example.com"):
        """A whole transaction: the replies to RCPT, DATA and the message, as far as it got."""
        wire.expect(250, "MAIL FROM:<sender@example.org>")
        replies = [wire.command(f"RCPT TO:<{recipient}>")]
        if replies[-1].startswith("250"):
            replies.append(wire.command("DATA"))
        if replies[-1].startswith("354"):
            replies.append(wire.command(MESSAGE + b".\r\n"))
        else:
            wire.expect(250, "RSET")
        return replies

    def expect_sent(self, wire):
        self.assertTrue(self.send(wire)[-1].startswith("250"))

    def assert_has(self, upstream, count):
        """It took so many messages, and saw the end of no other."""
        self.assertEqual((len(upstream.messages), upstream.dots), (count, count))
        for sender, recipients, data in upstream.messages:
            self.assertEqual((sender, recipients), ("sender@example.org", ["one@example.com"]))
            self.assertEqual(without_added_headers(undo_dots(data)), undo_dots(MESSAGE))


STAGES = {"the_connection": "GREETING", "ehlo": "EHLO", "mail": "MAIL", "rcpt": "RCPT",
          "data": "DATA", "the_dot": "."}
FAULTS = {
    "silence": None,
    "a_closed_connection": ConnectionError,
    "garbage": "what is this?",
    "binary_garbage": "\x16\x03\x01\x00\x80\x01\x00\x00\x7f",
    "a_web_server": "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "421": "421 4.3.2 going down",
    "a_number_that_is_no_reply": "999 huh",
    "a_line_without_end": "250-" + "x" * 3_000_000,
    "a_reply_without_end": "250-more\r\n" * 300_000 + "250-more",
}


class OneUpstream(FaultTest):
    @classmethod
    def setUpClass(cls):
        cls.upstream = cls.enterClassContext(FaultyUpstream())
        # No connection is kept, so that each test begins with a new one.
        cls.gateway = cls.enterClassContext(Gateway(extra=upstream_table(cls.upstream.port, idle="0s")))

    def tearDown(self):
        self.upstream.heal()
        self.upstream.messages.clear()
        self.upstream.commands.clear()
        self.upstream.dots = 0

    @cases({f"{fault}_at_{stage}": (verb, how) for stage, verb in STAGES.items()
            for fault, how in FAULTS.items()})
    def test_defers_for(self, verb, how):
        if how is None:
            self.upstream.be_silent_at(verb)
        else:
            self.upstream.fail_at(verb, how)
        wire = self.wire()
        replies = self.send(wire)
        if verb in ("DATA", "."):
            self.assertEqual(len(replies), 3, replies)
        else:
            self.assertEqual(len(replies), 1, replies)
        self.assertRegex(replies[-1], r"\A451[- ]4\.[34]\.\d ")
        # The message was at its end there once at most: it is the client's now, to send again.
        self.assertEqual(self.upstream.dots, int(verb == "."))
        self.tearDown()
        self.expect_sent(wire)
        self.assert_has(self.upstream, 1)

    @cases({f"{code}_to_{verb.lower()}": (code, verb)
            for code in (450, 451, 452, 550, 552, 554) for verb in ("MAIL", "RCPT", "DATA")})
    def test_passes_on(self, code, verb):
        self.upstream.fail_at(verb, f"{code} {code // 100}.7.1 not this one")
        replies = self.send(self.wire())
        self.assertEqual(replies[-1], f"{code} {code // 100}.7.1 not this one")
        self.assertEqual(len(replies), 3 if verb == "DATA" else 1)
        self.assert_has(self.upstream, 0)

    @cases({str(code): code for code in (450, 451, 452, 550, 552, 554)})
    def test_passes_on_after_the_dot(self, code):
        self.upstream.fail_at(".", f"{code} {code // 100}.7.1 not this one")
        wire = self.wire()
        self.assertEqual(self.send(wire)[-1], f"{code} {code // 100}.7.1 not this one")
        self.assertEqual((self.upstream.messages, self.upstream.dots), ([], 1))

    def test_takes_the_message_for_the_recipients_that_it_wants(self):
        answers = {"RCPT TO:<two@example.com>": "550 5.1.1 no such user",
                   "RCPT TO:<three@example.com>": "450 4.2.1 busy"}
        self.upstream.fault = lambda verb, line: answers.get(line)
        wire = self.wire()
        wire.expect(250, "MAIL FROM:<sender@example.org>")
        self.assertEqual([reply[:9] for reply in wire.commands(
            *(f"RCPT TO:<{name}@example.com>" for name in ("one", "two", "three", "four")))],
            ["250 2.1.5", "550 5.1.1", "450 4.2.1", "250 2.1.5"])
        wire.expect(354, "DATA")
        wire.expect(250, MESSAGE + b".\r\n")
        self.assertEqual([message[1] for message in self.upstream.messages],
                         [["one@example.com", "four@example.com"]])

    def test_may_be_slow(self):
        def slowly(verb, line):
            time.sleep(0.3)  # the fault itself

        self.upstream.fault = slowly
        self.expect_sent(self.wire())
        self.assert_has(self.upstream, 1)

    def test_that_took_the_message_and_died_gets_it_again_from_the_client_only(self):
        def die_once(verb, line):
            if verb == ".":
                self.upstream.fault = None
                return ConnectionError
            return None

        self.upstream.fault = die_once
        wire = self.wire()
        self.assertEqual(self.send(wire)[-1][:9], "451 4.4.2")
        self.assertEqual(sum(line == "DATA" for line in self.upstream.commands), 1)
        self.expect_sent(wire)
        self.assertEqual(sum(line == "DATA" for line in self.upstream.commands), 2)

    def test_does_not_hold_up_other_clients(self):
        blocked = self.wire()
        blocked.expect(250, "MAIL FROM:<sender@example.org>")
        self.upstream.be_silent_at("RCPT")
        blocked.send(b"RCPT TO:<one@example.com>\r\n")
        wait_until(lambda: any(line.startswith("RCPT") for line in self.upstream.commands),
                   "the upstream to be asked")
        self.upstream.fault = None
        self.expect_sent(self.wire())
        self.assertTrue(blocked.silent_for(0))
        blocked.expect("451 4.4.2")


class AnUpstreamThatIsDown(FaultTest):
    def test_is_451(self):
        self.start(upstream_table(closed_port(self)))
        wire = self.wire()
        for _ in range(3):
            self.assertEqual(self.send(wire)[0][:9], "451 4.4.1")

    def test_that_accepts_no_connection_is_451(self):
        # Full to the brim: no further connection is taken up.
        listener = self.enterContext(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = self.enterContext(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        self.start(upstream_table(listener.getsockname()[1]))
        self.assertEqual(self.send(self.wire())[0][:9], "451 4.4.1")


class KeptConnections(FaultTest):
    def setUp(self):
        self.upstream = self.enterContext(FaultyUpstream())
        # One thread has one pool: the next message meets the connection of the one before.
        self.gateway = self.enterContext(Gateway(top="threads = 1",
                                                 extra=upstream_table(self.upstream.port)))

    def test_are_used_again(self):
        for _ in range(5):
            self.expect_sent(self.wire())
        self.assertEqual(self.upstream.connections, 1)

    @cases({"silently": None, "with_421": b"421 4.4.2 idle for too long\r\n",
            "with_garbage": b"bye\r\n"})
    def test_that_the_upstream_ended_cost_no_mail(self, last_words):
        for _ in range(3):
            self.expect_sent(self.wire())
            self.upstream.close_connections(last_words)
        self.assert_has(self.upstream, 3)

    @cases({"closed_at_mail": ("MAIL", ConnectionError), "closed_at_rcpt": ("RCPT", ConnectionError),
            "closed_at_data": ("DATA", ConnectionError),
            "ended_with_421_at_mail": ("MAIL", "421 4.4.2 too late"),
            "ended_with_421_at_rcpt": ("RCPT", "421 4.4.2 too late"),
            "ended_with_421_at_data": ("DATA", "421 4.4.2 too late"),
            "garbled_at_mail": ("MAIL", "what?")})
    def test_that_are(self, stage, how):
        self.expect_sent(self.wire())
        first = self.upstream.connections

        def once(verb, line):
            if verb != stage:
                return None
            self.upstream.fault = None
            return how

        self.upstream.fault = once
        self.expect_sent(self.wire())  # on a new one
        self.assert_has(self.upstream, 2)
        self.assertEqual(self.upstream.connections, first + 1)

    def test_that_close_after_the_dot_are_not_tried_again(self):
        self.expect_sent(self.wire())
        self.upstream.fail_at(".", ConnectionError)
        self.assertEqual(self.send(self.wire())[-1][:9], "451 4.4.2")
        self.assertEqual((len(self.upstream.messages), self.upstream.dots), (1, 2))
        self.assertEqual(self.upstream.connections, 1)

    def test_are_not_kept_with_an_open_transaction(self):
        wire = self.wire()
        wire.expect(250, "MAIL FROM:<sender@example.org>")
        wire.expect(250, "RCPT TO:<two@example.com>")
        wire.expect(250, "RSET")
        self.expect_sent(self.wire())
        self.assert_has(self.upstream, 1)  # and two@example.com is no recipient of it


class TwoUpstreams(FaultTest):
    def setUp(self):
        self.first = self.enterContext(FaultyUpstream())
        self.second = self.enterContext(FaultyUpstream())

    def start_both(self, **first):
        return self.start(upstream_table(self.first.port, "first", 1, **first),
                          upstream_table(self.second.port, "second", 2))

    def test_the_spare_gets_nothing_while_the_first_serves(self):
        self.start_both()
        for _ in range(4):
            self.expect_sent(self.wire())
        self.assert_has(self.first, 4)
        self.assertEqual(self.second.connections, 0)

    def test_equal_ones_take_turns(self):
        self.start(upstream_table(self.first.port, "first"),
                   upstream_table(self.second.port, "second"))
        for _ in range(12):
            self.expect_sent(self.wire())
        self.assertGreater(len(self.first.messages), 0)
        self.assertGreater(len(self.second.messages), 0)
        self.assertEqual(len(self.first.messages) + len(self.second.messages), 12)

    def test_the_spare_steps_in_for_one_that_is_down(self):
        self.start(upstream_table(closed_port(self), "first", 1),
                   upstream_table(self.second.port, "second", 2))
        self.expect_sent(self.wire())
        self.assert_has(self.second, 1)
        self.gateway.wait_for_log(r" message .*verdict=accepted .*upstream=second")

    @cases({f"{fault}_at_{stage}": (verb, how) for stage, verb in STAGES.items() if verb != "."
            for fault, how in FAULTS.items()
            if fault in ("silence", "a_closed_connection", "garbage", "421")})
    def test_the_spare_steps_in_for(self, verb, how):
        self.start_both()
        if how is None:
            self.first.be_silent_at(verb)
        else:
            self.first.fail_at(verb, how)
        self.expect_sent(self.wire())
        self.assert_has(self.first, 0)
        self.assert_has(self.second, 1)

    @cases({"silence": None, "a_closed_connection": ConnectionError, "garbage": "what?",
            "421": "421 4.3.2 going down", "451": "451 4.3.0 local error"})
    def test_the_spare_stays_out_after_the_dot_for(self, how):
        self.start_both()
        if how is None:
            self.first.be_silent_at(".")
        else:
            self.first.fail_at(".", how)
        self.assertEqual(self.send(self.wire())[-1][:4], "451 ")
        self.assertEqual(self.first.dots, 1)
        self.assertEqual((self.second.dots, self.second.messages), (0, []))

    def test_the_spare_stays_out_for_a_refusal(self):
        self.start_both()
        self.first.fail_at("RCPT", "550 5.1.1 no such user")
        self.assertEqual(self.send(self.wire())[-1], "550 5.1.1 no such user")
        self.assertEqual(self.second.connections, 0)


class AFirstUpstreamInAProcess(FaultTest):
    def setUp(self):
        self.first = self.enterContext(AnotherProcess())
        self.second = self.enterContext(FaultyUpstream())
        self.start(upstream_table(self.first.port, "first", 1),
                   upstream_table(self.second.port, "second", 2))
        self.expect_sent(self.wire())
        self.assertEqual(self.first.messages(), 1)

    def test_is_replaced_when_killed(self):
        self.first.process.kill()
        self.first.process.wait()
        for _ in range(3):
            self.expect_sent(self.wire())
        self.assert_has(self.second, 3)

    def test_is_replaced_when_killed_in_a_transaction(self):
        wire = self.wire()
        wire.expect(250, "MAIL FROM:<sender@example.org>")
        wire.expect(250, "RCPT TO:<one@example.com>")
        self.first.process.kill()
        self.first.process.wait()
        wire.expect(354, "DATA")
        wire.expect(250, MESSAGE + b".\r\n")
        self.assert_has(self.second, 1)

    def test_is_replaced_when_frozen_and_used_again_when_thawed(self):
        self.first.process.send_signal(signal.SIGSTOP)
        try:
            self.expect_sent(self.wire())
            self.assert_has(self.second, 1)
        finally:
            self.first.process.send_signal(signal.SIGCONT)
        self.expect_sent(self.wire())
        self.assert_has(self.second, 1)
        self.assertEqual(self.first.messages(), 2)


class TheBreaker(FaultTest):
    def setUp(self):
        self.upstream = self.enterContext(FaultyUpstream())
        self.upstream.fail_at("GREETING", ConnectionError)

    def fail_until_open(self, wire, times):
        for _ in range(times):
            self.assertEqual(self.send(wire)[0][:9], "451 4.4.1")
        self.gateway.wait_for_log(rf"upstream_down .*upstream=main failures={times} .*reason=")
        self.assertEqual(self.upstream.connections, times)

    def test_spares_an_upstream_that_fails(self):
        self.start(upstream_table(self.upstream.port, breaker_failures=3, breaker_pause="1h"))
        wire = self.wire()
        self.fail_until_open(wire, 3)
        for _ in range(10):
            self.assertEqual(self.send(wire)[0][:9], "451 4.4.1")
        self.assertEqual(self.upstream.connections, 3)
        self.assertEqual(len(re.findall(" upstream_down ", self.gateway.log())), 1)

    def test_lets_one_probe_through_and_closes_when_it_is_served(self):
        self.start(upstream_table(self.upstream.port, breaker_failures=2, breaker_pause="1s"))
        wire = self.wire()
        self.fail_until_open(wire, 2)
        wait_until(lambda: self.send_alone() and self.upstream.connections > 2, "a probe")
        self.assertNotIn(" upstream_up ", self.gateway.log())
        self.upstream.heal()
        wait_until(lambda: self.send_alone()[-1].startswith("250"), "a probe that is served")
        self.gateway.wait_for_log(" upstream_up .*upstream=main")
        self.expect_sent(self.wire())

    def test_sends_everything_to_the_spare_at_once(self):
        spare = self.enterContext(FaultyUpstream())
        self.upstream.be_silent_at("GREETING")
        self.start(upstream_table(self.upstream.port, priority=1, breaker_failures=1,
                                  breaker_pause="1h"),
                   upstream_table(spare.port, "spare", 2))
        self.expect_sent(self.wire())
        self.gateway.wait_for_log(" upstream_down .*upstream=main")
        self.expect_sent(self.wire())
        self.assertEqual(self.upstream.connections, 1)
        self.assert_has(spare, 2)

    def test_is_not_moved_by_refused_mail(self):
        # Not a word that is kept of an unknown recipient: each is the upstream's own.
        self.upstream.fail_at("RCPT", "550 5.7.1 not from you")
        self.start(upstream_table(self.upstream.port, breaker_failures=1, breaker_pause="1h"))
        wire = self.wire()
        for _ in range(5):
            self.assertEqual(self.send(wire)[0][:9], "550 5.7.1")
        self.upstream.heal()
        self.expect_sent(wire)
        self.assertNotIn(" upstream_down ", self.gateway.log())


if __name__ == "__main__":
    unittest.main()
