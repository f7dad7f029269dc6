"""docs/packs.md, followed to the letter: every file that it shows is written, every command that it gives is run."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from lib import BIN, PATIENCE, Case

DOC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "packs.md")


class PacksDocument(Case):
    def test_from_an_empty_folder_to_a_node_that_serves_it(self):
        top = tempfile.mkdtemp(prefix="maillon-test.")
        self.addCleanup(shutil.rmtree, top, True)
        tools = os.path.join(top, "bin")
        os.mkdir(tools)
        os.symlink(os.path.abspath(BIN), os.path.join(tools, "maillon"))
        with open(DOC) as file:
            blocks = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", file.read(), re.M | re.S)
        self.assertGreaterEqual(len(blocks), 15)
        said = ""
        for kind, path, text in blocks:
            if path:
                path = os.path.join(top, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write(text)
            elif kind == "sh":
                done = subprocess.run(["sh", "-ec", text], cwd=top, capture_output=True, text=True, timeout=PATIENCE,
                                      env={**os.environ, "PATH": tools + ":" + os.environ["PATH"], "LC_ALL": "C"})
                self.assertEqual(done.returncode, 0, f"{text}{done.stdout}{done.stderr}")
                said += done.stdout
        first, again = (json.load(open(os.path.join(top, name))) for name in ("report.json", "again.json"))
        self.assertEqual((first["accepted"], first["refused"]), (2, 1))
        self.assertEqual([(r["row"], r["field"]) for r in first["refusals"]], [(3, "/nom")])
        self.assertTrue(first["refusals"][0]["reason"])
        self.assertEqual((again["accepted"], again["unchanged"], again["refused"]), (0, 2, 1))
        self.assertIn("Le Petit Vélo", said)
        self.assertIn("velo/atelier@1", said)
        self.assertIn("forward", said)
