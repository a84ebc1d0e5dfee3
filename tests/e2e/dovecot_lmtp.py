"""A real Dovecot that takes mail by LMTP, over TCP and over a Unix socket, into Maildirs below a folder of
its own. It runs as the user of the tests; the Dovecot of the system, if any, is not touched."""
import getpass
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from harness import PATIENCE, wait_until
from postfix import free_ports

DOVECOT = shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin")
MAIL_USER = "nobody"  # whose the Maildirs are where the tests run as root, which Dovecot refuses to be

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = lmtp
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
ssl = no
hostname = store.example.com
mail_location = maildir:{folder}/mail/%n
mail_plugins = quota
first_valid_uid = 1
protocol lmtp {{
  postmaster_address = postmaster@example.com
}}
lmtp_rcpt_check_quota = no
recipient_delimiter = +
quota_full_tempfail = no
plugin {{
  quota = maildir:User quota
  quota_grace = 0
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service auth {{
  chroot =
  user = {user}
}}
service auth-worker {{
  user = {user}
}}
service lmtp {{
  user = {user}
  unix_listener {folder}/lmtp {{
    mode = 0600
    user = {user}
  }}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
}}
"""


def require():
    """Skips the test where Dovecot's LMTP can't be run."""
    if not DOVECOT or not any(pathlib.Path(place, "lmtp").exists()
                              for place in ("/usr/lib/dovecot", "/usr/libexec/dovecot")):
        raise unittest.SkipTest("dovecot-lmtpd is not installed")


class DovecotLmtp:
    """A running Dovecot; a context manager. `users` are those it knows: name → quota ("10M" or "")."""

    def __init__(self, users):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-lmtp-"))
        self.folder.chmod(0o755)
        self.socket = self.folder / "lmtp"
        self.process = None
        [self.port] = free_ports(1)
        group = subprocess.run(["id", "-gn"], text=True, capture_output=True, check=True).stdout.strip()
        owner = MAIL_USER if os.geteuid() == 0 else getpass.getuser()
        uid, gid = (subprocess.run(["id", option, owner], text=True, capture_output=True,
                                   check=True).stdout.strip() for option in ("-u", "-g"))
        (self.folder / "mail").mkdir()
        os.chown(self.folder / "mail", int(uid), int(gid))
        (self.folder / "users").write_text("".join(
            f"{name}:{{PLAIN}}secret:{uid}:{gid}::{self.folder}/mail/{name}::"
            f"{f'userdb_quota_rule=*:storage={quota}' if quota else ''}\n"
            for name, quota in users.items()))
        (self.folder / "dovecot.conf").write_text(CONFIG.format(
            folder=self.folder, user=getpass.getuser(), group=group, port=self.port))

    def mail(self, user):
        """What lies in a user's Maildir, as it was sent: without what Dovecot put on top."""
        found = []
        for folder in ("new", "cur"):
            place = self.folder / "mail" / user / folder
            found += [path.read_bytes() for path in place.iterdir()] if place.exists() else []
        return found

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def connects(self):
        return self.log().count("Connect from")

    def answers(self):
        if self.process.poll() is not None:
            return True
        with socket.socket(socket.AF_UNIX) as one:
            return one.connect_ex(str(self.socket)) == 0

    def __enter__(self):
        self.process = subprocess.Popen([DOVECOT, "-F", "-c", self.folder / "dovecot.conf"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_until(self.answers, "Dovecot")
            if self.process.poll() is not None:
                raise AssertionError("Dovecot did not start: " + self.log())
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
