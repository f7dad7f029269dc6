"""`maillon license`: the questions that platforms ask of each other's licences, with the licences that packs declare."""
import json
import tempfile

from lib import Case, run

YES, NO, CANNOT_TELL = 0, 1, 2
QUESTIONS = [
    (("ODbL-1.0", "--use", "commercial"), YES),
    (("CC-BY-NC-4.0", "--use", "commercial", "--as", "company"), NO),
    (("etalab-2.0", "--into", "ODbL-1.0"), YES),
    (("CC-BY-SA-4.0", "--into", "ODbL-1.0"), NO),
    (("NOASSERTION",), CANNOT_TELL),
    (("CC-BY-4.0", "--as", "emperor"), CANNOT_TELL),
    (("CC-BY-4.0 OR",), CANNOT_TELL),
    (("LicenseRef-Coopyright-1.1", "--use", "adapt"), NO),
    (("LicenseRef-Coopyright-1.1", "--use", "adapt", "--as", "contributor"), YES),
    (("LicenseRef-Coopyright-1.1", "--as", "contributor", "--into", "CC-BY-SA-4.0"), YES),
    (("LicenseRef-Peer-Production-License", "--use", "commercial", "--as", "company"), NO),
    (("LicenseRef-Peer-Production-License", "--use", "commercial", "--as", "worker-cooperative"), YES),
    (("LicenseRef-CoopCycle-1.0", "--use", "commercial", "--as", "cooperative"), NO),
    (("LicenseRef-CoopCycle-1.0", "--use", "commercial", "--as", "worker-cooperative"), YES),
    (("LicenseRef-Contributive-Commons-BY", "--use", "commercial"), YES),
    (("LicenseRef-Contributive-Commons-BY-SA", "--into", "CC-BY-SA-4.0"), CANNOT_TELL),
]


class Licenses(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def ask(self, *words, **how):
        return run("license", *words, "--dir", self.dir, ok=None, **how)

    def test_the_exit_code_is_the_answer(self):
        for words, expected in QUESTIONS:
            done = self.ask("check", *words)
            self.assertEqual(done.returncode, expected, (words, done.stdout, done.stderr))

    def test_a_reader_is_told_the_licence_in_force_and_what_is_owed(self):
        answer = json.loads(self.ask("check", "LicenseRef-Coopyright-1.1", "--as", "contributor", "--json").stdout)
        self.assertEqual(answer["allows"], ["share", "adapt", "commercial"])
        self.assertEqual(answer["owed"], ["attribution", "share-alike"])
        self.assertEqual(answer["terms"][0]["as"], "CC-BY-SA-4.0")
        self.assertTrue(answer["terms"][0]["in_return"]["fr"])
        answer = json.loads(self.ask("check", "LicenseRef-Coopyright-1.1", "--json").stdout)
        self.assertEqual((answer["allows"], answer["terms"][0]["as"]), (["share"], "CC-BY-NC-ND-4.0"))

    def test_a_refused_mixture_has_its_reason_in_the_readers_language(self):
        done = self.ask("check", "ODbL-1.0", "--into", "CC0-1.0", env={"LC_ALL": "fr_FR.UTF-8"})
        self.assertEqual(done.returncode, NO)
        self.assertIn("Non, car un mélange avec ODbL-1.0 doit rester sous ODbL-1.0", done.stdout)

    def test_the_list_has_the_licences_of_the_packs(self):
        rows = {row["license"]: row for row in json.loads(self.ask("list", "--json").stdout)}
        self.assertGreater(len(rows), 60)
        self.assertEqual(rows["ODbL-1.0"]["owed"], ["attribution", "share-alike", "same-database"])
        self.assertEqual(rows["LicenseRef-Coopyright-1.1"]["from"], "commons")
        self.assertIn("ODbL-1.0", self.ask("list").stdout)
