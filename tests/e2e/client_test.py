"""What the tests of mail programs share: the message that they send, and how they are run and judged."""
import os
import shutil
import subprocess
import unittest

from harness import PATIENCE, GatewayTest, undo_dots, without_added_headers

# Has every field that a client would add, and what clients and gateways get wrong. The 8-bit text stands
# only in the body, where every one of these clients can say BODY=8BITMIME or does without.
MESSAGE = (b"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\n"
           b"From: Alice <alice@example.com>\r\n"
           b"To: Somebody <somebody@example.net>\r\n"
           b"Message-ID: <one@client.example.org>\r\n"
           b"Subject: a message with\r\n a folded field\r\n"
           b"MIME-Version: 1.0\r\n"
           b"Content-Type: text/plain; charset=utf-8\r\n"
           b"Content-Transfer-Encoding: 8bit\r\n"
           b"\r\n"
           b".\r\n"
           b"..\r\n"
           b".begins with a dot\r\n"
           b"Gr\xc3\xbc\xc3\x9fe, \xe6\x97\xa5\xe6\x9c\xac\r\n"
           b"\r\n" + b"x" * 990 + b"\r\n"
           b"From here on\r\n"
           b"trailing blanks  \r\n"
           b"\r\n"
           b"the end\r\n")

SUBMISSION = {"starttls": "submission", "tls_from_the_start": "submissions"}
MECHANISMS = {f"{how}_and_{mechanism.lower()}": (listener, mechanism)
              for how, listener in SUBMISSION.items() for mechanism in ("PLAIN", "LOGIN")}


UNENDED = MESSAGE.removesuffix(b"\r\n")  # for clients that end the last line in any case


class ClientTest(GatewayTest):
    """A client program in front of the gateway."""

    program = None
    # All clients here come from one address; one's wrong password mustn't slow the next one down.
    extra = '[auth.throttle]\nfirst_delay = "1ms"\nmax_delay = "2ms"\n'

    @classmethod
    def setUpClass(cls):
        if cls.program and not cls.find(cls.program):
            raise unittest.SkipTest(f"{cls.program} is not installed")
        super().setUpClass()

    @staticmethod
    def find(program):
        return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")

    def recipient(self):
        return f"{self._testMethodName[-60:]}@example.com".lower()

    def file(self, name, content):
        path = self.gateway.folder / name
        path.write_bytes(content)
        return path

    def run_program(self, *command, input=b"", **more_environment):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.gateway.folder), "LC_ALL": "C.UTF-8",
                       **more_environment}
        done = subprocess.run([self.find(self.program), *map(str, command)], input=input,
                              capture_output=True, env=environment, timeout=PATIENCE, check=False)
        done.text = (done.stdout + done.stderr).decode(errors="replace")
        return done

    def received(self):
        """The one message for this test's recipient, without what was added on top."""
        found = [message for message in self.upstream.messages if message[1] == [self.recipient()]]
        self.assertEqual(len(found), 1)
        sender, _, data = found[0]
        self.assertEqual(sender, "alice@example.com")
        return without_added_headers(undo_dots(data))

    def assert_sent(self, done):
        self.assertEqual(done.returncode, 0, done.text)
        self.assertEqual(self.received(), MESSAGE)

    def assert_refused(self, done, listener, mechanism):
        """The log-in failed, said so, and nothing went through."""
        self.assertNotEqual(done.returncode, 0, done.text)
        self.assertIn("535", done.text)
        self.gateway.wait_for_log(rf"auth_failed .*listener={listener} user=alice "
                                  rf"mechanism={mechanism} code=535")
        self.assertNotIn([self.recipient()], [message[1] for message in self.upstream.messages])
