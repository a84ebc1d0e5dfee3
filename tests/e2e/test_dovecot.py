"""Log-ins that a real Dovecot decides, asked at its authentication socket. It runs from a folder of its
own, as the user of the tests, without listeners of any protocol."""
import getpass
import os
import pathlib
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import unittest

from harness import DEFAULT_CONFIG, PATIENCE, Gateway, plain, tls_context, wait_until

DOVECOT = shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin")
SWAKS = shutil.which("swaks")

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols =
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
auth_mechanisms = plain login scram-sha-256 anonymous
auth_failure_delay = 0
ssl = no
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service auth {{
  chroot =
  user = {user}
  unix_listener auth-client {{
    mode = 0600
    user = {user}
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home=/nonexistent
}}
"""


class Dovecot:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-dovecot-"))
        group = subprocess.run(["id", "-gn"], text=True, capture_output=True, check=True).stdout.strip()
        (self.folder / "dovecot.conf").write_text(
            CONFIG.format(folder=self.folder, user=getpass.getuser(), group=group))
        (self.folder / "users").write_text("alice:{PLAIN}correct horse::::::\n")
        self.socket = self.folder / "run" / "auth-client"
        self.process = None

    def start(self):
        self.process = subprocess.Popen([DOVECOT, "-F", "-c", self.folder / "dovecot.conf"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        start_new_session=True)
        wait_until(lambda: self.listens() or self.process.poll() is not None, "Dovecot")
        if self.process.poll() is not None:
            raise AssertionError("Dovecot did not start: " + (self.folder / "log").read_text())

    def listens(self):
        """The file of the socket alone may be its predecessor's."""
        with socket.socket(socket.AF_UNIX) as one:
            return one.connect_ex(str(self.socket)) == 0

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)  # its auth process would outlive it for a while
        self.process.wait(timeout=PATIENCE)
        wait_until(lambda: not self.listens(), "Dovecot's processes to end")

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


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
