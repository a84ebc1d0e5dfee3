"""Messages by BDAT (RFC 3030) to a real Postfix, which gets them by DATA: octet for octet what was sent,
however it was cut into chunks.
"""
import random
import unittest
import zlib

import postfix
from harness import CaseTest, Gateway, Wire, cases, without_added_headers
from test_postfix import MESSAGES

server = None  # the Postfix of all tests here


def setUpModule():
    global server
    postfix.require()
    server = unittest.enterModuleContext(postfix.Postfix())


def in_pieces(message, size):
    return [message[at:at + size] for at in range(0, len(message), size)]


def at_random(message):
    chance = random.Random(len(message))
    pieces = []
    while message:
        size = chance.randint(0, max(2, len(message) // 3))
        pieces.append(message[:size])
        message = message[size:]
    return pieces


def at_line_ends(message):
    """Each chunk ends with a CR, and the next one begins with its LF; no more than a thousand of them."""
    lines = message.split(b"\r\n", 1000)
    return [lines[0] + b"\r"] + [b"\n" + line + b"\r" for line in lines[1:-1]] + [b"\n" + lines[-1]]


WAYS = {
    "in_one": lambda message: [message],
    "in_halves": lambda message: in_pieces(message, len(message) // 2 + 1),
    "in_64_kib": lambda message: in_pieces(message, 65536),
    "at_random": at_random,
    "between_cr_and_lf": at_line_ends,
    "with_an_empty_last_one": lambda message: [message, b""],
}
CASES = {f"{name}_{way}": (name, way) for name in MESSAGES for way in WAYS}


class ChunkingTest(CaseTest):
    @classmethod
    def setUpClass(cls):
        cls.gateway = cls.enterClassContext(Gateway(upstream=server.ports["plain"]))

    def setUp(self):
        self.recipient = f"chunks-{zlib.crc32(self._testMethodName.encode()):08x}@example.com"
        self.wire = self.enterContext(Wire(self.gateway.ports["mx"]))
        self.wire.expect(220)
        self.assertIn("\n250-CHUNKING", self.wire.expect(250, "EHLO client.example.org"))

    def open(self):
        self.wire.expect(250, "MAIL FROM:<a@example.org>")
        self.wire.expect(250, f"RCPT TO:<{self.recipient}>")

    def assert_arrived(self, message):
        got = without_added_headers(server.wait_for_mail(self.recipient).data)
        sent = message if message.endswith(b"\r\n") else message + b"\r\n"
        self.assertEqual(len(got), len(sent))
        self.assertTrue(got == sent, "the message was changed")

    @cases(CASES)
    def test_arrives(self, name, way):
        message, pieces = MESSAGES[name], WAYS[way](MESSAGES[name])
        self.open()
        for piece in pieces[:-1]:
            self.wire.send(b"BDAT %d\r\n" % len(piece) + piece)
            self.wire.expect(250)
        self.wire.send(b"BDAT %d LAST\r\n" % len(pieces[-1]) + pieces[-1])
        self.assertIn("queued as", self.wire.expect(250))
        self.assert_arrived(message)

    def test_arrives_pipelined_over_tls(self):
        message = MESSAGES["ten_thousand_lines"]
        self.wire.starttls()
        self.wire.expect(250, "EHLO client.example.org")
        pieces = at_random(message)
        # A thread of its own would be needed for more than the buffers hold; this is below it.
        self.wire.send(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<%s>\r\n" % self.recipient.encode() +
                       b"".join(b"BDAT %d\r\n" % len(piece) + piece for piece in pieces) +
                       b"BDAT 0 LAST\r\nQUIT\r\n")
        replies = self.wire.replies()
        self.assertEqual(len(replies), len(pieces) + 4)
        self.assertIn("queued as", replies[-2])
        self.assert_arrived(message)

    def test_a_message_cut_off_does_not_arrive(self):
        message = MESSAGES["plain_text"]
        self.open()
        self.wire.send(b"BDAT %d LAST\r\n" % (len(message) + 1) + message)
        self.wire.close()
        # What comes later on the same way came through, and nothing before it.
        line = self.gateway.wait_for_log(rf".* message .*{self.recipient}.*")[0]
        self.assertIn("verdict=abandoned", line)
        self.setUp()
        self.open()
        self.wire.send(b"BDAT %d LAST\r\n" % len(message) + message)
        self.wire.expect(250)
        self.assert_arrived(message)
