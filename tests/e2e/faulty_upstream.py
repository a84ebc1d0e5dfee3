"""Upstreams that break, and the configuration that lets a test see it soon."""
import socket
import subprocess
import sys
import threading

from harness import PATIENCE, RecordingUpstream

# Long enough for a healthy upstream on a busy machine.
UPSTREAM = """
[upstream.{name}]
host = "127.0.0.1"
port = {port}
tls = "never"
priority = {priority}
connect_timeout = "2s"
greeting_timeout = "2s"
command_timeout = "2s"
data_timeout = "2s"
final_timeout = "2s"
breaker_failures = {breaker_failures}
breaker_pause = "{breaker_pause}"
idle = "{idle}"
health_check = "{health_check}"
health_timeout = "1s"
"""


def upstream_table(port, name="main", priority=10, breaker_failures=1000, breaker_pause="10s",
                   idle="60s", health_check="0s"):
    return UPSTREAM.format(**locals())


class FaultyUpstream(RecordingUpstream):
    """An upstream with a fault that the test sets: fault(verb, line), as RecordingUpstream's answer."""

    def __init__(self):
        self.fault = None
        self.dots = 0  # messages that came to their end here, whatever the answer
        self.healed = threading.Event()
        self.open = []
        super().__init__(self.respond)

    def respond(self, verb, line):
        if verb == ".":
            self.dots += 1
        return self.fault(verb, line) if self.fault else None

    def fail_at(self, stage, how):
        """From now on this stage is answered with `how`: a text, or an exception's class to close."""
        self.fault = lambda verb, line: how if verb == stage else None

    def be_silent_at(self, stage):
        def wait(verb, line):
            if verb != stage:
                return None
            self.healed.wait(PATIENCE)
            return ConnectionError  # too late to be of use

        self.fault = wait

    def heal(self):
        self.fault = None
        self.healed.set()
        self.healed = threading.Event()

    def close_connections(self, last_words=None):
        """Ends the open ones as a server does that is tired of waiting."""
        while self.open:
            connection = self.open.pop()
            try:
                if last_words:
                    connection.sendall(last_words)
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was over already

    def _serve(self, connection):
        self.open.append(connection)
        super()._serve(connection)

    def __exit__(self, *exception):
        self.heal()
        super().__exit__(*exception)


def closed_port(test):
    """A port that refuses connections and that nobody else gets."""
    holder = test.enterContext(socket.socket())
    holder.bind(("127.0.0.1", 0))
    return holder.getsockname()[1]


SERVER = """
import sys
sys.path.insert(0, {path!r})
from harness import RecordingUpstream
upstream = RecordingUpstream()
print(upstream.port, flush=True)
for _ in sys.stdin:
    print(len(upstream.messages), flush=True)
"""


class AnotherProcess:
    """A RecordingUpstream in a process of its own, to be frozen and killed."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER.format(path=sys.path[0])], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def messages(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
