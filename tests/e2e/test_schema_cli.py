"""maillon schema: packs looked at, added and removed; documents judged and converted. No node runs but where one is started."""
import json
import os
import shutil
import tempfile
import unittest

from lib import Case, Node, run

SCHEMA = {"type": "object", "required": ["name"], "additionalProperties": False, "properties": {
    "name": {"type": "string", "minLength": 1}, "kind": {"type": "string"}, "code": {"type": "string"},
    "sown": {"type": "string", "format": "date"}}}


def garden(**changes):
    """The files of a small sound pack; a change replaces a file (None takes it out)."""
    files = {
        "pack.json": {
            "name": "garden", "version": "1.0.0", "title": {"en": "Garden", "fr": "Jardin"}, "license": "CC0-1.0",
            "languages": ["fr", "en"], "aliases": {"terms": {"nmae": "name"}},
            "types": {"plant": {"major": 1, "title": {"en": "Plant", "fr": "Plante"}, "vocabularies": {"/kind": "kinds"}}}},
        "core.json": {"plant": {"title": {"from": "/name"}}},
        "types/plant.json": SCHEMA,
        "vocabularies/kinds.json": {"title": {"en": "Kinds", "fr": "Sortes"}, "languages": ["fr", "en"],
                                    "concepts": {"tree": {"labels": {"en": "Tree", "fr": "Arbre"}}}},
        "lenses/to-schema-org.json": {
            "from": "garden/plant@1", "to": "schema.org/Thing", "both": True, "title": {"en": "Thing", "fr": "Chose"},
            "rules": [{"to": "/name", "from": "/name"}, {"to": "/sku", "from": "/code"}],
            "loses": {"there": [{"path": "/kind", "why": {"en": "no such term", "fr": "pas de terme"}}]}},
        "examples/plant/valid/oak.json": {"name": "Oak", "kind": "tree", "code": "q1"},
        "examples/plant/invalid/nameless.json": {"why": "no name", "at": "", "keyword": "required", "body": {}},
    }
    files.update(changes)
    return {path: content for path, content in files.items() if content is not None}


class SchemaCli(Case):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="maillon-test.")
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.dir = os.path.join(self.root, "node")
        os.mkdir(self.dir)

    def file(self, name, content):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def pack(self, folder="pack", **changes):
        for path, content in garden(**changes).items():
            self.file(f"{folder}/{path}", content)
        return os.path.join(self.root, folder)

    def schema(self, *words, code=0, **how):
        done = run("schema", *words, "--dir", self.dir, ok=None, **how)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def json(self, *words, **how):
        return json.loads(self.schema(*words, "--json", **how).stdout)

    # ---- packs

    def test_a_sound_pack_is_checked_added_listed_shown_and_removed(self):
        pack = self.pack()
        self.assertEqual(self.json("check", pack), {"ok": True, "findings": []})
        self.assertNotIn("garden", [row["name"] for row in self.json("list")["packs"]])
        self.schema("add", pack)
        row = next(row for row in self.json("list")["packs"] if row["name"] == "garden")
        self.assertEqual([t["type"] for t in row["types"]], ["garden/plant@1"])
        self.assertFalse(row["built_in"])
        self.assertEqual(row["title"], {"en": "Garden", "fr": "Jardin"})
        self.assertIn("garden/plant@1", self.schema("list").stdout)
        self.assertEqual(self.json("show", "garden/plant@1")["license"], "required")
        self.assertEqual(self.json("show", "garden/plant@1", "--part", "schema"), SCHEMA)
        self.assertEqual(self.json("show", "garden", "--part", "manifest")["version"], "1.0.0")
        self.assertIn("to-schema-org", self.json("show", "garden", "--part", "lenses"))
        self.assertIn("Jardin", self.schema("show", "garden", env={"LC_ALL": "fr_FR.UTF-8"}).stdout)
        self.schema("remove", "garden")
        self.schema("show", "garden", code=1)
        self.schema("remove", "garden", code=1)

    def test_a_refusal_says_file_pointer_reason_and_remedy_in_both_languages(self):
        pack = self.pack(**{"core.json": {"plant": {"title": {"from": "/nom"}}}})
        answer = self.json("check", pack, code=1)
        self.assertFalse(answer["ok"])
        finding = answer["findings"][0]
        self.assertEqual((finding["severity"], finding["rule"], finding["file"], finding["pointer"]),
                         ("refusal", "pointer-impossible", "core.json", "/plant/title/from"))
        for language in "en", "fr":
            self.assertIn("/nom", finding["reason"][language])
            self.assertTrue(finding["remedy"][language])
        told = self.schema("check", pack, code=1, env={"LC_ALL": "fr_FR.UTF-8"}).stderr
        self.assertIn("refusé : core.json#/plant/title/from : Aucune fiche de ce type ne peut avoir /nom.", told)

    def test_a_path_that_nothing_speaks_of_is_refused_though_the_schema_is_open(self):
        schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "at": {"anyOf": [{"$ref": "#/$defs/at"}, {"type": "string"}]},
                                           "parts": {"type": "array", "items": {"properties": {"size": {}}}}, "more": {}},
                  "$defs": {"at": {"type": "object", "properties": {"town": {}}, "patternProperties": {"^x-": {"type": "string"}}}}}
        del schema["additionalProperties"]
        manifest = garden()["pack.json"]
        oak = {"name": "Oak", "kind": "tree", "own": {"deep": 1}}

        def check(name, core="/name", personal="/name", code=0):
            types = {"plant": {**manifest["types"]["plant"], "personal": [personal]}}
            pack = self.pack(name, **{
                "types/plant.json": schema, "core.json": {"plant": {"title": {"from": core}}},
                "pack.json": {**manifest, "types": types}, "examples/plant/valid/oak.json": oak, "lenses/to-schema-org.json": None})
            return [(f["rule"], f["file"], f["pointer"]) for f in self.json("check", pack, code=code)["findings"]
                    if f["severity"] == "refusal"]
        for path in "/name", "/at/town", "/at/x-y", "/parts/0/size", "/parts/*/size", "/more/of/it", "/own/deep":
            with self.subTest(path):
                self.assertEqual(check(path.replace("/", "_").replace("*", "all"), path, path), [])
        for path in "/nmae", "/parts/*/weight", "/own/other":
            with self.subTest(path):
                name = path.replace("/", "_").replace("*", "all")
                self.assertEqual(check(name, core=path, code=1), [("pointer-unknown", "core.json", "/plant/title/from")])
                self.assertEqual(check(name, personal=path, code=1),
                                 [("pointer-unknown", "pack.json", "/types/plant/personal/0")])

    def test_what_follows_from_a_broken_schema_is_not_told(self):
        pack = self.pack(**{"types/plant.json": {**SCHEMA, "type": "objct"}})
        findings = self.json("check", pack, code=1)["findings"]
        self.assertEqual([(f["rule"], f["file"], f["pointer"]) for f in findings],
                         [("schema-broken", "types/plant.json", "/type")])
        pack = self.pack(**{"core.json": {"plant": {"title": {"from": "name"}}}})
        self.assertEqual([(f["rule"], f["pointer"]) for f in self.json("check", pack, code=1)["findings"]],
                         [("pointer", "/plant/title/from")])

    def test_what_is_refused_leaves_the_folder_as_it_was(self):
        self.schema("add", self.pack())

        def folder():
            return sorted((path, open(os.path.join(path, name), "rb").read())
                          for path, _, names in os.walk(self.dir) for name in names)
        before = folder()
        bad = {
            "schema-broken": {"types/plant.json": {"type": 7}},
            "missing-file": {"types/plant.json": None},
            "no-json": {"core.json": "{"},
            "no-manifest": {"pack.json": None},
            "version-not-higher": {"examples/plant/valid/elm.json": {"name": "Elm"}},
            "no-example": {"examples/plant/valid/oak.json": None},
        }
        for rule, changes in bad.items():
            with self.subTest(rule):
                answer = self.json("add", self.pack(rule, **changes), code=1)
                self.assertIn(rule, [finding["rule"] for finding in answer["findings"]])
                self.assertEqual(folder(), before)
        self.schema("add", os.path.join(self.root, "absent"), code=1)
        self.assertEqual(folder(), before)

    def test_a_built_in_pack_cannot_be_replaced_or_removed(self):
        built_in = [row["name"] for row in self.json("list")["packs"] if row["built_in"]]
        if not built_in:
            self.skipTest("no pack is built in")
        manifest = {**garden()["pack.json"], "name": built_in[0]}
        answer = self.json("add", self.pack(**{"pack.json": manifest, "lenses/to-schema-org.json": None}), code=1)
        self.assertEqual(answer["findings"][-1]["rule"], "built-in")
        self.assertIn("kept", [f["rule"] for f in self.json("remove", built_in[0], code=1)["findings"]])

    def test_every_built_in_pack_passes_its_own_tests(self):
        for row in self.json("list")["packs"]:
            if row["built_in"]:
                with self.subTest(row["name"]):
                    self.assertTrue(self.json("test", row["name"])["ok"])

    def test_an_undeclared_loss_fails_the_test_of_a_pack(self):
        pack = self.pack()
        answer = self.json("test", pack)
        self.assertEqual((answer["ok"], answer["lenses"], answer["applied"], answer["round_trips"]), (True, 1, 1, 1))
        lens = garden()["lenses/to-schema-org.json"]
        del lens["loses"]
        answer = self.json("test", self.pack("lossy", **{"lenses/to-schema-org.json": lens}), code=1)
        finding = answer["findings"][0]
        self.assertEqual((finding["rule"], finding["file"]), ("lens-loss", "lenses/to-schema-org.json"))
        self.assertIn("oak.json#/kind", finding["reason"]["en"])

    def test_a_trip_that_changes_something_fails_the_test_of_a_pack(self):
        lens = garden()["lenses/to-schema-org.json"]
        lens["rules"][1]["back"] = {"constant": "q2", "to": "/code"}
        answer = self.json("test", self.pack(**{"lenses/to-schema-org.json": lens}), code=1)
        self.assertIn("lens-trip", [finding["rule"] for finding in answer["findings"]])

    def test_a_running_node_does_not_mind(self):
        node = self.node()
        node.command("schema add", self.pack())
        self.assertIn("garden/plant@1", node.command("schema list").stdout)
        node.command("schema remove", "garden")
        node.stop()

    # ---- validate

    def test_any_schema_judges_any_document(self):
        schema = self.file("s.json", SCHEMA)
        good = self.file("good.json", {"name": "Oak"})
        bad = self.file("bad.json", {"name": "", "colour": 1})
        self.schema("validate", "--schema", schema, "--instance", good)
        self.assertIs(self.json("validate", "--schema", schema, "--instance", good)["valid"], True)
        one = self.json("validate", "--schema", schema, "--instance", bad, code=1)
        self.assertIs(one["valid"], False)
        every = self.json("validate", "--schema", schema, "--instance", bad, "--all", code=1)
        places = {error["instanceLocation"] for error in every["errors"]}
        self.assertLessEqual({"/name", "/colour"}, places)
        told = self.schema("validate", "--schema", schema, "--instance", bad, "--all", code=1).stdout
        self.assertIn("/name", told)
        done = self.schema("validate", "--schema", schema, "--instance", "-", stdin='{"name":"Elm"}')
        self.assertEqual(done.stderr, "")

    def test_format_decides_only_when_asked(self):
        schema = self.file("s.json", SCHEMA)
        body = self.file("b.json", {"name": "Oak", "sown": "31/12/2026"})
        self.schema("validate", "--schema", schema, "--instance", body)
        self.schema("validate", "--schema", schema, "--instance", body, "--formats", code=1)

    def test_what_cannot_be_told_has_a_code_of_its_own(self):
        good = self.file("good.json", {"name": "Oak"})
        for name, content in {"broken.json": {"type": 7}, "cut.json": '{"type":', "nowhere.json": {"$ref": "other.json"}}.items():
            with self.subTest(name):
                schema = self.file(name, content)
                answer = self.json("validate", "--schema", schema, "--instance", good, code=2)
                self.assertIsNone(answer["valid"])
                self.assertIn("maillon: ", self.schema("validate", "--schema", schema, "--instance", good, code=2).stderr)
        schema = self.file("s.json", SCHEMA)
        cut = self.file("cut-body.json", '{"name":')
        self.schema("validate", "--schema", schema, "--instance", cut, code=2)
        self.schema("validate", "--schema", schema, "--instance", os.path.join(self.root, "absent"), code=2)
        self.schema("validate", "--schema", schema, code=2)
        self.schema("validate", code=2)

    def test_what_cannot_be_read_is_named_with_its_rule_and_place(self):
        schema = self.file("s.json", SCHEMA)
        good = self.file("good.json", {"name": "Oak"})
        marked = self.file("marked.json", '\ufeff{"name":"Oak"}')
        cut = self.file("cut.json", '{"name" "Oak"}')
        yaml = self.file("schema.yaml", "type: object\n")
        for words, name, place in ((("--schema", schema, "--instance", cut), cut, "byte 8"),
                                   (("--schema", schema, "--instance", marked), marked, "byte 0"),
                                   (("--schema", marked, "--instance", good), marked, "byte 0"),
                                   (("--schema", yaml, "--instance", good), yaml, "byte 0")):
            with self.subTest(words):
                self.assertIn("RFC 8259", self.json("validate", *words, code=2)["sentence"])
                told = self.schema("validate", *words, code=2).stderr
                self.assertIn(f"{name}: ", told)
                self.assertIn(place, told)
        absent = os.path.join(self.root, "absent.json")
        self.assertEqual(self.schema("validate", "--schema", absent, "--instance", good, code=2).stderr,
                         f"maillon: {absent}: There is nothing here under this name.\n")

    def test_what_fails_everywhere_is_told_without_going_everywhere(self):
        defs = {f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(60)}
        schema = self.file("s.json", {"$ref": "#/$defs/a0", "$defs": {**defs, "a60": {"type": "integer"}}})
        text = self.file("text.json", '"a"')
        self.assertEqual(len(self.json("validate", "--schema", schema, "--instance", text, code=1)["errors"]), 1)
        self.assertGreater(len(self.json("validate", "--schema", schema, "--instance", text, "--all", code=1)["errors"]), 1)
        self.assertIn("integer", self.schema("validate", "--schema", schema, "--instance", text, code=1).stdout)

    def test_no_document_and_no_type_are_never_valid(self):
        self.schema("add", self.pack())
        oak = self.file("oak.json", {"name": "Oak"})
        empty = self.file("empty.json", "")
        for name, content in {"nothing.json": "", "number.json": "1\n", "text.json": '"Oak"'}.items():
            with self.subTest(name):
                alone = self.file(name, content)
                self.assertIn(name, self.schema("validate", "--pack", "garden/plant@1", alone, code=2).stderr)
                self.schema("convert", "--from", "garden/plant@1", "--to", "schema.org", alone, code=1)
        for document in oak, empty:
            told = self.schema("validate", "--pack", "garden/tree@1", document, code=2).stderr
            self.assertIn("garden/tree@1", told)
        self.schema("validate", "--pack", "garden/plant@1", "--ndjson", empty)
        self.schema("validate", "--pack", "garden/plant@1", "--instance", oak)
        lines = self.file("lines", '{"name":"Oak"}\n{}\n')
        answers = [json.loads(line)["valid"] for line in self.schema(
            "validate", "--pack", "garden/plant@1", "--ndjson", lines, "--json", code=1).stdout.splitlines()]
        self.assertEqual(answers, [True, False])
        self.schema("validate", "--schema", oak, "--pack", "garden/plant@1", "--instance", oak, code=2)

    def test_two_files_are_compared_and_say_why(self):
        old = self.file("old.json", {"type": "object"})
        new = self.file("new.json", {"type": "object", "required": ["name"]})
        answer = self.json("diff", old, new)
        self.assertEqual(answer["compatibility"], "forward")
        self.assertEqual([(f["place"], f["narrows"]) for f in answer["types"][0]["findings"]], [("/name", True)])

    def test_each_line_has_its_answer(self):
        schema = self.file("s.json", {"type": "integer"})
        lines = self.file("l.ndjson", '1\n"a"\n{broken\n2.5\n3')
        done = self.schema("validate", "--schema", schema, "--ndjson", lines, "--json", code=2)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([answer["valid"] for answer in answers], [True, False, None, False, True])
        self.assertEqual(answers[1]["errors"][0]["instanceLocation"], "")
        good = self.file("g.ndjson", "1\n2\n")
        self.schema("validate", "--schema", schema, "--ndjson", good, "--json")

    def test_bodies_are_judged_by_a_type_of_a_pack(self):
        self.schema("add", self.pack())
        one = self.file("one.json", {"name": "Oak"})
        self.schema("validate", "--pack", "garden/plant@1", one)
        alias = self.file("alias.json", {"nmae": "Oak"})
        self.schema("validate", "--pack", "garden/plant@1", alias)
        several = self.file("several.json", [{"name": "Oak"}, {"name": 7}])
        done = self.schema("validate", "--pack", "garden/plant@1", several, code=1)
        self.assertIn("/name", done.stdout)
        lines = self.file("lines.ndjson", '{"name":"Oak"}\n{}\n')
        answers = [json.loads(line) for line in
                   self.schema("validate", "--pack", "garden/plant@1", lines, "--json", code=1).stdout.splitlines()]
        self.assertEqual([answer["valid"] for answer in answers], [True, False])
        records = self.file("records.ndjson", '{"schema":"garden/plant@1","body":{"name":"Oak"}}\n'
                                              '{"schema":"garden/plant@1","body":{}}\n')
        self.schema("validate", records, code=1)
        self.schema("validate", "--pack", "garden/tree@1", one, code=2)
        self.schema("validate", "--pack", "forest/tree@1", one, code=2)

    # ---- convert

    def test_documents_are_converted_and_what_is_lost_is_told(self):
        self.schema("add", self.pack())
        ends = "--from", "garden/plant@1", "--to", "schema.org"
        oak = self.file("oak.json", {"name": "Oak", "kind": "tree", "code": "q1"})
        done = self.schema("convert", *ends, oak)
        self.assertEqual(json.loads(done.stdout), {"name": "Oak", "sku": "q1"})
        self.assertIn("/kind", done.stderr)
        answer = self.json("convert", *ends, oak)
        self.assertEqual(answer["value"], {"name": "Oak", "sku": "q1"})
        self.assertEqual(answer["losses"][0]["path"], "/kind")
        self.assertTrue(answer["losses"][0]["declared"])
        several = self.file("several.json", [{"name": "Oak"}, {"nmae": "Elm"}])
        self.assertEqual(json.loads(self.schema("convert", *ends, several).stdout), [{"name": "Oak"}, {"name": "Elm"}])
        lines = self.schema("convert", *ends, "-", stdin='{"name":"Oak"}\n{"name":"Elm"}\n').stdout
        self.assertEqual([json.loads(line)["name"] for line in lines.splitlines()], ["Oak", "Elm"])
        back = self.schema("convert", "--from", "schema.org/Thing", "--to", "garden/plant@1", "-", stdin='{"sku":"q1","name":"Oak"}')
        self.assertEqual(json.loads(back.stdout), {"name": "Oak", "code": "q1"})
        core = self.schema("convert", "--from", "garden/plant@1", "--to", "core", oak)
        self.assertEqual(json.loads(core.stdout)["title"], "Oak")

    def test_a_lens_file_converts_without_any_pack(self):
        lens = self.file("l.json", {"from": "a/A", "to": "b/B", "both": True, "rules": [{"to": "/y", "from": "/x"}]})
        self.assertEqual(json.loads(self.schema("convert", "--lens", lens, "-", stdin='{"x":1}').stdout), {"y": 1})
        self.assertEqual(json.loads(self.schema("convert", "--lens", lens, "--back", "-", stdin='{"y":1}').stdout), {"x": 1})
        broken = self.file("broken.json", {"from": "a/A", "to": "b/B", "rules": [{"to": "y", "from": "/x"}]})
        self.assertIn("/rules/0/to", self.schema("convert", "--lens", broken, "-", stdin="{}", code=1).stderr)

    def test_what_cannot_be_converted_is_told(self):
        self.schema("add", self.pack())
        oak = self.file("oak.json", {"name": "Oak"})
        told = self.schema("convert", "--from", "garden/plant@1", "--to", "nowhere", oak, code=1).stderr
        self.assertIn("schema.org/Thing", told)
        told = self.schema("convert", "--from", "nowhere", "--to", "schema.org", oak, code=1, env={"LC_ALL": "fr_FR.UTF-8"}).stderr
        self.assertIn("Aucune lentille ne part de nowhere.", told)
        self.schema("convert", oak, code=2)
        self.schema("convert", "--from", "garden/plant@1", "--to", "schema.org", code=2)
        mixed = self.file("mixed.ndjson", '{"name":"Oak"}\n{broken\n{"name":"Elm"}\n')
        done = self.schema("convert", "--from", "garden/plant@1", "--to", "schema.org", mixed, code=1)
        self.assertEqual(len(done.stdout.splitlines()), 2)

    def test_asked_wrongly_it_says_how(self):
        for words in (), ("lst",), ("list", "x"), ("show",), ("check",), ("add",), ("remove",), ("test",), ("convert",):
            with self.subTest(words):
                self.assertIn("maillon schema --help", self.schema(*words, code=2).stderr)
        self.assertIn("validate", run("schema", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
