"""How a message ends, and what is a line: end-of-data variants, SMTP smuggling, bare CR, bare LF, NUL.

Each variant is sent in one write with its envelope, byte by byte, and in two parts cut at every place
around it. However it is cut, the upstream never gets two messages for one, nor the envelope that was
hidden in the message; the answer is 5xx, or the message arrives as one.
"""
import concurrent.futures
import random
import re
import unittest

import harness

OPENING = (b"EHLO client.example.org\r\nMAIL FROM:<sender@example.org>\r\n"
           b"RCPT TO:<local@example.com>\r\nDATA\r\n")
HEADER = b"Subject: framing\r\nFrom: <sender@example.org>\r\n\r\nfirst"
SMUGGLED = (b"MAIL FROM:<smuggled@example.net>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\n"
            b"Subject: smuggled\r\n\r\nsmuggled")
END = b"\r\n.\r\n"
QUIT = b"QUIT\r\n"

# What stands between a text and what follows, and is no end of data.
VARIANTS = {
    # Every mixture of line ends around a dot, but CRLF before and behind it.
    "lf_dot_lf": b"\n.\n",
    "lf_dot_cr": b"\n.\r",
    "lf_dot_crlf": b"\n.\r\n",
    "cr_dot_lf": b"\r.\n",
    "cr_dot_cr": b"\r.\r",
    "cr_dot_crlf": b"\r.\r\n",
    "crlf_dot_lf": b"\r\n.\n",
    "crlf_dot_cr": b"\r\n.\r",
    "lfcr_dot_lfcr": b"\n\r.\n\r",
    "lfcr_dot_crlf": b"\n\r.\r\n",
    "crlf_dot_lfcr": b"\r\n.\n\r",
    "crlf_dot_crcrlf": b"\r\n.\r\r\n",
    "crlf_dot_lflf": b"\r\n.\n\n",
    "crlf_dot_crcr": b"\r\n.\r\r",
    "crlf_dot_lfcrlf": b"\r\n.\n\r\n",
    "lflf_dot_crlf": b"\n\n.\r\n",
    "crcr_dot_crlf": b"\r\r.\r\n",
    "crlflf_dot_crlf": b"\r\n\n.\r\n",
    "crlfcr_dot_crlf": b"\r\n\r.\r\n",
    # NUL, which some programs drop or take for the end of a text.
    "crlf_nul_dot_crlf": b"\r\n\0.\r\n",
    "crlf_dot_nul_crlf": b"\r\n.\0\r\n",
    "crlf_dot_cr_nul_lf": b"\r\n.\r\0\n",
    "cr_nul_lf_dot_crlf": b"\r\0\n.\r\n",
    "nul_crlf_dot_lf": b"\0\r\n.\n",
    "crlf_dot_lf_nul": b"\r\n.\n\0",
    "nul_dot_nul": b"\0.\0",
    "lf_nul_dot_nul_lf": b"\n\0.\0\n",
    # Several in a row, where the first might be missed or repaired.
    "lf_dot_lf_twice": b"\n.\n\n.\n",
    "cr_dot_cr_twice": b"\r.\r\r.\r",
    "crlf_dot_lf_dot_cr": b"\r\n.\n.\r",
    "crlf_dot_cr_dot_lf": b"\r\n.\r.\n",
    "lf_dot_dot_lf": b"\n..\n",
    "crlf_dot_dot_lf": b"\r\n..\n",
    "crlf_dot_dot_cr": b"\r\n..\r",
    "lf_dot_crlf_dot_lf": b"\n.\r\n.\n",
    # No flaw in the line ends, but something near the dot.
    "crlf_dot_dot_crlf": b"\r\n..\r\n",
    "crlf_three_dots_crlf": b"\r\n...\r\n",
    "crlf_dot_blank_crlf": b"\r\n. \r\n",
    "crlf_blank_dot_crlf": b"\r\n .\r\n",
    "crlf_dot_tab_crlf": b"\r\n.\t\r\n",
    "crlf_tab_dot_crlf": b"\r\n\t.\r\n",
    "crlf_dot_quit_crlf": b"\r\n.QUIT\r\n",
    "crlf_dot_mail_crlf": b"\r\n.MAIL FROM:<smuggled@example.net>\r\n",
    "dot_crlf": b".\r\n",
    "dot_crlf_crlf": b".\r\n\r\n",
    "crlf_crlf": b"\r\n\r\n",
    "form_feeds": b"\x0c.\x0c",
    "vertical_tabs": b"\x0b.\x0b",
    "crlf_dot_form_feed_crlf": b"\r\n.\x0c\r\n",
    "crlf_vertical_tab_dot_crlf": b"\r\n\x0b.\r\n",
    "record_separators": b"\x1e.\x1e",
    "end_of_file": b"\r\n\x1a\r\n",
    "crlf_dot_end_of_file_crlf": b"\r\n.\x1a\r\n",
    "backspace": b"\r\n.x\x08\r\n",
    "delete": b"\r\n.\x7f\r\n",
    "next_line_latin1": b"\x85.\x85",
    "next_line_utf8": b"\xc2\x85.\xc2\x85",
    "line_separator": b"\xe2\x80\xa8.\xe2\x80\xa8",
    "overlong_lf": b"\xc0\x8a.\xc0\x8a",
    "overlong_crlf_dot": b"\xc0\x8d\xc0\x8a.\xc0\x8d\xc0\x8a",
    "utf16_crlf_dot_crlf": "\r\n.\r\n".encode("utf-16-be"),
    "full_width_dot": "\r\n．\r\n".encode(),
    "ideographic_stop": "\r\n。\r\n".encode(),
    "escaped_letters": b"\\r\\n.\\r\\n",
    "quoted_printable": b"=0D=0A.=0D=0A",
    "percent": b"%0d%0a.%0d%0a",
    "html": b"&#13;&#10;.&#13;&#10;",
}
# These few are cut at every byte of the whole session.
CUT_EVERYWHERE = ("lf_dot_lf", "crlf_dot_lf", "crlf_dot_cr", "crlf_dot_crcrlf", "crlf_nul_dot_crlf",
                  "crlf_dot_dot_crlf")

# No bare CR, no bare LF, no NUL.
CLEAN = re.compile(rb"(?:[^\r\n\0]|\r\n)*")


def in_bytes(data):
    return [bytes([byte]) for byte in data]


class FramingTest(harness.GatewayTest):
    extra = "[limits]\nmax_connections_per_client = 1000\nmax_errors = 100\n"

    def setUp(self):
        self.told = len(self.upstream.commands)
        self.delivered = len(self.upstream.messages)

    def arrived(self):
        """The messages of this test that arrived since the last call."""
        messages = self.upstream.messages[self.delivered:]
        self.delivered += len(messages)
        return messages

    def say(self, parts):
        """Sends each part once the one before has been read, and returns the replies."""
        with harness.Wire(self.gateway.ports["mx"]) as wire:
            try:
                for number, part in enumerate(parts):
                    if number > 0:
                        harness.wait_until_read(wire.socket)
                    wire.send(part)
            except ConnectionError:
                pass
            return wire.replies()

    def say_all(self, sessions):
        """say() for each, several at the same time."""
        with concurrent.futures.ThreadPoolExecutor(16) as threads:
            return list(threads.map(self.say, sessions))


class EndOfData(FramingTest):
    def check(self, sessions, text):
        """Sessions with one message each, at the same time: `text` behind the header."""
        taken = 0
        for replies in self.say_all(sessions):
            codes = [reply[:3] for reply in replies]
            self.assertEqual(codes[:5], ["220", "250", "250", "250", "354"], replies)
            if CLEAN.fullmatch(text):
                self.assertEqual(codes[5:], ["250", "221"], replies)
                taken += 1
            else:
                # Where it ended is open to dispute: nothing behind it is obeyed, QUIT neither.
                self.assertEqual(codes[5:], ["554"], replies)
        told, self.told = self.upstream.commands[self.told:], len(self.upstream.commands)
        self.assertNotIn("smuggled", "".join(told))
        self.assertNotIn("victim", "".join(told))
        messages = self.arrived()
        self.assertEqual(len(messages), taken)
        for sender, recipients, data in messages:
            self.assertEqual((sender, recipients), ("sender@example.org", ["local@example.com"]))
            self.assertTrue(CLEAN.fullmatch(data), data)
            self.assertEqual(harness.without_added_headers(harness.undo_dots(data)),
                             harness.undo_dots(HEADER + text + b"\r\n"))

    def check_all_cuts(self, variant, following, everywhere=False):
        """`following` stands behind the variant; both belong to the message."""
        text = variant + following
        session = OPENING + HEADER + text + END + QUIT
        first = len(OPENING + HEADER)
        last = len(session) - len(QUIT)
        cuts = {len(OPENING), *range(first, first + len(variant) + 2), *range(last - 4, last)}
        if everywhere:
            cuts = range(1, len(session))
        self.check([[session], in_bytes(session)]
                   + [[session[:cut], session[cut:]] for cut in sorted(cuts)], text)

    @harness.cases(VARIANTS)
    def test_nothing_is_smuggled_behind(self, variant):
        self.check_all_cuts(variant, SMUGGLED)

    @harness.cases(VARIANTS)
    def test_a_message_goes_on_behind(self, variant):
        self.check_all_cuts(variant, b"second")

    @harness.cases({name: VARIANTS[name] for name in CUT_EVERYWHERE})
    def test_cut_at_every_byte(self, variant):
        self.check_all_cuts(variant, SMUGGLED, everywhere=True)

    def test_the_right_end_does_end_it_wherever_it_is_cut(self):
        """The control: two messages in one write are two messages."""
        one = b"MAIL FROM:<sender@example.org>\r\nRCPT TO:<local@example.com>\r\nDATA\r\n"
        session = OPENING + HEADER + END + one + HEADER + END + QUIT
        cuts = range(1, len(session))
        for replies in self.say_all([[session[:cut], session[cut:]] for cut in cuts]):
            self.assertEqual([reply[:3] for reply in replies],
                             ["220", "250", "250", "250", "354", "250", "250", "250", "354", "250",
                              "221"])
        messages = [harness.without_added_headers(data) for _, _, data in self.arrived()]
        self.assertEqual(messages, [HEADER + b"\r\n"] * 2 * len(cuts))

    @harness.cases({
        "nothing": b"",
        "a_dot": b".",
        "a_dot_and_cr": b".\r",
        "a_dot_and_lf": b".\n",
        "half_a_line": b"half a line",
        "cr": b"\r",
    })
    def test_the_end_of_the_connection_ends_no_message(self, rest):
        def abandoned():
            return self.gateway.log().count("verdict=abandoned")

        before = abandoned()
        with harness.Wire(self.gateway.ports["mx"]) as wire:
            wire.send(OPENING + HEADER + b"\r\n" + rest)
            for code in (220, 250, 250, 250, 354):
                wire.expect(code)
        harness.wait_until(lambda: abandoned() > before, "the message to be given up")
        self.assertEqual(self.arrived(), [])


def dotted_text(seed, lines):
    """Lines that begin with dots, of all lengths, for a message with CRLF line ends."""
    random_ = random.Random(seed)
    pieces = [b".", b"..", b"...", b".\t", b". .", b"", b"", b".text", b"..text", b"text.", b"t.t",
              b"\xff.\xfe", b"." * 70, b"x" * 997, b".QUIT", b". \x01\x02\x7f"]
    return b"".join(random_.choice(pieces) + b"\r\n" for _ in range(lines))


class Transparency(FramingTest):
    """RFC 5321 section 4.5.2: what the client means arrives octet for octet."""

    def send_text(self, text, sizes):
        """Sends the text as a message in slices of these sizes, in turn; returns what arrived."""
        stuffed = re.sub(rb"(?m)^\.", b"..", text)
        with harness.Wire(self.gateway.ports["mx"]) as wire:
            wire.send(OPENING)
            for code in (220, 250, 250, 250, 354):
                wire.expect(code)
            at = number = 0
            while at < len(stuffed):
                size = sizes[number % len(sizes)]
                wire.send(stuffed[at:at + size])
                at, number = at + size, number + 1
            wire.expect(250, b".\r\n")
        (_, _, data), = self.arrived()
        self.assertTrue(CLEAN.fullmatch(data))
        received = harness.undo_dots(data)
        self.assertNotIn(b"\r\n.\r\n", data)
        return received

    @harness.cases({
        "one_byte": ([1], 40),
        "two_and_three_bytes": ([2, 3], 200),
        "lines": ([77], 2000),
        "blocks": ([4096, 4095, 1], 20_000),
        "large_blocks": ([65536, 65535, 65537], 40_000),
    })
    def test_dots_arrive_unchanged_in_slices_of(self, sizes, lines):
        text = HEADER + b"\r\n" + dotted_text(lines, lines)
        received = self.send_text(text, sizes)
        self.assertEqual(harness.without_added_headers(received), text)

    @harness.cases({
        "one_dot": b"\r\n.\r\n",
        "two_dots": b"\r\n..\r\n",
        "many_lines_of_one_dot": b"\r\n" + b".\r\n" * 1000,
        "a_dot_first_of_all": b".\r\n",
        "a_dotted_header_line": b"Subject: x\r\n.Dotted: field\r\n\r\n.\r\n",
        "a_dot_last_of_all": b"\r\ntext\r\n.\r\n",
        "empty_lines_around": b"\r\n\r\n.\r\n\r\n",
    })
    def test_a_whole_message_of(self, text):
        received = self.send_text(text, [65536])
        self.assertTrue(received.endswith(text), received)


FLAWS = {"bare_cr": b"\r", "bare_lf": b"\n", "nul": b"\0"}
LINES = {
    "ehlo": b"EHLO client%s.example.org\r\n",
    "mail": b"MAIL FROM:<sender%s@example.org>\r\n",
    "mail_behind_the_path": b"MAIL FROM:<sender@example.org>%s\r\n",
    "rcpt": b"RCPT TO:<second%s@example.com>\r\n",
    "rcpt_behind_the_path": b"RCPT TO:<second@example.com>%s\r\n",
    "rcpt_with_a_second_one": b"RCPT TO:<second@example.com>%sRCPT TO:<third@example.com>\r\n",
    "data": b"DATA%s\r\n",
    "rset": b"RSET%s\r\n",
    "noop": b"NOOP%sx\r\n",
    "quit": b"QUIT%s\r\n",
    "starttls": b"STARTTLS%s\r\n",
    "flaw_first": b"%sRSET\r\n",
    "flaw_alone": b"%s\r\n",
    "unknown": b"XYZ%sZY\r\n",
}


class Commands(FramingTest):
    """A command line ends with CRLF; bare CR, bare LF and NUL make it no command."""

    @harness.cases({f"{flaw}_in_{name}": (line % byte, byte) for flaw, byte in FLAWS.items()
                    for name, line in LINES.items()})
    def test_no_effect_of(self, line, flaw):
        """It is answered 500, and the transaction under way is as before; or the session is over."""
        begun = OPENING[:-len(b"DATA\r\n")]
        rest = b"DATA\r\n" + HEADER + END + QUIT
        sessions = [[begun + line + rest], [begun, line, rest], [begun, *in_bytes(line), rest]]
        taken = 0
        for replies in self.say_all(sessions):
            codes = [reply[:3] for reply in replies]
            if flaw == b"\n":
                # Line ends are not agreed on: nothing behind it can be trusted to be a command.
                self.assertEqual(codes, ["220", "250", "250", "250", "500"], replies)
            else:
                self.assertEqual(codes, ["220", "250", "250", "250", "500", "354", "250", "221"],
                                 replies)
                taken += 1
        told, self.told = self.upstream.commands[self.told:], len(self.upstream.commands)
        self.assertNotIn("second", "".join(told))
        self.assertNotIn("third", "".join(told))
        self.assertEqual([recipients for _, recipients, _ in self.arrived()],
                         [["local@example.com"]] * taken)

    @harness.cases({
        "mail": b"MAIL FROM:<smuggled@example.net>\n",
        "a_whole_transaction": SMUGGLED.replace(b"\r\n", b"\n") + b"\n.\n",
        "quit": b"QUIT\n",
        "starttls": b"STARTTLS\n",
    })
    def test_commands_that_end_with_lf_end_the_session(self, line):
        replies = self.say([b"EHLO client.example.org\r\n" + line + b"NOOP\r\n"])
        self.assertEqual([reply[:3] for reply in replies], ["220", "250", "500"])
        self.assertEqual(self.arrived(), [])

    def test_commands_that_end_with_cr_alone_are_one_bad_line(self):
        replies = self.say([b"EHLO client.example.org\rMAIL FROM:<sender@example.org>\r"
                            b"RCPT TO:<local@example.com>\rDATA\r\n" + QUIT])
        self.assertEqual([reply[:3] for reply in replies], ["220", "500", "221"])
        self.assertEqual(self.arrived(), [])

    @harness.cases({"bare_lf": b"YWxpY2U=\nNOOP\r\n", "bare_cr": b"YWxp\rY2U=\r\n",
                    "nul": b"YWxp\0Y2U=\r\n"})
    def test_a_login_is_not_continued_by(self, line):
        with harness.Wire(self.gateway.ports["submissions"], tls=True) as wire:
            wire.expect(220)
            wire.expect(250, "EHLO client.example.org")
            wire.expect(334, "AUTH LOGIN")
            reply = wire.command(line)
            self.assertTrue(reply is None or reply[0] in "45", reply)
            reply = wire.command("MAIL FROM:<alice@example.com>")
            self.assertTrue(reply is None or reply.startswith("530"), reply)


if __name__ == "__main__":
    unittest.main()
