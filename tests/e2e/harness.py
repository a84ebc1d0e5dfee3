"""What the end-to-end tests share: a running gateway with a configuration of its own, certificates,
a recording upstream, and small SMTP helpers. Everything listens on loopback, on ports the system chose.
"""
import base64
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import smtplib
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SEKISHO = pathlib.Path(os.environ.get("SEKISHO_BINARY", ROOT / "build" / "release" / "sekisho"))
LONG = os.environ.get("SEKISHO_LONG") == "1"
PATIENCE = 60.0  # for things that come at once unless something is broken

USERS = {"alice": "correct horse", "bob": "battery staple"}

DEFAULT_CONFIG = """
hostname = "gateway.example.com"
state_directory = "state"
{top}
[listener.mx]
profile = "mx"
address = "127.0.0.1:0"
[listener.submission]
profile = "submission"
address = "127.0.0.1:0"
[listener.submissions]
profile = "submissions"
address = "127.0.0.1:0"
[tls]
certificate = "cert.pem"
key = "key.pem"
[auth]
users_file = "users"
[relay]
domains = ["example.com", "*.sub.example.com"]
[log]
file = "log"
{upstream}
{extra}
"""


def wait_until(condition, what, patience=PATIENCE, interval=0.01):
    """Polls `condition` until it is true; the interval only bounds how soon we notice."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(interval)
    raise AssertionError(f"waited {patience:.0f} s for {what}")


def make_certificate(folder, name="localhost"):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)


def allow_many_descriptors():
    """Lets this process open as many files and sockets as the system permits; returns the number."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def plain(user, password, authorize_as=""):
    """The response of AUTH PLAIN."""
    return base64.b64encode(f"{authorize_as}\0{user}\0{password}".encode()).decode()


class Gateway:
    """A gateway process in a folder of its own. Use it as a context manager."""

    def __init__(self, upstream=None, extra="", top="", config=None, users=None, environment=None,
                 keeper=False):
        self.keeper = keeper  # does a keeper stand between `process` and the one that serves?
        self.environment = environment or {}
        self.options = []  # of `sekisho run`
        self.launcher = []  # words of a command that ends in executing the rest of its words
        self.given = ()  # descriptors for it
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-e2e-"))
        self.process = None
        self.output = None
        self.ports = {}
        make_certificate(self.folder)
        for name, password in (USERS if users is None else users).items():
            self.run("user", "add", name, "--file", self.folder / "users", input=password + "\n")
        text = "" if upstream is None else \
            f'[upstream.main]\nhost = "127.0.0.1"\nport = {upstream}\ntls = "never"\n' \
            'health_check = "0s"\n'
        (self.folder / "sekisho.toml").write_text(
            (config or DEFAULT_CONFIG).format(upstream=text, extra=extra, top=top))

    def run(self, *arguments, **options):
        return subprocess.run([SEKISHO, *arguments], text=True, capture_output=True, check=True,
                              **options)

    def start(self):
        """Starts it, or starts it again after kill() or stop(), on the same folder but other ports."""
        (self.folder / "log").write_text("")
        self.output = open(self.folder / "output", "a", encoding="utf-8")
        self.process = subprocess.Popen(
            [*self.launcher, SEKISHO, "run", "--config", self.folder / "sekisho.toml",
             *([] if self.keeper else ["--no-keeper"]), *self.options],
            stdout=self.output, stderr=self.output, stdin=subprocess.DEVNULL,
            env=os.environ | self.environment, pass_fds=self.given)
        try:
            wait_until(lambda: re.search('[ "]ready[ "]', self.log())
                       or self.process.poll() is not None, "the gateway to be ready")
        except AssertionError:
            self.kill()
            raise
        if self.process.poll() is not None:
            self.output.close()
            raise AssertionError("the gateway did not start: " + self.printed())
        # In either format of the log.
        self.ports = {name: int(port) for name, port in re.findall(
            r'listener"?[=:]"?(\w+)"?[ ,]"?address"?[=:]"?\S+:(\d+)', self.log())}
        return self

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def printed(self):
        """What it wrote to standard output and standard error, over all starts."""
        path = self.folder / "output"
        return path.read_text(errors="replace") if path.exists() else ""

    def write(self, name, text):
        """Replaces a file of its folder at once, as an editor does."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        (self.folder / f"{path.name}.new").write_text(text)
        (self.folder / f"{path.name}.new").replace(path)

    def signal(self, number):
        self.process.send_signal(number)

    def wait_for_log(self, pattern, patience=PATIENCE):
        return wait_until(lambda: re.search(pattern, self.log()), f"log line {pattern}", patience)

    def inbox(self):
        """The messages of the embedded inbox, oldest first, as bytes."""
        new = self.folder / "state" / "inbox" / "new"
        return [path.read_bytes() for path in sorted(new.iterdir())] if new.exists() else []

    def resident_kib(self, what="VmRSS"):
        """Its resident memory now, or with "VmHWM" the most since forget_peak()."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", status)[1])

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.output.close()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        if self.output is not None:
            self.output.close()
        return None if self.process is None else self.process.returncode

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        try:
            status = self.stop()
            if exception[0] is None and status not in (0, None, -signal.SIGKILL):
                raise AssertionError(f"the gateway ended with status {status}: {self.printed()}")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def tls_context():
    """A client's context that takes the test's self-signed certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def login(gateway, user="alice", listener="submission"):
    """An smtplib client that is logged in."""
    if listener == "submissions":
        client = smtplib.SMTP_SSL("127.0.0.1", gateway.ports[listener], context=tls_context(),
                                  timeout=PATIENCE)
    else:
        client = smtplib.SMTP("127.0.0.1", gateway.ports[listener], timeout=PATIENCE)
        client.starttls(context=tls_context())
    client.login(user, USERS[user])
    return client


def unread_bytes(connection):
    """How many bytes that `connection` sent, over IPv4 to another process of this machine, have not been
    read there. Asks the kernel (sock_diag(7)) about the socket at the other end."""
    here, there = connection.getsockname(), connection.getpeername()
    cookie = b"\xff" * 8  # any
    identity = struct.pack("!HH4s12x4s12xI8s", there[1], here[1], socket.inet_aton(there[0]),
                           socket.inet_aton(here[0]), 0, cookie)
    request = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + identity
    sock_diag, by_family, header = 4, 20, 16
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, sock_diag) as kernel:
        kernel.send(struct.pack("=IHHII", header + len(request), by_family, 1, 0, 0) + request)
        answer = kernel.recv(4096)
    if struct.unpack_from("=H", answer, 4)[0] != by_family:
        return 0  # the other end is gone
    return struct.unpack_from("=I", answer, header + 4 + len(identity) + 4)[0]


def wait_until_read(connection):
    """Returns when the other end has read all that was sent: the next bytes will reach it by another
    read."""
    wait_until(lambda: unread_bytes(connection) == 0, "the other end to read", interval=0.0005)


class Wire:
    """A raw SMTP client: bytes out, replies in."""

    def __init__(self, port, tls=False, session=None, host="127.0.0.1"):
        """`port` may be the path of a Unix socket."""
        if isinstance(port, int):
            self.socket = socket.create_connection((host, port), timeout=PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(str(port))
        if tls:
            self.socket = tls_context().wrap_socket(self.socket, session=session)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def reply(self):
        """The next whole reply as text, or None at the end of the connection."""
        lines = []
        while True:
            while b"\r\n" not in self.buffer:
                try:
                    data = self.socket.recv(65536)
                except (ConnectionError, ssl.SSLError):
                    data = b""
                if not data:
                    return None
                self.buffer += data
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            lines.append(line.decode("utf-8", "replace"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    def replies(self):
        """All replies until the other end closes the connection."""
        return list(iter(self.reply, None))

    def command(self, line):
        """Sends a line, bytes as they are, and returns the reply; None when the connection is over."""
        try:
            self.send(line if isinstance(line, bytes) else line.encode() + b"\r\n")
        except (ConnectionError, ssl.SSLError):
            pass  # what was said before the end can still be read
        return self.reply()

    def commands(self, *lines):
        return [self.command(line) for line in lines]

    def expect(self, code, line=None):
        """Sends a line, if given, and requires the reply's code."""
        reply = self.reply() if line is None else self.command(line)
        if reply is None or not reply.startswith(str(code)):
            raise AssertionError(f"{line!r}: {reply!r} instead of {code}")
        return reply

    def starttls(self, context=None, session=None):
        self.expect(220, "STARTTLS")
        self.socket = (context or tls_context()).wrap_socket(self.socket, session=session)
        self.buffer = b""

    def login(self, user="alice"):
        """Logs in, STARTTLS first if that is not done; the greeting must have been read."""
        self.expect(250, "EHLO client.example.org")
        if not isinstance(self.socket, ssl.SSLSocket):
            self.starttls()
            self.expect(250, "EHLO client.example.org")
        self.expect(235, "AUTH PLAIN " + plain(user, USERS[user]))

    def silent_for(self, seconds):
        """True when nothing comes for so long."""
        return not self.buffer and not select.select([self.socket], [], [], seconds)[0]

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class RecordingUpstream:
    """An SMTP server that accepts everything and keeps what it was told. `answer` may replace its reply
    to a command: answer(verb, line) → reply text, None for the default, or an exception's class to
    close the connection. The verb of what stands behind DATA is ".", and its line is the sender's. A
    message is in `messages` before its acceptance is said, and only if that says 2xx. The last chunk of
    one that comes by BDAT is answered as ".", and it is kept as it came."""

    def __init__(self, answer=None, port=0):
        self.answer = answer or (lambda verb, line: None)
        self.listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.messages = []  # (sender, recipients, raw data without the final dot)
        self.commands = []  # every command line, in the order of arrival
        self.lock = threading.Lock()
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        file = connection.makefile("rb")
        sender, recipients, chunks = None, [], b""
        defaults = {"EHLO": "250-upstream\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0",
                    "MAIL": "250 2.1.0 ok", "RCPT": "250 2.1.5 ok", "DATA": "354 go on",
                    ".": "250 2.0.0 Ok: queued as REC", "RSET": "250 2.0.0 ok",
                    "BDAT": "250 2.0.0 ok", "QUIT": "221 2.0.0 bye", "NOOP": "250 2.0.0 ok", "GREETING": "220 upstream"}

        def reply_to(verb, line=""):
            text = self.answer(verb, line)
            if isinstance(text, type):
                raise ConnectionAbortedError
            return defaults.get(verb, "500 5.5.2 what?") if text is None else text

        def say(text):
            connection.sendall(text.encode() + b"\r\n")
            return text

        try:
            say(reply_to("GREETING"))
            while line := file.readline():
                text = line.decode("latin-1").rstrip("\r\n")
                verb = text[:4].upper()
                with self.lock:
                    self.commands.append(text)
                if verb == "BDAT":
                    size, *last = text.split()[1:]
                    chunks += file.read(int(size))
                    reply = reply_to("." if last else "BDAT", sender)
                    if last and reply.startswith("2"):
                        with self.lock:
                            self.messages.append((sender, recipients, chunks))
                    say(reply)
                    if last:
                        sender, recipients, chunks = None, [], b""
                    continue
                reply = say(reply_to(verb, text))
                if verb == "MAIL" and reply.startswith("2"):
                    sender, recipients, chunks = re.search("<(.*?)>", text)[1], [], b""
                elif verb == "RCPT" and reply.startswith("2"):
                    recipients.append(re.search("<(.*)>", text)[1])
                elif verb == "RSET":
                    sender, recipients = None, []
                elif verb == "QUIT":
                    break
                elif verb == "DATA" and reply.startswith("354"):
                    data = bytearray()
                    while not (data == b".\r\n" or data.endswith(b"\r\n.\r\n")):
                        more = file.readline()
                        if not more:
                            return
                        data += more
                    reply = reply_to(".", sender)
                    if reply.startswith("2"):
                        with self.lock:
                            self.messages.append((sender, recipients, bytes(data[:-3])))
                    say(reply)
                    sender, recipients = None, []
        except OSError:
            pass
        finally:
            file.close()
            connection.close()

    def close(self):
        # close() alone would leave the thread in accept(), with the port open.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def undo_dots(data):
    """What a receiver makes of the bytes between DATA and the dot."""
    return re.sub(rb"(?m)^\.", b"", data) if data else data


def without_added_headers(data, names=(b"received", b"return-path", b"delivered-to")):
    """The message without the fields of those names on top of it."""
    head, gap, body = data.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head)
    while fields and fields[0].split(b":", 1)[0].lower() in names:
        fields.pop(0)
    return (b"\r\n".join(fields) + gap if fields else gap[2:]) + body


def cases(table):
    """Makes a test of the method for each row of `table` (name → arguments), so that each is counted by
    its name. For methods of a CaseTest."""
    def mark(method):
        method.cases = table
        return method
    return mark


class CaseTest(unittest.TestCase):
    """A TestCase whose methods may be marked with cases()."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        for name, method in list(vars(cls).items()):
            table = getattr(method, "cases", None)
            if table is None:
                continue
            delattr(cls, name)
            for case, arguments in table.items():
                def test(self, method=method, arguments=arguments):
                    method(self, *(arguments if isinstance(arguments, tuple) else (arguments,)))
                setattr(cls, f"{name}_{case}", test)


class GatewayTest(CaseTest):
    """Tests that share one running gateway and the recording upstream behind it."""

    top = ""  # configuration above the tables
    extra = ""  # and below them
    more_files = {}  # name → text, in the gateway's folder

    @classmethod
    def setUpClass(cls):
        cls.upstream = cls.enterClassContext(RecordingUpstream())
        cls.gateway = Gateway(upstream=cls.upstream.port, top=cls.top, extra=cls.extra)
        for name, text in cls.more_files.items():
            cls.gateway.write(name, text)
        cls.enterClassContext(cls.gateway)

    def wire(self, listener, **options):
        """A connection to a listener whose greeting has been read."""
        wire = self.enterContext(Wire(self.gateway.ports[listener],
                                      tls=listener == "submissions", **options))
        wire.expect(220)
        return wire
