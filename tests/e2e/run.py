#!/usr/bin/python3
"""Runs the end-to-end tests and prints TAP. usage: run.py BIN [NAME...]"""
import os
import sys
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
os.environ["MAILLON_BIN"] = os.path.abspath(sys.argv[1])


class Tap(unittest.TestResult):
    count = 0

    def line(self, test, ok, more=""):
        self.count += 1
        print(f"{'ok' if ok else 'not ok'} {self.count} - {test.id()}{more}", flush=True)

    def addSuccess(self, test):
        self.line(test, True)

    def addSkip(self, test, reason):
        print(f"# skipped: {reason}")
        self.line(test, True, " # SKIP " + reason)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line(test, False)
        print("# " + self._exc_info_to_string(err, test).replace("\n", "\n# "), flush=True)

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.line(subtest, False)
            print("# " + self._exc_info_to_string(err, test).replace("\n", "\n# "), flush=True)


names = sys.argv[2:]
loader = unittest.TestLoader()
suite = loader.loadTestsFromNames(names) if names else loader.discover(here, pattern="test_*.py")
result = Tap()
suite.run(result)
print(f"1..{result.count}")
sys.exit(0 if result.wasSuccessful() and result.count else 1)
