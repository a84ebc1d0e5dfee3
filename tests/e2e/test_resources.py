"""What sessions and messages cost: memory of idle sessions, of a large message, and whether clients that
fall silent keep others waiting. Sessions come from this process, the gateway is another: each has its
own limit of descriptors.
"""
import contextlib
import resource
import threading
import time
import unittest

import harness

PLAIN_SESSIONS = 9500
TLS_SESSIONS = 2000
KIB_A_PLAIN_SESSION = 4.0
KIB_A_TLS_SESSION = 60.0
LARGE = 100 * 1024 * 1024
KIB_A_LARGE_MESSAGE = 2048
MUTE_CLIENTS = 300
SECONDS_FOR_A_GOOD_CLIENT = 3.0


class Resources(harness.CaseTest):
    def setUp(self):
        # For the clients' sockets. The gateway raises its own limit.
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                        resource.getrlimit(resource.RLIMIT_NOFILE))
        if harness.allow_many_descriptors() < PLAIN_SESSIONS + 500:
            self.skipTest(f"needs {PLAIN_SESSIONS + 500} descriptors (ulimit -Hn)")

    def open_session(self, stack, gateway, tls):
        """A session that said EHLO and nothing since."""
        wire = stack.enter_context(
            harness.Wire(gateway.ports["submissions" if tls else "mx"], tls=tls))
        wire.expect(220)
        wire.expect(250, "EHLO idle.example.org")
        return wire

    @harness.cases({"plain": (PLAIN_SESSIONS, False, KIB_A_PLAIN_SESSION),
                    "tls": (TLS_SESSIONS, True, KIB_A_TLS_SESSION)})
    def test_memory_of_idle_sessions(self, count, tls, limit):
        extra = ("[limits]\nmax_connections = 20000\nmax_connections_per_client = 20000\n"
                 "[timeouts]\ncommand = \"1h\"\n")
        with contextlib.ExitStack() as stack:
            gateway = stack.enter_context(harness.Gateway(extra=extra))
            sessions = stack.enter_context(contextlib.ExitStack())
            for _ in range(20):  # what the first sessions of a process cost for all
                self.open_session(sessions, gateway, tls)
            before = gateway.resident_kib()
            begun = time.monotonic()
            wires = [self.open_session(sessions, gateway, tls) for _ in range(count)]
            took = time.monotonic() - begun
            each = (gateway.resident_kib() - before) / count
            print(f"    {count} idle {'TLS' if tls else 'plain'} sessions: {each:.2f} KiB each "
                  f"(limit {limit:.0f}), opened in {took:.1f} s", flush=True)
            for wire in wires[::500]:
                wire.expect(250, "NOOP")  # they do live
            self.assertLessEqual(each, limit)
            sessions.close()

    def test_memory_of_a_large_message(self):
        extra = '[limits]\nmax_message_size = "200MiB"\n'
        with harness.RecordingUpstream() as upstream, \
                harness.Gateway(upstream=upstream.port, extra=extra) as gateway:
            for _ in range(10):  # warm, on either loop thread
                self.send(gateway, 1000)
            gateway.forget_peak()
            before = gateway.resident_kib()
            begun = time.monotonic()
            self.send(gateway, LARGE)
            took = time.monotonic() - begun
            peak = gateway.resident_kib("VmHWM") - before
            after = gateway.resident_kib() - before
            print(f"    a message of 100 MiB: {peak} KiB more at most (limit {KIB_A_LARGE_MESSAGE}), "
                  f"{after} KiB after it, {took:.1f} s", flush=True)
            self.assertLessEqual(peak, KIB_A_LARGE_MESSAGE)
            self.assertGreaterEqual(len(upstream.messages[-1][2]), LARGE)

    def send(self, gateway, size):
        line = b"x" * 998 + b"\r\n"
        with harness.Wire(gateway.ports["mx"]) as wire:
            wire.expect(220)
            self.begin_message(wire, "EHLO large.example.org")
            block = line * 64
            for _ in range(size // len(block)):
                wire.send(block)
            wire.send(line * (size % len(block) // len(line) + 1))
            wire.expect(250, b".\r\n")

    def begin_message(self, wire, hello):
        wire.expect(250, hello)
        wire.expect(250, "MAIL FROM:<sender@example.org>")
        wire.expect(250, "RCPT TO:<local@example.com>")
        wire.expect(354, "DATA")
        wire.send(b"Subject: x\r\n\r\n")

    def test_mute_clients_keep_nobody_waiting(self):
        """The upstream takes ten connections; each mute client behind RCPT had one for a moment."""
        extra = ('max_connections = 10\n'
                 '[limits]\nmax_connections_per_client = 1000\n'
                 '[timeouts]\nupstream_hold = "200ms"\n')
        with contextlib.ExitStack() as stack:
            upstream = stack.enter_context(harness.RecordingUpstream())
            gateway = stack.enter_context(harness.Gateway(upstream=upstream.port, extra=extra))
            begun = time.monotonic()
            stages = (self.fall_silent_before_ehlo, self.fall_silent_after_ehlo,
                      self.fall_silent_after_rcpt, self.fall_silent_in_data,
                      self.fall_silent_in_a_handshake)
            per_stage = MUTE_CLIENTS // len(stages)
            threads = []
            for stage in stages:
                wires = [stack.enter_context(harness.Wire(gateway.ports["mx"]))
                         for _ in range(per_stage)]
                threads += [threading.Thread(target=stage, args=(wire,)) for wire in wires]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(harness.PATIENCE)
                self.assertFalse(thread.is_alive(), "a client did not get as far as it should")
            silent = time.monotonic()
            times = []
            for _ in range(10):
                begun_one = time.monotonic()
                self.send(gateway, 4096)
                times.append(time.monotonic() - begun_one)
            print(f"    {per_stage * len(stages)} mute clients (after {silent - begun:.1f} s): a good "
                  f"one's message took {times[0]:.2f} s, then at most {max(times[1:]):.2f} s "
                  f"(limit {SECONDS_FOR_A_GOOD_CLIENT:.0f})", flush=True)
            self.assertLess(max(times), SECONDS_FOR_A_GOOD_CLIENT)
            self.assertEqual(len(upstream.messages), len(times))

    def fall_silent_before_ehlo(self, wire):
        wire.expect(220)

    def fall_silent_after_ehlo(self, wire):
        wire.expect(220)
        wire.expect(250, "EHLO mute.example.org")

    def fall_silent_after_rcpt(self, wire):
        self.fall_silent_after_ehlo(wire)
        wire.expect(250, "MAIL FROM:<mute@example.org>")
        wire.expect(250, "RCPT TO:<local@example.com>")

    def fall_silent_in_data(self, wire):
        wire.expect(220)
        self.begin_message(wire, "EHLO mute.example.org")
        wire.send(b"and then nothing")

    def fall_silent_in_a_handshake(self, wire):
        self.fall_silent_after_ehlo(wire)
        wire.expect(220, "STARTTLS")
        wire.send(b"\x16\x03\x01")


if __name__ == "__main__":
    unittest.main()
