"""Listeners that are Unix sockets: clients without an address, who have no right by one."""
import os
import pathlib
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

import harness
import postfix
from test_keeper import gateway_process
from test_lifecycle import LAUNCHER
from test_lmtp import PostfixInFront

MESSAGE = b"Subject: hello\r\n\r\nhello\r\n.\r\n"


def listener(name, path, profile="mx", more=""):
    return f'[listener.{name}]\naddress = "unix:{path}"\nprofile = "{profile}"\n{more}\n'


class UnixSocketTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-unix-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.upstream = self.enterContext(harness.RecordingUpstream())

    def path(self, name):
        return self.folder / f"{name}.sock"

    def make(self, extra, **options):
        """A gateway that was not started yet."""
        return harness.Gateway(upstream=self.upstream.port, extra=extra, **options)

    def start(self, extra, **options):
        self.gateway = self.enterContext(self.make(extra, **options))
        return self.gateway

    def send(self, name, sender, recipient="local@example.com", hello="EHLO client.example.org",
             answers=1):
        """The replies to RCPT and, if that is taken, after the message."""
        with harness.Wire(self.path(name)) as wire:
            wire.expect(220)
            wire.expect(250, hello)
            wire.expect(250, f"MAIL FROM:<{sender}>")
            taken = wire.command(f"RCPT TO:<{recipient}>")
            if not taken.startswith("250"):
                return taken, None
            wire.expect(354, "DATA")
            wire.send(MESSAGE)
            replies = [wire.reply() for _ in range(answers)]
            wire.expect(221, "QUIT")
            return taken, replies[-1]

    def assert_delivers(self, name, sender):
        self.assertTrue(self.send(name, sender)[1].startswith("250"))
        self.assertEqual([one[0] for one in self.upstream.messages].count(sender), 1)


class Mail(UnixSocketTest):
    def test_mail_for_our_domains_is_taken_and_no_address_is_invented(self):
        gateway = self.start(listener("local", self.path("local")))
        self.assert_delivers("local", "eve@example.org")
        head = self.upstream.messages[0][2].partition(b"\r\n\r\n")[0]
        self.assertIn(b"Received: from client.example.org (by Unix socket)\r\n", head)
        self.assertNotIn(b"0.0.0.0", head)
        gateway.wait_for_log(r"message src=unix .*listener=local .*verdict=accepted")
        self.assertNotIn("0.0.0.0", gateway.log())

    def test_nobody_may_relay_whatever_the_networks(self):
        networks = 'networks = ["127.0.0.0/8", "::1", "10.0.0.1"]\n'
        config = harness.DEFAULT_CONFIG.replace("[log]", networks + "[log]")
        internal = '[listener.internal]\naddress = "127.0.0.1:0"\nprofile = "internal"\n'
        gateway = self.start(listener("local", self.path("local")) + internal, config=config)
        taken, _ = self.send("local", "eve@example.org", "someone@elsewhere.example")
        self.assertTrue(taken.startswith("55"), taken)
        gateway.wait_for_log(r"src=unix .*listener=local")
        self.assertEqual(self.upstream.messages, [])

    def test_users_log_in_after_starttls(self):
        self.start(listener("users", self.path("users"), "submission"))
        with harness.Wire(self.path("users")) as wire:
            wire.expect(220)
            wire.expect(250, "EHLO client.example.org")
            wire.expect(530, "MAIL FROM:<alice@example.com>")
            wire.login()
            wire.expect(250, "MAIL FROM:<alice@example.com>")
            wire.expect(250, "RCPT TO:<someone@elsewhere.example>")
            wire.expect(354, "DATA")
            wire.expect(250, MESSAGE)
        self.gateway.wait_for_log(r"message src=unix .*user=alice .*verdict=accepted")

    def test_guessing_is_slowed_for_the_socket_and_for_nobody_else(self):
        gateway = self.start(
            listener("users", self.path("users"), "submission") +
            listener("others", self.path("others"), "submission") +
            '[auth.throttle]\nfirst_delay = "1ms"\nmax_failures_per_client = 2\n')

        def try_password(place, password):
            with harness.Wire(place) as wire:
                wire.expect(220)
                wire.expect(250, "EHLO client.example.org")
                wire.starttls()
                wire.expect(250, "EHLO client.example.org")
                return wire.command("AUTH PLAIN " + harness.plain("alice", password))[:3]

        right = harness.USERS["alice"]
        self.assertEqual([try_password(self.path("users"), "guess") for _ in range(3)],
                         ["535", "535", "454"])
        self.assertEqual(try_password(self.path("users"), right), "454")
        self.assertEqual(try_password(self.path("others"), right), "235")
        self.assertEqual(try_password(gateway.ports["submission"], right), "235")

    def test_many_connections_are_no_single_clients(self):
        self.start(listener("local", self.path("local")) +
                   "[limits]\nmax_connections_per_client = 1\nmax_connections = 3\n")
        open_ones = [self.enterContext(harness.Wire(self.path("local"))) for _ in range(3)]
        for wire in open_ones:
            wire.expect(220)
        self.enterContext(harness.Wire(self.path("local"))).expect(421)
        self.gateway.wait_for_log("connection_refused src=unix")

    def test_lmtp_gives_each_recipient_an_answer(self):
        self.start(listener("lmtp", self.path("lmtp"), more='protocol = "lmtp"'))
        replies = self.send("lmtp", "eve@example.org", hello="LHLO client.example.org")
        self.assertTrue(replies[1].startswith("250"), replies)
        self.assertIn(b"with LMTP\r\n", self.upstream.messages[0][2])

    def test_swaks_sends_by_it(self):
        if shutil.which("swaks") is None:
            self.skipTest("swaks is not installed")
        self.start(listener("local", self.path("local")))
        subprocess.run(["swaks", "--socket", self.path("local"), "--helo", "client.example.org",
                        "--from", "eve@example.org", "--to", "local@example.com"],
                       check=True, capture_output=True, timeout=harness.PATIENCE)
        self.assertEqual(len(self.upstream.messages), 1)

    def test_postfix_delivers_by_lmtp(self):
        postfix.require()
        self.start(listener("lmtp", self.path("lmtp"),
                            more='protocol = "lmtp"\nsocket_mode = "0666"'))
        self.folder.chmod(0o755)
        with PostfixInFront(f"unix:{self.path('lmtp')}") as server:
            with smtplib.SMTP("127.0.0.1", server.ports["plain"],
                              timeout=harness.PATIENCE) as client:
                client.sendmail("eve@example.org", ["local@example.com"], MESSAGE[:-3])
            harness.wait_until(lambda: server.status("local@example.com") == "sent", "Postfix")
        self.assertEqual(len(self.upstream.messages), 1)


class TheFile(UnixSocketTest):
    def mode(self, name):
        return stat.S_IMODE(self.path(name).lstat().st_mode)

    def test_its_mode_is_what_was_asked_for(self):
        self.start(listener("a", self.path("a")) +
                   listener("b", self.path("b"), more='socket_mode = "0606"'))
        self.assertEqual((self.mode("a"), self.mode("b")), (0o660, 0o606))

    def test_what_a_kill_left_behind_is_replaced(self):
        gateway = self.start(listener("local", self.path("local")))
        gateway.kill()
        with self.assertRaises(ConnectionRefusedError):
            harness.Wire(self.path("local"))
        gateway.start()
        self.assert_delivers("local", "eve@example.org")

    def test_another_programs_socket_is_left_alone(self):
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(self.path("local")))
            other.listen()
            with self.assertRaisesRegex(AssertionError, "in use by another program"):
                self.start(listener("local", self.path("local")))
            other.settimeout(harness.PATIENCE)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(self.path("local")))

    def test_what_is_no_socket_is_not_removed(self):
        self.path("local").write_text("precious")
        with self.assertRaisesRegex(AssertionError, "it is no socket"):
            self.start(listener("local", self.path("local")))
        self.assertEqual(self.path("local").read_text(), "precious")

    def test_a_folder_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(AssertionError, f"there is no folder {self.folder}/no"):
            self.start(listener("local", self.folder / "no" / "local.sock"))


class Lasting(UnixSocketTest):
    def reload(self, extra, event="reloaded"):
        before = self.gateway.log().count(f" {event} ")
        text = (self.gateway.folder / "sekisho.toml").read_text().partition("# listeners")[0]
        self.gateway.write("sekisho.toml", text + "# listeners\n" + extra)
        os.kill(self.gateway.process.pid, signal.SIGHUP)
        harness.wait_until(lambda: self.gateway.log().count(f" {event} ") > before, event)

    def test_a_reload_adds_keeps_and_removes(self):
        for keeper in (False, True):
            with self.subTest(keeper=keeper):
                a, b = self.path(f"a{keeper}"), self.path(f"b{keeper}")
                self.start("# listeners\n" + listener("a", a), keeper=keeper)
                file = a.lstat().st_ino
                with harness.Wire(a) as session:
                    session.expect(220)
                    self.reload(listener("renamed", a) + listener("b", b))
                    self.assertEqual(a.lstat().st_ino, file)
                    self.assert_delivers(f"a{keeper}", f"one{keeper}@example.org")
                    self.assert_delivers(f"b{keeper}", f"two{keeper}@example.org")
                    self.reload(listener("b", b))

                    def refused():
                        try:
                            harness.Wire(a).close()
                        except ConnectionRefusedError:
                            return True
                        return False
                    harness.wait_until(refused, "the socket to be closed")
                    session.expect(250, "NOOP")
                self.assert_delivers(f"b{keeper}", f"three{keeper}@example.org")
                self.reload(listener("b", b) + listener("a", a))
                self.assert_delivers(f"a{keeper}", f"four{keeper}@example.org")

    def test_a_reload_that_failed_can_be_tried_again(self):
        for keeper in (False, True):
            with self.subTest(keeper=keeper):
                name = f"again{keeper}"
                self.start("# listeners\n", keeper=keeper)
                wanted = listener("first", self.path(name)) + listener("second", self.path(f"busy{keeper}"))
                with socket.socket(socket.AF_UNIX) as other:
                    other.bind(str(self.path(f"busy{keeper}")))
                    other.listen()
                    self.reload(wanted, "reload_refused")
                self.reload(wanted)
                self.assert_delivers(name, f"{name}@example.org")
                self.gateway.stop()

    def test_it_outlives_a_crash_and_a_restart_of_the_gateway_process(self):
        gateway = self.start(listener("local", self.path("local")), keeper=True)
        file = self.path("local").lstat().st_ino
        self.assert_delivers("local", "one@example.org")
        before = gateway_process(gateway)
        os.kill(before, signal.SIGKILL)
        self.assert_delivers("local", "two@example.org")  # waits for the next process
        self.assertNotEqual(gateway_process(gateway), before)
        gateway.wait_for_log("did=respawned")
        gateway.signal(signal.SIGUSR2)
        gateway.wait_for_log("did=restarted")
        self.assert_delivers("local", "three@example.org")
        self.assertEqual(self.path("local").lstat().st_ino, file)

    def test_systemd_may_hold_it(self):
        for keeper in (False, True):
            with self.subTest(keeper=keeper), socket.socket(socket.AF_UNIX) as given:
                name = f"given{keeper}"
                given.bind(str(self.path(name)))
                given.listen()
                gateway = self.make(listener("local", self.path("elsewhere")), keeper=keeper)
                gateway.given = (given.fileno(),)
                gateway.launcher = [sys.executable, "-c", LAUNCHER, str(given.fileno()), "local"]
                self.enterContext(gateway)
                self.assert_delivers(name, f"{name}@example.org")
                self.assertFalse(self.path("elsewhere").exists())


if __name__ == "__main__":
    unittest.main()
