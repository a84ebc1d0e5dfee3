"""The shipped rule sets: their own tests, and what they make of honest mail."""
import pathlib
import subprocess
import unittest

from harness import PATIENCE, ROOT, SEKISHO

SETS = pathlib.Path(ROOT) / "rules" / "sets"
HAM = pathlib.Path(ROOT).parent / "shared" / "corpora" / "spamassassin-public-sample" / "ham"


def say(*words):
    return subprocess.run([SEKISHO, *words], text=True, capture_output=True, timeout=PATIENCE,
                          check=False)


class RuleSetsTest(unittest.TestCase):
    def test_have_no_mistakes_and_no_warnings(self):
        done = say("rules", "check", str(SETS / "site.rules"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("0 errors, 0 warnings", done.stdout + done.stderr)

    def test_are_in_the_one_style(self):
        done = say("rules", "fmt", "--check", *map(str, sorted(SETS.glob("*.rules"))))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_pass_their_own_tests(self):
        done = say("rules", "test", str(SETS / "site.rules"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(" 0 failed", done.stdout)

    @unittest.skipUnless(HAM.is_dir(), "the corpus of honest mail is not here")
    def test_refuse_and_put_aside_no_honest_mail(self):
        done = say("rules", "try", str(SETS / "site.rules"), "--corpus", str(HAM))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("0 of 200 messages would change", done.stdout)


if __name__ == "__main__":
    unittest.main()
