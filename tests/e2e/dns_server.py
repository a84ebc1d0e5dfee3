"""A name server on loopback for the tests: answers from a zone given as the public SPF suites give
theirs, and counts what it is asked."""
import collections
import ipaddress
import socket
import socketserver
import struct
import threading

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
NO_NAME, SERVER_FAILURE = 3, 2


def wire_name(name):
    labels = [label.encode("latin-1") for label in str(name).rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def wire_text(value):
    pieces = value if isinstance(value, list) else [value]
    data = b""
    for piece in pieces:
        raw = piece.encode("utf-8") if isinstance(piece, str) else piece
        for start in range(0, max(len(raw), 1), 255):
            part = raw[start:start + 255]
            data += bytes([len(part)]) + part
    return data


def wire_data(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "MX":
        return struct.pack("!H", value[0]) + wire_name(value[1])
    if kind == "TXT":
        return wire_text(value)
    return wire_name(value)


class Zone:
    """{name: [{type: value}, …, "TIMEOUT"]}: what an SPF record is to TXT and what TIMEOUT means, the
    suite's README says. A time-out is answered by SERVFAIL, which counts the same and is sooner."""

    def __init__(self, names):
        self.records = collections.defaultdict(list)
        self.failing = set()
        self.names = set()
        for name, entries in names.items():
            self._add(str(name).lower().rstrip("."), entries)

    def _add(self, name, entries):
        self.names.add(name)
        pairs = [(kind, value) for entry in entries if isinstance(entry, dict)
                 for kind, value in entry.items()]
        own_text = any(kind == "TXT" for kind, _ in pairs)
        for kind, value in pairs:
            if kind == "SPF" and not own_text:
                kind = "TXT"
            if kind in TYPES and value != "NONE":
                self.records[name, TYPES[kind]].append(wire_data(kind, value))
        if "TIMEOUT" in entries:
            self.failing |= {(name, number) for number in TYPES.values()
                             if not self.records.get((name, number))}

    def answer(self, name, kind):
        """(rcode, [data])"""
        if (name, kind) in self.failing:
            return SERVER_FAILURE, []
        found = self.records.get((name, kind), [])
        return (0 if found or name in self.names else NO_NAME), found


def same_port_pair(udp_handler, tcp_handler):
    """Servers of UDP and TCP on one free port. A port that UDP gets may be taken for TCP (a connection of
    another test has it, or has just left it), so other ports are tried."""
    for _ in range(50):
        udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), udp_handler)
        try:
            return udp, socketserver.ThreadingTCPServer(udp.server_address, tcp_handler)
        except OSError:
            udp.server_close()
    raise OSError("no port was free for both UDP and TCP")


class DnsServer:
    """`manner` says how a name is answered: "answer", "silent", "slow" (after 5 s), "truncate" (what is
    asked over UDP, that it is too long) or "wrong_id"."""

    def __init__(self, names=None):
        self.zone = Zone(names or {})
        self.manner = lambda name: "answer"
        self.asked_by_tcp = 0
        self.closed = threading.Event()
        self.asked = []  # (name, type), in their order, as far as they reached us
        self.lock = threading.Lock()
        owner = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                query, sock = self.request
                reply, manner = owner.answer_in_manner(query)
                if len(reply) > 512 or manner == "truncate":
                    reply = reply[:2] + b"\x86\x00" + query[4:6] + bytes(6) + owner.question(query)
                if manner != "silent":
                    sock.sendto(reply, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self):
                size = self.rfile.read(2)
                if len(size) == 2:
                    reply, _ = owner.answer_in_manner(
                        self.rfile.read(struct.unpack("!H", size)[0]))
                    owner.asked_by_tcp += 1
                    self.wfile.write(struct.pack("!H", len(reply)) + reply)

        self.udp, self.tcp = same_port_pair(Udp, Tcp)
        self.port = self.udp.server_address[1]
        for server in (self.udp, self.tcp):
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def serve(self, names):
        with self.lock:
            self.zone = Zone(names)
            self.asked = []

    def question(self, query):
        end = query.index(b"\0", 12) + 5
        return query[12:end]

    def answer_in_manner(self, query):
        reply, name = self.reply(query)
        manner = self.manner(name)
        if manner == "slow" and self.closed.wait(5):
            manner = "silent"  # the sockets are gone
        if manner == "wrong_id":
            reply = bytes([reply[0] ^ 1]) + reply[1:]
        return reply, manner

    def reply(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
            at += query[at] + 1
        kind = struct.unpack("!H", query[at + 1:at + 3])[0]
        name = ".".join(labels)
        with self.lock:
            self.asked.append((name, kind))
            rcode, found = self.zone.answer(name, kind)
        head = query[:2] + bytes([0x84, rcode]) + struct.pack("!HHHH", 1, len(found), 0, 0)
        answers = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(data)) + data
                           for data in found)
        return head + self.question(query) + answers, name

    def close(self):
        self.closed.set()
        for server in (self.udp, self.tcp):
            server.shutdown()
            server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
