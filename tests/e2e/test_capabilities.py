"""What becomes of each wish of a client (MAIL's and RCPT's parameters) at each kind of mail server behind a
whole gateway: carried with just these parameters, or refused at MAIL or RCPT with this enhanced code,
before anything of it went up. Never late: where RCPT was taken, the message is.
"""
import ssl
import unittest

from harness import CaseTest, Gateway, RecordingUpstream, Wire, undo_dots, without_added_headers

MODERN = ["SIZE 10000", "8BITMIME", "SMTPUTF8", "DSN"]
# What each of them says to EHLO; None knows HELO only. The one that is "verified" speaks TLS.
PERSONALITIES = {
    "helo": None,
    "size": ["SIZE"],
    "nineties": ["SIZE 10000", "8BITMIME"],
    "reports": ["8BITMIME", "DSN", "CHUNKING"],
    "modern": MODERN + ["CHUNKING", "BINARYMIME"],
    "plain": MODERN + ["REQUIRETLS", "BINARYMIME"],
    "verified": MODERN + ["REQUIRETLS", "CHUNKING", "BINARYMIME"],
    "small": ["SIZE 1000", "8BITMIME", "SMTPUTF8"],
}

# MAIL's parameters, RCPT's parameters, and for each personality in order: what goes up ("": nothing of it), or
# the enhanced code of the refusal.
UTF8, REPORT = "SMTPUTF8", "RET=HDRS ENVID=Q1"
SUCCESS, NEVER = "NOTIFY=SUCCESS", "NOTIFY=NEVER"
FAILURE, ORIGINAL = "NOTIFY=FAILURE,DELAY", "ORCPT=rfc822;y+2Bz@example.org"
EIGHT, BINARY = "BODY=8BITMIME", "BODY=BINARYMIME"
WISHES = {
    "nothing": ("", "", ["", "", "", "", "", "", "", ""]),
    "a_small_size": ("SIZE=500", "", ["", "SIZE=500", "SIZE=500", "", "SIZE=500", "SIZE=500",
                                      "SIZE=500", "SIZE=500"]),
    "a_large_size": ("SIZE=5000", "", ["", "SIZE=5000", "SIZE=5000", "", "SIZE=5000", "SIZE=5000",
                                       "SIZE=5000", "5.3.4"]),
    "seven_bits": ("BODY=7BIT", "", ["", "", "", "", "", "", "", ""]),
    "eight_bits": (EIGHT, "", ["5.6.3", "5.6.3", EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT]),
    "binary": (BINARY, "", ["5.6.3", "5.6.3", "5.6.3", "5.6.3", BINARY, "5.6.3", BINARY, "5.6.3"]),
    "utf8": (UTF8, "", ["5.6.7", "5.6.7", "5.6.7", "5.6.7", UTF8, UTF8, UTF8, UTF8]),
    "required_tls": ("REQUIRETLS", "", ["5.7.30", "5.7.30", "5.7.30", "5.7.30", "5.7.30", "5.7.30",
                                        "REQUIRETLS", "5.7.30"]),
    "reports_named": (REPORT, "", ["", "", "", REPORT, REPORT, REPORT, REPORT, ""]),
    "report_of_failure": ("", FAILURE, ["", "", "", FAILURE, FAILURE, FAILURE, FAILURE, ""]),
    "report_of_success": ("", SUCCESS, ["5.3.3", "5.3.3", "5.3.3", SUCCESS, SUCCESS, SUCCESS,
                                        SUCCESS, "5.3.3"]),
    "no_reports": ("", NEVER, ["5.3.3", "5.3.3", "5.3.3", NEVER, NEVER, NEVER, NEVER, "5.3.3"]),
    "original_recipient": ("", ORIGINAL, ["", "", "", ORIGINAL, ORIGINAL, ORIGINAL, ORIGINAL, ""]),
}

TEXT = b"Subject: a wish\r\n\r\n.\r\n..\r\ntext\r\n"
BYTES = b"Subject: a wish\r\n\r\n.\r\n\0\n.\n\r\xff."


class Personality(RecordingUpstream):
    def __init__(self, extensions, folder=None):
        self.extensions = extensions
        self.context = None
        if folder:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        super().__init__(self.hello)

    def hello(self, verb, _line):
        if verb == "HELO":
            return "250 upstream"
        if verb == "EHLO":
            if self.extensions is None:
                return "500 5.5.1 what?"
            return "\r\n".join(["250-upstream", *(f"250-{word}" for word in self.extensions),
                                "250 PIPELINING"])
        return None

    def _serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        super()._serve(connection)


class EachWish(CaseTest):
    @classmethod
    def setUpClass(cls):
        rest = cls.enterClassContext(RecordingUpstream())  # for what no route takes: nothing here
        cls.gateway = Gateway(upstream=rest.port)
        cls.upstreams = {}
        tables = ""
        for name, extensions in PERSONALITIES.items():
            verified = name == "verified"
            one = Personality(extensions, cls.gateway.folder if verified else None)
            cls.upstreams[name] = cls.enterClassContext(one)
            tables += (f'[upstream.{name}]\nhost = "127.0.0.1"\nport = {one.port}\n'
                       f'tls = "{"implicit-verify" if verified else "never"}"\n'
                       f'{"tls_ca_file = " + chr(34) + "cert.pem" + chr(34) if verified else ""}\n'
                       f'[route.{name}]\nrecipient_domains = ["{name}.sub.example.com"]\n'
                       f'upstreams = ["{name}"]\n')
        config = cls.gateway.folder / "sekisho.toml"
        config.write_text(config.read_text() + tables)
        cls.enterClassContext(cls.gateway)

    def play(self, wish, personality):
        mail, rcpt, outcomes = WISHES[wish]
        outcome = outcomes[list(PERSONALITIES).index(personality)]
        upstream = self.upstreams[personality]
        sender = f"{wish}.{personality}@example.org"
        wire = self.enterContext(Wire(self.gateway.ports["mx"]))
        wire.expect(220)
        wire.expect(250, "EHLO client.example.org")
        wire.starttls()
        wire.expect(250, "EHLO client.example.org")
        replies = wire.commands(f"MAIL FROM:<{sender}> {mail}",
                                f"RCPT TO:<x@{personality}.sub.example.com> {rcpt}")
        if outcome[:1] == "5":
            refusal = next(reply for reply in replies if not reply.startswith("250"))
            self.assertEqual(refusal[0], "5")
            self.assertEqual(refusal.split()[1], outcome)
            self.assertRegex(wire.command("DATA"), "^5")
            self.assertEqual([line for line in upstream.commands if sender in line], [])
            return
        self.assertEqual([reply[:3] for reply in replies], ["250", "250"])
        sent = BYTES if mail == BINARY else TEXT
        wire.send(b"BDAT %d LAST\r\n" % len(sent) + sent)
        self.assertIn("queued as", wire.expect(250))
        at = upstream.commands.index(f"MAIL FROM:<{sender}>" + (" " + outcome if mail and outcome
                                                                else ""))
        self.assertEqual(upstream.commands[at + 1], f"RCPT TO:<x@{personality}.sub.example.com>" +
                         (" " + outcome if rcpt and outcome else ""))
        [got] = [data for who, _, data in upstream.messages if who == sender]
        self.assertEqual(upstream.commands[at + 2][:4], "BDAT" if mail == BINARY else "DATA")
        self.assertEqual(without_added_headers(got if mail == BINARY else undo_dots(got)), sent)


for _wish in WISHES:
    for _personality in PERSONALITIES:
        setattr(EachWish, f"test_{_wish}_at_{_personality}",
                lambda self, wish=_wish, personality=_personality: self.play(wish, personality))


if __name__ == "__main__":
    unittest.main()
