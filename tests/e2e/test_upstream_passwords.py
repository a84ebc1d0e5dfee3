"""A real Postfix whose users a real Dovecot knows: the gateway logs in to it as one of them, and asks it about
the passwords of its own clients."""
import smtplib
import unittest

import harness
import postfix
from dovecot import DOVECOT, Dovecot
from harness import PATIENCE, plain, tls_context

UPSTREAM = """
[upstream.main]
host = "localhost"
port = {port}
tls = "verify"
tls_ca_file = "{ca}"
{login}
"""
LOGIN = """
[upstream.main.auth]
user = "alice"
secret_file = "secret"
mechanism = "{mechanism}"
"""
QUICK = '[auth.throttle]\nfirst_delay = "1ms"\nmax_delay = "2ms"\n'


@unittest.skipUnless(DOVECOT, "dovecot is not installed")
class UpstreamPasswords(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        postfix.require()
        cls.dovecot = Dovecot(for_all=True)
        cls.addClassCleanup(cls.dovecot.remove)
        cls.dovecot.start()
        cls.postfix = postfix.Postfix(passwords=cls.dovecot.socket).start()
        cls.addClassCleanup(cls.postfix.stop)

    def upstream(self, login=""):
        return UPSTREAM.format(port=self.postfix.ports["users"], ca=self.postfix.folder / "cert.pem",
                               login=login)

    def asking(self):
        """A gateway that asks Postfix about passwords, and logs in there itself as well."""
        config = harness.DEFAULT_CONFIG.replace('users_file = "users"', 'upstream = "main"\nremember = "0s"')
        gateway = harness.Gateway(config=config, users={},
                                  extra=QUICK + self.upstream(LOGIN.format(mechanism="strongest")))
        gateway.write("secret", "correct horse\n")
        return gateway

    def client(self, gateway):
        client = smtplib.SMTP("127.0.0.1", gateway.ports["submission"], timeout=PATIENCE)
        self.addCleanup(client.close)
        client.starttls(context=tls_context())
        client.ehlo()
        return client

    def test_the_gateway_logs_in_by_each_mechanism_that_postfix_has(self):
        for mechanism in ("scram-sha-256", "plain", "login", "strongest"):
            with self.subTest(mechanism):
                gateway = harness.Gateway(extra=self.upstream(LOGIN.format(mechanism=mechanism)))
                gateway.write("secret", "correct horse\n")
                with gateway, smtplib.SMTP("127.0.0.1", gateway.ports["mx"]) as client:
                    client.sendmail("a@example.org", ["b@example.com"], "Subject: x\r\n\r\nhello\r\n")
                method = "SCRAM-SHA-256" if mechanism == "strongest" else mechanism.upper()
                harness.wait_until(lambda: f"sasl_method={method}, sasl_username=alice" in self.postfix.log(),
                                   f"a log-in by {method}")

    def test_a_password_is_right_where_postfix_says_so(self):
        with self.asking() as gateway:
            client = self.client(gateway)
            self.assertEqual(client.esmtp_features["auth"].split(), ["PLAIN", "LOGIN"])
            self.assertEqual(client.docmd("AUTH PLAIN", plain("alice", "wrong"))[0], 535)
            self.assertEqual(client.docmd("AUTH PLAIN", plain("nobody", "correct horse"))[0], 535)
            self.assertEqual(client.docmd("AUTH PLAIN", plain("alice", "correct horse"))[0], 235)
            client.sendmail("alice@example.com", ["x@example.com"], "Subject: x\r\n\r\nhello\r\n")
            client = self.client(gateway)
            self.assertEqual(client.docmd("AUTH LOGIN")[0], 334)
            self.assertEqual(client.docmd("YWxpY2U=")[0], 334)
            self.assertEqual(client.docmd("Y29ycmVjdCBob3JzZQ==")[0], 235)
            for path in gateway.folder.rglob("*"):
                if path.is_file() and path.name != "secret":
                    self.assertNotIn(b"correct horse", path.read_bytes(), path)

    def test_nobody_who_can_tell_is_454(self):
        with self.asking() as gateway:
            self.dovecot.stop()
            try:
                client = self.client(gateway)
                self.assertEqual(client.docmd("AUTH PLAIN", plain("alice", "correct horse"))[0], 454)
            finally:
                self.dovecot.start()
            self.assertEqual(
                self.client(gateway).docmd("AUTH PLAIN", plain("alice", "correct horse"))[0], 235)


if __name__ == "__main__":
    unittest.main()
