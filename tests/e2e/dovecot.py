"""A real Dovecot that knows who may log in, asked at its authentication socket. It runs from a folder of its
own, as the user of the tests, without listeners of any protocol."""
import getpass
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from harness import PATIENCE, wait_until

DOVECOT = shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin")

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols =
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
auth_mechanisms = plain login scram-sha-256 anonymous {mechanisms}
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
    mode = {mode}
    user = {user}
  }}
}}
{passdb}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home=/nonexistent
}}
"""

OAUTH_PASSDB = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2
}}
"""

OAUTH = """
introspection_mode = auth
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
"""


class Dovecot:
    """`tokens`: the address of a server that says whose an access token is (RFC 7662). `for_all`: other
    users of this machine may ask it too."""

    def __init__(self, tokens=None, for_all=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-dovecot-"))
        group = subprocess.run(["id", "-gn"], text=True, capture_output=True, check=True).stdout.strip()
        (self.folder / "dovecot.conf").write_text(
            CONFIG.format(folder=self.folder, user=getpass.getuser(), group=group,
                          mode="0666" if for_all else "0600",
                          mechanisms="xoauth2 oauthbearer" if tokens else "",
                          passdb=OAUTH_PASSDB.format(folder=self.folder) if tokens else ""))
        if tokens:
            (self.folder / "oauth2").write_text(OAUTH.format(url=tokens))
        if for_all:
            self.folder.chmod(0o755)
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
