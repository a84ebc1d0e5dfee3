"""A recording upstream in a process of its own, which a test may kill or freeze.

    upstream_process.py PORT FILE     serves, and appends the sender of each message to FILE before it
                                      is accepted; tells its port, and ends with its standard input
"""
import os
import pathlib
import signal
import subprocess
import sys

from harness import PATIENCE, RecordingUpstream


class UpstreamProcess:
    def __init__(self, folder, name):
        self.record = pathlib.Path(folder, name)
        self.record.touch()
        self.port = 0
        self.process = None

    def start(self):
        """Starts it, again on the same port."""
        self.process = subprocess.Popen([sys.executable, __file__, str(self.port), self.record],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=PATIENCE)
        self.process.stdin.close()
        self.process.stdout.close()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def senders(self):
        """Of the messages that it has accepted, in their order."""
        return self.record.read_text().split()


def main(port, file):
    record = os.open(file, os.O_WRONLY | os.O_APPEND)

    def answer(verb, line):
        if verb == ".":
            os.write(record, line.encode() + b"\n")

    upstream = RecordingUpstream(answer, int(port))
    print(upstream.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
