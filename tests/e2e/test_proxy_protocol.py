"""Proxies in front of the gateway: the PROXY header by hand, and a real HAProxy. Clients are told apart by
their loopback addresses; 127.0.0.1 is the proxy's own."""
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

import harness
from harness import PATIENCE, Gateway, RecordingUpstream, Wire, tls_context, wait_until

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/sbin:/bin")

CONFIG = """
hostname = "gateway.example.com"
state_directory = "state"
{top}
[listener.mx]
profile = "mx"
address = "127.0.0.1:0"
proxy_protocol = ["127.0.0.1", "::1"]
[listener.internal]
profile = "internal"
address = "127.0.0.1:0"
proxy_protocol = ["127.0.0.1"]
[listener.submissions]
profile = "submissions"
address = "127.0.0.1:0"
proxy_protocol = ["127.0.0.1"]
[tls]
certificate = "cert.pem"
key = "key.pem"
[auth]
users_file = "users"
[relay]
domains = ["example.com"]
networks = ["127.0.0.1", "127.0.0.7", "10.99.0.1", "::1"]
[log]
file = "log"
level = "debug"
{upstream}
{extra}
"""

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL = SIGNATURE + b"\x20\x00\x00\x00"
UNSPECIFIED = SIGNATURE + b"\x21\x00\x00\x00"


def text_header(client, port=4711):
    return f"PROXY TCP4 {client} 192.0.2.99 {port} 25\r\n".encode()


def binary_header(client, port=4711):
    return SIGNATURE + b"\x21\x11\x00\x0c" + socket.inet_aton(client) + socket.inet_aton("192.0.2.99") + \
        port.to_bytes(2, "big") + b"\x00\x19"


def send_mail(wire, recipient="bob@example.com"):
    """After the greeting; the reply to RCPT if that is no 250, else the one after the dot."""
    wire.expect(250, "EHLO client.example.org")
    wire.expect(250, "MAIL FROM:<alice@example.org>")
    reply = wire.command(f"RCPT TO:<{recipient}>")
    if not reply.startswith("250"):
        return reply
    wire.expect(354, "DATA")
    return wire.command("Subject: test\r\n\r\nbody\r\n.")


class ProxyHeaderTest(harness.CaseTest):
    def setUp(self):
        self.upstream = self.enterContext(RecordingUpstream())

    def gateway(self, extra="", top=""):
        return self.enterContext(Gateway(self.upstream.port, config=CONFIG, extra=extra, top=top))

    def connect(self, gateway, header=b"", listener="mx", source="127.0.0.1"):
        wire = Wire.__new__(Wire)
        wire.socket = socket.create_connection(("127.0.0.1", gateway.ports[listener]), timeout=PATIENCE,
                                               source_address=(source, 0))
        wire.buffer = b""
        self.addCleanup(wire.close)
        wire.send(header)
        return wire

    @harness.cases({"version_1": (text_header,), "version_2": (binary_header,)})
    def test_the_announced_client_is_the_client(self, header):
        gateway = self.gateway()
        wire = self.connect(gateway, header("192.0.2.7"))
        wire.expect(220)
        self.assertRegex(send_mail(wire), "^250")
        self.assertIn(b"client.example.org ([192.0.2.7])", self.upstream.messages[0][2])
        gateway.wait_for_log(r"message src=\[192\.0\.2\.7\]:4711 ")

    def test_commands_in_the_same_packet_as_the_header_are_kept(self):
        wire = self.connect(self.gateway(), binary_header("192.0.2.7") + b"EHLO a.example\r\nNOOP\r\nQUIT\r\n")
        self.assertEqual([reply[:3] for reply in wire.replies()], ["220", "250", "250", "221"])

    def test_a_header_may_come_byte_by_byte(self):
        gateway = self.gateway()
        for header in (text_header("192.0.2.7"), binary_header("192.0.2.7")):
            wire = self.connect(gateway)
            for byte in header:
                wire.send(bytes([byte]))
                harness.wait_until_read(wire.socket)
            wire.expect(220)

    def test_the_tls_handshake_behind_the_header_is_whole(self):
        gateway = self.gateway()
        plain = socket.create_connection(("127.0.0.1", gateway.ports["submissions"]), timeout=PATIENCE)
        plain.send(binary_header("192.0.2.7"), socket.MSG_MORE)  # leaves with the ClientHello
        wire = self.connect(gateway, listener="submissions")
        wire.close()
        wire.socket = tls_context().wrap_socket(plain)
        wire.expect(220)
        wire.login()
        self.assertRegex(send_mail(wire, "victim@foreign.example.net"), "^250")
        gateway.wait_for_log(r"auth src=\[192\.0\.2\.7\]:4711 ")

    @harness.cases({
        "none": (b"EHLO client.example.org\r\n", "there is none"),
        "tls": (b"\x16\x03\x01\x02\x00", "there is none"),
        "too_long": (b"PROXY UNKNOWN" + b"x" * 200, "longer than 107 bytes"),
        "wrong_address": (b"PROXY TCP4 10.99.0.1x 192.0.2.99 1 2\r\n", "not an address"),
        "bare_lf": (b"PROXY TCP4 10.99.0.1 192.0.2.99 1 2\n", "a line that doesn't end with CRLF"),
        "udp": (SIGNATURE + b"\x21\x12\x00\x0c" + bytes(12), "not a TCP connection"),
        "too_short": (SIGNATURE + b"\x21\x11\x00\x04" + bytes(4), "too short for its addresses"),
        "cut_off_extension": (binary_header("10.99.0.1").replace(b"\x00\x0c", b"\x00\x0e", 1) + b"\x02\x00",
                              "an extension is cut off"),
    })
    def test_a_proxy_without_a_good_header_is_cut_off(self, start, why):
        gateway = self.gateway()
        wire = self.connect(gateway, start)
        self.assertEqual(wire.replies(), [])
        gateway.wait_for_log(rf"connection_refused src=\[127\.0\.0\.1\]:\d+ .*why=\"PROXY header: {why}")

    def test_a_proxy_that_says_nothing_is_cut_off_in_time(self):
        gateway = self.gateway(extra='[timeouts]\nproxy_header = "100ms"')
        for start in (b"", b"PROXY TCP4 192.0"):
            wire = self.connect(gateway, start)
            self.assertEqual(wire.replies(), [])
        gateway.wait_for_log('why="no PROXY header in time"')

    @harness.cases({"with_a_header": text_header("10.99.0.1"), "without_one": b"EHLO client\r\n"})
    def test_nobody_but_a_proxy_gets_in(self, start):
        gateway = self.gateway()
        for listener in ("mx", "internal"):
            wire = self.connect(gateway, listener=listener, source="127.0.0.2")
            try:
                wire.send(start)
            except ConnectionError:
                pass
            self.assertEqual(wire.replies(), [])
        gateway.wait_for_log(r"connection_refused src=\[127\.0\.0\.2\]:\d+ .*why=\"not one of the listener's")
        self.assertEqual(self.upstream.commands, [])

    def test_the_announced_address_decides_over_the_trusted_networks(self):
        gateway = self.gateway()
        wire = self.connect(gateway, binary_header("10.99.0.1"), "internal")
        wire.expect(220)
        self.assertRegex(send_mail(wire, "friend@foreign.example.net"), "^250")
        for client in ("10.99.0.2", "192.0.2.7"):
            wire = self.connect(gateway, binary_header(client), "internal")
            wire.expect(220)
            self.assertRegex(send_mail(wire, "victim@foreign.example.net"), "^550 5.7.1")
        self.assertEqual(len(self.upstream.messages), 1)

    # The proxy's own address is in relay.networks here: it stands for clients that it doesn't name, and
    # those may be anybody.
    @harness.cases({"unknown": b"PROXY UNKNOWN\r\n", "unspecified": UNSPECIFIED, "local": LOCAL,
                    "unix": SIGNATURE + b"\x21\x31\x00\xd8" + bytes(216)})
    def test_a_client_that_is_not_named_relays_nothing(self, header):
        wire = self.connect(self.gateway(), header, "internal")
        wire.expect(220)
        self.assertRegex(send_mail(wire, "victim@foreign.example.net"), "^550 5.7.1")
        self.assertEqual(self.upstream.messages, [])

    def test_a_second_header_is_no_command(self):
        wire = self.connect(self.gateway(), text_header("192.0.2.7"), "internal")
        wire.expect(220)
        self.assertRegex(wire.command(text_header("10.99.0.1")), "^500")
        self.assertRegex(send_mail(wire, "victim@foreign.example.net"), "^550 5.7.1")

    def test_connections_are_counted_for_the_announced_client(self):
        gateway = self.gateway(extra="[limits]\nmax_connections_per_client = 1")
        first = self.connect(gateway, binary_header("192.0.2.7"))
        first.expect(220)
        self.connect(gateway, binary_header("192.0.2.7")).expect("421 4.7.0 too many connections from your")
        self.connect(gateway, binary_header("192.0.2.8")).expect(220)
        for _ in range(3):  # health checks are nobody's
            self.connect(gateway, LOCAL).expect(220)
        first.expect(221, "QUIT")
        wait_until(lambda: (self.connect(gateway, binary_header("192.0.2.7")).reply() or "").startswith("220"),
                   "the client's place to be free again")

    def test_connections_without_a_header_are_bounded(self):
        # One thread takes the connections in their order.
        gateway = self.gateway(extra="[limits]\nmax_unannounced_connections = 2", top="threads = 1")
        waiting = [self.connect(gateway) for _ in range(2)]
        refused = self.connect(gateway)
        refused.expect("421 4.7.0 too many connections")
        for wire in waiting:
            wire.send(text_header("192.0.2.7"))
            wire.expect(220)
        self.connect(gateway, text_header("192.0.2.7")).expect(220)

    def test_connections_without_a_header_count_among_all(self):
        gateway = self.gateway(extra="[limits]\nmax_connections = 2", top="threads = 1")
        waiting = [self.connect(gateway) for _ in range(2)]
        self.connect(gateway).expect("421 4.7.0 too many connections")
        waiting[0].send(text_header("192.0.2.7"))
        waiting[0].expect(220)

    def test_a_stop_does_not_wait_for_headers(self):
        gateway = self.gateway(extra='[timeouts]\nproxy_header = "1h"\ndrain = "1h"')
        wire = self.connect(gateway, b"PROXY TCP4")
        harness.wait_until_read(wire.socket)
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(wire.replies(), [])


HAPROXY_CONFIG = """
global
  stats socket {folder}/stats level admin
defaults
  mode tcp
  timeout connect 30s
  timeout client 60s
  timeout server 60s
  timeout check 30s
frontend mx
  bind fd@{mx4}
  bind fd@{mx6}
  default_backend mx
frontend internal
  bind fd@{internal}
  default_backend internal
frontend submissions
  bind fd@{submissions}
  default_backend submissions
backend mx
  option smtpchk EHLO check.example.org
  server gateway 127.0.0.1:{gateway[mx]} send-proxy-v2 check inter 200ms
backend internal
  server gateway 127.0.0.1:{gateway[internal]} send-proxy
backend submissions
  server gateway 127.0.0.1:{gateway[submissions]} send-proxy-v2 proxy-v2-options crc32c
"""


class HAProxy:
    """A real HAProxy on sockets that this process opened, as are its clients' doors in `ports`."""

    def __init__(self, gateway):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-haproxy-"))
        self.doors = {name: socket.create_server((host, 0), family=family) for name, host, family in (
            ("mx4", "127.0.0.1", socket.AF_INET), ("mx6", "::1", socket.AF_INET6),
            ("internal", "127.0.0.1", socket.AF_INET), ("submissions", "127.0.0.1", socket.AF_INET))}
        self.ports = {name: door.getsockname()[1] for name, door in self.doors.items()}
        numbers = {name: door.fileno() for name, door in self.doors.items()}
        config = self.folder / "haproxy.cfg"
        config.write_text(HAPROXY_CONFIG.format(folder=self.folder, gateway=gateway.ports, **numbers))
        self.output = open(self.folder / "output", "w", encoding="utf-8")
        self.process = subprocess.Popen([HAPROXY, "-db", "-f", config], stdout=self.output,
                                        stderr=self.output, pass_fds=numbers.values())

    def checks(self):
        """What its health check of the mx backend found last, "L7OK" when the gateway answered it."""
        try:
            with socket.socket(socket.AF_UNIX) as stats:
                stats.settimeout(PATIENCE)
                stats.connect(str(self.folder / "stats"))
                stats.sendall(b"show stat\n")
                rows = b"".join(iter(lambda: stats.recv(65536), b"")).decode().splitlines()
        except OSError:
            return None
        names = rows[0].lstrip("# ").split(",")
        for row in rows[1:]:
            values = dict(zip(names, row.split(",")))
            if (values.get("pxname"), values.get("svname")) == ("mx", "gateway"):
                return values["check_status"]
        return None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        self.output.close()
        for door in self.doors.values():
            door.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@unittest.skipUnless(HAPROXY, "haproxy is not installed")
class HAProxyTest(harness.CaseTest):
    def setUp(self):
        self.upstream = self.enterContext(RecordingUpstream())

    def start(self, extra=""):
        self.gateway = self.enterContext(Gateway(self.upstream.port, config=CONFIG, extra=extra))
        self.haproxy = self.enterContext(HAProxy(self.gateway))

    def dial(self, door, source="127.0.0.7", tls=False):
        connection = socket.create_connection(("::1" if ":" in source else "127.0.0.1",
                                               self.haproxy.ports[door]), timeout=PATIENCE,
                                              source_address=(source, 0))
        wire = Wire.__new__(Wire)
        wire.socket = tls_context().wrap_socket(connection) if tls else connection
        wire.buffer = b""
        self.addCleanup(wire.close)
        wire.expect(220)
        return wire

    def test_ipv4_client_is_seen_as_itself(self):
        self.start()
        wire = self.dial("mx4")
        port = wire.socket.getsockname()[1]
        self.assertRegex(send_mail(wire), "^250")
        self.assertIn(b"([127.0.0.7])", self.upstream.messages[0][2])
        self.gateway.wait_for_log(rf"message src=\[127\.0\.0\.7\]:{port} ")

    def test_ipv6_client_is_seen_as_itself(self):
        self.start()
        wire = self.dial("mx6", "::1")
        port = wire.socket.getsockname()[1]
        self.assertRegex(send_mail(wire), "^250")
        self.assertIn(b"([IPv6:::1])", self.upstream.messages[0][2])
        self.gateway.wait_for_log(rf"message src=\[::1\]:{port} ")

    def test_the_client_behind_it_is_the_one_that_is_trusted(self):
        self.start()
        self.assertRegex(send_mail(self.dial("internal", "127.0.0.7"), "friend@foreign.example.net"), "^250")
        self.assertRegex(send_mail(self.dial("internal", "127.0.0.8"), "victim@foreign.example.net"),
                         "^550 5.7.1")

    def test_tls_goes_through_it(self):
        self.start()
        wire = self.dial("submissions", tls=True)
        wire.login()
        self.assertRegex(send_mail(wire, "friend@foreign.example.net"), "^250")
        self.gateway.wait_for_log(r"auth src=\[127\.0\.0\.7\]:\d+ ")

    def test_its_health_checks_pass_and_are_charged_to_nobody(self):
        self.start(extra="[limits]\nmax_connections_per_client = 1\n")
        wait_until(lambda: (self.haproxy.checks() or "").endswith("L7OK"), "HAProxy's check to pass")
        self.gateway.wait_for_log(r"session_end src=\[127\.0\.0\.1\]:\d+ .*listener=mx end=quit")
        self.assertNotIn("connection_refused", self.gateway.log())
