"""What the tests of the tasks share: a folder with the environment of a stage, and odd answers."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest


class InFolder(unittest.TestCase):
    """Calls both sides of the task in `here`, each as its own process. Not a test by itself."""

    here = None
    metric = "efficiency"

    def setUp(self):
        if self.here is None:
            self.skipTest("for the tasks' own tests")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.output = self.folder / "output"
        self.output.mkdir()
        self.result = self.folder / "result.json"

    def call(self, script, *arguments, program="program.py"):
        env = {
            "PATH": os.environ["PATH"],
            "EVOLVE_PROGRAM": str(self.here / program),
            "EVOLVE_OUTPUT": str(self.output),
            "EVOLVE_RESULT": str(self.result),
            "EVOLVE_SEED": "7",
        }
        command = [sys.executable, "-I", "-S", "-B", str(self.here / script), *arguments]
        return subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True,
                              timeout=120, check=False)

    def answer(self, *arguments, program="program.py"):
        """What a program answers, as the judge will read it."""
        done = self.call("run.py", *arguments, program=program)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads((self.output / "answer.json").read_text(encoding="utf-8"))

    def judged(self, answer, *arguments):
        """The judge's result for a text, or a value as JSON."""
        text = answer if isinstance(answer, str) else json.dumps(answer)
        (self.output / "answer.json").write_text(text, encoding="utf-8")
        return self.verdict(*arguments)

    def verdict(self, *arguments):
        """The judge's result for what is there."""
        done = self.call("judge.py", *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(self.result.read_text(encoding="utf-8"))

    def evaluated(self, *arguments, program="program.py"):
        """The result of both sides."""
        self.answer(*arguments, program=program)
        return self.verdict(*arguments)

    def score(self, *arguments, program="program.py"):
        return self.evaluated(*arguments, program=program)["metrics"][self.metric]

    def assert_rejected(self, answer, why):
        result = self.judged(answer)
        self.assertEqual(result["metrics"], {"valid": 0}, "a rejected answer has no score")
        self.assertIn(why, result["feedback"])

    def assert_odd_files_are_rejected(self, good):
        """A missing file, a link, a folder, a pipe, texts that are no JSON, too much of it."""
        place = self.output / "answer.json"

        def rejected():
            self.assertEqual(self.verdict()["metrics"], {"valid": 0})

        rejected()
        (self.folder / "elsewhere").write_text(json.dumps(good), encoding="utf-8")
        place.symlink_to(self.folder / "elsewhere")
        rejected()
        place.unlink()
        place.mkdir()
        rejected()
        place.rmdir()
        os.mkfifo(place)
        rejected()
        place.unlink()
        for text in ("", "[[", "[" * 100_000, "\x00", '{"a": 1', "null", "0", '"x"', "true",
                     '{"metrics": {"efficiency": 1.0}}', "NaN", "[NaN]", "[Infinity]"):
            self.assertEqual(self.judged(text)["metrics"], {"valid": 0}, text[:20])
        self.assert_rejected(" " * 5_000_000 + json.dumps(good), "larger than")


def replaced(value, path, new):
    """A copy of nested lists in which the place at `path` holds something else."""
    copy = json.loads(json.dumps(value))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = new
    return copy


# What stands in for a number, and must not pass for one.
NO_NUMBERS = ("1", True, None, [1], {"a": 1}, 10**400)
