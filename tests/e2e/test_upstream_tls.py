"""A real Postfix over TLS: pinned fingerprints, a certificate of ours, resumed sessions."""
import hashlib
import shutil
import subprocess
import unittest
import urllib.request

import postfix
from harness import CaseTest, Gateway, Wire, make_certificate, wait_until

server = None  # the Postfix of all tests here

CONFIG = """
[upstream.main]
host = "127.0.0.1"
port = {port}
tls = "{mode}"
tls_name = "localhost"
breaker_failures = 100
{settings}
"""


def setUpModule():
    global server
    postfix.require()
    server = unittest.enterModuleContext(postfix.Postfix())


def key_fingerprint(certificate):
    """Of the public key, in hexadecimal."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"],
                         check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True,
                         capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


class UpstreamTls(CaseTest):
    def gateway(self, listener="tls", mode="verify", settings="", top=""):
        return Gateway(top=top, extra=CONFIG.format(port=server.ports[listener], mode=mode,
                                                    settings=settings))

    def recipient(self, number=0):
        return f"{self._testMethodName[5:45]}.{number}@example.com".lower()

    def rcpt(self, gateway, number=0):
        """The answer to a recipient; after a positive one the message is sent."""
        with Wire(gateway.ports["mx"]) as wire:
            wire.expect(220)
            wire.expect(250, "EHLO client.example.org")
            wire.expect(250, "MAIL FROM:<a@example.org>")
            answer = wire.command(f"RCPT TO:<{self.recipient(number)}>")
            if answer.startswith("250"):
                wire.expect(354, "DATA")
                wire.expect(250, b"Subject: x\r\n\r\nx\r\n.\r\n")
        return answer

    def test_a_pinned_certificate_needs_no_authority(self):
        certificate = server.folder / "cert.pem"
        for number, pin in enumerate((postfix.fingerprint(certificate), key_fingerprint(certificate))):
            with self.gateway(settings=f'tls_fingerprints = ["{"00" * 32}", "{pin}"]') as gateway:
                self.assertEqual(self.rcpt(gateway, number)[:3], "250")
            server.wait_for_mail(self.recipient(number))

    def test_another_certificate_than_the_pinned_one_gets_no_mail(self):
        with self.gateway(settings=f'tls_fingerprints = ["{"00" * 32}"]') as gateway:
            self.assertEqual(self.rcpt(gateway)[:3], "451")
            line = gateway.wait_for_log(r".* rcpt_refused .*no configured fingerprint.*")[0]
        self.assertIn(postfix.fingerprint(server.folder / "cert.pem").replace(":", "").lower(), line)

    def test_postfix_knows_us_by_our_certificate(self):
        gateway = self.gateway("knows_us", "required",
                               'tls_certificate = "ours/cert.pem"\ntls_key = "ours/key.pem"\nidle = "100ms"')
        ours = gateway.folder / "ours"
        ours.mkdir()
        make_certificate(ours, "gateway.example.com")
        with gateway:
            # It is one that Postfix has never heard of.
            self.assertIn("Client host rejected", self.rcpt(gateway))
            # The one that it knows takes its place while the gateway runs.
            for name in ("cert.pem", "key.pem"):
                shutil.copy(server.known_client / name, ours / (name + ".new"))
            for name in ("key.pem", "cert.pem"):
                (ours / (name + ".new")).rename(ours / name)
            gateway.wait_for_log(r".* certificate_reloaded .*ours/cert\.pem.*")
            wait_until(lambda: self.rcpt(gateway).startswith("250"), "Postfix to know us", interval=0.2)
        server.wait_for_mail(self.recipient())

    def test_sessions_are_resumed(self):
        pin = postfix.fingerprint(server.folder / "cert.pem")
        port, = postfix.free_ports(1)
        settings = f'tls_fingerprints = ["{pin}"]\nmax_messages = 1\nhealth_check = "0s"'
        with self.gateway(settings=settings, top=f'metrics_address = "127.0.0.1:{port}"\nthreads = 1') \
                as gateway:
            for number in range(5):
                self.assertEqual(self.rcpt(gateway, number)[:3], "250")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
                text = page.read().decode()
        self.assertIn('upstream_connections_opened_total{upstream="main"} 5', text)
        self.assertIn('upstream_tls_resumed_total{upstream="main"} 4', text)


if __name__ == "__main__":
    unittest.main()
