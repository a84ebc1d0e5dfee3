"""What the documents say is so: links lead somewhere, configurations are valid, ./start does what is shown."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import (PATIENCE, ROOT, SEKISHO, CaseTest, Gateway, RecordingUpstream, cases, login,
                     wait_until)

README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md",
             *(path for folder in ("docs", "contrib", "gateway", "filters", "rules", "tests")
               for path in sorted((ROOT / folder).rglob("*.md")))]


def blocks(language):
    """The contents of README's fenced blocks of this language."""
    return [content for of, content in re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", README)
            if of == language]


def check(folder):
    return subprocess.run([SEKISHO, "check", "--config", "sekisho.toml"], cwd=folder, text=True,
                          capture_output=True, timeout=PATIENCE, check=False)


class Documents(CaseTest):
    @cases({str(path.relative_to(ROOT)): path for path in DOCUMENTS})
    def test_links_lead_somewhere_in(self, path):
        text = re.sub(r"(?ms)^```.*?^```", "", path.read_text())
        broken = [target for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
                  if not re.match(r"[a-z]+:", target) and not (path.parent / target).exists()]
        self.assertEqual(broken, [])

    @cases({command: command for block in blocks("sh")
            for command in re.findall(r"(?m)^build/release/sekisho (.*)", block)})
    def test_there_is_the_command(self, command):
        words = command.split(" --")[0].split()
        done = subprocess.run([SEKISHO, *words, "--help"], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(words[-1], done.stdout)

    def test_the_example_is_a_valid_configuration(self):
        # With the files where it says they are.
        with Gateway() as gateway:
            text = (ROOT / "contrib" / "examples" / "sekisho.toml").read_text()
            (gateway.folder / "tls").mkdir()
            shutil.copy(gateway.folder / "cert.pem", gateway.folder / "tls" / "fullchain.pem")
            shutil.copy(gateway.folder / "key.pem", gateway.folder / "tls" / "privkey.pem")
            gateway.write("sekisho.toml", text.replace("/etc/sekisho", str(gateway.folder)).replace(
                "/var/lib/sekisho", str(gateway.folder / "state")))
            done = check(gateway.folder)
            self.assertEqual(done.returncode, 0, done.stderr)


class SmallConfiguration(unittest.TestCase):
    def test_carries_mail(self):
        text, = blocks("toml")
        with RecordingUpstream() as upstream:
            self.assertIn("port = 10025", text)
            text = text.replace("port = 10025", f"port = {upstream.port}")
            text = re.sub(r'"0\.0\.0\.0:\d+"', '"127.0.0.1:0"', text)
            config = f'state_directory = "state"\n{text}\n[log]\nfile = "log"\n'
            gateway = Gateway(config=config)
            shutil.copy(gateway.folder / "cert.pem", gateway.folder / "fullchain.pem")
            shutil.copy(gateway.folder / "key.pem", gateway.folder / "privkey.pem")
            with gateway:
                client = login(gateway)
                client.sendmail("alice@example.com", ["somebody@example.net"],
                                "Subject: small\r\n\r\nbody\r\n")
                client.quit()
            self.assertEqual([message[:2] for message in upstream.messages],
                             [("alice@example.com", ["somebody@example.net"])])

    def test_a_mistake_in_it_is_told_as_shown(self):
        shown, = [block for block in blocks("") if ": error: " in block]
        place, line, caret = shown.splitlines()
        number, column = map(int, re.match(r"sekisho\.toml:(\d+):(\d+): ", place).groups())
        wrong = re.fullmatch(r" *\d+ \| (.*)", line)[1]
        self.assertEqual(caret.index("^") - caret.index("|") - 2, column - 1)
        text, = blocks("toml")
        table = place.split("error: ")[1].split(":")[0].rsplit(".", 1)[0]
        lines = ["# nothing"] * (number - 2) + [f"[{table}]", wrong, text[text.index("[listener"):]]
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "sekisho.toml").write_text("\n".join(lines))
            done = check(folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn(shown, done.stdout + done.stderr)


class Start(unittest.TestCase):
    """./start in a copy of what it needs; the built binary stands in for the build."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        shutil.copy(ROOT / "start", self.folder)
        shutil.copytree(ROOT / "contrib", self.folder / "contrib")
        (self.folder / "build" / "release").mkdir(parents=True)
        shutil.copy(SEKISHO, self.folder / "build" / "release" / "sekisho")
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "cmake").write_text("#!/bin/sh\nexit 0\n")
        (self.folder / "bin" / "cmake").chmod(0o755)
        self.environment = {**os.environ,
                            "PATH": f"{self.folder / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.addCleanup(self.stop)

    def start(self, *options, status=0):
        done = subprocess.run(["./start", *options], cwd=self.folder, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * PATIENCE,
                              check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def stop(self):
        return self.start("--stop")

    def pid(self):
        return int((self.folder / "var" / "sekisho.pid").read_text())

    def assert_gone(self, pid):
        wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the gateway to end")

    @staticmethod
    def without_variables(text):
        """The text without ids, ports, process numbers and times."""
        for pattern, name in ((r"[0-9a-f]{8,}-[0-9a-f]+\.\d+", "ID"),
                              (r"\d+\.M\d+P\d+Q\d+\.\S+", "QUEUE-ID"), (r"127\.0\.0\.1:\d+", "PORT"),
                              (r"\d+ recipients", "N recipients"), (r"in \d+ (s|min)", "in a while")):
            text = re.sub(pattern, name, text)
        return text.splitlines()

    def test_shows_what_the_readme_shows(self):
        shown, = [block for block in blocks("") if "  ok   " in block]
        printed = self.without_variables(self.start("--detach"))
        for line in self.without_variables(shown):
            self.assertIn(line, printed)
        self.assertEqual([line for line in printed if line.startswith("  BAD")], [])
        pid = self.pid()
        inbox = subprocess.run(["build/release/sekisho", "inbox", "--config", "var/sekisho.toml"],
                               cwd=self.folder, text=True, capture_output=True, check=True)
        self.assertIn("from <demo@example.com>  to <friend@elsewhere.example>", inbox.stdout)
        self.assertEqual(self.stop(), "stopped\n")
        self.assert_gone(pid)
        self.assertEqual(self.stop(), "not running\n")

    def test_can_be_said_twice(self):
        self.start("--detach")
        first, password = self.pid(), (self.folder / "var" / "demo-password").read_text()
        self.assertIn(f"stopping the running one (pid {first})", self.start("--detach"))
        self.assert_gone(first)
        self.assertNotEqual(self.pid(), first)
        self.assertEqual((self.folder / "var" / "demo-password").read_text(), password)

    def test_names_who_holds_a_port_and_takes_the_next(self):
        self.start("--detach")
        first = self.pid()
        port = int(re.search(r'\[listener\.mx\]\nprofile = "mx"\naddress = "127\.0\.0\.1:(\d+)"',
                             (self.folder / "var" / "sekisho.toml").read_text())[1])
        (self.folder / "var" / "sekisho.pid").unlink()  # as if it were somebody else's
        self.addCleanup(self.assert_gone, first)
        self.addCleanup(os.kill, first, signal.SIGTERM)
        printed = self.start("--detach")
        self.assertIn(f"port {port} is held by sekisho-keeper,pid={first}; trying the next", printed)

    def test_forwards_to_the_upstream_that_is_named(self):
        with RecordingUpstream() as upstream:
            self.start("--detach", "--upstream", f"127.0.0.1:{upstream.port}")
            self.assertGreaterEqual(len(upstream.messages), 2)
            self.stop()

    def test_says_how_it_is_used_when_misused(self):
        self.assertIn("--upstream HOST:PORT", self.start("--nonsense", status=2))
        self.assertIn("--upstream needs HOST:PORT", self.start("--upstream", "nowhere", status=1))
        self.assertIn("--upstream HOST:PORT", self.start("--help"))

    def test_ends_by_ctrl_c(self):
        with subprocess.Popen(["./start"], cwd=self.folder, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, start_new_session=True) as running:
            for line in running.stdout:
                if "Ctrl-C ends it" in line:
                    break
            pid = self.pid()
            os.killpg(running.pid, signal.SIGINT)
            running.stdout.read()
        self.assertEqual(running.returncode, 0)
        self.assert_gone(pid)
        self.assertFalse((self.folder / "var" / "sekisho.pid").exists())


if __name__ == "__main__":
    unittest.main()
