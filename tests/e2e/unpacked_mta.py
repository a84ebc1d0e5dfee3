"""Exim and OpenSMTPD as the upstream. Debian's packages of mail servers exclude each other, so these two
are not installed but unpacked (contrib/packages/unpacked.txt). Each runs in a mount namespace of its own,
where its users exist and its fixed folders are empty ones; nothing of the system is touched, and nothing
leaves loopback: every recipient ends in one Maildir.
"""
import collections
import os
import pathlib
import re
import shutil
import smtplib
import subprocess
import tempfile
import unittest

from harness import ROOT, wait_until
from postfix import free_ports

Mail = collections.namedtuple("Mail", "recipient text")

USERS = {"Debian-exim": 64001, "opensmtpd": 64002, "opensmtpq": 64003, "sekisho-test-mail": 64004}


def require(package, program):
    """The program's path; skips the test where it can't be run."""
    path = ROOT / "build" / "peers" / package / program
    if not path.exists():
        raise unittest.SkipTest(f"{package} is not unpacked")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        raise unittest.SkipTest("only root can make a mount namespace")
    return path


class UnpackedMta:
    """A running mail server; a context manager. Subclasses say what to run."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-mta-"))
        self.folder.chmod(0o755)
        self.maildir = self.folder / "mail"
        self.maildir.mkdir()
        os.chown(self.maildir, USERS["sekisho-test-mail"], USERS["sekisho-test-mail"])
        for name, fields in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin\n"),
                             ("group", "{0}:x:{1}:\n")):
            text = pathlib.Path("/etc", name).read_text()
            (self.folder / name).write_text(
                text + "".join(fields.format(*user) for user in USERS.items()))
        self.port = None
        self.process = None

    def mounts(self):
        """Shell commands that furnish the namespace."""
        return (f"mount --bind {self.folder}/passwd /etc/passwd\n"
                f"mount --bind {self.folder}/group /etc/group\n")

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        [self.port] = free_ports(1)
        # The shell stays, as the first process of the namespace below: a server that changes its user
        # would no longer hear that we have ended (PR_SET_PDEATHSIG).
        script = f"set -e\n{self.mounts()}{self.command()}\nexit\n"
        with open(self.folder / "output", "w", encoding="utf-8") as output:
            # A process namespace of its own, whose processes end with its first one; and that ends
            # with us, however we do.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "-m", "-p", "-f", "--kill-child",
                 "sh", "-c", script],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        try:
            wait_until(self.answers, f"{type(self).__name__} to listen")
        except AssertionError as failed:
            output = self.output()
            self.__exit__()
            raise AssertionError(output) from failed
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"it ended: {self.output()}")
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as client:
                return client.noop()[0] == 250
        except OSError:
            return False

    def output(self):
        return (self.folder / "output").read_text(errors="replace")

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def mail(self):
        found = []
        for path in self.maildir.glob("**/new/*"):
            text = path.read_bytes()
            recipient = re.search(rb"(?m)^(?:Envelope|Delivered)-[Tt]o: <?([^>\n]*)>?$", text)
            found.append(Mail(recipient[1].decode(), text.replace(b"\n", b"\r\n")))
        return found

    def wait_for_mail(self, recipient):
        """The one message that was delivered to `recipient`, with what the server put on top."""
        found = wait_until(lambda: [mail for mail in self.mail() if mail.recipient == recipient],
                           f"mail to {recipient}: {self.output()[-2000:]}", interval=0.05)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} messages were delivered to {recipient}")
        return found[0].text


EXIM = r"""
exim_path = {program}
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
deliver_drop_privilege = true
primary_hostname = upstream.example.com
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
message_size_limit = 60M
acl_smtp_rcpt = recipient
acl_smtp_data = text
tls_advertise_hosts =
chunking_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
keep_environment =
smtp_accept_max = 100
begin acl
recipient:
  deny local_parts = refused
       message = 5.1.1 no such user here
  defer local_parts = later
       message = 4.2.0 greylisted, come again
  accept
text:
  deny condition = ${{if match{{$h_subject:}}{{lottery}}}}
       message = 5.7.1 no lotteries please
  accept
begin routers
everything:
  driver = accept
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = {maildir}
  maildir_format
  user = Debian-exim
  group = Debian-exim
  envelope_to_add
"""


class Exim(UnpackedMta):
    def command(self):
        program = require("exim4-daemon-light", "usr/sbin/exim4")
        for name in ("spool", "log"):
            (self.folder / name).mkdir()
            os.chown(self.folder / name, USERS["Debian-exim"], USERS["Debian-exim"])
        # It gives its privileges up for a configuration that isn't the package's.
        os.chown(self.maildir, USERS["Debian-exim"], USERS["Debian-exim"])
        (self.folder / "exim.conf").write_text(EXIM.format(
            program=program, folder=self.folder, port=self.port, maildir=self.maildir))
        return f"{program} -C {self.folder}/exim.conf -bdf"


OPENSMTPD = """
listen on 127.0.0.1 port {port} hostname upstream.example.com
table refused {{ "refused@example.com" }}
table owners {{ "@" = "keeper" }}
table homes {{ "keeper" = "{uid}:{uid}:{folder}" }}
action "keep" maildir "{maildir}" virtual <owners> userbase <homes>
match from any for any rcpt-to <refused> reject
match from any for any action "keep"
"""


class OpenSmtpd(UnpackedMta):
    def command(self):
        program = require("opensmtpd", "usr/sbin/smtpd")
        (self.folder / "smtpd.conf").write_text(OPENSMTPD.format(
            port=self.port, folder=self.folder, maildir=self.maildir,
            uid=USERS["sekisho-test-mail"]))
        return f"{program} -d -f {self.folder}/smtpd.conf"

    def mounts(self):
        root = ROOT / "build" / "peers" / "opensmtpd"
        return super().mounts() + (
            "mount -t tmpfs none /var/spool; mkdir -m 711 /var/spool/smtpd\n"
            "mount -t tmpfs none /var/lib; mkdir -p /var/lib/opensmtpd/empty\n"
            "mount -t tmpfs none /run\n"
            f"mount --bind {root}/usr/libexec /usr/libexec\n")
