#!/usr/bin/python3
"""Tests contrib/lint/layers on small made-up trees."""
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "contrib/lint/layers"
README = {"gateway/README.md": "May include everything.", "gateway/base/README.md": "May include nothing.",
          "gateway/smtp/README.md": "May include: `gateway/base`."}


class Layers(unittest.TestCase):
    def lint(self, files):
        with tempfile.TemporaryDirectory() as name:
            for path, text in {**README, **files}.items():
                file = pathlib.Path(name) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            done = subprocess.run([SCRIPT, name], capture_output=True, text=True, check=False)
            self.assertEqual(done.stderr, "")
            self.assertEqual(done.returncode, 1 if done.stdout else 0)
            return done.stdout.splitlines()

    def test_allows_includes_downwards_and_within_a_folder(self):
        self.assertEqual(self.lint({
            "gateway/smtp/a.cc": '#include <map>\n#include "gateway/base/b.h"\n#include "gateway/smtp/c.h"\n',
            "gateway/server.cc": '#include "gateway/smtp/a.h"\n#include "gateway/config/a.h"\n',
            "gateway/main.cc": '#include "gateway/cli/a.h"\n'}), [])

    def test_names_file_and_line_of_an_include_upwards(self):
        self.assertEqual(self.lint({"gateway/base/a.cc": '\n#include "gateway/smtp/b.h"\n'}),
                         ["gateway/base/a.cc:2: gateway/base may not include gateway/smtp"])

    def test_refuses_includes_of_the_gateways_own_files_from_below(self):
        self.assertEqual(self.lint({"gateway/smtp/a.cc": '#  include "gateway/server.h"\n'}),
                         ["gateway/smtp/a.cc:1: gateway/smtp may not include gateway"])

    def test_refuses_includes_sideways_and_not_from_the_root(self):
        self.assertEqual(len(self.lint({"gateway/smtp/a.cc": '#include "gateway/net/b.h"\n'})), 1)
        self.assertEqual(len(self.lint({"gateway/smtp/a.cc": '#include "b.h"\n'})), 1)
        self.assertEqual(len(self.lint({"gateway/smtp/a.cc": '#include "tests/support/b.h"\n'})), 1)

    def test_refuses_an_unknown_folder(self):
        found = self.lint({"gateway/misc/a.cc": "", "gateway/misc/README.md": "x"})
        self.assertEqual(found, ["gateway/misc/a.cc:1: gateway/misc is not in the table of contrib/lint/layers"])

    def test_wants_pragma_once_and_at_most_400_lines(self):
        self.assertEqual(self.lint({"gateway/base/a.h": "int a();\n"}),
                         ["gateway/base/a.h:1: a header needs #pragma once"])
        self.assertEqual(self.lint({"gateway/base/a.cc": "\n" * 400}), [])
        self.assertEqual(len(self.lint({"gateway/base/a.cc": "\n" * 401})), 1)

    def test_wants_a_readme_that_states_the_layer(self):
        self.assertEqual(self.lint({"gateway/net/a.cc": ""}),
                         ["gateway/net/README.md:1: the folder needs a README.md that says what lives there"])
        self.assertEqual(self.lint({"gateway/smtp/README.md": "May include: `gateway/base`, `gateway/net`."}),
                         ['gateway/smtp/README.md:1: must state "May include: base."'])
        self.assertEqual(len(self.lint({"gateway/smtp/README.md": "Grammar."})), 1)


if __name__ == "__main__":
    unittest.main()
