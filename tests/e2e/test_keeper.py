"""The keeper: the gateway process may crash, hang or be replaced, and no client is refused."""
import collections
import os
import pathlib
import re
import signal
import socket
import statistics
import threading
import time
import unittest

import harness

CLIENTS = 6
LIMITS = "[limits]\nmax_connections_per_client = 1000\n"


def gateway_process(gateway):
    """The process that serves, or None while there is none."""
    pid = gateway.process.pid
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[-1]) if children else None


class Client(threading.Thread):
    """Sends messages without a pause, some in each session. Counts what went wrong."""

    def __init__(self, number, port):
        super().__init__(daemon=True)
        self.number = number
        self.port = port
        self.sent = 0
        self.acknowledged = []
        self.greeted = []  # (when the connection was begun, when the 220 came)
        self.refused = 0
        self.broken = 0  # sessions that ended before their QUIT
        self.odd = []  # replies that are not the usual ones
        self.going_on = True

    def run(self):
        while self.going_on:
            begin = time.monotonic()
            try:
                with harness.Wire(self.port) as wire:
                    self.converse(wire, begin)
            except ConnectionRefusedError:
                self.refused += 1
            except OSError:
                self.broken += 1

    def ask(self, wire, line, code):
        reply = wire.reply() if line is None else wire.command(line)
        if reply is None:
            raise ConnectionResetError
        if not reply.startswith(code):
            self.odd.append((line, reply))
            raise ConnectionAbortedError
        return reply

    def converse(self, wire, begin):
        self.ask(wire, None, "220")
        self.greeted.append((begin, time.monotonic()))
        self.ask(wire, "EHLO client.example.org", "250")
        for _ in range(3):
            self.sent += 1
            sender = f"message-{self.number}-{self.sent}@example.org"
            self.ask(wire, f"MAIL FROM:<{sender}>", "250")
            self.ask(wire, "RCPT TO:<local@example.com>", "250")
            self.ask(wire, "DATA", "354")
            self.ask(wire, f"Subject: {sender}\r\n\r\ntext\r\n.\r\n".encode(), "250")
            self.acknowledged.append(sender)
        self.ask(wire, "QUIT", "221")


class KeeperTest(unittest.TestCase):
    def start(self, **options):
        self.upstream = self.enterContext(harness.RecordingUpstream())
        self.gateway = self.enterContext(harness.Gateway(
            upstream=self.upstream.port, extra=LIMITS, keeper=True, **options))
        return self.gateway

    def count(self, pattern):
        return len(re.findall(pattern, self.gateway.log()))

    def do_and_wait(self, action, pattern):
        """Waits until `action` has made another line of that pattern."""
        before = self.count(pattern)
        action()
        harness.wait_until(lambda: self.count(pattern) > before, pattern, interval=0.002)

    def restart(self):
        self.do_and_wait(lambda: self.gateway.signal(signal.SIGUSR2), "did=restarted")

    def kill(self):
        os.kill(gateway_process(self.gateway), signal.SIGKILL)

    def greet(self, listener="mx"):
        with harness.Wire(self.gateway.ports[listener]) as wire:
            return wire.expect(220)


class UnderLoad(KeeperTest):
    def load(self):
        self.start()
        self.clients = [Client(number, self.gateway.ports["mx"]) for number in range(CLIENTS)]
        for client in self.clients:
            client.start()
        self.wait_for_load()

    def wait_for_load(self, count=2 * CLIENTS):
        def done():
            return sum(len(client.acknowledged) for client in self.clients)
        before = done()
        harness.wait_until(lambda: done() >= before + count, "the load")

    def finish(self):
        """The sum over all clients, after they have ended; checks what must hold in any case."""
        for client in self.clients:
            client.going_on = False
        for client in self.clients:
            client.join(harness.PATIENCE)
            self.assertFalse(client.is_alive())
        acknowledged = [sender for client in self.clients for sender in client.acknowledged]
        received = collections.Counter(sender for sender, _, _ in self.upstream.messages)
        self.assertEqual(sum(client.refused for client in self.clients), 0)
        self.assertEqual(set(acknowledged) - set(received), set(), "acknowledged and lost")
        self.assertEqual([sender for sender, times in received.items() if times > 1], [], "doubled")
        return len(acknowledged), sum(client.broken for client in self.clients)

    def assert_nothing_broken(self, broken):
        self.assertEqual([odd for client in self.clients for odd in client.odd], [])
        self.assertEqual(broken, 0, "sessions cut")

    def test_nobody_is_refused_when_the_gateway_process_is_killed(self):
        self.load()
        kills = []
        for _ in range(20):
            self.wait_for_load(10 * CLIENTS)
            # After processes that died young the next one has to wait (gateway/base/respawn.h).
            harness.wait_until(lambda: not kills or time.monotonic() - kills[-1] > 0.5,
                               "the process to be no longer young")
            kills.append(time.monotonic())
            self.do_and_wait(self.kill, "did=respawned")
        self.wait_for_load()
        messages, broken = self.finish()
        greeted = [times for client in self.clients for times in client.greeted]
        waits = [min(end for begin, end in greeted if begin >= kill) - kill for kill in kills]
        print(f"    kill -9 of the gateway process: {len(kills)} times, {messages} messages, 0 refused, "
              f"{broken} sessions broken; 220 again after {1000 * statistics.median(waits):.0f} ms, "
              f"at most {1000 * max(waits):.0f} ms", flush=True)
        # Of a process that has to wait for its processor nothing can be promised but that it comes.
        busy = os.getloadavg()[0] > 4 * os.cpu_count()
        self.assertLess(statistics.median(waits), 1.0 if busy else 0.1, waits)

    def test_no_session_is_cut_by_restarts(self):
        self.load()
        for _ in range(20):
            self.wait_for_load()
            self.restart()
        self.wait_for_load()
        messages, broken = self.finish()
        print(f"    restart: 20 times, {messages} messages, {broken} sessions cut", flush=True)
        self.assert_nothing_broken(broken)

    def test_no_session_is_cut_by_reloads(self):
        self.load()
        reloads = 1000 if harness.LONG else 150
        for _ in range(reloads):
            self.do_and_wait(lambda: self.gateway.signal(signal.SIGHUP), " reloaded ")
        self.wait_for_load()
        messages, broken = self.finish()
        print(f"    reload: {reloads} times, {messages} messages, {broken} sessions cut", flush=True)
        self.assert_nothing_broken(broken)


class Restart(KeeperTest):
    def test_a_session_goes_on_in_the_old_process(self):
        self.start()
        wire = self.enterContext(harness.Wire(self.gateway.ports["mx"]))
        wire.expect(220)
        wire.expect(250, "EHLO client.example.org")
        old = gateway_process(self.gateway)
        self.restart()
        self.assertNotEqual(gateway_process(self.gateway), old)
        self.greet()
        for sender in ("one", "two"):
            wire.expect(250, f"MAIL FROM:<{sender}@example.org>")
            wire.expect(250, "RCPT TO:<local@example.com>")
            wire.expect(354, "DATA")
            wire.expect(250, b"Subject: x\r\n\r\ntext\r\n.\r\n")
        wire.expect(221, "QUIT")
        self.assertEqual(len(self.upstream.messages), 2)
        harness.wait_until(lambda: not os.path.exists(f"/proc/{old}"), "the old process to end")

    def test_the_old_process_ends_within_its_bound(self):
        self.start(top='[timeouts]\ndrain = "300ms"\n')
        wire = self.enterContext(harness.Wire(self.gateway.ports["mx"]))
        wire.expect(220)
        old = gateway_process(self.gateway)
        self.restart()
        wire.expect(421)
        harness.wait_until(lambda: not os.path.exists(f"/proc/{old}"), "the old process to end")

    def test_a_bad_configuration_leaves_the_old_process_serving(self):
        self.start()
        old = gateway_process(self.gateway)
        self.gateway.write("sekisho.toml", "nonsense")
        self.do_and_wait(lambda: self.gateway.signal(signal.SIGUSR2),
                         'did=restart_failed what="process [0-9]+ exited with 78 before it served')
        self.assertEqual(gateway_process(self.gateway), old)
        self.greet()

    def test_the_new_process_has_the_new_settings_and_the_same_ports(self):
        gateway = self.start(top="threads = 3\n")
        config = (gateway.folder / "sekisho.toml").read_text()
        gateway.write("sekisho.toml", config.replace("threads = 3", "threads = 1").replace(
            "gateway.example.com", "renamed.example.com"))
        self.restart()
        for _ in range(20):  # whichever of the three sockets the kernel chooses
            self.assertIn("renamed.example.com", self.greet())

    def test_the_metrics_page_is_handed_over(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.start(top=f'metrics_address = "127.0.0.1:{port}"\n')
        self.restart()
        with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE) as page:
            page.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            self.assertIn(b" 200 ", page.recv(4096))


class Watch(KeeperTest):
    def test_what_a_reload_has_opened_outlives_the_process(self):
        gateway = self.start()
        gateway.write("conf.d/more.toml",
                      '[listener.more]\nprofile = "mx"\naddress = "127.0.0.2:0"\n')
        self.do_and_wait(lambda: gateway.signal(signal.SIGHUP), " reloaded ")
        self.do_and_wait(self.kill, "did=respawned")
        port = int(re.search(r"listener=more address=127\.0\.0\.2:(\d+)", gateway.log())[1])
        with harness.Wire(port, host="127.0.0.2") as wire:
            wire.expect(220)

    def test_a_process_that_hangs_is_replaced(self):
        self.start(environment={"WATCHDOG_USEC": "2000000"})
        pid = gateway_process(self.gateway)
        os.kill(pid, signal.SIGSTOP)
        harness.wait_until(lambda: all("(stopped)" in path.read_text() for path in
                                       pathlib.Path(f"/proc/{pid}/task").glob("*/status")), "the stop")
        with harness.Wire(self.gateway.ports["mx"]) as wire:
            wire.expect(220)
        self.gateway.wait_for_log("did=gateway_hangs")

    def test_a_process_that_somebody_ends_is_replaced(self):
        self.start()
        self.do_and_wait(lambda: os.kill(gateway_process(self.gateway), signal.SIGTERM),
                         "did=respawned")
        self.greet()

    def test_the_gateway_ends_in_order_when_the_keeper_is_killed(self):
        gateway = self.start()
        child = gateway_process(gateway)
        gateway.process.kill()
        harness.wait_until(lambda: not os.path.exists(f"/proc/{child}"), "the process to end")
        self.assertRegex(gateway.log(), r" draining\n[^\n]* stopped\n\Z")

    def test_processes_that_die_in_a_row_are_waited_for_and_the_mended_one_serves(self):
        gateway = self.start()
        config = (gateway.folder / "sekisho.toml").read_text()
        gateway.write("sekisho.toml", "nonsense")
        self.kill()
        harness.wait_until(lambda: "the next starts in " in gateway.printed(), "a delay")
        early = self.enterContext(harness.Wire(gateway.ports["mx"]))  # waits, and is not refused
        gateway.write("sekisho.toml", config)
        early.expect(220)
        gateway.wait_for_log("did=respawned")

    def test_the_end_is_clean(self):
        gateway = self.start()
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.process.wait(harness.PATIENCE), 0)
        self.assertRegex(gateway.log(), r" draining\n[^\n]* stopped\n\Z")

    def test_the_log_is_reopened(self):
        gateway = self.start()
        (gateway.folder / "log").rename(gateway.folder / "log.1")
        gateway.signal(signal.SIGUSR1)
        harness.wait_until((gateway.folder / "log").exists, "the new log")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_root_becomes_the_user_and_can_still_open_low_ports(self):
        gateway = harness.Gateway(keeper=True)
        self.addCleanup(gateway.__exit__, None, None, None)
        self.gateway = gateway
        os.chmod(gateway.folder, 0o777)
        (gateway.folder / "log").touch()
        for path in gateway.folder.iterdir():
            os.chmod(path, 0o666)
        gateway.options = ["--user", "nobody"]
        gateway.start()
        child = gateway_process(gateway)
        for pid in (gateway.process.pid, child):
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            self.assertNotIn("0", re.search(r"Uid:\t(.*)", status)[1].split("\t"))
        self.assertRegex(status, r"CapPrm:\t0{16}\n")
        port = next(port for port in range(600, 1024) if self.is_free(port))
        gateway.write("conf.d/low.toml",
                      f'[listener.low]\nprofile = "mx"\naddress = "127.0.0.1:{port}"\n')
        self.do_and_wait(lambda: gateway.signal(signal.SIGHUP), " reloaded ")
        with harness.Wire(port) as wire:
            wire.expect(220)

    def is_free(self, port):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
        return True


if __name__ == "__main__":
    unittest.main()
