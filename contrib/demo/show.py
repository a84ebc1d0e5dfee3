"""Sends a few messages to a running gateway and prints what became of each: for ./start.

Exit status 0 when every answer was the one that Sekisho promises.
"""
import argparse
import os
import smtplib
import ssl
import sys
import time

PROGRAM = b"MZ\x90\x00 not really a program"


def message(sender, recipient, subject, body="Hello through the gateway.\r\n"):
    return (f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\n"
            f"Message-ID: <{time.time_ns()}@sekisho.localhost>\r\n\r\n{body}")


def with_program(sender, recipient):
    import base64
    return (f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: an invoice\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nPlease see the invoice.\r\n"
            "--b\r\nContent-Type: application/pdf; name=\"invoice.pdf\"\r\n"
            "Content-Disposition: attachment; filename*0=\"invoice.pdf.\"; filename*1=\"exe\"\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n"
            f"{base64.b64encode(PROGRAM).decode()}\r\n--b--\r\n")


class Show:
    def __init__(self, options):
        self.options = options
        self.failed = False
        with open(options.password_file, encoding="ascii") as file:
            self.password = file.read().strip()

    def tell(self, what, code, text, expected):
        good = code == expected
        self.failed |= not good
        text = text.decode("ascii", "replace") if isinstance(text, bytes) else text
        text = text.replace("\r", "").replace("\n", " / ")
        print(f"  {'ok  ' if good else 'BAD '} {what:<44} {code} {text}")

    def wait_until_up(self):
        for _ in range(300):
            try:
                with smtplib.SMTP("127.0.0.1", self.options.mx, timeout=10):
                    return True
            except OSError:
                try:
                    os.kill(self.options.pid, 0)
                except ProcessLookupError:
                    return False
                time.sleep(0.1)
        return False

    def logged_in(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        client = smtplib.SMTP("127.0.0.1", self.options.submission, timeout=60)
        client.starttls(context=context)
        client.login(self.options.user, self.password)
        return client

    def run(self):
        if not self.wait_until_up():
            print("the gateway did not come up", file=sys.stderr)
            return 1
        me, elsewhere = "demo@example.com", "friend@elsewhere.example"
        with smtplib.SMTP("127.0.0.1", self.options.mx, timeout=60) as client:
            client.ehlo("stranger.example")
            client.mail("spammer@stranger.example")
            self.tell("a stranger wants to relay to the world", *client.rcpt(elsewhere), 550)
        with smtplib.SMTP("127.0.0.1", self.options.mx, timeout=60) as client:
            client.ehlo("stranger.example")
            client.mail("friend@stranger.example")
            client.rcpt("info@example.com")
            self.tell("a stranger writes to our own domain",
                      *client.data(message("friend@stranger.example", "info@example.com", "hello")), 250)
        with self.logged_in() as client:
            client.mail(me)
            client.rcpt(elsewhere)
            self.tell("demo logs in and writes to the world",
                      *client.data(message(me, elsewhere, "hello")), 250)
            client.mail(me)
            client.rcpt(elsewhere)
            self.tell("demo sends a program as \"invoice.pdf\"",
                      *client.data(with_program(me, elsewhere)), 550)
            client.mail(me)
            passed = 0
            for number in range(100):
                code, text = client.rcpt(f"list{number}@elsewhere.example")
                if code != 250:
                    break
                passed += 1
            self.tell(f"a burst: {passed} recipients pass, then", code, text, 451)
        return 1 if self.failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("mx", "submission", "submissions", "pid"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--upstream", default="")
    sys.exit(Show(parser.parse_args()).run())


if __name__ == "__main__":
    main()
