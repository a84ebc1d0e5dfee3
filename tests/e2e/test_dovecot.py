"""Log-ins that a real Dovecot decides: passwords, SCRAM, and access tokens that it has checked elsewhere."""
import http.server
import json
import shutil
import smtplib
import subprocess
import threading
import unittest

import scram
import test_clients
from dovecot import DOVECOT, Dovecot
from harness import DEFAULT_CONFIG, PATIENCE, ROOT, Gateway, plain, tls_context

SWAKS = shutil.which("swaks")


class TokenServer(http.server.ThreadingHTTPServer):
    """Token introspection: one token is alice's, one has run out, no other is known."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            about = {"good-token": {"active": True, "username": "alice"},
                     "old-token": {"active": False, "username": "alice"}}.get(token, {"active": False})
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(about).encode())

        def log_message(self, *_):
            pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def __exit__(self, *exception):
        self.shutdown()
        super().__exit__(*exception)


@unittest.skipUnless(DOVECOT, "dovecot is not installed")
class DovecotTest(unittest.TestCase):
    def setUp(self):
        self.dovecot = Dovecot()
        self.addCleanup(self.dovecot.remove)

    def gateway(self):
        config = DEFAULT_CONFIG.replace('users_file = "users"',
                                        f'dovecot_socket = "{self.dovecot.socket}"')
        assert config != DEFAULT_CONFIG
        return Gateway(config=config, users={})

    def client(self, gateway):
        client = smtplib.SMTP("127.0.0.1", gateway.ports["submission"], timeout=PATIENCE)
        client.starttls(context=tls_context())
        client.ehlo()
        self.addCleanup(client.close)
        return client

    def test_ehlo_names_the_mechanisms_of_dovecot_that_can_be_had_through_us(self):
        self.dovecot.start()
        with self.gateway() as gateway:
            offered = set(self.client(gateway).esmtp_features["auth"].split())
        self.assertEqual(offered, {"PLAIN", "LOGIN", "SCRAM-SHA-256"})

    def test_plain_and_login_are_checked_by_dovecot(self):
        self.dovecot.start()
        with self.gateway() as gateway:
            client = self.client(gateway)
            self.assertEqual(client.docmd("AUTH PLAIN", plain("alice", "wrong"))[0], 535)
            self.assertEqual(client.docmd("AUTH PLAIN", plain("alice", "correct horse"))[0], 235)
            client = self.client(gateway)
            self.assertEqual(client.docmd("AUTH LOGIN"), (334, b"VXNlcm5hbWU6"))
            self.assertEqual(client.docmd("YWxpY2U="), (334, b"UGFzc3dvcmQ6"))
            self.assertEqual(client.docmd("Y29ycmVjdCBob3JzZQ==")[0], 235)
            self.assertRegex(gateway.log(), r"user=\"?alice")

    def test_dovecot_that_is_away_is_a_temporary_failure_until_it_is_back(self):
        with self.gateway() as gateway:
            client = self.client(gateway)
            self.assertEqual(client.docmd("AUTH PLAIN", plain("alice", "correct horse"))[0], 454)
            self.dovecot.start()
            self.assertEqual(client.docmd("AUTH PLAIN", plain("alice", "correct horse"))[0], 235)
            self.dovecot.stop()
            self.assertEqual(
                self.client(gateway).docmd("AUTH PLAIN", plain("alice", "correct horse"))[0], 454)
            self.dovecot.start()
            self.assertEqual(
                self.client(gateway).docmd("AUTH PLAIN", plain("alice", "correct horse"))[0], 235)

    def test_scram_is_spoken_with_dovecot_through_us(self):
        self.dovecot.start()
        with self.gateway() as gateway:
            self.assertEqual(
                scram.log_in(self.client(gateway).docmd, "alice", "correct horse")[0], 235)
            self.assertEqual(scram.log_in(self.client(gateway).docmd, "alice", "wrong")[0], 535)
            self.assertEqual(scram.log_in(self.client(gateway).docmd, "nobody", "wrong")[0], 535)
            self.assertRegex(gateway.log(), r" auth .*user=\"?alice\"? mechanism=\"?SCRAM-SHA-256")

    def test_access_tokens_are_checked_where_dovecot_has_them_checked(self):
        tokens = self.enterContext(TokenServer())
        self.dovecot = Dovecot(tokens=tokens.url)
        self.addCleanup(self.dovecot.remove)
        self.dovecot.start()
        with self.gateway() as gateway:
            offered = self.client(gateway).esmtp_features["auth"].split()
            self.assertLessEqual({"XOAUTH2", "OAUTHBEARER"}, set(offered))
            for mechanism, words, ours in (
                    ("XOAUTH2", "user=alice\1auth=Bearer {}\1\1", ""),
                    ("OAUTHBEARER", "n,a=alice,\1host=localhost\1port=587\1auth=Bearer {}\1\1", "\1")):
                with self.subTest(mechanism):
                    client = self.client(gateway)
                    said = scram.b64(words.format("good-token"))
                    self.assertEqual(client.docmd(f"AUTH {mechanism}", said)[0], 235)
                    client.sendmail("alice@example.com", ["x@example.net"], "Subject: x\r\n\r\nx\r\n")
                    for bad in ("old-token", "made-up"):
                        client = self.client(gateway)
                        code, _ = client.docmd(f"AUTH {mechanism}", scram.b64(words.format(bad)))
                        if code == 334:  # why, in JSON; an answer to it is wanted before the refusal
                            code, _ = client.docmd(scram.b64(ours))
                        self.assertEqual(code, 535, bad)

    def test_nodemailer_shows_an_access_token(self):
        modules = test_clients.Nodemailer.install()
        tokens = self.enterContext(TokenServer())
        self.dovecot = Dovecot(tokens=tokens.url)
        self.addCleanup(self.dovecot.remove)
        self.dovecot.start()
        with self.gateway() as gateway:
            for token, code in (("good-token", 0), ("old-token", 1)):
                job = {"modules": str(modules),
                       "transport": {"host": "127.0.0.1", "port": gateway.ports["submission"],
                                     "requireTLS": True, "name": "client.example.org",
                                     "tls": {"ca": (gateway.folder / "cert.pem").read_text(),
                                             "servername": "localhost"},
                                     "auth": {"type": "OAuth2", "user": "alice", "accessToken": token}},
                       "mail": {"from": "alice@example.com", "to": "x@example.net", "subject": "x",
                                "text": "hello"}}
                done = subprocess.run(["node", ROOT / "tests" / "e2e" / "clients" / "nodemailer.js"],
                                      input=json.dumps(job), text=True, capture_output=True,
                                      timeout=PATIENCE, check=False)
                self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            self.assertEqual(len(gateway.inbox()), 1)
            self.assertRegex(gateway.log(), r" auth .*user=alice mechanism=XOAUTH2")

    @unittest.skipUnless(SWAKS, "swaks is not installed")
    def test_swaks_logs_in_by_each_mechanism(self):
        self.dovecot.start()
        with self.gateway() as gateway:
            for mechanism in ("PLAIN", "LOGIN"):
                with self.subTest(mechanism):
                    done = subprocess.run(
                        [SWAKS, "--server", f"127.0.0.1:{gateway.ports['submission']}", "--tls",
                         "--auth", mechanism, "--auth-user", "alice", "--auth-password",
                         "correct horse", "--quit-after", "AUTH"],
                        text=True, capture_output=True, timeout=PATIENCE, check=False)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
