"""Certificates that are replaced while the gateway serves, and clients that show their own."""
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

import harness

SECONDS = 10.0


def make_pair(folder, name):
    folder.mkdir(parents=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}",
                    "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
                   check=True, capture_output=True)


def shown(port, name):
    """The certificate that a handshake for `name` brings, in DER; raises when it fails."""
    context = harness.tls_context()
    with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE) as plain:
        with context.wrap_socket(plain, server_hostname=name) as connection:
            assert connection.recv(100).startswith(b"220"), "no greeting"
            return connection.getpeercert(binary_form=True)


class Swaps(unittest.TestCase):
    """As certbot renews: the new pair beside the old one, then each link removed and made anew."""

    def setUp(self):
        self.gateway = harness.Gateway(config=harness.DEFAULT_CONFIG.replace(
            '[tls]\n', '[tls]\ndirectory = "live"\n'))
        self.live = self.gateway.folder / "live" / "mail.example.com"
        self.archive = self.gateway.folder / "archive"
        self.live.mkdir(parents=True)
        for number in (1, 2):
            make_pair(self.archive / str(number), "mail.example.com")
        self.link(1)
        self.addCleanup(self.gateway.__exit__, None, None, None)
        self.gateway.start()
        self.port = self.gateway.ports["submissions"]

    def link(self, number):
        for file in ("privkey.pem", "fullchain.pem"):
            (self.live / file).unlink(missing_ok=True)
            (self.live / file).symlink_to(f"../../archive/{number}/{file}")

    def pair(self, number):
        pem = (self.archive / str(number) / "fullchain.pem").read_text()
        return ssl.PEM_cert_to_DER_cert(pem)

    def test_no_handshake_fails_while_the_links_are_swapped_and_the_new_pair_is_shown(self):
        over = threading.Event()
        failures, done = [], []

        def load():
            while not over.is_set():
                try:
                    done.append(shown(self.port, "mail.example.com"))
                except (OSError, AssertionError) as error:
                    failures.append(repr(error))

        clients = [threading.Thread(target=load) for _ in range(4)]
        for client in clients:
            client.start()
        end = time.monotonic() + SECONDS
        number = 1
        while time.monotonic() < end:
            number = 3 - number
            self.link(number)
            if number == 1:
                self.gateway.signal(signal.SIGHUP)
            over.wait(0.05)  # many swaps between two looks of the gateway
        over.set()
        for client in clients:
            client.join()
        self.assertEqual(failures, [])
        self.assertGreater(len(done), 100)
        self.assertLessEqual(set(done), {self.pair(1), self.pair(2)})
        harness.wait_until(lambda: shown(self.port, "mail.example.com") == self.pair(number),
                           "the last pair to be shown", interval=0.1)

    def test_a_session_goes_on_and_another_name_gets_the_default(self):
        with harness.Wire(self.gateway.ports["mx"]) as wire:
            wire.expect("220")
            wire.expect("250", "EHLO client.example.org")
            wire.starttls()
            self.link(2)
            harness.wait_until(lambda: shown(self.port, "mail.example.com") == self.pair(2),
                               "the new pair to be shown", interval=0.1)
            wire.expect("250", "EHLO client.example.org")
        default = ssl.PEM_cert_to_DER_cert((self.gateway.folder / "cert.pem").read_text())
        self.assertEqual(shown(self.port, "other.example.com"), default)
        self.assertRegex(self.gateway.log(), "certificate_reloaded .*mail.example.com")

    def test_a_pair_that_does_not_fit_is_refused_and_the_old_one_stays(self):
        shutil.copy(self.archive / "2" / "privkey.pem", self.live / "new")
        os.replace(self.live / "new", self.live / "privkey.pem")
        self.gateway.wait_for_log("certificate_refused .*does not belong")
        self.assertEqual(shown(self.port, "mail.example.com"), self.pair(1))

    def test_a_tls_session_is_resumed_across_a_reload(self):
        context = harness.tls_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # the ticket comes with the handshake
        session = None
        for resumed in (False, True):
            with socket.create_connection(("127.0.0.1", self.port)) as plain, \
                    context.wrap_socket(plain, session=session) as connection:
                self.assertEqual(connection.session_reused, resumed)
                session = connection.session
            if not resumed:
                self.gateway.signal(signal.SIGHUP)
                self.gateway.wait_for_log("reloaded file=")


class ClientCertificates(unittest.TestCase):
    def test_where_one_is_required_mail_with_it_is_taken_and_told_in_log_and_received(self):
        gateway = harness.Gateway(config=harness.DEFAULT_CONFIG.replace(
            '[listener.submission]', 'require_tls = true\nclient_certificates = "require"\n'
            'client_ca_file = "known/fullchain.pem"\n[listener.submission]', 1))
        self.addCleanup(gateway.__exit__, None, None, None)
        for name in ("known", "stranger"):
            make_pair(gateway.folder / name, name)
        gateway.start()
        for name, code in (("known", "250"), ("stranger", "530")):
            context = harness.tls_context()
            context.load_cert_chain(gateway.folder / name / "fullchain.pem",
                                    gateway.folder / name / "privkey.pem")
            with harness.Wire(gateway.ports["mx"]) as wire:
                wire.expect("220")
                wire.expect("250", "EHLO client.example.org")
                wire.starttls(context)
                wire.expect("250", "EHLO client.example.org")
                reply = wire.expect(code, "MAIL FROM:<alice@example.org>")
                if code == "530":
                    self.assertIn("client certificate is not accepted", str(reply))
                    continue
                wire.expect("250", "RCPT TO:<bob@example.com>")
                wire.expect("354", "DATA")
                wire.send(b"Subject: x\r\n\r\ntext\r\n.\r\n")
                wire.expect("250")
        self.assertRegex(gateway.log(), r"message .*client_cert=verified client_cert_subject=\"?CN=known"
                                        r"\"? client_cert_sha256=[0-9a-f]{64}")
        self.assertIn(b"client certificate CN", re.sub(rb"\s+", b" ", gateway.inbox()[0]))


if __name__ == "__main__":
    unittest.main()
