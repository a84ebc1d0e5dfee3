"""The gateway logs in to a mail server that takes mail only from those who do: over TLS, by each mechanism,
with a secret that changes while the gateway runs.
"""
import base64
import hashlib
import hmac
import os
import re
import socketserver
import ssl
import threading
import unittest

import harness

USER, PASSWORD = "gateway", "kept, quite secret"

CONFIG = """
[upstream.main]
host = "127.0.0.1"
port = {port}
tls = "required"
breaker_pause = "100ms"
health_check = "0s"
[upstream.main.auth]
user = "gateway"
secret_file = "secret"
mechanism = "{mechanism}"
"""


def b64(data):
    return base64.b64encode(data).decode()


class Smarthost(socketserver.ThreadingTCPServer):
    """Offers `mechanisms` after STARTTLS, and MAIL only after one of them succeeded."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, certificate, mechanisms, password=PASSWORD):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        self.mechanisms = mechanisms
        self.password = password
        self.used = []  # mechanisms, in order, whether they succeeded or not
        self.in_clear = []  # what was said before TLS
        self.messages = 0
        self.connections = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def __exit__(self, *exception):
        self.shutdown()
        super().__exit__(*exception)


class Conversation(socketserver.BaseRequestHandler):
    def say(self, line):
        self.request.sendall(line.encode() + b"\r\n")

    def hear(self):
        line = b""
        while not line.endswith(b"\r\n"):
            byte = self.request.recv(1)
            if not byte:
                raise EOFError
            line += byte
        return line[:-2].decode()

    def ask(self, challenge):
        self.say("334 " + b64(challenge))
        return base64.b64decode(self.hear())

    def handle(self):
        self.server.connections += 1
        try:
            self.converse()
        except (EOFError, OSError):
            pass
        finally:
            self.request.close()  # another one than before STARTTLS

    def converse(self):
        encrypted = known = False
        self.say("220 smarthost.example.com ESMTP")
        while True:
            line = self.hear()
            verb = line[:4].upper()
            if not encrypted:
                self.server.in_clear.append(line)
            if verb == "EHLO":
                offer = f"AUTH {self.server.mechanisms}" if encrypted else "STARTTLS"
                self.say("250-smarthost.example.com\r\n250-ENHANCEDSTATUSCODES\r\n250 " + offer)
            elif verb == "STAR":
                self.say("220 2.0.0 go ahead")
                self.request = self.server.tls.wrap_socket(self.request, server_side=True)
                encrypted = True
            elif verb == "AUTH":
                known = self.log_in(*line.split(" ")[1:])
                self.say("235 2.7.0 welcome" if known else "535 5.7.8 who are you?")
            elif verb == "QUIT":
                return self.say("221 2.0.0 bye")
            elif not known:
                self.say("530 5.7.0 log in first")
            elif verb == "DATA":
                self.say("354 go ahead")
                while self.hear() != ".":
                    pass
                self.server.messages += 1
                self.say("250 2.0.0 taken")
            else:
                self.say("250 2.0.0 ok")

    def log_in(self, mechanism, initial=None):
        self.server.used.append(mechanism)
        first = base64.b64decode(initial) if initial else None
        password = self.server.password.encode()
        if first is None and mechanism != "LOGIN":  # too long for the line of the command
            first = self.ask(b"")
        if mechanism == "PLAIN":
            return first == b"\0" + USER.encode() + b"\0" + password
        if mechanism == "LOGIN":
            return (self.ask(b"Username:"), self.ask(b"Password:")) == (USER.encode(), password)
        if mechanism == "XOAUTH2":
            if first == b"user=" + USER.encode() + b"\1auth=Bearer " + password + b"\1\1":
                return True
            return self.ask(b'{"status":"401"}') is None
        return self.scram(first.decode(), password)

    def scram(self, first, password):  # RFC 5802 section 3
        salt, rounds = os.urandom(16), 4096
        header, user, nonce = re.fullmatch(r"([ny],,)n=(.*),r=(.*)", first).groups()
        challenge = f"r={nonce}server,s={b64(salt)},i={rounds}"
        last = self.ask(challenge.encode()).decode()
        without_proof, proof = re.fullmatch(rf"(c={b64(header.encode())},r=.*),p=(.*)", last).groups()
        signed = f"{first[3:]},{challenge},{without_proof}".encode()
        salted = hashlib.pbkdf2_hmac("sha256", password, salt, rounds)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        expected = bytes(a ^ b for a, b in zip(client_key, signature))
        if user != USER or base64.b64decode(proof) != expected:
            return False
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        return self.ask(b"v=" + b64(hmac.digest(server_key, signed, "sha256")).encode()) == b""


class UpstreamLoginTest(unittest.TestCase):
    def gateway(self, mechanisms, mechanism="strongest", secret=PASSWORD, password=PASSWORD):
        """A started gateway and its smarthost; both end with the test."""
        gateway = harness.Gateway()
        smarthost = self.enterContext(Smarthost(gateway.folder, mechanisms, password))
        with open(gateway.folder / "sekisho.toml", "a", encoding="utf-8") as config:
            config.write(CONFIG.format(port=smarthost.port, mechanism=mechanism))
        gateway.write("secret", secret + "\n")
        return self.enterContext(gateway), smarthost

    def send(self, gateway):
        """The code that the client gets: of the first refusal, or of the whole message."""
        with harness.smtplib.SMTP("127.0.0.1", gateway.ports["mx"]) as client:
            try:
                client.sendmail("a@example.org", ["b@example.com"], "Subject: x\r\n\r\nhello\r\n")
            except harness.smtplib.SMTPRecipientsRefused as refused:
                return next(iter(refused.recipients.values()))[0]
        return 250

    def test_the_strongest_mechanism_that_is_offered_is_used(self):
        for offered, used in (("LOGIN PLAIN SCRAM-SHA-256", "SCRAM-SHA-256"),
                              ("GSSAPI LOGIN PLAIN", "PLAIN"), ("LOGIN XOAUTH2", "LOGIN")):
            with self.subTest(offered):
                gateway, smarthost = self.gateway(offered)
                self.assertEqual(self.send(gateway), 250)
                self.assertEqual(smarthost.used, [used])
                self.assertEqual(smarthost.messages, 1)
                self.assertTrue(all(line[:4] in ("EHLO", "STAR") for line in smarthost.in_clear))

    def test_a_token_is_used_by_xoauth2(self):
        token = "ya29." + "x" * 1400
        gateway, smarthost = self.gateway("PLAIN XOAUTH2", "xoauth2", token, token)
        self.assertEqual(self.send(gateway), 250)
        self.assertEqual(smarthost.used, ["XOAUTH2"])

    def test_a_refused_log_in_is_451_and_a_new_secret_mends_it_without_a_reload(self):
        for mechanism in ("SCRAM-SHA-256", "PLAIN", "LOGIN"):
            with self.subTest(mechanism):
                gateway, smarthost = self.gateway(mechanism, secret="an old one")
                self.assertEqual(self.send(gateway), 451)
                self.assertEqual(smarthost.messages, 0)
                gateway.write("secret", PASSWORD)
                harness.wait_until(lambda: self.send(gateway) == 250, "the new secret to count")
                self.assertEqual(smarthost.messages, 1)

    def test_a_refused_secret_is_not_shown_again(self):
        gateway, smarthost = self.gateway("PLAIN", secret="an old one")
        self.assertEqual(self.send(gateway), 451)

        def probed():  # a connection that the breaker let through, after a pause
            self.assertEqual(self.send(gateway), 451)
            return smarthost.connections > 2
        harness.wait_until(probed, "the breaker to let some connections through")
        self.assertEqual(smarthost.used, ["PLAIN"])
        self.assertRegex(gateway.log(), "upstream_login_refused .*user=gateway .*refused our log-in")

    def test_no_output_holds_the_secret(self):
        gateway, smarthost = self.gateway("PLAIN", password="another")
        self.assertEqual(self.send(gateway), 451)
        self.assertEqual(smarthost.used, ["PLAIN"])
        shown = gateway.run("config", "show", "--config", gateway.folder / "sekisho.toml").stdout
        self.assertIn("secret_file", shown)
        for text in (shown, gateway.log(), gateway.printed()):
            self.assertNotIn(PASSWORD, text)
            self.assertNotIn(b64(PASSWORD.encode())[:12], text)


if __name__ == "__main__":
    unittest.main()
