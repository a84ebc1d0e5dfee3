"""What rules do before they are in force: their tests, coverage, `explain`, messages and corpora."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from harness import PATIENCE, ROOT, SEKISHO

OFFICE = """
list our_domains = domains { example.com }
list interns     = users   { ivan }
list programs    = extensions { exe }
rule interns-stay-inside "Interns write to colleagues only" {
  at rcpt
  when auth.user in interns and rcpt.domain not in our_domains
  then reject 550 5.7.1 "Colleagues only, not {rcpt}."
}
rule no-programs "No programs" {
  at message
  when any part where (part.extension in programs)
  then reject 550 5.7.1 "The attachment {part.name} is a program."
}
rule cards "No card numbers" {
  at message
  when count of text.card_numbers >= 1
  then quarantine "{text.card_numbers.masked}" and tag "cards"
}
test "interns stay inside" {
  login ivan
  mail from <ivan@example.com>       expect accept
  rcpt to <x@elsewhere.example>      expect reject 550 by interns-stay-inside
}
"""
PROGRAM = ("From: a@elsewhere.example\nTo: b@example.com\nSubject: bill\n"
           "Content-Type: application/pdf; name=bill.exe\n\nx\n")
CARD = "From: a@elsewhere.example\nTo: b@example.com\nSubject: card\n\nIt is 4111 1111 1111 1111.\n"
HARMLESS = "From: a@elsewhere.example\nTo: b@example.com\nSubject: hello\n\nHello\n"


class RulesTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.write("office.rules", OFFICE)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return name

    def say(self, *words, status=0):
        done = subprocess.run([SEKISHO, *words], cwd=self.folder, text=True, capture_output=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def say_json(self, *words, status=0):
        return json.loads(self.say(*words, "--json", status=status))


class Tests(RulesTest):
    def test_good_ones_pass(self):
        self.assertIn("1 test: 1 passed, 0 failed", self.say("rules", "test", "office.rules"))
        self.assertEqual(self.say_json("rules", "test", "office.rules")["passed"], 1)

    def test_those_of_the_ten_policies_pass(self):
        rules = ROOT / "contrib" / "examples" / "rules" / "ten-policies.rules"
        self.assertIn("6 passed, 0 failed", self.say("rules", "test", str(rules)))

    def test_one_that_fails_says_what_came_and_why(self):
        self.write("office.rules", OFFICE.replace("reject 550 by interns", "accept by interns"))
        said = self.say("rules", "test", "office.rules", status=1)
        self.assertIn('office.rules:23: test "interns stay inside" fails', said)
        self.assertIn("came:     reject 550 by interns-stay-inside", said)
        self.assertIn('auth.user in interns is true (it is "ivan")', said)
        failure = self.say_json("rules", "test", "office.rules", status=1)["tests"][0]["failure"]
        self.assertEqual(failure["line"], 23)
        self.assertTrue(failure["came"].startswith("reject 550 by interns-stay-inside"))

    def test_rules_with_a_mistake_are_told_and_not_run(self):
        self.write("office.rules", OFFICE.replace("not in our_domains", "not in our_domans"))
        self.assertIn("did you mean", self.say("rules", "test", "office.rules", status=1))

    def test_coverage_names_what_they_leave_out(self):
        said = self.say("rules", "coverage", "office.rules", status=1)
        self.assertIn("no test reaches the rule no-programs", said)
        self.assertIn("1 of 3 rules acted in a test", said)
        gaps = self.say_json("rules", "coverage", "office.rules", status=1)["gaps"]
        self.assertIn(("never-asked", "cards"), [(gap["kind"], gap["rule"]) for gap in gaps])


class Explaining(RulesTest):
    def test_a_rule_is_told_in_words(self):
        said = self.say("rules", "explain", "interns-stay-inside", "--file", "office.rules")
        for part in ("Interns write to colleagues only", "at rcpt", "auth.user in interns",
                     "list interns", "auth.user: a user, known from auth on", "interns stay inside"):
            self.assertIn(part, said)
        self.assertEqual(self.say_json("rules", "explain", "cards", "--file", "office.rules")["stage"],
                         "message")

    def test_a_name_that_is_wrong_gets_a_hint(self):
        self.assertIn('did you mean "cards"?', self.say("rules", "explain", "card", "--file",
                                                        "office.rules", status=1))


class Messages(RulesTest):
    def test_one_is_told_with_the_part_that_decided(self):
        self.write("a.eml", PROGRAM)
        said = self.say("test", "a.eml", "--rules", "office.rules")
        self.assertIn("a.eml: reject 550 by no-programs: The attachment bill.exe is a program.", said)
        self.assertIn("part.extension in programs is true", said)
        (told,) = self.say_json("test", "a.eml", "--rules", "office.rules")
        self.assertEqual(told["verdict"]["by"], "no-programs")
        self.assertEqual(told["from"], "a@elsewhere.example")
        self.assertEqual(told["recipients"], ["b@example.com"])

    def test_options_say_who_sends(self):
        self.write("a.eml", HARMLESS)
        said = self.say("test", "a.eml", "--rules", "office.rules", "--user", "ivan",
                        "--rcpt", "x@elsewhere.example", "--rcpt", "b@example.com")
        self.assertIn("a.eml: accept", said)
        self.assertIn("<x@elsewhere.example>: reject 550 by interns-stay-inside", said)

    def test_card_numbers_are_masked(self):
        self.write("a.eml", CARD)
        said = self.say("test", "a.eml", "--rules", "office.rules")
        self.assertIn("quarantine by cards", said)
        self.assertIn('tag "cards"', said)
        self.assertNotIn("41111111", said.replace(" ", ""))

    def test_a_mailbox_and_a_folder_are_read_whole(self):
        line = "From a@elsewhere.example Tue Nov 24 06:41:16 2026\n"
        self.write("box/inbox", line + HARMLESS + "\n" + line + PROGRAM)
        self.write("box/z.eml", CARD)
        said = self.say("test", "box", "--rules", "office.rules")
        self.assertIn("box/inbox:1: accept", said)
        self.assertIn("box/inbox:2: reject 550 by no-programs", said)
        self.assertIn("box/z.eml: quarantine by cards", said)

    def test_what_is_not_there_or_none_of_its_kind_is_said(self):
        self.assertIn("there is no file", self.say("test", "no.eml", "--rules", "office.rules",
                                                   status=2))
        self.write("a.eml", HARMLESS)
        self.assertIn("is none of pass", self.say("test", "a.eml", "--rules", "office.rules",
                                                  "--spf", "maybe", status=2))


class Trying(RulesTest):
    def setUp(self):
        super().setUp()
        self.write("box/program.eml", PROGRAM)
        self.write("box/card.eml", CARD)
        self.write("box/harmless.eml", HARMLESS)

    def test_tells_which_messages_change_their_fate_and_why(self):
        self.write("new.rules", OFFICE.replace("extensions { exe }", "extensions { com }").replace(
            'at message\n  when count', 'shadow until 2099-01-01\n  at message\n  when count'))
        said = self.say("rules", "try", "new.rules", "--corpus", "box", "--against", "office.rules")
        self.assertIn("1 of 3 messages would change", said)
        self.assertIn("box/program.eml", said)
        self.assertIn("no-programs: 1 message", said)
        self.assertIn("messages/s", said)
        told = self.say_json("rules", "try", "new.rules", "--corpus", "box", "--against",
                             "office.rules")
        self.assertEqual([group["rule"] for group in told["rules"]], ["no-programs"])
        change = told["rules"][0]["messages"][0]
        self.assertTrue(change["before"].startswith("reject 550 by no-programs"))
        self.assertEqual(change["after"], "accept")
        self.assertIn("part.extension in programs", change["clause"])

    def test_without_old_rules_compares_with_none(self):
        said = self.say("rules", "try", "office.rules", "--corpus", "box")
        self.assertIn("2 of 3 messages would change", said)


if __name__ == "__main__":
    unittest.main()
