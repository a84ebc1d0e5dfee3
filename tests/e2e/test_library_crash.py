"""A library that crashes over a message: it costs that message a 451, the third time its name is known and it
is refused unread, and everybody else's mail goes on."""
import json
import pathlib
import re
import shutil
import smtplib
import subprocess
import tempfile
import unittest

from dns_server import DnsServer
from harness import SEKISHO, Gateway, RecordingUpstream

try:
    import dkim
except ImportError:
    dkim = None

MARK = "these bytes are too much for it"

# Stands before the real libopendkim, which it calls for everything else.
SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
int dkim_body(void *dkim, unsigned char *text, size_t length) {
  int (*real)(void *, unsigned char *, size_t) =
      (int (*)(void *, unsigned char *, size_t))dlsym(RTLD_NEXT, "dkim_body");
  if (memmem(text, length, "%s", %d) != NULL) raise(SIGSEGV);
  return real(dkim, text, length);
}
""" % (MARK, len(MARK))


def loaded_library(name):
    """The path of a library that sekisho is linked to."""
    shown = subprocess.run(["ldd", SEKISHO], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"{re.escape(name)} => (\S+)", shown)
    return found and found.group(1)


def put_shim_before_opendkim(folder):
    """Makes a folder for LD_LIBRARY_PATH."""
    name, other = "libopendkim.so.11", "libopendkim.so.99"
    real = pathlib.Path(loaded_library(name)).read_bytes()
    (folder / other).write_bytes(real.replace(name.encode() + b"\0", other.encode() + b"\0"))
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / name, folder / "shim.c", f"-Wl,-soname,{name}",
                    "-Wl,--no-as-needed", folder / other, "-ldl"], check=True, capture_output=True)


@unittest.skipIf(dkim is None, "python3-dkim is not installed")
@unittest.skipIf(shutil.which("cc") is None, "there is no C compiler")
class LibraryCrash(unittest.TestCase):
    def setUp(self):
        if loaded_library("libopendkim.so.11") is None:
            self.skipTest("sekisho has libopendkim built in")
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        shown = subprocess.run([SEKISHO, "dkim", "gen", "--domain", "example.org", "--selector", "s1", "--json",
                                "--file", folder / "rsa.pem"], capture_output=True, text=True, check=True).stdout
        self.private = (folder / "rsa.pem").read_bytes()
        put_shim_before_opendkim(folder)
        self.upstream = self.enterContext(RecordingUpstream())
        dns = self.enterContext(DnsServer({"s1._domainkey.example.org": [{"TXT": json.loads(shown)["record"]}]}))
        self.gateway = self.enterContext(Gateway(
            upstream=self.upstream.port, top='filters = ["dkim"]',
            extra=f'[dns]\nservers = ["{dns.address}"]\n[filter.dkim]\n',
            environment={"LD_LIBRARY_PATH": str(folder)}))

    def signed(self, body):
        message = f"From: bob@example.org\r\nSubject: hello\r\n\r\n{body}\r\n".encode()
        return dkim.sign(message, b"s1", b"example.org", self.private) + message

    def send(self, message):
        """The code of the answer to it."""
        with smtplib.SMTP("127.0.0.1", self.gateway.ports["mx"]) as client:
            try:
                client.sendmail("bob@example.org", ["alice@example.com"], message)
            except smtplib.SMTPDataError as refused:
                return refused.smtp_code
            return 250

    def test_costs_its_message_a_451_and_the_third_names_it(self):
        evil, harmless = self.signed(MARK), self.signed("harmless")
        for death in range(1, 4):
            self.assertEqual(self.send(harmless), 250)
            self.assertEqual(self.send(evil), 451)
            died = self.gateway.wait_for_log(
                f" worker_died .*cause=crashed .*SIGSEGV.* fingerprint=(\\w+) deaths={death}")
        self.gateway.wait_for_log(f" worker_message_refused .*fingerprint={died[1]} ")
        self.assertEqual(self.send(evil), 451)
        self.gateway.wait_for_log(f" filter_error .*{died[1]} .*is refused unread")
        self.assertEqual(self.send(harmless), 250)
        self.assertEqual(self.gateway.log().count(" worker_died "), 3)
        self.assertEqual(len(self.upstream.messages), 4)
        for message in self.upstream.messages:
            self.assertIn(b"dkim=pass", message[2])


if __name__ == "__main__":
    unittest.main()
