"""The command line and the life of the daemon: exit codes, reload, drain, and the log."""
import base64
import contextlib
import json
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

import harness

MESSAGE = b"Subject: x\r\n\r\ntext\r\n.\r\n"
# A line of the log: bare ISO time, event, src where a peer is concerned, then pairs.
VALUE = r'(?:"(?:[^"\\]|\\.)*"|[^\s"=\\]+)'
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [a-z_-]+"
                  r"(?: src=\[[0-9a-f.:]+\]:\d+)?(?: (?!src=)[a-z0-9_.-]+=" + VALUE + ")*")
ABOUT_A_PEER = ("message", "rcpt_refused", "auth", "auth_failed", "tls_failed", "refused",
                "session_end", "connection_refused", "starttls_injection")

SMALL_CONFIG = """
hostname = "gateway.example.com"
[listener.mx]
profile = "mx"
address = "127.0.0.1:{port}"
[relay]
domains = ["example.com"]
"""


def sekisho(*arguments, **options):
    return subprocess.run([harness.SEKISHO, *arguments], text=True, capture_output=True, check=False,
                          timeout=harness.PATIENCE, stdin=subprocess.DEVNULL, **options)


class CommandLine(harness.CaseTest):
    def setUp(self):
        self.gateway = harness.Gateway(users={"alice": harness.USERS["alice"]})
        self.addCleanup(self.gateway.__exit__, None, None, None)
        self.config = self.gateway.folder / "sekisho.toml"

    def break_config(self):
        text = self.config.read_text()
        self.gateway.write("sekisho.toml", "hostnam = 'x'\n" + text.replace('"mx"', '"mxx"'))

    def test_version(self):
        done = sekisho("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\Asekisho \d+\.\d+\.\d+\S*\n\Z")

    def test_help(self):
        done = sekisho("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("run", "check", "config", "user", "inbox", "--config"):
            self.assertIn(word, done.stdout)

    @harness.cases({
        "nothing": ([],), "an_unknown_command": (["serve"],), "an_unknown_option": (["check", "--x"],),
        "half_a_command": (["config"],), "a_user_without_a_name": (["user", "add"],),
        "an_option_without_its_value": (["run", "--config"],), "two_commands": (["run", "check"],),
        "two_halves_of_commands": (["config", "show", "check"],),
    })
    def test_usage_errors_are_2_for(self, arguments):
        done = sekisho(*arguments)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertNotEqual(done.stderr, "")

    def test_check_of_a_good_file_is_0(self):
        done = sekisho("check", "--config", self.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("sekisho.toml: ok", done.stdout)

    def test_check_of_a_bad_file_is_1_and_names_all_places(self):
        self.break_config()
        done = sekisho("check", "--config", self.config)
        self.assertEqual(done.returncode, 1)
        places = re.findall(r"sekisho\.toml:(\d+):(\d+): error: ", done.stderr)
        self.assertEqual(len(places), 2, done.stderr)
        self.assertIn("did you mean `hostname`?", done.stderr)
        self.assertIn("\n2 errors", done.stderr)

    @harness.cases({"check": ("check", 1), "config_show": ("config show", 1), "run": ("run", 78)})
    def test_a_missing_file_fails(self, command, code):
        done = sekisho(*command.split(), "--config", "/nowhere/sekisho.toml")
        self.assertEqual(done.returncode, code)
        self.assertIn("/nowhere/sekisho.toml", done.stderr)

    def test_run_of_a_bad_file_is_78(self):
        self.break_config()
        done = sekisho("run", "--config", self.config)
        self.assertEqual(done.returncode, 78)
        self.assertEqual(done.stderr.count("unknown key"), 1, done.stderr)

    def test_an_open_relay_is_not_started(self):
        self.gateway.write("conf.d/open.toml", '[relay]\nnetworks = ["0.0.0.0/0"]\n'
                           '[listener.open]\nprofile = "internal"\naddress = "127.0.0.1:0"\n')
        done = sekisho("run", "--config", self.config)
        self.assertEqual(done.returncode, 78)
        self.assertRegex(done.stderr, r"open\.toml:2:\d+: error: .*open relay")

    def test_a_warning_is_told_once(self):
        self.gateway.write("conf.d/warn.toml", '[relay]\nnetworks = ["10.0.0.1"]\n')
        with self.gateway:
            self.assertEqual(self.gateway.printed().count("warning: "), 1, self.gateway.printed())

    def test_config_show_names_values_and_origins(self):
        self.gateway.write("conf.d/limits.toml", "[limits]\nmax_errors = 7\n")
        done = sekisho("config", "show", "--config", self.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^max_errors = 7 +# \S*limits\.toml:2$")
        self.assertRegex(done.stdout, r'(?m)^hostname = "gateway.example.com" +# \S*sekisho\.toml:2$')
        self.assertRegex(done.stdout, r"(?m)^max_recipients = 100 +# default$")

    def test_what_config_show_prints_is_a_configuration(self):
        shown = sekisho("config", "show", "--config", self.config)
        self.gateway.write("again.toml", shown.stdout)
        done = sekisho("check", "--config", self.gateway.folder / "again.toml")
        self.assertEqual(done.returncode, 0, done.stderr)
        again = sekisho("config", "show", "--config", self.gateway.folder / "again.toml")
        without_origin = [re.sub(r" +# .*", "", text.stdout) for text in (shown, again)]
        self.assertEqual(*without_origin)

    def test_passwords_are_not_taken_from_the_arguments(self):
        done = sekisho("user", "add", "carol", "secret", "--file", self.gateway.folder / "users")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn("carol", (self.gateway.folder / "users").read_text())

    def test_users_can_be_added_listed_and_removed(self):
        file = self.gateway.folder / "users"
        self.gateway.run("user", "add", "carol", "--file", file, input="carol's password\n")
        self.assertIn("carol", self.gateway.run("user", "list", "--file", file).stdout)
        self.assertNotIn("carol's password", file.read_text())
        self.assertEqual(file.stat().st_mode & 0o077, 0)
        self.gateway.run("user", "del", "carol", "--file", file)
        self.assertNotIn("carol", file.read_text())

    def test_a_busy_port_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
            self.gateway.write("busy.toml", SMALL_CONFIG.format(port=port))
            done = sekisho("run", "--config", self.gateway.folder / "busy.toml")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rf"listener mx: .*127\.0\.0\.1:{port}.* in use")

    def test_two_gateways_do_not_share_a_port(self):
        with self.gateway:
            port = self.gateway.ports["mx"]
            self.gateway.write("busy.toml", SMALL_CONFIG.format(port=port))
            done = sekisho("run", "--config", self.gateway.folder / "busy.toml")
            self.assertEqual(done.returncode, 1)
            self.assertIn(f":{port}", done.stderr)

    @harness.cases({"sigterm": signal.SIGTERM, "sigint": signal.SIGINT})
    def test_the_end_is_clean_after(self, number):
        self.gateway.start()
        self.gateway.signal(number)
        self.assertEqual(self.gateway.process.wait(harness.PATIENCE), 0)
        self.assertRegex(self.gateway.log(), r" draining\n[^\n]* stopped\n\Z")


class Reload(unittest.TestCase):
    def setUp(self):
        self.upstream = self.enterContext(harness.RecordingUpstream())
        self.gateway = self.enterContext(harness.Gateway(upstream=self.upstream.port))
        self.config = (self.gateway.folder / "sekisho.toml").read_text()

    def open(self, listener="mx"):
        wire = self.enterContext(harness.Wire(self.gateway.ports[listener]))
        wire.expect(220)
        return wire

    def reload(self, config, event):
        lines = self.gateway.log().count(f" {event} ")
        self.gateway.write("sekisho.toml", config)
        self.gateway.signal(signal.SIGHUP)
        harness.wait_until(lambda: self.gateway.log().count(f" {event} ") > lines, event)

    def ask(self, wire, domain):
        """The code that a recipient in the domain gets, in a transaction of its own."""
        wire.expect(250, "EHLO client.example.org")
        wire.expect(250, "MAIL FROM:<sender@example.org>")
        return wire.command(f"RCPT TO:<local@{domain}>")[:3]

    def test_sessions_outlive_a_reload_and_new_ones_have_the_new_settings(self):
        wire = self.open()
        self.assertEqual(self.ask(wire, "new.example.net"), "550")
        wire.expect(250, "RCPT TO:<local@example.com>")
        self.reload(self.config.replace('"example.com"', '"example.com", "new.example.net"'),
                    "reloaded")
        wire.expect(354, "DATA")  # the transaction goes on
        wire.expect(250, MESSAGE)
        self.assertEqual(len(self.upstream.messages), 1)
        self.assertEqual(self.ask(self.open(), "new.example.net"), "250")

    def test_a_session_in_the_middle_of_a_message_outlives_many_reloads(self):
        wire = self.open()
        self.ask(wire, "example.com")
        wire.expect(354, "DATA")
        wire.send(b"Subject: x\r\n\r\nfirst\r\n")
        for _ in range(5):
            self.reload(self.config, "reloaded")
        wire.expect(250, b"second\r\n.\r\n")
        self.assertTrue(self.upstream.messages[0][2].endswith(b"first\r\nsecond\r\n"))

    def test_a_login_outlives_a_reload(self):
        wire = self.open("submission")
        wire.login()
        self.reload(self.config, "reloaded")
        wire.expect(250, "MAIL FROM:<alice@example.com>")
        wire.expect(250, "RCPT TO:<friend@foreign.example.net>")

    def test_a_bad_file_leaves_the_old_one_active_and_says_so(self):
        wire = self.open()
        self.reload(self.config.replace('"example.com"', '"example.com", "*"'), "reload_refused")
        self.assertRegex(self.gateway.log(),
                         r'reload_refused level=error active="the previous configuration" '
                         r'what="[^\n]*sekisho\.toml:\d+:\d+: error: ')
        self.assertRegex(self.gateway.printed(), r"sekisho\.toml:\d+:\d+: error: ")
        self.assertEqual(self.ask(wire, "example.com"), "250")
        self.assertEqual(self.ask(self.open(), "example.com"), "250")
        self.reload(self.config, "reloaded")  # and the next good one is taken

    def test_a_busy_port_leaves_the_old_configuration_active(self):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
            self.reload(self.config + "[listener.more]\nprofile = \"mx\"\n"
                        f'address = "127.0.0.1:{port}"\n', "reload_refused")
        self.assertIn(f":{port}", self.gateway.log())
        self.assertEqual(self.ask(self.open(), "example.com"), "250")

    def test_a_listener_can_be_added_and_taken_away(self):
        with socket.create_server(("127.0.0.1", 0)) as finder:
            port = finder.getsockname()[1]
        more = f'[listener.more]\nprofile = "mx"\naddress = "127.0.0.1:{port}"\n'
        self.reload(self.config + more, "reloaded")
        self.gateway.ports["more"] = port

        def can_connect():
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE):
                    return True
            except ConnectionRefusedError:
                return False

        harness.wait_until(can_connect, "the new listener")
        wire = self.open("more")
        self.reload(self.config, "reloaded")
        harness.wait_until(lambda: not can_connect(), "the end of the listener")
        self.assertEqual(self.ask(wire, "example.com"), "250")  # its session goes on

    def test_a_changed_users_file_takes_effect_by_itself(self):
        users = self.gateway.folder / "users"
        self.gateway.run("user", "add", "carol", "--file", users, input="new password\n")
        self.gateway.wait_for_log(r'file_reloaded what=\S*auth\.users_file')
        wire = self.open("submission")
        wire.expect(250, "EHLO client.example.org")
        wire.starttls()
        wire.expect(250, "EHLO client.example.org")
        wire.expect(235, "AUTH PLAIN " + harness.plain("carol", "new password"))
        self.gateway.run("user", "del", "carol", "--file", users)
        harness.wait_until(lambda: self.gateway.log().count("file_reloaded") == 2, "the removal")
        wire = self.open("submission")
        wire.expect(250, "EHLO client.example.org")
        wire.starttls()
        wire.expect(250, "EHLO client.example.org")
        wire.expect(535, "AUTH PLAIN " + harness.plain("carol", "new password"))

    def test_a_changed_domains_file_takes_effect_by_itself(self):
        self.gateway.write("domains", "first.example.net\n")
        self.reload(self.config.replace("[relay]", '[relay]\ndomains_file = "domains"'), "reloaded")
        wire = self.open()
        self.assertEqual(self.ask(wire, "second.example.net"), "550")
        self.gateway.write("domains", "first.example.net\nsecond.example.net\n")
        self.gateway.wait_for_log(r"file_reloaded what=relay\.domains_file")
        self.assertEqual(self.ask(wire, "second.example.net"), "250")
        self.gateway.write("domains", "third.example.net\n*\n")
        self.gateway.wait_for_log(r'file_refused level=error active="the previous content" '
                                  r'what="[^\n]*domains:2:1: ')
        self.assertEqual(self.ask(wire, "second.example.net"), "250")
        self.assertEqual(self.ask(wire, "third.example.net"), "550")


    def test_sessions_begun_before_a_reload_see_a_changed_domains_file(self):
        self.gateway.write("domains", "first.example.net\n")
        config = self.config.replace("[relay]", '[relay]\ndomains_file = "domains"')
        self.reload(config, "reloaded")
        wire = self.open()
        self.reload(config + "[limits]\nmax_errors = 7\n", "reloaded")
        self.gateway.write("domains", "second.example.net\n")
        self.gateway.wait_for_log(r"file_reloaded what=relay\.domains_file")
        self.assertEqual(self.ask(wire, "second.example.net"), "250")

    def test_a_signal_during_a_reload_is_not_lost(self):
        def is_taken(domain):
            with harness.Wire(self.gateway.ports["mx"]) as wire:
                wire.expect(220)
                return self.ask(wire, domain) == "250"

        many = ", ".join(f'"d{number}.example.org"' for number in range(5000))
        for number in range(10):
            for domain in (f"first{number}.example.net", f"second{number}.example.net"):
                self.gateway.write("sekisho.toml", self.config.replace(
                    '"example.com"', f'"example.com", "{domain}", {many}'))
                self.gateway.signal(signal.SIGHUP)
                time.sleep(number * 0.004)  # the second signal comes at different moments
            harness.wait_until(lambda: is_taken(domain), domain)

    def test_spooling_works_in_a_new_state_directory(self):
        old = self.open()
        self.reload(self.config.replace('"state"', '"elsewhere/state"'), "reloaded")
        message = b"Subject: x\r\n\r\n" + b"0123456789" * 7 * 10000 + b"\r\n.\r\n"
        for wire in (self.open(), old):
            self.assertEqual(self.ask(wire, "example.com"), "250")
            wire.expect(354, "DATA")
            wire.expect(250, message)
        self.assertTrue((self.gateway.folder / "elsewhere" / "state" / "spool").is_dir())

    def test_a_state_directory_that_can_not_be_made_is_refused(self):
        self.reload(self.config.replace('"state"', '"cert.pem/state"'), "reload_refused")
        self.assertRegex(self.gateway.log(), r"reload_refused [^\n]*cert\.pem/state")

    def test_what_needs_a_restart_is_said(self):
        self.reload(self.config, "reloaded")
        self.assertNotIn("reload_ignored", self.gateway.log())
        changed = self.config.replace('file = "log"', 'file = "other"\nlevel = "debug"')
        changed = 'threads = 3\nmetrics_address = "127.0.0.1:0"\n' + changed
        self.reload(changed, "reloaded")
        self.gateway.wait_for_log(
            r'reload_ignored level=warning what="log\.level, log\.file, threads, metrics_address" '
            r'hint="needs a restart"\n[^\n]* reloaded ')

    def test_changing_to_the_inbox_is_refused_and_said(self):
        self.reload(self.config.replace(f'[upstream.main]\nhost = "127.0.0.1"\n'
                                        f'port = {self.upstream.port}\ntls = "never"\n'
                                        'health_check = "0s"\n', ""),
                    "reload_refused")
        self.assertRegex(self.gateway.log(), r"reload_refused [^\n]*inbox needs a restart")
        self.assertEqual(self.ask(self.open(), "example.com"), "250")

    def test_an_inbox_that_stays_where_it_was_is_said(self):
        with harness.Gateway() as gateway:
            config = (gateway.folder / "sekisho.toml").read_text()
            gateway.write("sekisho.toml", config.replace('"state"', '"elsewhere"'))
            gateway.signal(signal.SIGHUP)
            gateway.wait_for_log(r'reload_ignored level=warning what="state_directory of the inbox"')


class Knocking:
    """Connects to a port again and again while it is entered, and counts who was not greeted."""

    def __init__(self, port):
        self.port, self.greeted, self.failures = port, 0, []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._knock)

    def _knock(self):
        while not self.over.is_set():
            try:
                with harness.Wire(self.port) as wire:
                    wire.expect(220)
                self.greeted += 1
            except (OSError, AssertionError) as failure:
                self.failures.append(repr(failure))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.over.set()
        self.thread.join()


class ReloadOfListeners(unittest.TestCase):
    def setUp(self):
        self.gateway = self.enterContext(harness.Gateway(
            extra="[limits]\nmax_connections_per_client = 1000\n"))
        self.config = (self.gateway.folder / "sekisho.toml").read_text()

    def reload(self, config):
        ends = r" reload(ed|_refused) "
        lines = len(re.findall(ends, self.gateway.log()))
        self.gateway.write("sekisho.toml", config)
        self.gateway.signal(signal.SIGHUP)
        harness.wait_until(lambda: len(re.findall(ends, self.gateway.log())) > lines, ends)
        self.assertNotIn("reload_refused", self.gateway.log())

    def listener_of(self, port, address="127.0.0.1"):
        """The name of the listener that serves new connections to the port."""
        lines = self.gateway.log().count(" rcpt_refused ")
        with harness.Wire(port, host=address) as wire:
            wire.expect(220)
            wire.expect(250, "EHLO client.example.org")
            wire.expect(250, "MAIL FROM:<>")
            wire.expect(550, "RCPT TO:<victim@foreign.example.net>")
            harness.wait_until(lambda: self.gateway.log().count(" rcpt_refused ") > lines, "line")
        return re.findall(r" rcpt_refused .* listener=(\w+)", self.gateway.log())[-1]

    def test_a_renamed_listener_keeps_its_door_open(self):
        port = self.gateway.ports["mx"]
        with Knocking(port) as knocking:
            for name in ("first", "second", "third", "mx"):
                before = knocking.greeted
                self.reload(self.config.replace("[listener.mx]", f"[listener.{name}]"))
                harness.wait_until(lambda: knocking.greeted > before + 20, "knocks")
                self.assertEqual(self.listener_of(port), name)
        self.assertEqual(knocking.failures, [])

    def test_two_listeners_can_swap_their_names(self):
        ports = []
        with contextlib.ExitStack() as finders:
            for _ in range(2):
                finder = finders.enter_context(socket.create_server(("127.0.0.1", 0)))
                ports.append(finder.getsockname()[1])
        more = "".join(f'[listener.{{}}]\nprofile = "mx"\naddress = "127.0.0.1:{port}"\n'
                       for port in ports)
        for names in (("a", "b"), ("b", "a")):
            self.reload(self.config + more.format(*names))
            for port, name in zip(ports, names):
                harness.wait_until(lambda: self.listener_of(port) == name, name)

    def test_an_address_can_be_widened_and_narrowed(self):
        with socket.create_server(("127.0.0.1", 0)) as finder:
            port = finder.getsockname()[1]
        more = '[listener.{name}]\nprofile = "mx"\naddress = "{address}:{port}"\n'

        def can_connect(address):
            with socket.socket() as client:
                return client.connect_ex((address, port)) == 0

        for name, address, everywhere in (("a", "127.0.0.1", False), ("a", "0.0.0.0", True),
                                          ("a", "127.0.0.1", False), ("b", "0.0.0.0", True),
                                          ("c", "127.0.0.2", False)):
            self.reload(self.config + more.format(name=name, address=address, port=port))
            harness.wait_until(lambda: can_connect("127.0.0.3") == everywhere, address)
            here = "127.0.0.2" if address.endswith(".2") else "127.0.0.1"
            harness.wait_until(lambda: self.listener_of(port, here) == name, name)


class Flood(unittest.TestCase):
    def test_refused_connections_are_one_line_a_second(self):
        gateway = self.enterContext(
            harness.Gateway(extra="[limits]\nmax_connections_per_client = 1\n"))
        wire = self.enterContext(harness.Wire(gateway.ports["mx"]))
        wire.expect(220)
        begun = time.monotonic()
        for _ in range(300):
            with harness.Wire(gateway.ports["mx"]) as refused:
                refused.expect("421 4.7.0 too many connections from your address")

        def counts():
            return [int(count) for count in re.findall(
                r" connection_refused src=\[127\.0\.0\.1\]:\d+ level=warning listener=mx "
                r'why="too many connections from your address" count=(\d+)\n', gateway.log())]

        harness.wait_until(lambda: sum(counts()) == 300, "a count of all")
        self.assertEqual(counts()[0], 1)
        self.assertLessEqual(len(counts()), 2 + (time.monotonic() - begun))


class Drain(unittest.TestCase):
    def start(self, **options):
        self.upstream = self.enterContext(harness.RecordingUpstream())
        self.gateway = self.enterContext(
            harness.Gateway(upstream=self.upstream.port, **options))

    def open(self, *lines, listener="mx"):
        wire = self.enterContext(
            harness.Wire(self.gateway.ports[listener], tls=listener == "submissions"))
        wire.expect(220)
        for line in ("EHLO client.example.org",) + lines:
            wire.expect(250, line)
        return wire

    def test_idle_sessions_get_421_and_an_open_transaction_may_end(self):
        self.start()
        idle = [self.open() for _ in range(20)] + [self.open(listener="submissions")]
        idle.append(self.enterContext(harness.Wire(self.gateway.ports["mx"])))
        idle[-1].expect(220)
        busy = self.open("MAIL FROM:<sender@example.org>", "RCPT TO:<local@example.com>")
        in_data = self.open("MAIL FROM:<sender@example.org>", "RCPT TO:<local@example.com>")
        in_data.expect(354, "DATA")
        in_data.send(b"Subject: x\r\n\r\nfirst\r\n")
        self.gateway.signal(signal.SIGTERM)
        for wire in idle:
            wire.expect("421 4.3.2")
            self.assertIsNone(wire.reply())
            wire.close()
        with self.assertRaises(ConnectionRefusedError):
            harness.Wire(self.gateway.ports["mx"])
        busy.expect(250, "RCPT TO:<second@example.com>")
        busy.expect(354, "DATA")
        busy.expect(250, MESSAGE)
        busy.expect(421)
        busy.close()
        self.assertIsNone(self.gateway.process.poll())
        in_data.expect(250, b"second\r\n.\r\n")
        in_data.expect(421)
        in_data.close()
        self.assertEqual(self.gateway.process.wait(harness.PATIENCE), 0)
        self.assertEqual(len(self.upstream.messages), 2)

    def test_who_does_not_end_is_cut_after_the_bound(self):
        self.start(extra='[timeouts]\ndrain = "1s"\n')
        wires = [self.open("MAIL FROM:<sender@example.org>"),
                 self.open("MAIL FROM:<sender@example.org>", "RCPT TO:<local@example.com>")]
        wires[1].expect(354, "DATA")
        handshake = self.enterContext(
            socket.create_connection(("127.0.0.1", self.gateway.ports["submissions"])))
        handshake.sendall(b"\x16\x03\x01")
        begun = time.monotonic()
        self.gateway.signal(signal.SIGTERM)
        for wire in wires:
            reply = wire.reply()
            self.assertTrue(reply is None or reply.startswith("421"), reply)
        self.assertEqual(self.gateway.process.wait(harness.PATIENCE), 0)
        took = time.monotonic() - begun
        print(f"    a drain with a bound of 1 s took {took:.1f} s", flush=True)
        self.assertGreater(took, 0.9)
        self.assertLess(took, 20)
        self.assertIn("sessions_cut", self.gateway.log())
        self.assertEqual(self.upstream.messages, [])

    def test_a_second_signal_cuts_at_once(self):
        self.start(extra='[timeouts]\ndrain = "10m"\n')
        wire = self.open("MAIL FROM:<sender@example.org>", "RCPT TO:<local@example.com>")
        wire.expect(354, "DATA")
        self.gateway.signal(signal.SIGTERM)
        self.gateway.wait_for_log(" draining\n")
        wire.send(b"Subject: x\r\n")
        self.assertIsNone(self.gateway.process.poll())
        self.gateway.signal(signal.SIGINT)
        reply = wire.reply()
        self.assertTrue(reply is None or reply.startswith("421"), reply)
        self.assertEqual(self.gateway.process.wait(harness.PATIENCE), 0)
        self.assertRegex(self.gateway.log(), r"sessions_cut level=warning sessions=1\n")
        self.assertEqual(self.upstream.messages, [])

    def test_what_hangs_does_not_keep_the_process(self):
        self.start(extra='[timeouts]\ndrain = "1s"\n')
        self.gateway.write("users", "alice:$6$rounds=900000000$saltsalt$" + "x" * 86 + "\n")
        self.gateway.wait_for_log("file_reloaded")
        wire = self.open(listener="submissions")
        wire.send(b"AUTH PLAIN " + harness.plain("alice", "x").encode() + b"\r\n")
        cpu = pathlib.Path(f"/proc/{self.gateway.process.pid}/stat")
        harness.wait_until(lambda: int(cpu.read_text().split()[13]) > 50, "the hash to be at work")
        begun = time.monotonic()
        self.gateway.signal(signal.SIGTERM)
        self.assertEqual(self.gateway.process.wait(harness.PATIENCE), 0)
        self.assertLess(time.monotonic() - begun, 20)
        self.assertRegex(self.gateway.log(), r" sessions_abandoned level=error sessions=1 "
                         r"threads=1\n[^\n]* stopped\n\Z")

    def test_a_message_that_waits_for_the_upstream_is_answered_before_the_end(self):
        waiting, go_on = threading.Event(), threading.Event()

        def answer(verb, line):
            if verb == ".":
                waiting.set()
                go_on.wait(harness.PATIENCE)

        self.upstream = self.enterContext(harness.RecordingUpstream(answer))
        self.gateway = self.enterContext(harness.Gateway(upstream=self.upstream.port))
        wire = self.open("MAIL FROM:<sender@example.org>", "RCPT TO:<local@example.com>")
        wire.expect(354, "DATA")
        wire.send(MESSAGE)
        self.assertTrue(waiting.wait(harness.PATIENCE))
        self.gateway.signal(signal.SIGTERM)
        self.gateway.wait_for_log(" draining")
        go_on.set()
        wire.expect(250)
        wire.close()
        self.assertEqual(self.gateway.process.wait(harness.PATIENCE), 0)
        self.assertEqual(len(self.upstream.messages), 1)


def encodings(secret):
    """How a secret could be written: itself, and in base64 at every position among other bytes."""
    data = secret.encode()
    yield secret
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data + b"\0" * 2).decode()
        # Without the characters that depend on the neighbours.
        yield text[(before * 8 + 5) // 6:(before + len(data)) * 8 // 6]


class LogTest(harness.CaseTest):
    log_format = "logfmt"

    def start(self, answer=None, top=""):
        self.upstream = self.enterContext(harness.RecordingUpstream(answer))
        gateway = harness.Gateway(upstream=self.upstream.port, top=top, extra=(
            "[auth.throttle]\nfirst_delay = \"0s\"\nmax_failures_per_client = 1000\n"))
        gateway.write("conf.d/log.toml", f'[log]\nlevel = "debug"\nformat = "{self.log_format}"\n')
        self.gateway = self.enterContext(gateway)
        self.clients = self.enterContext(contextlib.ExitStack())

    def open(self, listener="mx"):
        wire = self.clients.enter_context(
            harness.Wire(self.gateway.ports[listener], tls=listener == "submissions"))
        wire.expect(220)
        return wire

    def send(self, wire):
        wire.expect(250, "MAIL FROM:<sender@example.org>")
        wire.expect(250, "RCPT TO:<local@example.com>")
        wire.expect(354, "DATA")
        return wire.expect(250, MESSAGE)

    def lines_after_stop(self):
        """All lines, when the gateway has ended and written the last one."""
        self.clients.close()
        self.assertEqual(self.gateway.stop(), 0)
        text = (self.gateway.folder / "log").read_bytes().decode("utf-8")
        self.assertTrue(text.endswith("\n"))
        return text[:-1].split("\n")

    def make_all_kinds_of_lines(self):
        wire = self.open("submissions")
        wire.expect(250, "EHLO client.example.org")
        wire.expect(535, "AUTH PLAIN " + harness.plain("alice", "wrong"))
        wire.login()
        self.send(wire)
        wire.expect(221, "QUIT")
        wire = self.open()
        wire.expect(250, "EHLO client.example.org")
        wire.expect(250, "MAIL FROM:<>")
        wire.expect(550, "RCPT TO:<victim@foreign.example.net>")
        wire.expect(250, "RCPT TO:<local@example.com>")
        wire.expect(250, "RSET")
        wire.send(b"STARTTLS\r\nEHLO x\r\n")
        wire.replies()


class LogLines(LogTest):
    def test_every_line_has_the_shape(self):
        self.start()
        self.make_all_kinds_of_lines()
        lines = self.lines_after_stop()
        for line in lines:
            self.assertTrue(LINE.fullmatch(line), line)
            event = line.split(" ")[1]
            self.assertEqual(" src=[127.0.0.1]:" in line, event in ABOUT_A_PEER, line)
        events = {line.split(" ")[1] for line in lines}
        self.assertLessEqual({"listening", "ready", "auth", "auth_failed", "message", "rcpt_refused",
                              "starttls_injection", "draining", "stopped"}, events)

    def test_the_line_of_a_message_says_all_about_it(self):
        self.start()
        wire = self.open("submissions")
        wire.login()
        reply = self.send(wire)
        line = next(line for line in self.lines_after_stop() if " message " in line)
        pairs = dict(re.findall(rf"([a-z0-9_]+)=({VALUE})", line))
        self.assertRegex(pairs["src"], r"^\[127\.0\.0\.1\]:\d+$")
        self.assertRegex(pairs["id"], r"^[0-9a-f]+-[0-9a-f]+\.1$")
        self.assertIn(f"queued as {pairs['id']}", reply)
        self.assertIn("queued as REC", reply)
        expected = {"listener": "submissions", "user": "alice", "from": "<sender@example.org>",
                    "rcpt": "<local@example.com>", "nrcpt": "1", "verdict": "accepted", "code": "250",
                    "class": "upstream", "upstream": "main", "queue_id": "REC",
                    "helo": "client.example.org"}
        self.assertEqual({key: pairs.get(key) for key in expected}, expected)
        self.assertIn("queued as REC", pairs["reply"])
        for phase in ("ms_rcpt", "ms_receive", "ms_filter", "ms_deliver", "ms_total"):
            self.assertRegex(pairs[phase], r"^\d+\.\d+$")

    def test_no_secret_is_in_the_log_or_the_output(self):
        self.start()
        right, wrong, other = harness.USERS["alice"], "wrong but secret", "typed too early"

        def b64(text):
            return base64.b64encode(text.encode()).decode()

        for secret in (wrong, right):
            for lines in (["AUTH PLAIN " + harness.plain("alice", secret)],
                          ["AUTH PLAIN", harness.plain("alice", secret)],
                          ["AUTH LOGIN", b64("alice"), b64(secret)],
                          ["AUTH LOGIN " + b64("alice"), b64(secret)]):
                wire = self.open("submissions")
                wire.expect(250, "EHLO client.example.org")
                for line in lines:
                    wire.command(line)
                wire.expect(250, "NOOP")
        # In the wrong place, in the wrong form, cut short, and before TLS.
        for lines in (["AUTH PLAIN " + harness.plain("alice", other) + "!"],
                      ["AUTH PLAIN  x " + harness.plain("alice", other)],
                      ["AUTH LOGIN", b64("alice"), "*", b64(other)],
                      ["AUTH LOGIN", b64("alice"), other],
                      ["AUTH XYZ " + b64(other)],
                      ["AUTH " + b64(other)],
                      [other], [b64(other)],
                      ["AUTH PLAIN " + harness.plain("alice", other, "bob")]):
            for listener in ("submissions", "submission"):
                wire = self.open(listener)
                wire.expect(250, "EHLO client.example.org")
                wire.commands(*lines)
                wire.expect(250, "NOOP")
        wire = self.open("submissions")
        wire.expect(250, "EHLO client.example.org")
        wire.expect(334, "AUTH PLAIN")
        wire.send(harness.plain("alice", other).encode())  # without its line end
        wire.close()
        lines = self.lines_after_stop()
        written = "\n".join(lines) + self.gateway.printed()
        self.assertGreater(written.count(" auth_failed "), 4)
        self.assertGreaterEqual(written.count(" auth "), 4)
        for secret in (right, wrong, other, *harness.USERS.values()):
            for text in encodings(secret):
                self.assertNotIn(text, written)


FORGED = "2025-01-01T00:00:00.000Z message src=[192.0.2.66]:1 id=forged verdict=accepted"


HOSTILE = {
    "lf": f"x\n{FORGED}\n",
    "cr_lf": f"x\r\n{FORGED}\r\n",
    "cr": f"x\r{FORGED}",
    "quote": f'x" verdict=accepted id=forged src=[192.0.2.66]:1 y="',
    "backslash_quote": 'x\\" id=forged y=\\"',
    "equals": "x id=forged src=[192.0.2.66]:1",
    "escape_sequences": "x\x1b[2J\x1b]0;title\x07\x1b[1A\x1b[2K",
    "c1_controls": "x\x9b2J\x85y",
    "separators": f"x\u2028{FORGED}\u2029",
    "bidirectional": "x\u202etxet\u202c\u2066y",
    "nul": "x\0y",
    "very_long": "x" * 1500,
}


class LogInjection(LogTest):
    """Peers may write what they like: no line more, no pair more, no control sequence."""

    def check_lines(self, lines):
        for line in lines:
            self.assertTrue(LINE.fullmatch(line), repr(line))
            self.assertTrue(all(char.isprintable() for char in line), repr(line))
            self.assertFalse(line.startswith("2025-01-01"), line)
            for pair in re.findall(rf" ([a-z0-9_.-]+)=({VALUE})", line):
                self.assertNotIn(pair, [("id", "forged"), ("src", "[192.0.2.66]:1")])

    reply = None  # the upstream's to a message

    def setUp(self):
        self.start(lambda verb, line: self.reply if verb == "." else None)

    @harness.cases(HOSTILE)
    def test_by_a_client(self, text):
        data = text.encode()
        for line in (b"EHLO %s\r\n", b"HELO %s\r\n", b"EHLO client.example.org\r\nMAIL FROM:<%s>\r\n",
                     b'EHLO client.example.org\r\nMAIL FROM:<"%s"@example.org>\r\n',
                     b"EHLO client.example.org\r\nMAIL FROM:<>\r\nRCPT TO:<%s@example.com>\r\n",
                     b'EHLO client.example.org\r\nMAIL FROM:<>\r\nRCPT TO:<"%s"@foreign.example>\r\n',
                     b"%s\r\n"):
            wire = self.open()
            wire.send(line % data + b"QUIT\r\n")
            wire.replies()
        wire = self.open("submissions")
        wire.expect(250, "EHLO client.example.org")
        wire.expect(5, "AUTH PLAIN " + harness.plain(text.replace("\0", "0"), "x"))
        wire.expect(250, "EHLO " + re.sub(r"[^!-~]", "_", text)[:200])
        wire.login()
        self.send(wire)
        lines = self.lines_after_stop()
        self.assertTrue(any(" auth_failed " in line for line in lines))
        self.check_lines(lines)

    @harness.cases({name: text for name, text in HOSTILE.items() if "\n" not in text})
    def test_by_the_upstream(self, text):
        self.reply = f"250 2.0.0 Ok: queued as {text}"
        wire = self.open()
        wire.expect(250, "EHLO client.example.org")
        wire.expect(250, "MAIL FROM:<sender@example.org>")
        wire.expect(250, "RCPT TO:<local@example.com>")
        wire.expect(354, "DATA")
        reply = wire.command(MESSAGE)
        self.assertTrue(reply.startswith(("250", "451")), reply)
        self.assertTrue(all(" " <= char <= "~" or char == "\n" for char in reply), repr(reply))
        self.check_lines(self.lines_after_stop())


class JsonLog(LogTest):
    log_format = "json"

    def test_every_line_is_an_object(self):
        self.start()
        self.make_all_kinds_of_lines()
        wire = self.open()
        wire.send(b"EHLO \x1b[2J\"}\xff\xe2\x80\xae\r\n")
        wire.command("EHLO x\"y\\z{}")
        wire.command('MAIL FROM:<"a\\"b}{"@example.org>')
        wire.command("RCPT TO:<victim@foreign.example.net>")
        lines = self.lines_after_stop()
        for line in lines:
            self.assertTrue(line.isascii() and line.isprintable(), line)
            record = json.loads(line)
            keys = list(record)
            self.assertEqual(keys[:2], ["time", "event"], line)
            self.assertRegex(record["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertEqual(keys[2:3] == ["src"], record["event"] in ABOUT_A_PEER, line)
            self.assertEqual(len(keys), len(json.loads(line, object_pairs_hook=list)), line)
        message = next(json.loads(line) for line in lines if '"event":"message"' in line)
        self.assertEqual((message["verdict"], message["code"], message["user"]),
                         ("accepted", 250, "alice"))
        self.assertIsInstance(message["ms_total"], float)


if __name__ == "__main__":
    unittest.main()
