"""ARC through the gateway, with dkimpy on both sides: it verifies what `arc_seal` seals, and `arc` verifies
what it sealed."""
import base64
import json
import pathlib
import subprocess
import tempfile
import unittest

from dns_server import DnsServer
from harness import GatewayTest, undo_dots

PYTHON = "/usr/bin/python3"  # the system's, which has Debian's packages
SEAL = """
import dkim, json, sys
wish = json.load(sys.stdin)
message = wish["message"].encode()
fields = dkim.arc_sign(message, b"s1", b"lists.example", wish["key"].encode(), b"lists.example",
                       include_headers=[b"from", b"to", b"subject"])
print(json.dumps(b"".join(fields).decode()))
"""
SIGN = """
import dkim, json, sys
wish = json.load(sys.stdin)
print(json.dumps(dkim.sign(wish["message"].encode(), b"s1", b"author.example",
                           wish["key"].encode()).decode()))
"""
VERIFY = """
import dkim, json, sys
wish = json.load(sys.stdin)
status, _, why = dkim.arc_verify(wish["message"].encode(),
                                 dnsfunc=lambda name, timeout=5: wish["records"][
                                     name.decode().rstrip(".")].encode())
print(json.dumps([status.decode() if status else None, why]))
"""
MESSAGE = ("From: Ann <ann@author.example>\r\nTo: bob@example.com\r\nSubject: a list's  mail\r\n"
           "\r\nHello  all \r\n\r\n.dot\r\n\r\n")


def has_dkimpy():
    done = subprocess.run([PYTHON, "-c", "import dkim, authres"], capture_output=True, check=False)
    return done.returncode == 0


def make_key():
    """(PEM, the record of it)"""
    pem = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], capture_output=True, check=True,
                         text=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=pem.encode(),
                            capture_output=True, check=True).stdout
    return pem, "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


def dkimpy(program, **wish):
    done = subprocess.run([PYTHON, "-c", program], input=json.dumps(wish), capture_output=True,
                          text=True, check=True)
    return json.loads(done.stdout)


@unittest.skipUnless(has_dkimpy(), "needs python3-dkim and python3-authres")
class ArcTest(GatewayTest):
    top = 'filters = ["spf", "dkim", "arc", "dmarc", "arc_seal"]'

    @classmethod
    def setUpClass(cls):
        ours, our_record = make_key()
        cls.theirs, their_record = make_key()
        cls.records = {"s1._domainkey.lists.example": their_record,
                       "s1._domainkey.author.example": their_record,
                       "gw._domainkey.example.com": our_record}
        cls.dns = cls.enterClassContext(DnsServer(
            {name: [{"TXT": record}] for name, record in cls.records.items()} |
            {"_dmarc.author.example": [{"TXT": "v=DMARC1; p=reject"}]}))
        key = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory())) / "arc.pem"
        key.touch(0o600)
        key.write_text(ours)
        cls.extra = (f'[dns]\nservers = ["{cls.dns.address}"]\n'
                     '[filter.dmarc]\ntrusted_sealers = ["lists.example"]\n'
                     f'[filter.arc_seal]\ndomain = "example.com"\nselector = "gw"\nkey = "{key}"\n')
        super().setUpClass()

    def send(self, message):
        self.recipient = f"{self._testMethodName[-50:]}@example.com".lower()
        wire = self.wire("mx")
        wire.expect(250, "EHLO client.example.org")
        wire.expect(250, "MAIL FROM:<bounces@lists.example>")
        wire.expect(250, f"RCPT TO:<{self.recipient}>")
        wire.expect(354, "DATA")
        return wire.command(message.replace("\r\n.", "\r\n..").encode() + b".\r\n")

    def received(self):
        return [undo_dots(data).decode() for _, recipients, data in self.upstream.messages
                if recipients == [self.recipient]][0]

    def sealed_by_the_list(self, results="dmarc=pass header.from=author.example"):
        with_results = f"Authentication-Results: lists.example; {results}\r\n" + MESSAGE
        return dkimpy(SEAL, message=with_results, key=self.theirs) + MESSAGE

    def verified(self, message):
        return dkimpy(VERIFY, message=message, records=self.records)

    def test_what_a_trusted_list_sealed_passes_and_is_sealed_again(self):
        self.assertEqual(self.send(self.sealed_by_the_list())[:3], "250")
        message = self.received()
        self.assertRegex(message.replace("\r\n ", " "), r"Authentication-Results: gateway\.example\.com; "
                                                        r".*dmarc=fail.*arc=pass")
        self.assertIn("ARC-Seal: i=2; a=rsa-sha256; cv=pass; d=example.com;", message)
        self.assertEqual(self.verified(message), ["pass", "success"])

    def test_mail_that_its_author_signed_passes_without_a_word_of_the_list(self):
        signed = dkimpy(SIGN, message=MESSAGE, key=self.theirs) + MESSAGE
        self.assertEqual(self.send(signed)[:3], "250")
        self.assertRegex(self.received().replace("\r\n ", " "), r"Authentication-Results: .*"
                         r"dkim=pass.*dmarc=pass header\.from=author\.example")
        self.assertEqual(self.send(signed.replace("Hello", "Hullo"))[:3], "550")

    def test_a_list_that_says_that_it_failed_there_helps_nothing(self):
        reply = self.send(self.sealed_by_the_list("dmarc=fail header.from=author.example"))
        self.assertRegex(reply, r"\A550 5\.7\.1 DMARC: ")

    def test_a_chain_whose_message_was_changed_helps_nothing(self):
        reply = self.send(self.sealed_by_the_list().replace("Hello", "Hullo"))
        self.assertRegex(reply, r"\A550 5\.7\.1 DMARC: ")

    def test_a_message_without_a_chain_gets_the_first_set(self):
        message = MESSAGE.replace("author.example", "nobody.example")
        self.assertEqual(self.send(message)[:3], "250")
        self.assertIn("ARC-Seal: i=1; a=rsa-sha256; cv=none;", self.received())
        self.assertIn("ARC-Authentication-Results: i=1; gateway.example.com; spf=", self.received())
        self.assertEqual(self.verified(self.received()), ["pass", "success"])
        self.assertEqual(self.verified(self.received().replace("Hello", "Hullo"))[0], "fail")

    def test_a_broken_chain_is_sealed_as_broken(self):
        changed = self.sealed_by_the_list("spf=pass smtp.mailfrom=x@lists.example")
        changed = changed.replace("Hello", "Hullo").replace("author.example", "nobody.example")
        self.assertEqual(self.send(changed)[:3], "250")
        self.assertIn("ARC-Seal: i=2; a=rsa-sha256; cv=fail;", self.received())
        self.assertIn("arc=fail", self.received())


if __name__ == "__main__":
    unittest.main()
