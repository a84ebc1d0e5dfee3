"""kill -9 of the gateway under load, in every stage of a message: no acknowledged message is lost.

Clients send without a pause while the gateway is killed and started again on the same folder. Each round
waits until somebody is in the stage that is its turn, seen from the client or from the upstream, and
kills then. The upstream is slow here and there, defers some messages and hangs up on others.
"""
import collections
import random
import threading
import time
import unittest

import harness

ROUNDS = 200
CLIENTS = 6
# In the order of a message's life; what begins with "upstream" is seen there.
STAGES = ("connect", "EHLO", "MAIL", "upstream MAIL", "RCPT", "upstream RCPT", "DATA", "in the body",
          "at the dot", "upstream DATA", "upstream .", "acknowledged")
# The second is larger than what the gateway holds in memory.
BODIES = (b"short\r\n", b"a long line of a large message, of which there are many\r\n" * 8000)


class Trigger:
    """Tells the killer that somebody reached the stage it waits for."""

    def __init__(self):
        self.wanted = None
        self.hit = threading.Event()

    def wait_for(self, stage):
        self.hit.clear()
        self.wanted = stage
        if not self.hit.wait(harness.PATIENCE):
            raise AssertionError(f"nobody came to the stage {stage!r}")

    def reached(self, stage):
        if stage == self.wanted:
            self.wanted = None
            self.hit.set()


class Client(threading.Thread):
    """Sends one message after the other, each with an id of its own as the sender's address."""

    def __init__(self, number, port, trigger, seed):
        super().__init__(daemon=True)
        self.number = number
        self.port = port  # () → the gateway's port now
        self.trigger = trigger
        self.random = random.Random(seed + number)
        self.sent = 0
        self.acknowledged = set()
        self.deferred = 0
        self.lost = collections.Counter()  # stage → connections that ended there
        self.stage = "connect"
        self.going_on = True
        self.problem = None

    def run(self):
        try:
            while self.going_on:
                self.at("connect")
                try:
                    with harness.Wire(self.port()) as wire:
                        self.converse(wire)
                except OSError:
                    self.lost[self.stage] += 1
                    time.sleep(0.005)  # nobody listens until the gateway is up again
        except Exception as problem:  # a reply that makes no sense: for the test to show
            self.problem = problem

    def at(self, stage):
        self.stage = stage
        self.trigger.reached(stage)

    def ask(self, wire, stage, line, code):
        if line is not None:
            wire.send(line)
        if stage is not None:
            self.at(stage)
        reply = wire.reply()
        if reply is None:
            raise ConnectionResetError
        if not reply.startswith(code):
            if reply[0] != "4":
                raise AssertionError(f"{line!r}: {reply}")
            self.deferred += 1
            return False
        return True

    def converse(self, wire):
        self.ask(wire, None, None, "220")
        self.ask(wire, "EHLO", b"EHLO client.example.org\r\n", "250")
        for _ in range(self.random.randint(1, 5)):
            if not self.going_on or not self.send_one(wire):
                break

    def send_one(self, wire):
        self.sent += 1
        sender = f"message-{self.number}-{self.sent}@example.org"
        body = self.random.choices(BODIES, weights=(9, 1))[0]
        if not self.ask(wire, "MAIL", f"MAIL FROM:<{sender}>\r\n".encode(), "250"):
            return False
        if not self.ask(wire, "RCPT", b"RCPT TO:<local@example.com>\r\n", "250"):
            return False
        if not self.ask(wire, "DATA", b"DATA\r\n", "354"):
            return False
        data = f"Subject: {sender}\r\n\r\n".encode() + body
        half = len(data) // 2
        wire.send(data[:half])
        self.at("in the body")
        wire.send(data[half:])
        if not self.ask(wire, "at the dot", b".\r\n", "250"):
            return False
        self.acknowledged.add(sender)
        self.at("acknowledged")
        return True


class KillTest(unittest.TestCase):
    def test_no_acknowledged_message_is_lost(self):
        seed = random.randrange(1 << 32)
        print(f"    kill -9: seed {seed}", flush=True)
        random_ = random.Random(seed)
        trigger = Trigger()
        deferred = set()

        def answer(verb, line):
            """Slow at times, and not always willing. The lock of chance is the interpreter's."""
            trigger.reached("upstream " + verb)
            chance = random_.random()
            if chance < 0.3:
                time.sleep(chance / 20)  # up to 15 ms: makes the stage long enough to be hit
            if verb == "." and chance > 0.9:
                deferred.add(line)
                return ConnectionAbortedError if chance > 0.95 else "451 4.3.0 not now"
            return "451 4.3.0 not now" if verb == "RCPT" and chance > 0.97 else None

        extra = '[limits]\nmax_connections_per_client = 1000\n'
        with harness.RecordingUpstream(answer) as upstream:
            gateway = harness.Gateway(upstream=upstream.port, extra=extra)
            with gateway:
                clients = [Client(number, lambda: gateway.ports["mx"], trigger, seed)
                           for number in range(CLIENTS)]
                for client in clients:
                    client.start()
                killed = collections.Counter()

                def done():
                    return sum(len(client.acknowledged) for client in clients)

                for number in range(ROUNDS):
                    before = done()
                    harness.wait_until(lambda: done() >= before + 2 * CLIENTS, "the load")
                    stage = STAGES[number % len(STAGES)]
                    trigger.wait_for(stage)
                    if number % 3 > 0:
                        time.sleep(random_.random() / 200)  # up to 5 ms further on
                    for client in clients:
                        killed[client.stage] += 1
                    gateway.kill()
                    gateway.start()
                trigger.wait_for("acknowledged")  # the last start serves too
                for client in clients:
                    client.going_on = False
                for client in clients:
                    client.join(harness.PATIENCE)
            received = collections.Counter(sender for sender, _, _ in upstream.messages)
            bodies = {sender: data for sender, _, data in upstream.messages}
        acknowledged = set().union(*(client.acknowledged for client in clients))
        lost = sum((client.lost for client in clients), collections.Counter())
        print(f"    kill -9: {ROUNDS} times; {sum(client.sent for client in clients)} messages, "
              f"{len(acknowledged)} acknowledged, {len(received)} arrived, "
              f"{len(set(received) - acknowledged)} of them unacknowledged; "
              f"{sum(client.deferred for client in clients)} deferred, "
              f"{sum(lost.values())} connections broken", flush=True)
        print("    kill -9: clients were at: "
              + ", ".join(f"{stage} {killed[stage]}" for stage in STAGES if killed[stage]), flush=True)
        for client in clients:
            self.assertIsNone(client.problem)
        self.assertGreaterEqual(len(acknowledged), ROUNDS * 2 * CLIENTS)
        self.assertEqual(acknowledged - set(received), set())
        self.assertEqual(acknowledged & deferred, set())
        # Nor is anything sent twice by the gateway itself, or cut short.
        self.assertEqual([sender for sender, count in received.items() if count > 1], [])
        for sender, data in bodies.items():
            text = harness.without_added_headers(data)
            self.assertIn(text, [f"Subject: {sender}\r\n\r\n".encode() + body for body in BODIES])


if __name__ == "__main__":
    unittest.main()
