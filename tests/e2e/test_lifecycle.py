"""The process as its manager sees it: what systemd is told, and the sockets that it gives."""
import contextlib
import os
import re
import signal
import socket
import sys
import time
import unittest

import harness

# What systemd does before it executes a service: descriptors from 3 on, and whom they are meant for.
LAUNCHER = """
import os, sys
fds, names, words = sys.argv[1].split(","), sys.argv[2], sys.argv[3:]
for number, fd in enumerate(fds):  # out of each other's way first
    os.dup2(int(fd), 100 + number)
for number in range(len(fds)):
    os.dup2(100 + number, 3 + number)
os.closerange(3 + len(fds), 200)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=names)
os.execv(words[0], words)
"""


class Manager:
    """The notify socket of a service manager, at a path or with an abstract name."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(harness.PATIENCE)
        self.told = []  # each datagram as a dictionary

    def wait_for(self, key, value="1"):
        """Returns the next datagram with that assignment."""
        while True:
            told = dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())
            self.told.append(told)
            if told.get(key) == value:
                return told

    def close(self):
        self.socket.close()


class Notify(unittest.TestCase):
    """What a process says that serves by itself."""
    keeper = False

    def start(self, address=None, **environment):
        gateway = harness.Gateway(environment=environment, keeper=self.keeper)
        self.addCleanup(gateway.__exit__, None, None, None)
        address = address or str(gateway.folder / "notify")
        manager = self.enterContext(contextlib.closing(Manager(address)))
        gateway.environment["NOTIFY_SOCKET"] = address
        gateway.start()
        return gateway, manager

    def test_ready_is_said_when_clients_are_served(self):
        gateway, manager = self.start()
        told = manager.wait_for("READY")
        with harness.Wire(gateway.ports["mx"]) as wire:
            wire.expect(220)
        self.assertIn(f"mx on 127.0.0.1:{gateway.ports['mx']}", told["STATUS"])

    def test_an_abstract_socket_is_told_too(self):
        _, manager = self.start(f"@sekisho-e2e-{os.getpid()}")
        manager.wait_for("READY")

    def test_a_reload_is_announced_with_its_time_and_ended(self):
        gateway, manager = self.start()
        manager.wait_for("READY")
        before = time.monotonic_ns() // 1000
        gateway.signal(signal.SIGHUP)
        told = manager.wait_for("RELOADING")
        self.assertLessEqual(before, int(told["MONOTONIC_USEC"]))
        self.assertLessEqual(int(told["MONOTONIC_USEC"]), time.monotonic_ns() // 1000)
        manager.wait_for("READY")

    def test_a_refused_reload_ends_too(self):
        gateway, manager = self.start()
        manager.wait_for("READY")
        gateway.write("sekisho.toml", "nonsense")
        gateway.signal(signal.SIGHUP)
        manager.wait_for("RELOADING")
        manager.wait_for("READY")
        gateway.wait_for_log(" reload_refused ")

    def test_the_end_is_announced(self):
        gateway, manager = self.start()
        manager.wait_for("READY")
        gateway.signal(signal.SIGTERM)
        manager.wait_for("STOPPING")
        self.assertEqual(gateway.process.wait(harness.PATIENCE), 0)

    def test_the_watchdog_is_fed_twice_in_its_time(self):
        _, manager = self.start(WATCHDOG_USEC="400000")
        manager.wait_for("WATCHDOG")
        begin = time.monotonic()
        for _ in range(5):
            manager.wait_for("WATCHDOG")
        self.assertGreater(time.monotonic() - begin, 0.9)  # not faster than every 200 ms

    def test_no_watchdog_is_fed_that_is_meant_for_another(self):
        gateway, manager = self.start(WATCHDOG_USEC="1000", WATCHDOG_PID="1")
        gateway.signal(signal.SIGTERM)
        manager.wait_for("STOPPING")
        gateway.process.wait(harness.PATIENCE)
        self.assertFalse(any("WATCHDOG" in told for told in manager.told))


class NotifyThroughTheKeeper(Notify):
    """The keeper is whom the manager knows; it passes on what the process that serves says."""
    keeper = True

    def test_the_watchdog_is_fed_twice_in_its_time(self):
        _, manager = self.start(WATCHDOG_USEC="2000000")
        for _ in range(5):
            manager.wait_for("WATCHDOG")

    def test_a_restart_does_not_look_like_the_end(self):
        gateway, manager = self.start()
        manager.wait_for("READY")
        gateway.signal(signal.SIGUSR2)
        manager.wait_for("READY")
        self.assertFalse(any("STOPPING" in told for told in manager.told))


class SocketActivation(unittest.TestCase):
    """Sockets for a process that serves by itself."""
    keeper = False

    def start(self, sockets):
        """A gateway that is given the listening sockets (name → socket)."""
        gateway = harness.Gateway(keeper=self.keeper)
        self.addCleanup(gateway.__exit__, None, None, None)
        gateway.given = tuple(one.fileno() for one in sockets.values())
        gateway.launcher = [sys.executable, "-c", LAUNCHER, ",".join(map(str, gateway.given)),
                            ":".join(sockets)]
        return gateway

    def listen(self):
        return self.enterContext(contextlib.closing(socket.create_server(("127.0.0.1", 0))))

    def port(self, listener):
        return listener.getsockname()[1]

    def test_a_listener_takes_the_socket_of_its_name(self):
        given = self.listen()
        gateway = self.start({"mx": given}).start()
        self.assertEqual(gateway.ports["mx"], self.port(given))
        self.assertNotEqual(gateway.ports["submission"], self.port(given))
        for _ in range(20):
            with harness.Wire(self.port(given)) as wire:
                wire.expect(220)

    def test_a_listener_takes_the_socket_of_its_address(self):
        given = self.listen()
        gateway = self.start({"smtp.socket": given})
        config = (gateway.folder / "sekisho.toml").read_text()
        gateway.write("sekisho.toml", config.replace(
            'profile = "mx"\naddress = "127.0.0.1:0"',
            f'profile = "mx"\naddress = "127.0.0.1:{self.port(given)}"'))
        gateway.start()
        with harness.Wire(gateway.ports["mx"]) as wire:
            wire.expect(220)

    def test_who_connects_before_the_start_is_served(self):
        given = self.listen()
        early = self.enterContext(harness.Wire(self.port(given)))
        self.start({"mx": given}).start()
        early.expect(220)

    def test_given_sockets_outlive_a_reload(self):
        given = self.listen()
        gateway = self.start({"mx": given}).start()
        gateway.signal(signal.SIGHUP)
        gateway.wait_for_log(" reloaded ")
        with harness.Wire(self.port(given)) as wire:
            wire.expect(220)

    def test_a_socket_that_nobody_takes_is_named(self):
        gateway = self.start({"mx": self.listen(), "stray": self.listen()}).start()
        self.assertTrue(re.search(" socket_unused .*name=stray", gateway.log()))

    def test_what_is_no_listening_socket_is_named_and_not_used(self):
        pair = socket.socketpair()
        self.addCleanup(lambda: [one.close() for one in pair])
        gateway = self.start({"mx": pair[0]}).start()
        self.assertIn("descriptor 3 is no listening TCP or Unix socket", gateway.printed())
        with harness.Wire(gateway.ports["mx"]) as wire:
            wire.expect(220)


class SocketActivationOfTheKeeper(SocketActivation):
    """The keeper takes them, so that they outlive the process that serves."""
    keeper = True


if __name__ == "__main__":
    unittest.main()
