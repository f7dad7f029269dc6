"""Import by a pack: rows through a lens, graphs through split, judged one by one, and nothing twice."""
import json
import os
import tempfile
import unittest

from lib import SHARED, Case

MANIFEST = {
    "name": "pantry", "version": "1.0.0",
    "title": {"en": "Pantry", "fr": "Garde-manger"}, "description": {"en": "For tests", "fr": "Pour les tests"},
    "license": "CC0-1.0", "languages": ["fr", "en"], "sources": ["made up"],
    "default_license": "ODbL-1.0",
    "types": {
        "product": {
            "major": 1, "title": {"en": "Product", "fr": "Produit"}, "description": {"en": "A product", "fr": "Un produit"},
            "split": {"jsonld": {"@type": ["p:Product"], "embed": ["p:Address"]}}},
        "place": {
            "major": 1, "title": {"en": "Place", "fr": "Lieu"}, "description": {"en": "A place", "fr": "Un lieu"},
            "personal": ["/contact"],
            "identifiers": [{"scheme": "FR-SIRET", "from": "/siret", "normalise": "digits"}],
            "dates": [{"path": "/maj", "format": "DD/MM/YYYY"}],
            "projections": {"public": [{"drop": "/contact"}, {"round": "/lat", "decimals": 2}]},
            "split": {"table": True, "id": ["/code", "/n"]}},
        "visit": {
            "major": 1, "title": {"en": "Visit", "fr": "Visite"}, "description": {"en": "A visit", "fr": "Une visite"},
            "license": "optional", "personal": True, "projections": {"public": [{"drop": "/id"}, {"drop": "/who"}]},
            "split": {"id": []}},
        "note": {
            "major": 1, "title": {"en": "Note", "fr": "Note"}, "description": {"en": "A note", "fr": "Une note"},
            "split": {"id": {"first": ["/number"], "through": [{"prefix": "n-"}]}}}},
    "aliases": {"prefixes": {"http://old.example/o#": "p:"}, "terms": {"p:pricce": "p:price"},
                "contexts": {"https://ctx.example": "contexts/p.json", "https://ctx.example/v1.json": "contexts/p.json"}},
}
PRODUCT = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["p:name"],
           "properties": {"p:name": {"type": "string", "minLength": 2}, "p:price": {"type": "object"}}}
PLACE = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["code", "n", "nom"],
         "properties": {"code": {"type": "string", "pattern": "^[0-9]{5}$"}, "n": {"type": "string"}, "nom": {"type": "string"},
                        "lat": {"type": "number", "minimum": -90, "maximum": 90}, "maj": {"type": "string"},
                        "siret": {"type": "string"}, "contact": {"type": "string"}}}
THING = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["text"],
         "properties": {"text": {"type": "string"}, "id": {"type": "string"}, "number": {"type": "string"}, "who": {"type": "string"}}}
LENS = {"from": "test/row", "to": "pantry/place@1", "title": {"en": "Rows", "fr": "Lignes"}, "rules": [
    {"to": "/code", "from": "/Code postal"}, {"to": "/n", "from": "/N"}, {"to": "/nom", "from": "/Nom"},
    {"to": "/lat", "from": "/Lat", "through": [{"number": {"decimal": ","}}]}, {"to": "/maj", "from": "/Maj"},
    {"to": "/siret", "from": "/Siret"}, {"to": "/contact", "from": "/Contact"}]}
ROWS = """Code postal;N;Nom;Lat;Maj;Siret;Contact;Fax
69001;1;Le Grenier;45,76789;01/02/2026;552 081 317 66522;Ana;04
69002;2;La Cave;nord;31/02/2026;55208131766523;Bo;
6900;3;Faux;45;;;;
69003;4;;45;;;;
69001;1;Encore;45;;;;
"""
CONTEXT = "https://ctx.example/v1.json"


def write(folder, path, content):
    full = os.path.join(folder, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
    return full


def graph(label, price=2):
    return {"@context": CONTEXT, "@graph": [
        {"@id": f"_:{label}1", "@type": "p:Price", "p:value": price},
        {"@id": "http://shop.example/leek", "@type": "http://old.example/o#Product", "http://old.example/o#name": "Leek",
         "p:pricce": {"@id": f"_:{label}1"}, "p:at": "http://shop.example/here", "p:by": "http://shop.example/ana"},
        {"@id": "http://shop.example/here", "@type": "p:Address", "p:city": "Lyon"},
        {"@id": "http://shop.example/ana", "@type": "p:Person", "p:name": "Ana"},
        {"@id": "http://shop.example/x", "@type": "p:Product", "p:name": "x"}]}


class ImportPacks(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="maillon-pack.")
        self.addCleanup(folder.cleanup)
        self.files = folder.name
        pack = os.path.join(self.files, "pantry")
        write(pack, "pack.json", MANIFEST)
        write(pack, "types/product.json", PRODUCT)
        write(pack, "types/place.json", PLACE)
        for name in ("visit", "note"):
            write(pack, f"types/{name}.json", THING)
            write(pack, f"examples/{name}/valid/one.json", {"text": "x"})
        write(pack, "core.json", {"product": {"title": {"from": "/p:name"}}, "place": {"title": {"from": "/nom"}},
                                  "visit": {"title": {"from": "/text"}}, "note": {"title": {"from": "/text"}}})
        write(pack, "contexts/p.json", {"@context": {}})
        write(pack, "examples/product/valid/one.json", {"p:name": "Leek"})
        write(pack, "examples/place/valid/one.json", {"code": "69001", "n": "1", "nom": "Le Grenier"})
        self.a = self.node("A")
        self.a.command("schema add", pack)

    def imported(self, path, *options, ok=None, **how):
        report = os.path.join(self.files, "report.json")
        done = self.a.command("import", "--report", report, *options, path, ok=ok, **how)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        with open(report, encoding="utf-8") as file:
            return json.load(file), done

    def body(self, name, key="body"):
        status, _, content = self.a.call("GET", f"/v1/records/{self.a.origin}/{name}")
        self.assertEqual(status, 200, (name, content))
        return json.loads(content)[key]

    def rows(self, *options, **how):
        return self.imported(write(self.files, "rows.csv", ROWS), "--pack", "pantry/place@1",
                             "--lens", write(self.files, "lens.json", LENS), *options, **how)

    def test_a_bad_row_is_named_with_its_field_and_the_others_are_published(self):
        report, done = self.rows()
        self.assertEqual(done.returncode, 1)
        self.assertEqual([report[name] for name in ("pack", "items", "accepted", "unchanged", "refused", "left_out", "waiting")],
                         ["pantry/place@1", 5, 2, 0, 3, 0, 0])
        found = [(r["row"], r["line"], r["id"], r["field"], r["keyword"]) for r in report["refusals"]]
        self.assertEqual(found, [(3, 4, "6900/3", "/code", "pattern"), (4, 5, "69003/4", "/nom", "required"),
                                 (5, 6, "69001/1", "", None)])
        self.assertIn("row 1", report["refusals"][2]["reason"])
        self.assertEqual(self.body("69001/1"), {"code": "69001", "n": "1", "nom": "Le Grenier", "lat": 45.76789, "maj": "01/02/2026",
                                                "siret": "552 081 317 66522", "contact": "Ana"})
        self.assertEqual((self.body("69001/1", "license"), self.body("69001/1", "schema")), ("ODbL-1.0", "pantry/place@1"))

    def test_what_was_not_understood_or_not_carried_over_is_told_by_field(self):
        report, _ = self.rows()
        self.assertIn({"path": "/Fax", "rows": 1}, report["lost"])
        faults = {fault["field"]: fault for fault in report["faults"]}
        self.assertEqual(set(faults), {"/Lat", "/siret", "/maj"})
        self.assertEqual([faults[field]["rows"] for field in ("/Lat", "/siret", "/maj")], [1, 1, 1])
        self.assertIn("DD/MM/YYYY", faults["/maj"]["reason"])
        self.assertEqual(report["personal"], 2)

    def test_a_row_that_says_the_same_again_is_unchanged_and_one_that_does_not_is_refused(self):
        again = ROWS.replace("69001;1;Encore;45;;;;\n", "69001;1;Le Grenier;45,76789;01/02/2026;552 081 317 66522;Ana;05\n"
                             "69001;1;Encore;45;;;;\n")
        for how in (["--dry-run"], []):
            report, _ = self.imported(write(self.files, "rows.csv", again), "--pack", "pantry/place@1",
                                      "--lens", write(self.files, "lens.json", LENS), *how)
            self.assertEqual([report[name] for name in ("items", "accepted", "unchanged", "refused")], [6, 2, 1, 3])
            self.assertEqual(report["refusals"][2]["row"], 6)
            self.assertIn("row 1", report["refusals"][2]["reason"])
        self.assertEqual(self.a.held(self.a.origin)["size"], 2)

    def test_an_id_by_content_tells_nothing_of_what_the_record_is_called_at_home(self):
        path = write(self.files, "visits.ndjson", '{"id":"home-17","text":"x","who":"Ana"}\n{"id":"home-18","text":"x","who":"Ana"}\n')
        report, _ = self.imported(path, "--pack", "pantry/visit@1", "--audience", "private", "--project", "public")
        self.assertEqual((report["accepted"], report["renderings"]), (2, 2))
        stream = b"".join(self.a.sync({"logs": {}, "follow": False}, lambda _: False))
        self.assertIn(b"/for-public", stream)
        self.assertNotIn(b"home-1", stream)
        self.assertEqual(self.imported(path, "--pack", "pantry/visit@1", "--audience", "private")[0]["unchanged"], 2)

    def test_where_the_expression_of_the_id_gives_nothing_the_name_and_then_the_content_count(self):
        path = write(self.files, "notes.ndjson", '{"number":"7","id":"a","text":"x"}\n{"number":" ","id":"a","text":"x"}\n{"text":"x"}\n')
        report, _ = self.imported(path, "--pack", "pantry/note@1")
        self.assertEqual((report["accepted"], report["refused"]), (3, 0))
        for name in ("n-7", "a"):
            self.assertEqual(self.body(name)["text"], "x")

    def test_records_that_are_personal_as_a_whole_are_not_made_public_without_a_word(self):
        path = write(self.files, "visit.json", {"id": "v", "text": "x"})
        for options, exposed in ((["--audience", "private"], 0), (["--audience", "public"], 1), ([], 0)):
            report, done = self.imported(path, "--pack", "pantry/visit@1", *options)
            self.assertEqual(report["exposed"], exposed, options)
            self.assertEqual("for everybody to read" in done.stdout, exposed == 1)
        self.assertEqual((report["unchanged"], report["personal"]), (1, 0))
        for words in (["import", "--schema", "pantry/visit@1"], ["publish", "--schema", "pantry/visit@1"]):
            write(self.files, "visit.json", {"id": words[0], "text": "y"})
            self.assertIn("for everybody to read", self.a.command(*words, path).stdout)
            self.assertNotIn("for everybody to read", self.a.command(*words, "--audience", "commons", path).stdout)
        self.assertNotIn("for everybody to read", self.rows()[1].stdout, "only a part of a place is personal")

    def test_reasons_come_in_french_where_french_is_asked_for(self):
        report, _ = self.rows(env={"LC_ALL": "fr_FR.UTF-8"})
        self.assertIn("la ligne 1", report["refusals"][2]["reason"])
        self.assertNotEqual(report["refusals"][0]["reason"], "")
        english, _ = self.rows("--dry-run")
        self.assertNotEqual(report["refusals"][0]["reason"], english["refusals"][0]["reason"])

    def test_the_same_file_again_publishes_nothing(self):
        self.rows()
        size = self.a.held(self.a.origin)["size"]
        report, _ = self.rows()
        self.assertEqual((report["accepted"], report["unchanged"]), (0, 2))
        self.assertEqual(self.a.held(self.a.origin)["size"], size)

    def test_a_rendering_is_published_beside_the_whole_record(self):
        report, _ = self.rows("--audience", "private", "--project", "public")
        self.assertEqual((report["accepted"], report["renderings"]), (2, 2))
        self.assertEqual(self.body("69001/1/for-public"),
                         {"code": "69001", "n": "1", "nom": "Le Grenier", "lat": 45.77, "maj": "01/02/2026", "siret": "552 081 317 66522"})
        self.assertEqual((self.body("69001/1/for-public", "audience"), self.body("69001/1", "audience")), ("public", "private"))
        stream = self.a.sync({"logs": {}, "follow": False}, lambda _: False)
        self.assertFalse(any(b"Ana" in line for line in stream))
        report, _ = self.rows("--audience", "private", "--project", "public")
        self.assertEqual((report["unchanged"], report["renderings"]), (2, 0))
        for options in (["--project", "public"], ["--project", "commons", "--audience", "public"]):
            done = self.a.command("import", "--pack", "pantry/place@1", *options, os.path.join(self.files, "rows.csv"), ok=None)
            self.assertEqual(done.returncode, 2, "the whole record would be shown to that audience, too")

    def test_a_dry_run_checks_everything_and_publishes_nothing(self):
        report, _ = self.rows("--dry-run")
        self.assertEqual((report["accepted"], report["refused"]), (2, 3))
        self.assertEqual(self.a.held(self.a.origin)["size"], 0)

    def test_all_or_nothing_publishes_nothing_when_one_is_refused(self):
        _, done = self.rows("--all-or-nothing")
        self.assertEqual((done.returncode, self.a.held(self.a.origin)["size"]), (1, 0))

    def test_a_graph_becomes_records_with_current_names_and_no_labels(self):
        report, _ = self.imported(write(self.files, "g.jsonld", graph("b")), "--pack", "pantry")
        self.assertEqual([report[name] for name in ("accepted", "refused", "left_out")], [1, 1, 1])
        self.assertEqual(report["left_out_kinds"], [{"kind": "p:Person", "rows": 1}])
        self.assertGreaterEqual(report["aliases"], 4)
        self.assertEqual([(r["row"], r["field"], r["keyword"]) for r in report["refusals"]], [(5, "/p:name", "minLength")])
        leek = [line for line in self.a.sync({"logs": {}, "follow": False}, lambda _: False) if b"Leek" in line]
        self.assertEqual(json.loads(leek[0])["body"], {
            "@context": "https://ctx.example", "@id": "http://shop.example/leek", "@type": "p:Product", "p:name": "Leek",
            "p:price": {"@type": "p:Price", "p:value": 2}, "p:by": "http://shop.example/ana",
            "p:at": {"@id": "http://shop.example/here", "@type": "p:Address", "p:city": "Lyon"}})

    def test_what_is_called_plain_json_is_never_taken_apart(self):
        item = {"@context": CONTEXT, "@id": "http://shop.example/leek", "@type": "p:Product", "p:name": "Leek",
                "in": {"@id": "http://shop.example/onion", "@type": "p:Product", "p:name": "Onion"}}
        path = write(self.files, "one.json", item)
        self.assertEqual(self.imported(path, "--pack", "pantry/product@1", "--dry-run")[0]["accepted"], 2)
        for name, content, options in (("one.json", item, ["--format", "json"]), ("one.ndjson", item, ["--format", "ndjson"]),
                                       ("two.json", [item], ["--format", "json"])):
            report, _ = self.imported(write(self.files, name, content), "--pack", "pantry/product@1", "--dry-run", *options)
            self.assertEqual((report["items"], report["accepted"], report["left_out"]), (1, 1, 0), (name, options))
        document = {"p:name": "List", "@graph": [{"@id": "http://shop.example/leek", "@type": "p:Product", "p:name": "Leek"}]}
        self.imported(write(self.files, "g.json", document), "--pack", "pantry/product@1", "--format", "json", "--id-from", "p:name")
        self.assertEqual(self.body("List"), document)

    def test_one_document_goes_through_a_lens_as_a_whole_and_a_graph_by_its_nodes(self):
        lens = write(self.files, "lens.json", {"from": "test/activity", "to": "pantry/product@1", "rules": [
            {"to": "/p:name", "from": "/object/p:name"}, {"to": "/@id", "from": "/object/@id"}]})
        activity = {"@context": CONTEXT, "@type": "Create",
                    "object": {"@id": "http://shop.example/leek", "@type": "p:Product", "p:name": "Leek"}}
        how = ["--pack", "pantry/product@1", "--dry-run", "--lens", lens]
        report, _ = self.imported(write(self.files, "activity.json", activity), *how)
        self.assertEqual((report["accepted"], report["refused"], report["left_out"]), (1, 0, 0))
        for content, options in ((activity, ["--format", "jsonld"]), ({"@graph": [activity]}, []), ([activity], [])):
            report, _ = self.imported(write(self.files, "activity.json", content), *how, *options)
            self.assertEqual((report["accepted"], report["refused"], report["left_out"]), (0, 1, 1), (content, options))

    def test_new_labels_publish_nothing_and_a_new_price_publishes_one(self):
        self.imported(write(self.files, "g.jsonld", graph("b")), "--pack", "pantry")
        size = self.a.held(self.a.origin)["size"]
        report, _ = self.imported(write(self.files, "g.jsonld", graph("c")), "--pack", "pantry/product@1")
        self.assertEqual((report["accepted"], report["unchanged"], self.a.held(self.a.origin)["size"]), (0, 1, size))
        report, _ = self.imported(write(self.files, "g.jsonld", graph("d", 3)), "--pack", "pantry")
        self.assertEqual((report["accepted"], report["unchanged"]), (1, 0))

    def test_the_plain_way_is_checked_where_the_type_is_known_and_waits_where_not(self):
        path = write(self.files, "plain.ndjson", '{"id":"1","code":"69001","n":"1","nom":"x"}\n{"id":"2","code":"x"}\n')
        report, _ = self.imported(path, "--schema", "pantry/place@1", "--license", "CC0-1.0")
        self.assertEqual((report["accepted"], report["refused"], report["waiting"]), (1, 1, 0))
        self.assertEqual((report["refusals"][0]["row"], report["refusals"][0]["id"]), (2, "2"))
        report, _ = self.imported(path, "--schema", "elsewhere/thing@1", "--license", "CC0-1.0")
        self.assertEqual((report["accepted"], report["refused"], report["waiting"]), (2, 0, 2))

    def test_what_cannot_be_is_said_at_once(self):
        path = write(self.files, "rows.csv", ROWS)
        for options, code, words in ((["--pack", "nowhere"], 1, "schema list"), (["--pack", "pantry/place@2"], 1, "schema list"),
                                     (["--pack", "pantry", "--schema", "pantry/place@1"], 2, "--pack"), ([], 2, "--pack"),
                                     (["--schema", "pantry/place@1", "--lens", "x"], 2, "--pack"),
                                     (["--pack", "pantry/place@1", "--lens", "/nowhere.json"], 1, "--lens"),
                                     (["--pack", "pantry/product@1", "--audience", "private", "--project", "public"], 1, "projection")):
            done = self.a.command("import", *options, path, ok=None)
            self.assertEqual(done.returncode, code, (options, done.stderr))
            self.assertIn(words, done.stderr, options)
        self.assertEqual(self.a.held(self.a.origin)["size"], 0)

    def test_without_any_licence_nothing_is_published_and_the_remedy_is_named(self):
        pack = os.path.join(self.files, "bare")
        write(pack, "pack.json", {**{k: v for k, v in MANIFEST.items() if k not in ("default_license", "aliases")}, "name": "bare",
                                  "types": {"place": MANIFEST["types"]["place"]}})
        write(pack, "types/place.json", PLACE)
        write(pack, "core.json", {"place": {"title": {"from": "/nom"}}})
        write(pack, "examples/place/valid/one.json", {"code": "69001", "n": "1", "nom": "Le Grenier"})
        self.a.command("schema add", pack)
        path = write(self.files, "one.json", {"code": "69001", "n": "1", "nom": "x"})
        done = self.a.command("import", "--pack", "bare", path, ok=None)
        self.assertEqual((done.returncode, self.a.held(self.a.origin)["size"]), (1, 0))
        self.assertIn("--license", done.stderr)
        self.a.command("import", "--pack", "bare", "--license", "CC0-1.0", path)
        self.assertEqual(self.a.held(self.a.origin)["size"], 1)


class RealCatalogue(Case):
    def test_a_catalogue_fetched_again_under_other_labels_publishes_nothing(self):
        folder = os.path.join(SHARED, "data", "food")
        if not os.path.isdir(folder):
            self.skipTest(f"there is no {folder}")
        a = self.node("A")
        if "food" not in a.command("schema list").stdout:
            self.skipTest("there is no food pack in this program")
        first, second = (json.loads(a.command("import", "--json", "--pack", "food", "--license", "ODbL-1.0", os.path.join(folder, name), ok=None).stdout)
                         for name in ("dfc-catalogue-17-products.jsonld", "dfc-catalogue-17-products-refetch.jsonld"))
        self.assertGreaterEqual(first["accepted"], 17)
        self.assertEqual((second["accepted"], second["unchanged"]), (0, first["accepted"]))


if __name__ == "__main__":
    unittest.main()
