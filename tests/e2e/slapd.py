"""A real OpenLDAP server with its own configuration and database in a temporary folder, on a port of
loopback and on a Unix socket."""
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness import make_certificate, wait_until
from postfix import free_ports

CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile {folder}/cert.pem
TLSCertificateFile {folder}/cert.pem
TLSCertificateKeyFile {folder}/key.pem
disallow bind_anon
database mdb
directory {folder}/data
suffix "dc=example,dc=com"
rootdn "cn=reader,dc=example,dc=com"
rootpw reading
"""

ENTRIES = """
dn: dc=example,dc=com
objectClass: domain
dc: example

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: uid=alice,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: alice
cn: Alice
sn: A
mail: alice@example.com
userPassword: correct horse

dn: uid=twin,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: twin
cn: Twin
sn: A
userPassword: same

dn: cn=Other Twin,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: twin
cn: Other Twin
sn: B
userPassword: same
"""


class Slapd:
    """A running one; a context manager. `uri` and `port` say where."""

    def __init__(self):
        if not shutil.which("slapd", path="/usr/sbin"):
            raise unittest.SkipTest("slapd is not installed")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sekisho-slapd-"))
        (self.folder / "data").mkdir()
        make_certificate(self.folder)
        (self.folder / "slapd.conf").write_text(CONFIG.format(folder=self.folder))
        self.process = None
        self.port = None

    @property
    def uri(self):
        return f"ldap://127.0.0.1:{self.port}"

    def start(self):
        """Starts it, or starts it again on the same port."""
        if self.port is None:
            (self.folder / "entries").write_text(ENTRIES)
            subprocess.run(["/usr/sbin/slapadd", "-f", self.folder / "slapd.conf", "-l",
                            self.folder / "entries"], check=True, capture_output=True)
            [self.port] = free_ports(1)
        self.process = subprocess.Popen(
            ["/usr/sbin/slapd", "-f", self.folder / "slapd.conf", "-h", self.uri, "-d", "0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, "slapd to listen")
        return self

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.stop()
        shutil.rmtree(self.folder)
