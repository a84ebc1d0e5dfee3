"""Real mail programs send through the gateway; what arrives is compared with what they were given."""
import base64
import email
import email.policy
import json
import pathlib
import re
import shutil
import smtplib
import subprocess
import unittest
import urllib.parse

from client_test import MECHANISMS, MESSAGE, SUBMISSION, UNENDED, ClientTest
from harness import PATIENCE, ROOT, USERS, cases, plain, tls_context, undo_dots, without_added_headers


class Swaks(ClientTest):
    program = "swaks"

    def swaks(self, listener, *options):
        if listener != "mx":
            options += ("--tls" if listener == "submission" else "--tls-on-connect",)
        return self.run_program(
            "--server", "127.0.0.1", "--port", self.gateway.ports[listener], "--ehlo",
            "client.example.org", "--from", "alice@example.com", "--to", self.recipient(),
            "--data", f"@{self.file('message', UNENDED)}", *options)

    @cases(MECHANISMS)
    def test_sends_by(self, listener, mechanism):
        self.assert_sent(self.swaks(listener, "--auth", mechanism, "--auth-user", "alice",
                                    "--auth-password", USERS["alice"]))

    @cases(MECHANISMS)
    def test_is_told_of_a_wrong_password_by(self, listener, mechanism):
        done = self.swaks(listener, "--auth", mechanism, "--auth-user", "alice", "--auth-password",
                          "wrong")
        self.assert_refused(done, listener, mechanism)

    def test_sends_pipelined(self):
        done = self.swaks("mx", "--pipeline")
        self.assert_sent(done)
        self.assertRegex(done.text, r"(?s)-> RCPT.*-> DATA.*<-  250", "nothing was pipelined")

    def test_sends_to_mx_with_starttls(self):
        self.assert_sent(self.swaks("mx", "--tls"))

    def test_is_refused_without_log_in(self):
        done = self.swaks("submission")
        self.assertIn("530 5.7.0", done.text)
        self.assertNotEqual(done.returncode, 0)


class Msmtp(ClientTest):
    program = "msmtp"

    def msmtp(self, listener, mechanism, password):
        path = self.file("password", password.encode() + b"\n")
        path.chmod(0o600)
        return self.run_program(
            "--host=127.0.0.1", f"--port={self.gateway.ports[listener]}", "--tls=on",
            f"--tls-starttls={'on' if listener == 'submission' else 'off'}",
            f"--tls-trust-file={self.gateway.folder / 'cert.pem'}", f"--auth={mechanism.lower()}",
            "--user=alice", f"--passwordeval=cat {path}", "--from=alice@example.com",
            "--domain=client.example.org", self.recipient(), input=MESSAGE.replace(b"\r\n", b"\n"))

    @cases(MECHANISMS)
    def test_sends_by(self, listener, mechanism):
        self.assert_sent(self.msmtp(listener, mechanism, USERS["alice"]))

    @cases(MECHANISMS)
    def test_is_told_of_a_wrong_password_by(self, listener, mechanism):
        self.assert_refused(self.msmtp(listener, mechanism, "wrong"), listener, mechanism)

    def test_reads_what_the_server_offers(self):
        done = self.run_program("--host=127.0.0.1", f"--port={self.gateway.ports['submission']}",
                                "--serverinfo", "--tls=on", "--tls-certcheck=off")
        self.assertEqual(done.returncode, 0, done.text)
        for offered in ("TLS", "PIPELINING", "SIZE 52428800", "PLAIN LOGIN"):
            self.assertIn(offered, done.text)


class Curl(ClientTest):
    program = "curl"

    def curl(self, listener, mechanism=None, password=None):
        scheme = "smtps" if listener == "submissions" else "smtp"
        options = [] if listener == "mx" else \
            ["--ssl-reqd", "--cacert", self.gateway.folder / "cert.pem", "--user",
             f"alice:{password}", "--login-options", f"AUTH={mechanism}"]
        return self.run_program(
            "--silent", "--show-error", "--verbose", *options, "--mail-from", "alice@example.com",
            "--mail-rcpt", self.recipient(), "--upload-file", self.file("message", MESSAGE),
            f"{scheme}://127.0.0.1:{self.gateway.ports[listener]}/client.example.org")

    @cases(MECHANISMS)
    def test_sends_by(self, listener, mechanism):
        self.assert_sent(self.curl(listener, mechanism, USERS["alice"]))

    @cases(MECHANISMS)
    def test_is_told_of_a_wrong_password_by(self, listener, mechanism):
        self.assert_refused(self.curl(listener, mechanism, "wrong"), listener, mechanism)

    def test_sends_to_mx(self):
        self.assert_sent(self.curl("mx"))


class SNail(ClientTest):
    program = "s-nail"

    def s_nail(self, listener, mechanism, password):
        scheme = {"submission": "submission", "submissions": "submissions"}[listener]
        secret = urllib.parse.quote(password)
        settings = {
            "v15-compat": "yes", "smtp-auth": mechanism.lower(), 
            "mta": f"{scheme}://alice:{secret}@localhost:{self.gateway.ports[listener]}",
            "tls-ca-file": self.gateway.folder / "cert.pem", "tls-ca-no-defaults": "yes",
            "hostname": "client.example.org", "sendwait": "yes", "from": "alice@example.com",
            "ttycharset": "utf-8", "sendcharsets": "utf-8",
            "nosave": "yes", "smtp-use-starttls": "yes"}
        options = [word for name, value in settings.items()
                   for word in ("-S", name if value == "yes" else f"{name}={value}")]
        body = MESSAGE.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n")
        return self.run_program("-:/", *options, "-s", "a subject with Grüße", "-r",
                                "alice@example.com", self.recipient(), input=body, DEAD="/dev/null", MAILRC="/dev/null")

    @cases(MECHANISMS)
    def test_sends_by(self, listener, mechanism):
        done = self.s_nail(listener, mechanism, USERS["alice"])
        self.assertEqual(done.returncode, 0, done.text)
        fields = email.message_from_bytes(self.received(), policy=email.policy.default)
        # It writes 8-bit lines and long ones as quoted-printable, whatever we say.
        self.assertEqual(fields.get_payload(decode=True), MESSAGE.partition(b"\r\n\r\n")[2])
        self.assertEqual((fields["Subject"], fields["To"], fields["From"]),
                         ("a subject with Grüße", self.recipient(), "alice@example.com"))

    @cases(MECHANISMS)
    def test_is_told_of_a_wrong_password_by(self, listener, mechanism):
        self.assert_refused(self.s_nail(listener, mechanism, "wrong"), listener, mechanism)


class Smtplib(ClientTest):
    def client(self, listener):
        port = self.gateway.ports[listener]
        if listener == "submissions":
            client = smtplib.SMTP_SSL("127.0.0.1", port, context=tls_context(), timeout=PATIENCE)
        else:
            client = smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE)
            client.starttls(context=tls_context())
        client.ehlo()
        return self.enterContext(client)

    def authenticate(self, client, mechanism, password):
        client.user, client.password = "alice", password
        return client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))

    @cases(MECHANISMS)
    def test_sends_by(self, listener, mechanism):
        client = self.client(listener)
        self.authenticate(client, mechanism, USERS["alice"])
        self.assertEqual(client.sendmail("alice@example.com", self.recipient(), MESSAGE,
                                         mail_options=["BODY=8BITMIME"]), {})
        self.assertEqual(self.received(), MESSAGE)

    @cases(MECHANISMS)
    def test_is_told_of_a_wrong_password_by(self, listener, mechanism):
        client = self.client(listener)
        with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
            self.authenticate(client, mechanism, "wrong")
        self.assertEqual(refused.exception.smtp_code, 535)
        self.assertEqual(client.mail("alice@example.com")[0], 530)

    def test_sends_a_composed_message(self):
        message = email.message.EmailMessage()
        message["Subject"] = "Grüße"
        message["From"], message["To"] = "Alice <alice@example.com>", "somebody@example.net"
        message.set_content("Grüße aus Köln\n.\n..\n")
        message.add_attachment(bytes(range(256)) * 40, maintype="application",
                               subtype="octet-stream", filename="bytes.bin")
        client = self.client("submission")
        client.login("alice", USERS["alice"])
        client.send_message(message, to_addrs=[self.recipient()])
        received = email.message_from_bytes(self.received(), policy=email.policy.default)
        self.assertEqual(received["Subject"], "Grüße")
        self.assertEqual(received.get_body().get_content(), "Grüße aus Köln\r\n.\r\n..\r\n")
        self.assertEqual(next(received.iter_attachments()).get_content(), bytes(range(256)) * 40)


class Nodemailer(ClientTest):
    program = "node"

    @classmethod
    def setUpClass(cls):
        if not cls.find("npm"):
            raise unittest.SkipTest("npm is not installed")
        cls.modules = cls.install()
        super().setUpClass()

    @classmethod
    def install(cls):
        """The folder that holds the pinned packages; they are fetched where they aren't yet."""
        source = pathlib.Path(__file__).resolve().parent / "clients"
        folder = ROOT / "build" / "npm"
        lock = (source / "package-lock.json").read_text()
        done = folder / "installed"
        if not done.exists() or done.read_text() != lock:
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(source / name, folder)
            npm = subprocess.run([cls.find("npm"), "ci", "--prefix", folder, "--ignore-scripts",
                                  "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True,
                                 timeout=5 * PATIENCE, check=False)
            if npm.returncode != 0:
                raise unittest.SkipTest("nodemailer can't be installed: " + npm.stderr[-500:])
            done.write_text(lock)
        return folder / "node_modules"

    def nodemailer(self, listener, mechanism, password, raw=MESSAGE, **mail):
        job = {"modules": str(self.modules),
               "transport": {"host": "127.0.0.1", "port": self.gateway.ports[listener],
                             "secure": listener == "submissions", "requireTLS": True,
                             "authMethod": mechanism, "name": "client.example.org",
                             "tls": {"ca": (self.gateway.folder / "cert.pem").read_text(),
                                     "servername": "localhost"},
                             "auth": {"user": "alice", "pass": password}},
               "mail": {"envelope": {"from": "alice@example.com", "to": [self.recipient()]}, **mail}}
        if raw:
            job["raw"] = base64.b64encode(raw).decode()
        return self.run_program(pathlib.Path(__file__).resolve().parent / "clients" / "nodemailer.js",
                                input=json.dumps(job).encode())

    @cases(MECHANISMS)
    def test_sends_by(self, listener, mechanism):
        done = self.nodemailer(listener, mechanism, USERS["alice"])
        self.assert_sent(done)
        self.assertRegex(done.text, r"250-2\.0\.0 queued as \S+")

    @cases(MECHANISMS)
    def test_is_told_of_a_wrong_password_by(self, listener, mechanism):
        self.assert_refused(self.nodemailer(listener, mechanism, "wrong"), listener, mechanism)

    def test_sends_a_composed_message(self):
        done = self.nodemailer("submission", "PLAIN", USERS["alice"], raw=None, **{
            "from": "Alice <alice@example.com>", "to": "somebody@example.net", "subject": "Grüße",
            "text": "Grüße aus Köln\n.\n..\n",
            "attachments": [{"filename": "größe.txt", "content": "content\n.\n"}]})
        self.assertEqual(done.returncode, 0, done.text)
        received = email.message_from_bytes(self.received(), policy=email.policy.default)
        self.assertEqual(received["Subject"], "Grüße")
        self.assertEqual(received.get_body().get_content(), "Grüße aus Köln\r\n.\r\n..\r\n")
        attachment = next(received.iter_attachments())
        self.assertEqual((attachment.get_filename(), attachment.get_content()),
                         ("größe.txt", "content\n.\n"))


class OpensslClient(ClientTest):
    program = "openssl"

    def s_client(self, listener, *options, input=b""):
        start = ("-starttls", "smtp") if listener != "submissions" else ()
        return self.run_program("s_client", *start, "-connect",
                                f"127.0.0.1:{self.gateway.ports[listener]}", *options, input=input)

    @cases({f"{version}_on_{listener}": (listener, version)
            for version in ("tls1", "tls1_1") for listener in ("mx", "submission", "submissions")})
    def test_is_refused_with(self, listener, version):
        # Level 0 lets this client speak the old versions; that the alert came is the server's doing.
        done = self.s_client(listener, f"-{version}", "-cipher", "ALL:@SECLEVEL=0")
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.text, "alert (protocol version|handshake failure)")

    @cases({f"{version}_on_{listener}": (listener, version, name)
            for version, name in (("tls1_2", "TLSv1.2"), ("tls1_3", "TLSv1.3"))
            for listener in ("mx", "submission", "submissions")})
    def test_is_welcome_with(self, listener, version, name):
        done = self.s_client(listener, f"-{version}", "-ign_eof", input=b"NOOP\r\nQUIT\r\n")
        self.assertEqual(done.returncode, 0, done.text)
        self.assertRegex(done.text, rf"New, {re.escape(name)}, Cipher is \S+(GCM|POLY1305)")
        self.assertIn("Compression: NONE", done.text)
        self.assertRegex(done.text, r"250 2\.0\.0 ok\r\n221 2\.0\.0")

    @cases({"a_cipher_without_forward_secrecy": "AES128-GCM-SHA256",
            "a_cbc_cipher": "ECDHE-ECDSA-AES128-SHA",
            "an_export_or_null_cipher": "aNULL:eNULL"})
    def test_is_refused_with_only(self, ciphers):
        done = self.s_client("submissions", "-tls1_2", "-cipher", ciphers + ":@SECLEVEL=0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("alert handshake failure", done.text)

    @cases({name: listener for name, listener in SUBMISSION.items()})
    def test_may_not_renegotiate_after(self, listener):
        # A line that begins with R asks this client for a renegotiation. Only once the 252 is here is
        # nothing of ours on its way: text amid a handshake ends the client with words of its own.
        start = ("-starttls", "smtp") if listener != "submissions" else ()
        command = [self.find("openssl"), "s_client", *start, "-connect",
                   f"127.0.0.1:{self.gateway.ports[listener]}", "-tls1_2"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as client:
            client.stdin.write(b"VRFY somebody\r\n")
            client.stdin.flush()
            text = ""
            while not text.endswith("\n") or not re.search(r"(?m)^252 ", text):
                line = client.stdout.readline().decode()
                self.assertTrue(line, text)
                text += line
            text += client.communicate(b"R\n", timeout=30)[0].decode()
        self.assertIn("RENEGOTIATING", text)
        self.assertIn("no renegotiation", text)
        self.assertNotEqual(client.returncode, 0)

    @cases(SUBMISSION)
    def test_sends_after(self, listener):
        command = [self.find("openssl"), "s_client", "-connect",
                   f"127.0.0.1:{self.gateway.ports[listener]}", "-quiet", "-nocommands", "-CAfile",
                   self.gateway.folder / "cert.pem", "-verify_return_error"]
        if listener == "submission":
            command += ["-starttls", "smtp"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as client:
            def expect(code, line):
                client.stdin.write(line)
                client.stdin.flush()
                while True:
                    reply = client.stdout.readline().decode()
                    if reply[:4] == f"{code} ":
                        return
                    self.assertTrue(line.startswith(b"VRFY") or reply[:4] == f"{code}-",
                                    (line[:80], reply))

            expect(252, b"VRFY somebody\r\n")  # what stands before is a greeting or this program's EHLO
            expect(250, b"EHLO client.example.org\r\n")
            expect(535, b"AUTH PLAIN " + plain("alice", "wrong").encode() + b"\r\n")
            expect(235, b"AUTH PLAIN " + plain("alice", USERS["alice"]).encode() + b"\r\n")
            expect(250, b"MAIL FROM:<alice@example.com> BODY=8BITMIME\r\n")
            expect(250, b"RCPT TO:<" + self.recipient().encode() + b">\r\n")
            expect(354, b"DATA\r\n")
            expect(250, re.sub(rb"(?m)^\.", b"..", MESSAGE) + b".\r\n")
            expect(221, b"QUIT\r\n")
        self.assertEqual(client.returncode, 0)
        self.assertEqual(self.received(), MESSAGE)


class SmtpSource(ClientTest):
    program = "smtp-source"

    def source(self, *options):
        return self.run_program(*options, "-f", "alice@example.com", "-t", self.recipient(),
                                f"127.0.0.1:{self.gateway.ports['mx']}")

    def test_sends_messages_of_its_own(self):
        done = self.source("-m", "20", "-s", "4", "-l", "2000", "-M", "client.example.org")
        self.assertEqual(done.returncode, 0, done.text)
        found = [message for message in self.upstream.messages if message[1] == [self.recipient()]]
        self.assertEqual(len(found), 20)
        for _, _, data in found:
            body = without_added_headers(undo_dots(data)).partition(b"\r\n\r\n")[2]
            self.assertRegex(body, rb"\A(\d?X{70,80}\r\n){20,30}\Z")

    def test_sends_a_file_of_ours(self):
        path = self.file("message", MESSAGE.replace(b"\r\n", b"\n"))
        done = self.source("-F", path)
        self.assertEqual(done.returncode, 0, done.text)
        self.assertEqual(self.received(), MESSAGE + b"\r\n")


if __name__ == "__main__":
    unittest.main()
