"""The worker processes of a running gateway: what they may do, and what becomes of the mail when one dies."""
import os
import pathlib
import signal
import smtplib
import unittest

from attachments import disposition
from harness import Gateway, wait_until

MESSAGE = "Subject: {}\r\n\r\nhello\r\n"


def workers(gateway, pool="inspect"):
    """The process ids of a gateway's workers."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if words[1:3] == [b"worker", pool.encode()] and parent == gateway.process.pid:
            found.append(int(folder.name))
    return sorted(found)


def is_alive(pid):
    """False for one that isn't there, or only waits to be buried."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Workers(unittest.TestCase):
    extra = '[workers.inspect]\nprocesses = 1\ntime = "300ms"\n'

    def setUp(self):
        self.gateway = Gateway(top='filters = ["attachments"]', extra=self.extra)
        self.enterContext(self.gateway)

    def send(self, subject="x", message=None):
        """The code of the answer to a whole message."""
        with smtplib.SMTP("localhost", self.gateway.ports["mx"]) as client:
            try:
                client.sendmail("a@example.net", ["b@example.com"], message or MESSAGE.format(subject))
            except smtplib.SMTPDataError as refused:
                return refused.smtp_code
            return 250

    def worker(self):
        """The one that serves."""
        wait_until(lambda: len(workers(self.gateway)) == 1, "one worker process")
        return workers(self.gateway)[0]

    def test_start_with_the_first_message(self):
        self.assertEqual(workers(self.gateway), [])
        self.assertEqual(self.send(), 250)
        self.worker()

    def test_are_closed_in(self):
        self.send()
        status = pathlib.Path(f"/proc/{self.worker()}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        self.assertEqual(fields["NoNewPrivs"], "1")
        self.assertEqual(fields["Seccomp"], "2")
        self.assertEqual(int(fields["CapPrm"], 16), 0)
        self.assertNotIn("0", fields["Uid"].split())

    @unittest.skipIf(os.geteuid() != 0, "root alone may look into a process that hides")
    def test_have_one_socket_and_nothing_else(self):
        self.send()
        folder = f"/proc/{self.worker()}/fd"
        leads_to = {name: os.readlink(f"{folder}/{name}") for name in os.listdir(folder)}
        self.assertEqual({name: where for name, where in leads_to.items() if where != "/dev/null"},
                         {"3": leads_to["3"]})
        self.assertTrue(leads_to["3"].startswith("socket:"))

    def test_that_die_are_replaced_and_cost_nothing_while_idle(self):
        self.send()
        first = self.worker()
        os.kill(first, signal.SIGKILL)
        self.gateway.wait_for_log(f" worker_died .*pid={first} .*SIGKILL")
        self.assertEqual(self.send(), 250)
        self.assertNotEqual(self.worker(), first)

    def test_that_hang_cost_their_own_message_a_451(self):
        self.send()
        os.kill(self.worker(), signal.SIGSTOP)
        self.assertEqual(self.send(), 451)
        self.gateway.wait_for_log(" worker_died .*cause=overran .*job=attachments id=")
        self.gateway.wait_for_log(" filter_error .*filter=attachments .*kind=timeout")
        self.assertEqual(self.send(), 250)

    def test_that_a_message_has_ended_three_times_refuse_it(self):
        for death in range(1, 4):
            self.assertEqual(self.send("good"), 250)
            os.kill(self.worker(), signal.SIGSTOP)
            self.assertEqual(self.send("evil"), 451)
            self.gateway.wait_for_log(f" worker_died .*deaths={death}")
        self.gateway.wait_for_log(" worker_message_refused .*fingerprint=")
        self.assertEqual(self.send("evil"), 451)
        self.gateway.wait_for_log(" filter_error .*is refused unread")
        self.assertEqual(self.send("good"), 250)

    def test_see_what_they_are_to_see(self):
        self.assertEqual(self.send(message=disposition('attachment; filename="x.exe"')), 550)
        self.assertEqual(self.send(message=disposition('attachment; filename="x.pdf"')), 250)

    def test_end_with_the_gateway(self):
        self.send()
        one = self.worker()
        self.gateway.stop()
        wait_until(lambda: not is_alive(one), "the worker's end")

    def test_end_when_the_gateway_is_killed(self):
        self.send()
        one = self.worker()
        self.gateway.kill()
        wait_until(lambda: not is_alive(one), "the worker's end")


if __name__ == "__main__":
    unittest.main()
