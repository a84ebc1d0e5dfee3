"""Builds and runs the tests and counts them: the second half of ./run-tests.

Every suite reports each of its tests by name; what fails is shown with its output, and the last line is
"N passed, N failed, N skipped".
"""
import argparse
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUITES = ("lint", "unit", "dialog", "e2e")


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add(self, suite, name, outcome, detail=""):
        if outcome == "passed":
            self.passed += 1
        elif outcome == "skipped":
            self.skipped.append(f"{suite}: {name}: {detail}")
        else:
            self.failed.append(f"{suite}: {name}")
            print(f"FAILED {suite}: {name}\n{detail}", flush=True)

    def closing_line(self):
        return (f"{self.passed} passed, {len(self.failed)} failed, "
                f"{len(self.skipped)} skipped")


def run(command, **options):
    return subprocess.run(command, cwd=ROOT, text=True, errors="replace", check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def build(preset, targets=()):
    print(f"building ({preset}) …", flush=True)
    for command in (["cmake", "--preset", preset],
                    ["cmake", "--build", "--preset", preset,
                     *(["--target", *targets] if targets else [])]):
        done = run(command)
        if done.returncode != 0:
            print(done.stdout[-8000:])
            sys.exit(f"the build ({preset}) failed")


def run_lint(tally):
    for name, command in (("layers, sizes and style", ["contrib/lint/all"]),
                          ("the layer check finds what it should",
                           ["/usr/bin/python3", "tests/lint/layers_test.py"])):
        done = run(command)
        tally.add("lint", name, "passed" if done.returncode == 0 else "failed", done.stdout)


def run_googletest(tally, suite, binary):
    """Runs one GoogleTest executable and counts its tests; a crash is a failure of its own."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        try:
            done = run([binary, f"--gtest_output=xml:{report}", "--gtest_brief=1"], timeout=1200)
        except subprocess.TimeoutExpired as expired:
            tally.add(suite, binary.name, "failed", f"timed out: {expired.output}")
            return
        if not report.exists():
            tally.add(suite, binary.name, "failed", done.stdout[-8000:])
            return
        broken = 0
        for case in xml.parse(report).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            failures = case.findall("failure")
            if failures:
                broken += 1
                tally.add(suite, name, "failed", "\n".join(f.get("message", "") for f in failures))
            elif case.get("result") == "skipped" or case.find("skipped") is not None:
                skipped = case.find("skipped")
                tally.add(suite, name, "skipped",
                          skipped.get("message", "") if skipped is not None else "")
            elif case.get("status") == "run":
                tally.add(suite, name, "passed")
        if done.returncode != 0 and broken == 0:
            tally.add(suite, f"{binary.name} ends cleanly", "failed", done.stdout[-8000:])


class CountingResult(unittest.TestResult):
    def __init__(self, tally):
        super().__init__()
        self.tally = tally
        self.begun = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.begun = time.monotonic()
        self.problems_before = len(self.failures) + len(self.errors) + len(self.skipped)

    def stopTest(self, test):
        super().stopTest(test)
        if len(self.failures) + len(self.errors) + len(self.skipped) == self.problems_before:
            self.tally.add("e2e", test.id(), "passed")
        took = time.monotonic() - self.begun
        if took > 10:
            print(f"  ({test.id()} took {took:.0f} s)", flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tally.add("e2e", test.id(), "failed", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        self.tally.add("e2e", test.id(), "failed", self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.tally.add("e2e", subtest.id(), "failed", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.tally.add("e2e", test.id(), "skipped", reason)


def run_e2e(tally, only):
    sys.path.insert(0, str(ROOT / "tests" / "e2e"))
    for path in sorted((ROOT / "tests" / "e2e").glob("test_*.py")):
        if only and not any(word in path.name for word in only):
            continue
        print(f"  {path.name}", flush=True)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
        unittest.defaultTestLoader.loadTestsFromModule(module).run(CountingResult(tally))


def run_fuzz(tally, seconds):
    build("fuzz")
    findings = ROOT / "build" / "fuzz" / "findings"
    findings.mkdir(exist_ok=True)
    for binary in sorted((ROOT / "build" / "fuzz" / "tests" / "fuzz").glob("fuzz_*")):
        if not os.access(binary, os.X_OK) or binary.is_dir():
            continue
        target = binary.name.removeprefix("fuzz_")
        seeds = ROOT / "tests" / "fuzz" / "corpus" / target
        words = ROOT / "tests" / "fuzz" / f"{target}.dict"
        options = ["-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={findings}/{target}-",
                   *([f"-dict={words}"] if words.exists() else [])]
        with tempfile.TemporaryDirectory() as work:
            done = run([binary, f"-max_total_time={seconds}", *options, work,
                        *([seeds] if seeds.exists() else [])])
        tally.add("fuzz", binary.name, "passed" if done.returncode == 0 else "failed",
                  done.stdout[-6000:])


def main():
    parser = argparse.ArgumentParser(prog="run-tests")
    parser.add_argument("suites", nargs="*", metavar="SUITE",
                        help=f"of {', '.join(SUITES)}; or a part of an end-to-end file's name")
    parser.add_argument("--fuzz", type=int, default=0, metavar="SECONDS")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--bench", action="store_true")
    options = parser.parse_args()
    chosen = [name for name in options.suites if name in SUITES]
    files = [name for name in options.suites if name not in SUITES]
    if files and "e2e" not in chosen:
        chosen.append("e2e")
    if not options.suites:
        chosen = list(SUITES)
    if options.long:
        os.environ["SEKISHO_LONG"] = "1"

    tally = Tally()
    begun = time.monotonic()
    if "lint" in chosen:
        print("lint", flush=True)
        run_lint(tally)
    if "unit" in chosen or "dialog" in chosen:
        build("asan")
    tests = ROOT / "build" / "asan" / "tests"
    if "unit" in chosen:
        print("unit", flush=True)
        for binary in sorted(tests.glob("unit_*")):
            if os.access(binary, os.X_OK) and binary.is_file():
                run_googletest(tally, "unit", binary)
    if "dialog" in chosen:
        print("dialog", flush=True)
        run_googletest(tally, "dialog", tests / "dialog_tests")
    if "e2e" in chosen:
        build("release", ["sekisho"])
        print("e2e", flush=True)
        run_e2e(tally, files)
    if options.fuzz:
        print("fuzz", flush=True)
        run_fuzz(tally, options.fuzz)
    if options.bench:
        done = subprocess.run([ROOT / "tests" / "bench" / "run"], cwd=ROOT, check=False)
        tally.add("bench", "runs to its end", "passed" if done.returncode == 0 else "failed")

    for line in tally.skipped:
        print(f"skipped {line}")
    for line in tally.failed:
        print(f"failed  {line}")
    print(f"{time.monotonic() - begun:.0f} seconds")
    print(tally.closing_line())
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
