"""Log-ins without a password on the wire: SCRAM with and without channel binding, EXTERNAL with a client
certificate; by the gsasl program of GNU SASL and by a client of our own."""
import shutil
import smtplib
import ssl
import subprocess
import unittest

import harness
import scram
from harness import PATIENCE, USERS, plain, tls_context

GSASL = shutil.which("gsasl")


def make_client_certificate(folder, subject, mail=None):
    """An authority in ca.pem, and what it signed in client.pem and client.key."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *curve, "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key",
            "-out", "ca.pem")
    openssl("req", *curve, "-subj", subject, "-keyout", "client.key", "-out", "client.csr")
    (folder / "client.ext").write_text(
        "extendedKeyUsage=clientAuth\n" + (f"subjectAltName=email:{mail}\n" if mail else ""))
    openssl("x509", "-req", "-in", "client.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
            "-set_serial", "2", "-extfile", "client.ext", "-out", "client.pem")


class MechanismTest(unittest.TestCase):
    def gateway(self, **options):
        return harness.Gateway(extra='[auth.throttle]\nfirst_delay = "1ms"\nmax_delay = "2ms"\n', users={},
                               **options)

    def add_user(self, gateway, name, password, store):
        gateway.run("user", "add", name, "--store", store, "--file", gateway.folder / "users",
                    input=password + "\n")

    def client(self, gateway, listener="submission", context=None):
        client = smtplib.SMTP("127.0.0.1", gateway.ports[listener], timeout=PATIENCE)
        self.addCleanup(client.close)
        client.starttls(context=context or tls_context())
        client.ehlo()
        return client

    def gsasl(self, gateway, mechanism, *options, user="alice", password=None):
        words = [GSASL, "--smtp", "--connect", f"localhost:{gateway.ports['submission']}", "--mechanism",
                 mechanism, "--authentication-id", user, "--x509-ca-file", gateway.folder / "cert.pem",
                 "--verbose", *options]
        if password:
            words += ["--password", password]
        done = subprocess.run(words, input="", text=True, capture_output=True, timeout=PATIENCE,
                              check=False)
        return done.stdout + done.stderr


class Scram(MechanismTest):
    def setUp(self):
        self.served = self.gateway()
        self.add_user(self.served, "alice", USERS["alice"], "scram")
        self.add_user(self.served, "bob", USERS["bob"], "both")
        self.add_user(self.served, "carol", "just hashed", "hash")
        self.enterContext(self.served)

    def test_ehlo_offers_it_first(self):
        offered = self.client(self.served).esmtp_features["auth"].split()
        self.assertEqual(offered, ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"])
        old = tls_context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        offered = self.client(self.served, context=old).esmtp_features["auth"].split()
        self.assertEqual(offered, ["SCRAM-SHA-256", "PLAIN", "LOGIN"])

    def test_who_has_a_secret_for_it_sends_mail(self):
        client = self.client(self.served)
        self.assertEqual(scram.log_in(client.docmd, "ALICE", USERS["alice"])[0], 235)
        client.sendmail("alice@example.com", ["x@example.net"], "Subject: x\r\n\r\nhello\r\n")
        self.served.wait_for_log(r" auth .*user=alice mechanism=SCRAM-SHA-256 ")
        self.assertEqual(
            scram.log_in(self.client(self.served).docmd, "bob", USERS["bob"])[0], 235)

    def test_who_has_not_or_does_not_know_the_password_is_535(self):
        for user, password in (("alice", "wrong"), ("carol", "just hashed"), ("nobody", "wrong")):
            client = self.client(self.served)
            self.assertEqual(scram.log_in(client.docmd, user, password)[0], 535)
            self.assertEqual(client.docmd("MAIL FROM:<alice@example.com>")[0], 530)

    def test_a_client_that_was_not_told_of_channel_binding_is_535(self):
        self.assertEqual(
            scram.log_in(self.client(self.served).docmd, "alice", USERS["alice"], "y,,")[0], 535)
        old = tls_context()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        client = self.client(self.served, context=old)
        self.assertEqual(scram.log_in(client.docmd, "alice", USERS["alice"], "y,,")[0], 235)

    def test_a_password_works_by_plain_too_and_a_new_one_at_once_by_both(self):
        for user in ("alice", "bob"):
            self.assertEqual(
                self.client(self.served).docmd("AUTH PLAIN", plain(user, USERS[user]))[0], 235)
        self.served.run("user", "passwd", "alice", "--file", self.served.folder / "users",
                        input="another one\n")
        self.served.wait_for_log("users_file")
        self.assertEqual(scram.log_in(self.client(self.served).docmd, "alice", "another one")[0], 235)
        self.assertEqual(
            self.client(self.served).docmd("AUTH PLAIN", plain("alice", USERS["alice"]))[0], 535)

    @unittest.skipUnless(GSASL, "gsasl is not installed")
    def test_gsasl_logs_in_with_and_without_channel_binding(self):
        for mechanism, options in (("SCRAM-SHA-256-PLUS", ()), ("SCRAM-SHA-256", ("--no-cb",)),
                                   ("PLAIN", ()), ("LOGIN", ())):
            with self.subTest(mechanism):
                text = self.gsasl(self.served, mechanism, *options, password=USERS["alice"])
                self.assertIn("235 2.7.0", text)
                text = self.gsasl(self.served, mechanism, *options, password="wrong")
                self.assertIn("535 5.7.8", text)

    @unittest.skipUnless(GSASL, "gsasl is not installed")
    def test_a_secret_that_gsasl_made_is_taken(self):
        made = subprocess.run([GSASL, "--mkpasswd", "--mechanism", "SCRAM-SHA-256", "--password", "told"],
                              text=True, capture_output=True, check=True).stdout.strip()
        users = (self.served.folder / "users").read_text()
        self.served.write("users", users + f"dave:{made}\n")
        self.served.wait_for_log("users_file")
        self.assertEqual(scram.log_in(self.client(self.served).docmd, "dave", "told")[0], 235)


class TowardsAnUpstream(MechanismTest):
    """The upstream is another gateway: of those here it alone offers -PLUS."""

    UPSTREAM = ('[upstream.main]\nhost = "127.0.0.1"\nport = {port}\ntls = "required"\nbreaker_failures = 100\n'
                '[upstream.main.auth]\nuser = "relay"\nsecret_file = "secret"\nmechanism = "{mechanism}"\n')

    def test_the_log_in_is_bound_to_its_tls_connection(self):
        upstream = self.gateway()
        self.add_user(upstream, "relay", "between us", "scram")
        self.enterContext(upstream)
        for mechanism, used in (("strongest", "SCRAM-SHA-256-PLUS"),
                                ("scram-sha-256-plus", "SCRAM-SHA-256-PLUS"),
                                ("scram-sha-256", "SCRAM-SHA-256")):
            with self.subTest(mechanism):
                before = len(upstream.inbox())
                gateway = harness.Gateway(extra=self.UPSTREAM.format(
                    port=upstream.ports["submission"], mechanism=mechanism))
                gateway.write("secret", "between us\n")
                with gateway, smtplib.SMTP("127.0.0.1", gateway.ports["mx"]) as client:
                    client.sendmail("a@example.org", ["b@example.com"], "Subject: x\r\n\r\nhello\r\n")
                self.assertEqual(len(upstream.inbox()), before + 1)
                self.assertRegex(upstream.log(), rf" auth .*user=relay mechanism={used} ")

    def test_a_wrong_secret_is_451(self):
        upstream = self.gateway()
        self.add_user(upstream, "relay", "between us", "scram")
        self.enterContext(upstream)
        gateway = harness.Gateway(extra=self.UPSTREAM.format(port=upstream.ports["submission"],
                                                             mechanism="strongest"))
        gateway.write("secret", "a guess\n")
        with gateway, smtplib.SMTP("127.0.0.1", gateway.ports["mx"]) as client:
            client.ehlo()
            client.mail("a@example.org")
            self.assertEqual(client.rcpt("b@example.com")[0], 451)
        self.assertRegex(upstream.log(), "auth_failed .*user=relay mechanism=SCRAM-SHA-256-PLUS")


class External(MechanismTest):
    def serve(self, subject, mail, setting):
        config = harness.DEFAULT_CONFIG.replace(
            "[listener.submission]", '[listener.submission]\nclient_certificates = "request"\n'
            'client_ca_file = "ca.pem"\ncertificate_login = ' + setting.replace("{", "{{").replace("}", "}}"))
        gateway = self.gateway(config=config)
        self.add_user(gateway, "alice", USERS["alice"], "hash")
        make_client_certificate(gateway.folder, subject, mail)
        return self.enterContext(gateway)

    def shown(self, gateway):
        context = tls_context()
        context.load_cert_chain(gateway.folder / "client.pem", gateway.folder / "client.key")
        return self.client(gateway, context=context)

    def test_who_shows_a_certificate_sends_mail_without_a_password(self):
        for subject, mail, setting in (
                ("/CN=Alice", None, '{ name = "common-name" }'),
                ("/CN=device 7", "alice", '{ users = ["alice: CN=device 7"] }')):
            with self.subTest(setting):
                gateway = self.serve(subject, mail, setting)
                client = self.shown(gateway)
                self.assertEqual(client.esmtp_features["auth"].split(), ["EXTERNAL", "PLAIN", "LOGIN"])
                self.assertEqual(client.docmd("AUTH EXTERNAL", "=")[0], 235)
                client.sendmail("alice@example.com", ["x@example.net"], "Subject: x\r\n\r\nhello\r\n")
                gateway.wait_for_log(r" auth .*user=alice mechanism=EXTERNAL ")

    def test_who_shows_none_or_wants_to_be_another_does_not_get_in(self):
        gateway = self.serve("/CN=alice", None, '{ name = "common-name" }')
        client = self.client(gateway)
        self.assertEqual(client.esmtp_features["auth"].split(), ["PLAIN", "LOGIN"])
        self.assertEqual(client.docmd("AUTH EXTERNAL", "=")[0], 504)
        client = self.shown(gateway)
        self.assertEqual(client.docmd("AUTH EXTERNAL", scram.b64("bob"))[0], 535)
        self.assertEqual(client.docmd("AUTH EXTERNAL")[0], 334)
        self.assertEqual(client.docmd(scram.b64("alice"))[0], 235)

    def test_a_certificate_of_nobody_is_535(self):
        gateway = self.serve("/CN=carol", "carol@example.com", '{ name = "email" }')
        self.assertEqual(self.shown(gateway).docmd("AUTH EXTERNAL", "=")[0], 535)
        gateway.wait_for_log("auth_failed .*user=carol@example.com mechanism=EXTERNAL")

    @unittest.skipUnless(GSASL, "gsasl is not installed")
    def test_gsasl_logs_in(self):
        gateway = self.serve("/CN=alice", None, '{ name = "common-name" }')
        text = self.gsasl(gateway, "EXTERNAL", "--x509-cert-file", gateway.folder / "client.pem",
                          "--x509-key-file", gateway.folder / "client.key", "--authorization-id", "alice")
        self.assertIn("235 2.7.0", text)


if __name__ == "__main__":
    unittest.main()
