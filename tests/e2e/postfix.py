"""A real Postfix as the upstream: its own configuration, queue and log in a temporary folder, on ports of
loopback that were free. Nothing leaves it: it has no SMTP client, and every recipient of every domain ends
in one Maildir. The Postfix of the system, if any, is not touched.
"""
import collections
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness import make_certificate, wait_until

# One listener each: what Postfix is told on top of main.cf for it.
LISTENERS = {
    "plain": [],
    "tls": ["smtpd_tls_security_level=may"],
    "implicit_tls": ["smtpd_tls_security_level=encrypt", "smtpd_tls_wrappermode=yes"],
    "impatient": ["smtpd_timeout=1s"],
    "step_by_step": ["smtpd_discard_ehlo_keywords=pipelining,chunking"],
    "bare": ["smtpd_discard_ehlo_keywords=pipelining,chunking,8bitmime,size,enhancedstatuscodes,dsn"],
    "small": ["message_size_limit=20000"],
    "few_recipients": ["smtpd_recipient_limit=5"],
    # Knows its mailboxes, and refuses all others.
    "mailboxes": ["virtual_mailbox_maps=inline:{known@example.com=all/}"],
    "knows_us": ["smtpd_tls_security_level=may", "smtpd_tls_ask_ccert=yes",
                 "smtpd_tls_fingerprint_digest=sha256",
                 "relay_clientcerts=texthash:$config_directory/known_clients",
                 "smtpd_client_restrictions=permit_tls_clientcerts,reject"],
    "xforward": ["smtpd_authorized_xforward_hosts=127.0.0.1"],
    "xclient": ["smtpd_authorized_xclient_hosts=127.0.0.1,127.0.0.100/30", "smtpd_authorized_xforward_hosts=127.0.0.1",
                "smtpd_client_restrictions=check_client_access,inline:{127.0.0.66=REJECT}"],
    "proxied": ["smtpd_upstream_proxy_protocol=haproxy",
                "smtpd_client_restrictions=check_client_access,inline:{127.0.0.66=REJECT}"],
}

MAIN = """
compatibility_level = 3.7
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = upstream.example.com
myorigin = example.com
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
default_transport = error:nothing leaves this server
relay_transport = error:nothing leaves this server
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:all/
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
message_size_limit = 60000000
local_header_rewrite_clients =
message_drop_headers =
notify_classes =
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
smtpd_soft_error_limit = 1000
smtpd_junk_command_limit = 1000
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_sender_access regexp:{folder}/etc/senders,
 check_recipient_access regexp:{folder}/etc/recipients, permit
header_checks = regexp:{folder}/etc/headers
smtpd_tls_security_level = none
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_loglevel = 1
"""

RECIPIENTS = """
/^refused@/ 550 5.1.1 no such user here
/^later@/ 450 4.2.0 greylisted, come again
/^full@/ 452 4.2.2 mailbox full
"""
SENDERS = """
/^refused-sender@/ 553 5.1.8 this sender is not wanted
"""
HEADERS = """
/^Subject:.*lottery/ REJECT no lotteries please
"""

SERVICES = """
pickup    unix  n  -  n  60  1  pickup
cleanup   unix  n  -  n  -   0  cleanup
qmgr      unix  n  -  n  300 1  qmgr
tlsmgr    unix  -  -  n  1000? 1 tlsmgr
rewrite   unix  -  -  n  -   -  trivial-rewrite
bounce    unix  -  -  n  -   0  bounce
defer     unix  -  -  n  -   0  bounce
trace     unix  -  -  n  -   0  bounce
verify    unix  -  -  n  -   1  verify
flush     unix  n  -  n  1000? 0 flush
proxymap  unix  -  -  n  -   -  proxymap
proxywrite unix -  -  n  -   1  proxymap
showq     unix  n  -  n  -   -  showq
error     unix  -  -  n  -   -  error
retry     unix  -  -  n  -   -  error
discard   unix  -  -  n  -   -  discard
virtual   unix  -  n  n  -   -  virtual
anvil     unix  -  -  n  -   1  anvil
scache    unix  -  -  n  -   1  scache
postlog   unix-dgram n - n -  1  postlogd
"""


# `received` are the fields that Postfix put on top; `data` is what the gateway sent, with CRLF.
Mail = collections.namedtuple("Mail", "sender recipient received data")


def parse(delivered):
    """Takes a file of the Maildir apart."""
    match = re.fullmatch(
        rb"Return-Path: <(.*?)>\nX-Original-To: (.*?)\nDelivered-To: .*?\n"
        rb"(Received: .*?\n(?:[ \t].*?\n)*)(.*)", delivered, re.DOTALL)
    if match is None:
        raise AssertionError(f"not as Postfix delivers: {delivered[:500]}")
    sender, recipient, received, data = match.groups()
    return Mail(sender.decode(), recipient.decode(), received.decode(),
                data.replace(b"\n", b"\r\n"))


def privileged(*command, **options):
    """Runs a command as root: Postfix is started and stopped by nobody else."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    return subprocess.run([*prefix, *map(str, command)], check=True, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, **options)


def require():
    """Skips the test where a Postfix can't be run."""
    if not shutil.which("postfix", path="/usr/sbin:/sbin"):
        raise unittest.SkipTest("postfix is not installed")
    if os.geteuid() != 0 and subprocess.run(["sudo", "-n", "true"], capture_output=True,
                                            check=False).returncode != 0:
        raise unittest.SkipTest("only root can start Postfix")


def fingerprint(certificate):
    """SHA-256, as openssl prints it: "AB:CD:…"."""
    printed = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"],
                             check=True, capture_output=True, text=True).stdout
    return printed.strip().split("=")[1]


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Postfix:
    """A running Postfix; a context manager. `ports` has a port for each of LISTENERS."""

    def __init__(self, passwords=None):
        """`passwords`: the socket of a Dovecot that checks them; then there is the listener "users", which
        takes mail from those alone who log in, after STARTTLS."""
        self.listeners = dict(LISTENERS)
        if passwords:
            self.listeners["users"] = [
                "smtpd_tls_security_level=encrypt", "smtpd_sasl_auth_enable=yes", "smtpd_sasl_type=dovecot",
                f"smtpd_sasl_path={passwords}", "smtpd_tls_auth_only=yes",
                "smtpd_client_restrictions=permit_sasl_authenticated,reject"]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-postfix-"))
        self.folder.chmod(0o755)
        self.master = None  # the process id of Postfix's first process
        self.guard = None  # the process that will stop it
        self.ports = {}
        self.read = {}  # file name → Mail: a file of a Maildir never changes
        uid, gid = os.getuid(), os.getgid()
        if uid == 0:
            uid, gid = 65534, 65534  # nobody: Postfix doesn't deliver as root
        for name in ("etc", "mail"):
            (self.folder / name).mkdir()
        os.chown(self.folder / "mail", uid, gid)
        privileged("install", "-d", "-o", "root", "-m", "755", self.folder / "queue")
        privileged("install", "-d", "-o", "postfix", "-m", "700", self.folder / "data")
        make_certificate(self.folder)
        # What the listener knows_us lets in, and nothing else.
        self.known_client = self.folder / "known_client"
        self.known_client.mkdir()
        make_certificate(self.known_client, "gateway.example.com")
        known = fingerprint(self.known_client / "cert.pem")
        for name, text in (("main.cf", MAIN.format(folder=self.folder, uid=uid, gid=gid)),
                           ("recipients", RECIPIENTS), ("senders", SENDERS),
                           ("headers", HEADERS),
                           ("known_clients", f"{known} gateway\n")):
            (self.folder / "etc" / name).write_text(text)
        (self.folder / "log").touch()

    def start(self):
        for _ in range(5):  # another program may take a port between our look and Postfix's
            self.ports = dict(zip(self.listeners, free_ports(len(self.listeners))))
            services = SERVICES
            for name, options in self.listeners.items():
                services += f"127.0.0.1:{self.ports[name]} inet n - n - 100 smtpd\n"
                services += "".join(f"  -o {option}\n" for option in options)
            (self.folder / "etc" / "master.cf").write_text(services)
            try:
                privileged("/usr/sbin/postfix", "-c", self.folder / "etc", "start")
                break
            except subprocess.CalledProcessError as failed:
                if "Address already in use" not in self.log():
                    raise AssertionError(f"Postfix did not start: {failed.stderr} {self.log()}") \
                        from failed
        pid_file = self.folder / "queue" / "pid" / "master.pid"
        self.master = int(privileged("cat", pid_file).stdout)
        # Its standard input ends when stop() says so, and also when we are killed.
        prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
        self.guard = subprocess.Popen(
            [*prefix, "sh", "-c", 'cat; postfix -c "$0/etc" stop; rm -rf "$0"', self.folder],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, start_new_session=True)
        return self

    def stop(self):
        """Ends every process of it, and removes its folder."""
        self.guard.stdin.close()
        self.guard.wait(timeout=60)
        wait_until(lambda: not group_members(self.master), "Postfix's processes to end",
                   patience=30)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def mail(self):
        """What was delivered, one Mail for each recipient, in no order."""
        new = self.folder / "mail" / "all" / "new"
        for name in os.listdir(new) if new.exists() else []:
            if name not in self.read:
                self.read[name] = parse((new / name).read_bytes())
        return list(self.read.values())

    def wait_for_mail(self, recipient):
        """The one message that was delivered to `recipient`."""
        found = wait_until(lambda: [mail for mail in self.mail() if mail.recipient == recipient],
                           f"mail to {recipient}", interval=0.05)
        if len(found) != 1:
            raise AssertionError(f"{len(found)} messages were delivered to {recipient}")
        return found[0]

    def connects(self):
        """How many connections its SMTP servers have seen."""
        return len(re.findall(r"smtpd\[\d+\]: connect from", self.log()))

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.stop()


def group_members(leader):
    """The processes of the group that `leader` made."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[2] == str(leader) and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found
