"""Log-ins that are checked by a real LDAP directory, and by PAM."""
import os
import pathlib
import signal
import subprocess
import unittest

import slapd
from harness import (SEKISHO, CaseTest, Gateway, Wire, cases, plain, tls_context, wait_until)

CONFIG = """
hostname = "gateway.example.com"
state_directory = "state"
[listener.submission]
profile = "submission"
address = "127.0.0.1:0"
[tls]
certificate = "cert.pem"
key = "key.pem"
[log]
file = "log"
[auth.throttle]
first_delay = "1ms"
{extra}
"""

BY_DN = """
[auth.helpers.ldap]
uri = "{uri}"
ca_file = "{folder}/cert.pem"
bind_dn = "uid={{user}},ou=people,dc=example,dc=com"
"""
BY_SEARCH = """
[auth.helpers.ldap]
uri = "{uri}"
ca_file = "{folder}/cert.pem"
search_base = "ou=people,dc=example,dc=com"
search_filter = "(|(uid={{user}})(mail={{user}}))"
search_dn = "cn=reader,dc=example,dc=com"
search_password_file = "reader-password"
"""


class LoginTest(CaseTest):
    gateway = None

    def answer(self, user, password):
        """The reply to AUTH PLAIN."""
        wire = self.enterContext(Wire(self.gateway.ports["submission"]))
        wire.expect(220)
        wire.expect(250, "EHLO client.example.org")
        wire.starttls(tls_context())
        wire.expect(250, "EHLO client.example.org")
        return wire.command("AUTH PLAIN " + plain(user, password))[:9]

    def helpers(self):
        """The process ids of the gateway's helpers."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
                parent = int((path.parent / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if b"login-helper" in words and parent == self.gateway.process.pid:
                found.append(int(path.parent.name))
        return found


class Ldap(LoginTest):
    settings = None

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(slapd.Slapd())
        cls.gateway = Gateway(config=CONFIG, users={}, extra=cls.settings.format(
            uri=cls.directory.uri, folder=cls.directory.folder))
        cls.gateway.write("reader-password", "reading\n")
        (cls.gateway.folder / "reader-password").chmod(0o600)
        cls.enterClassContext(cls.gateway)

    @cases({"right": ("alice", "correct horse", "235 2.7.0"),
            "wrong": ("alice", "wrong", "535 5.7.8"),
            "of_an_unknown_user": ("nobody", "correct horse", "535 5.7.8"),
            "empty": ("alice", "", "535 5.7.8"),
            "for_a_wildcard": ("*", "correct horse", "535 5.7.8"),
            "for_a_name_that_ends_the_filter": ("alice)(uid=*", "correct horse", "535 5.7.8"),
            "for_a_name_that_leaves_its_dn": ("alice,ou=people", "correct horse", "535 5.7.8")})
    def test_a_password(self, user, password, reply):
        self.assertEqual(self.answer(user, password), reply)

    def test_its_name_is_the_user(self):
        self.answer("alice", "correct horse")
        self.gateway.wait_for_log(" auth .*user=alice .*mechanism=PLAIN")
        self.assertNotIn("correct horse", self.gateway.log())

    def test_a_helper_that_is_killed_costs_one_454_at_most(self):
        self.answer("alice", "wrong")
        for pid in self.helpers():
            os.kill(pid, signal.SIGKILL)
        self.assertIn(self.answer("alice", "wrong2"), ("454 4.7.0", "535 5.7.8"))
        self.assertEqual(self.answer("alice", "wrong3"), "535 5.7.8")

    def test_a_directory_that_is_away_is_454_and_back_when_it_is_back(self):
        self.directory.stop()
        self.assertEqual(self.answer("alice", "wrong while it is away"), "454 4.7.0")
        self.directory.start()
        self.assertEqual(self.answer("alice", "still wrong"), "535 5.7.8")
        self.assertEqual(self.answer("alice", "correct horse"), "235 2.7.0")

    def test_the_helpers_end_with_the_gateway(self):
        self.answer("alice", "wrong again")
        helpers = self.helpers()
        self.assertTrue(helpers)
        self.gateway.kill()
        wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in helpers),
                   "the helpers to end")
        self.gateway.start()


class LdapByDn(Ldap):
    settings = BY_DN


class LdapBySearch(Ldap):
    settings = BY_SEARCH

    def test_an_address_finds_its_entry(self):
        self.assertEqual(self.answer("alice@example.com", "correct horse"), "235 2.7.0")

    def test_a_name_of_two_entries_is_nobody(self):
        self.assertEqual(self.answer("twin", "same"), "535 5.7.8")


class LdapWithAStrangeCertificate(LoginTest):
    def test_gets_no_password(self):
        with slapd.Slapd() as directory, slapd.Slapd() as other:
            self.gateway = self.enterContext(Gateway(config=CONFIG, users={}, extra=BY_DN.format(
                uri=directory.uri, folder=other.folder)))
            self.assertEqual(self.answer("alice", "correct horse"), "454 4.7.0")


class Pam(LoginTest):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"],
                                               check=False).returncode != 0:
            raise unittest.SkipTest("only root can make a mount namespace")
        cls.gateway = Gateway(config=CONFIG, users={},
                              extra='[auth.helpers.pam]\nservice = "sekisho"\n')
        folder = cls.gateway.folder
        hashed = subprocess.run(["openssl", "passwd", "-6", "correct horse"], check=True,
                                capture_output=True, text=True).stdout.strip()
        (folder / "pam.d").mkdir()
        (folder / "pam.d" / "sekisho").write_text("auth required pam_unix.so\n"
                                                  "account required pam_unix.so\n")
        (folder / "passwd").write_text(pathlib.Path("/etc/passwd").read_text() +
                                       "pamela:x:64010:64010::/:/usr/sbin/nologin\n"
                                       "expired:x:64011:64011::/:/usr/sbin/nologin\n")
        (folder / "shadow").write_text(pathlib.Path("/etc/shadow").read_text() +
                                       f"pamela:{hashed}:19000:0:99999:7:::\n"
                                       f"expired:{hashed}:19000:0:99999:7::19001:\n")
        cls.gateway.launcher = [
            "unshare", "-m", "sh", "-c",
            f"mount --bind {folder}/pam.d /etc/pam.d && mount --bind {folder}/passwd /etc/passwd && "
            f"mount --bind {folder}/shadow /etc/shadow && exec \"$@\"", "sh"]
        cls.enterClassContext(cls.gateway)

    @cases({"right": ("pamela", "correct horse", "235 2.7.0"),
            "wrong": ("pamela", "wrong", "535 5.7.8"),
            "of_an_unknown_user": ("nobody-here", "correct horse", "535 5.7.8"),
            "of_an_expired_account": ("expired", "correct horse", "535 5.7.8"),
            "empty": ("pamela", "", "535 5.7.8")})
    def test_a_password(self, user, password, reply):
        self.assertEqual(self.answer(user, password), reply)


class NobodyElse(CaseTest):
    @cases({"passwords_in_clear_text_to_another_host":
                ('[auth.helpers.ldap]\nuri = "ldap://ldap.example.com"\nstarttls = false\n'
                 'bind_dn = "uid={user}"', "clear text"),
            "a_dn_that_is_the_same_for_all":
                ('[auth.helpers.ldap]\nuri = "ldaps://ldap.example.com"\nbind_dn = "uid=x"', "{user}"),
            "two_who_know":
                ('[auth.helpers.ldap]\nuri = "ldaps://ldap.example.com"\nbind_dn = "uid={user}"\n'
                 '[auth.helpers.pam]\nservice = "x"', "not both")})
    def test_is_asked_with(self, settings, words):
        gateway = Gateway(config=CONFIG, users={},
                          extra=settings)
        done = subprocess.run([SEKISHO, "check", "--config", gateway.folder / "sekisho.toml"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(words, done.stderr)


del Ldap, LoginTest
