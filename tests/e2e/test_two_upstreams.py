"""Two upstreams of equal priority, of which one is killed, frozen and started again while mail comes in:
what was acknowledged is at one of them, and only who had a message in its hands then is deferred."""
import collections
import shutil
import tempfile
import threading
import unittest

from faulty_upstream import upstream_table
from harness import PATIENCE, Gateway, Wire, wait_until
from upstream_process import UpstreamProcess

CLIENTS = 4
ENOUGH = 40  # messages that tell what a state of the upstreams means for the clients


class Client(threading.Thread):
    """Sends one message after the other, each from a sender of its own, in sessions of ten."""

    def __init__(self, number, port):
        super().__init__(daemon=True)
        self.number = number
        self.port = port
        self.sent = 0
        self.acknowledged = []
        self.deferred = collections.Counter()  # the reply → how often
        self.going_on = True
        self.problem = None

    def run(self):
        try:
            while self.going_on:
                with Wire(self.port) as wire:
                    wire.expect(220)
                    wire.expect(250, "EHLO client.example.org")
                    for _ in range(10):
                        self.send_one(wire)
        except Exception as problem:  # for the test to show
            self.problem = problem

    def send_one(self, wire):
        self.sent += 1
        sender = f"{self.number}-{self.sent}@example.org"
        wire.expect(250, f"MAIL FROM:<{sender}>")
        reply = wire.command("RCPT TO:<bob@example.com>")
        if reply.startswith("250"):
            wire.expect(354, "DATA")
            reply = wire.command(b"Subject: load\r\n\r\nhello\r\n.\r\n")
        else:
            wire.expect(250, "RSET")
        if reply.startswith("250"):
            self.acknowledged.append(sender)
        else:
            self.deferred[reply] += 1


class TwoUpstreamsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sekisho-upstreams-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.upstreams = [UpstreamProcess(self.folder, name) for name in ("one", "two")]
        for upstream in self.upstreams:
            upstream.start()
            self.addCleanup(upstream.kill)

    def acknowledged(self):
        return sum(len(client.acknowledged) for client in self.clients)

    def deferred(self):
        return sum(sum(client.deferred.values()) for client in self.clients)

    def wait_for_mail(self, upstream=None):
        """Until enough more was acknowledged, or has reached this upstream."""
        def count():
            return self.acknowledged() if upstream is None else len(upstream.senders())

        def arrived():
            for client in self.clients:
                if client.problem:
                    raise client.problem
            return count() >= before + ENOUGH

        before = count()
        wait_until(arrived, "more mail")

    def test_one_that_is_killed_frozen_and_back_costs_only_what_it_had_in_its_hands(self):
        one, two = self.upstreams
        tables = "".join(upstream_table(upstream.port, name, breaker_failures=3, breaker_pause="1s")
                         for name, upstream in (("one", one), ("two", two)))
        with Gateway(extra=tables) as gateway:
            self.clients = [Client(number, gateway.ports["mx"]) for number in range(CLIENTS)]
            for client in self.clients:
                client.start()
            self.wait_for_mail(one)
            self.wait_for_mail(two)
            self.assertEqual(self.deferred(), 0)

            one.kill()
            self.wait_for_mail(two)
            killed = self.deferred()
            self.assertLessEqual(killed, CLIENTS, "only dots that were under way")
            self.wait_for_mail(two)
            self.assertEqual(self.deferred(), killed, "all of it goes to the other one")
            one.start()
            self.wait_for_mail(one)
            self.assertEqual(self.deferred(), killed, "its coming back costs nobody anything")

            two.freeze()
            # Who waits for it, at whatever step, gives up after 2 s; then it is left alone.
            self.wait_for_mail(one)
            gateway.wait_for_log("upstream_down upstream=two|upstream_down .*upstream=two")
            frozen = self.deferred()
            self.assertLessEqual(frozen - killed, CLIENTS, "only dots that were under way")
            self.wait_for_mail(one)
            two.thaw()
            self.wait_for_mail(two)
            self.assertEqual(self.deferred(), frozen)

            for client in self.clients:
                client.going_on = False
            for client in self.clients:
                client.join(timeout=PATIENCE)
                self.assertIsNone(client.problem)
            said = sum((client.deferred for client in self.clients), collections.Counter())
            self.assertTrue(all(reply.startswith("451 4.4.2") for reply in said), said)
        arrived = set(one.senders()) | set(two.senders())
        lost = {sender for client in self.clients for sender in client.acknowledged} - arrived
        self.assertEqual(lost, set())
        print(f"    {self.acknowledged()} acknowledged, {self.deferred()} deferred, none lost")


if __name__ == "__main__":
    unittest.main()
