"""XCLIENT by servers that the listener names, and by others. Servers and clients are told apart by their
loopback addresses."""
import shutil
import socket
import subprocess
import unittest

from harness import PATIENCE, Gateway, RecordingUpstream, Wire, tls_context

SWAKS = shutil.which("swaks")

CONFIG = """
hostname = "gateway.example.com"
state_directory = "state"
[listener.internal]
profile = "internal"
address = "127.0.0.1:0"
xclient_from = ["127.0.0.1"]
[listener.submissions]
profile = "submissions"
address = "127.0.0.1:0"
xclient_from = ["127.0.0.1"]
xclient_login = true
[tls]
certificate = "cert.pem"
key = "key.pem"
[auth]
users_file = "users"
[relay]
networks = ["127.0.0.1", "127.0.0.2", "10.99.0.1"]
[log]
file = "log"
{upstream}
{extra}
{top}
"""


class XclientTest(unittest.TestCase):
    def setUp(self):
        self.upstream = self.enterContext(RecordingUpstream())

    def gateway(self, extra=""):
        return self.enterContext(Gateway(self.upstream.port, config=CONFIG, extra=extra))

    def connect(self, gateway, listener="internal", source="127.0.0.1"):
        wire = Wire.__new__(Wire)
        wire.socket = socket.create_connection(("127.0.0.1", gateway.ports[listener]), timeout=PATIENCE,
                                               source_address=(source, 0))
        if listener == "submissions":
            wire.socket = tls_context().wrap_socket(wire.socket)
        wire.buffer = b""
        self.addCleanup(wire.close)
        wire.expect(220)
        return wire

    def rcpt(self, wire, recipient="anybody@foreign.example.net"):
        wire.expect(250, "EHLO client.example.org")
        wire.expect(250, "MAIL FROM:<alice@example.com>")
        return wire.command(f"RCPT TO:<{recipient}>")

    def test_a_stranger_is_refused_and_gets_nothing_by_it(self):
        gateway = self.gateway()
        wire = self.connect(gateway, source="127.0.0.3")
        self.assertNotIn("XCLIENT", wire.expect(250, "EHLO stranger.example.org"))
        wire.expect("550 5.7.0", "XCLIENT ADDR=10.99.0.1")
        self.assertRegex(self.rcpt(wire), "^550 5.7.1")
        wire = self.connect(gateway, "submissions", source="127.0.0.3")
        wire.expect("550 5.7.0", "XCLIENT ADDR=10.99.0.1 LOGIN=alice")
        wire.expect(250, "EHLO stranger.example.org")
        wire.expect(530, "MAIL FROM:<alice@example.com>")

    def test_an_announced_client_gets_no_xclient_of_its_own(self):
        """The server may go on to another client; that the client's address is a server's gives nothing."""
        gateway = self.gateway()
        wire = self.connect(gateway, source="127.0.0.3")
        wire.expect("550 5.7.0", "XCLIENT ADDR=127.0.0.1")
        wire = self.connect(gateway)
        wire.expect(220, "XCLIENT ADDR=127.0.0.3")
        wire.expect(220, "XCLIENT ADDR=10.99.0.1")
        self.assertRegex(self.rcpt(wire), "^250")

    def test_connections_are_counted_for_the_announced_client(self):
        gateway = self.gateway("[limits]\nmax_connections_per_client = 1")
        first = self.connect(gateway)
        first.expect(220, "XCLIENT ADDR=192.0.2.7")
        self.connect(gateway).expect(220, "XCLIENT ADDR=192.0.2.8")
        second = self.connect(gateway)
        second.expect("421 4.7.0 too many connections from your", "XCLIENT ADDR=192.0.2.7")
        self.assertEqual(second.replies(), [])

    def test_login_is_in_the_log_and_relays(self):
        gateway = self.gateway()
        wire = self.connect(gateway, "submissions")
        wire.expect(220, "XCLIENT ADDR=IPV6:2001:db8::7 PORT=4711 LOGIN=alice")
        self.assertRegex(self.rcpt(wire), "^250")
        gateway.wait_for_log(r"xclient src=\[2001:db8::7\]:4711 .*proxy=127\.0\.0\.1 user=alice")

    @unittest.skipUnless(SWAKS, "swaks is not installed")
    def test_swaks_speaks_for_a_client(self):
        gateway = self.gateway()
        done = subprocess.run(
            [SWAKS, "--server", "127.0.0.1", "--port", str(gateway.ports["internal"]), "--from", "a@example.com",
             "--to", "b@example.net", "--helo", "swaks.example.org", "--xclient-addr", "10.99.0.1",
             "--xclient-name", "device.example.org", "--xclient-helo", "device"],
            text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(b"from device (device.example.org [10.99.0.1])", self.upstream.messages[0][2])
