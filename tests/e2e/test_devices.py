"""The profile legacy: who gets in, and what the TLS of old devices gets."""
import socket
import ssl
import subprocess
import unittest

from harness import PATIENCE, SEKISHO, Gateway, RecordingUpstream, Wire

CONFIG = """
hostname = "gateway.example.com"
state_directory = "state"
[listener.devices]
profile = "legacy"
address = "127.0.0.1:0"
[listener.devices.legacy]
clients = ["127.0.0.1", "127.0.0.2"]
sender = "scanner@example.com"
max_connections_per_client = 1
{extra}
[listener.submission]
profile = "submission"
address = "127.0.0.1:0"
[tls]
certificate = "cert.pem"
key = "key.pem"
[auth]
users_file = "users"
[log]
file = "log"
{upstream}
{top}
"""


def old_tls():
    """A client that knows nothing newer than TLS 1.0."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    return context


class DevicesTest(unittest.TestCase):
    def setUp(self):
        self.upstream = self.enterContext(RecordingUpstream())

    def gateway(self, extra=""):
        return self.enterContext(Gateway(self.upstream.port, config=CONFIG, extra=extra))

    def connect(self, gateway, source="127.0.0.1", listener="devices"):
        wire = Wire.__new__(Wire)
        wire.socket = socket.create_connection(("127.0.0.1", gateway.ports[listener]), timeout=PATIENCE,
                                               source_address=(source, 0))
        wire.buffer = b""
        self.addCleanup(wire.close)
        return wire

    def test_others_than_the_devices_are_refused_and_counted_apart(self):
        gateway = self.gateway()
        wire = self.connect(gateway, "127.0.0.3")
        wire.expect("554 5.7.1")
        self.assertEqual(wire.replies(), [])
        gateway.wait_for_log(r"connection_refused src=\[127\.0\.0\.3\]:\d+ .*not one of the listener's devices")

    def test_connections_of_a_device_are_few(self):
        gateway = self.gateway()
        self.connect(gateway).expect(220)
        self.connect(gateway).expect("421 4.7.0")
        self.connect(gateway, "127.0.0.2").expect(220)

    def test_tls_1_0_is_taken_where_it_is_said_and_nowhere_else(self):
        gateway = self.gateway("tls_1_0 = true\n")
        wire = self.connect(gateway)
        wire.expect(220)
        wire.expect(250, "EHLO device")
        wire.starttls(old_tls())
        self.assertEqual(wire.socket.version(), "TLSv1")
        wire.expect(250, "EHLO device")
        wire.expect(250, "MAIL FROM:<device@device.local>")
        wire.expect(250, "RCPT TO:<owner@foreign.example.net>")
        wire = self.connect(gateway, listener="submission")
        wire.expect(220)
        wire.expect(250, "EHLO device")
        with self.assertRaises(OSError):
            wire.starttls(old_tls())

    def test_tls_1_0_is_refused_unless_it_is_said(self):
        wire = self.connect(self.gateway())
        wire.expect(220)
        wire.expect(250, "EHLO device")
        with self.assertRaises(OSError):
            wire.starttls(old_tls())

    def test_what_is_weak_is_warned_of_at_the_start_and_by_check(self):
        gateway = self.gateway("auth_without_tls = true\ntls_1_0 = true\nrepair_bare_lf = true\n")
        checked = subprocess.run([SEKISHO, "check", "--config", gateway.folder / "sekisho.toml"], text=True,
                                 capture_output=True, check=True)
        for printed in (gateway.printed(), checked.stdout + checked.stderr):
            for setting in ("profile: INSECURE", "auth_without_tls: INSECURE", "tls_1_0: INSECURE",
                            "repair_bare_lf: messages"):
                self.assertIn(setting, printed)
