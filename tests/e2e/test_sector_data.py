"""Real files of social care, mobility and directories become valid records of the built-in packs: through a lens, each row
that does not fit is refused for the reason that the table states, and nothing else is."""
import collections
import json
import os
import tempfile

from lib import SHARED, Case, run

DATA = os.path.join(SHARED, "data")
LENSES = "conf/packs/{}/lenses/{}.json"
HUBS = "social/mednum/"

# A row that is refused: (member of the body, keyword of the schema) of its first error, how many, why in truth. TWICE: it
# fits, but the file holds another row with the same id.
TWICE = ""
NO_NAME = ("/nom", "required", 3, "three rows of the hub have neither name nor address")
NO_STREET = "a place in the middle of a village, of which the hub knows no street"

# file, member of the file that holds the rows ("" for all of it), type, lens (pack/name, or a hub's own mapping file),
# rows, accepted, rows that do not fit
ROWS = [
    (HUBS + "hub-lo.json", "", "social/digital-place@1", HUBS + "hub-lo.mapping.json", 426, 425,
     [("/adresse", "required", 1, NO_STREET)]),
    (HUBS + "gironde.json", "", "social/digital-place@1", HUBS + "gironde.mapping.json", 347, 321,
     [("/code_postal", "required", 26, "no column for the postcode, and these addresses do not hold it either")]),
    (HUBS + "maine-et-loire.json", "", "social/digital-place@1", HUBS + "maine-et-loire.mapping.json", 243, 240, [NO_NAME]),
    (HUBS + "nouvelle-caledonie.json", "", "social/digital-place@1", HUBS + "nouvelle-caledonie.mapping.json", 92, 92, []),
    (HUBS + "la-creuse.json", "", "social/digital-place@1", HUBS + "la-creuse.mapping.json", 91, 89,
     [("/adresse", "required", 2, NO_STREET)]),
    (HUBS + "fibre-64.json", "", "social/digital-place@1", HUBS + "fibre-64.mapping.json", 61, 57,
     [("", TWICE, 4, "the same house answered the hub's form again, differently: one name, town and address")]),
    (HUBS + "aix-en-provence.json", "", "social/digital-place@1", HUBS + "aix-en-provence.mapping.json", 38, 38, []),
    (HUBS + "bus-france-services-charente.json", "", "social/digital-place@1",
     HUBS + "bus-france-services-charente.mapping.json", 12, 12, []),
    ("social/data-inclusion-api-samples.json", "/examples/0/value/items", "social/service@1", None, 1, 1, []),
    ("social/data-inclusion-api-samples.json", "/examples/1/value/items", "social/structure@1", None, 1, 1, []),
    ("mobility/bnlc-lieux-covoiturage.csv", "", "mobility/carpool-place@1", "mobility/carpool-table", 1476, 1476, []),
    ("mobility/schema-lieux-covoiturage-exemple-valide.csv", "", "mobility/carpool-place@1", "mobility/carpool-table", 1, 1,
     []),
    # The second row's date is written the other way round, which the lens reads; that its longitude and latitude are
    # swapped no schema can see.
    ("mobility/schema-lieux-covoiturage-exemple-invalide.csv", "", "mobility/carpool-place@1", "mobility/carpool-table", 2, 2,
     []),
    ("mobility/gbfs-systems.csv", "", "mobility/system@1", "mobility/gbfs-systems", 1520, 1519,
     [("", TWICE, 1, "citiz_la_rochelle stands there twice")]),
    ("mobility/gbfs-feeds-3.0/system_information.json", "", "mobility/system@1", "mobility/gbfs-system-information", 1, 1, []),
    ("mobility/gbfs-feeds-3.0/station_information.json", "/data/stations", "core/place@1", "core/gbfs-station", 2, 2, []),
    ("mobility/aides-mobilite-exemple.csv", "", "mobility/aid@1", "mobility/aids-table", 5, 5, []),
    # Three of the generated trips are equal to the letter to earlier ones: they change nothing.
    ("mobility/covoiturage-journeys-test.json", "/driverJourneys", "mobility/journey@1", "mobility/driver-journey", 22, 22,
     []),
    ("mobility/covoiturage-journeys-test.json", "/passengerJourneys", "mobility/journey@1", "mobility/passenger-journey", 22,
     22, []),
    # As they are, "Schedules" an alias of schedules; without ids.
    ("mobility/covoiturage-journeys-test.json", "/driverRegularTrips", "mobility/regular-trip@1", None, 18, 18, []),
    ("mobility/covoiturage-journeys-test.json", "/passengerRegularTrips", "mobility/regular-trip@1", None, 18, 18,
     []),
    ("mobility/covoiturage-journeys-default.json", "/driverJourneys", "mobility/journey@1", "mobility/driver-journey", 2, 2,
     []),
    # Called passengers' journeys there, and each has a driver.
    ("mobility/covoiturage-journeys-default.json", "/passengerJourneys", "mobility/journey@1", "mobility/driver-journey", 2, 2,
     []),
    ("directory/coops-uk-2017.csv", "", "core/organisation@1", "core/coops-uk", 5328, 5328, []),
    ("directory/workers-coop-2023.csv", "", "core/organisation@1", "core/workers-coop", 259, 259, []),
    ("directory/murmurations-import.csv", "", "core/organisation@1", "core/murmurations-table", 1, 1, []),
    ("directory/susy-transformap.geojson", "", "core/organisation@1", "core/transformap", 1064, 1064, []),
    ("directory/transformap-import/inkota-mapped.geojson", "", "core/organisation@1", "core/transformap", 88, 88, []),
    ("directory/transformap-import/inkota-source.csv", "", "core/organisation@1", "core/transformap-table", 89, 89, []),
    ("directory/transformap-import/budapest-source.csv", "", "core/organisation@1", "core/transformap-table", 32, 32, []),
    ("directory/kartevonmorgen-search.json", "/visible", "core/place@1", "core/kartevonmorgen", 99, 99, []),
    ("directory/kartevonmorgen-search.json", "/invisible", "core/place@1", "core/kartevonmorgen", 1, 1, []),
] + [(f"directory/mobilizon-activities/{name}.json", "", "core/event@1", "core/event-activity", 1, 1, [])
     for name in ("gancio-event-activity", "mobilizon-post-activity", "mobilizon-post-activity-group",
                  "mobilizon-post-activity-media", "mobilizon-post-activity-media-1")]

# What lenses make of other standards' own documents, backwards: file, member, lens, type, valid documents of all.
BACKWARDS = [
    ("directory/crosswalk/same-org.murmurations.json", "", "core/organisation-murmurations", "core/organisation@1", 1, 1),
    ("directory/crosswalk/same-org.schemaorg.json", "", "core/organisation-schema-org", "core/organisation@1", 1, 1),
    ("social/hsds-examples/service_full.json", "", "social/service-hsds", "social/service@1", 1, 1),
    ("social/hsds-examples/service_list.json", "/contents", "social/service-hsds", "social/service@1", 1, 1),
    # An organization of HSDS carries no date unless it has metadata, and data.inclusion asks for one.
    ("social/hsds-examples/organization_full.json", "", "social/structure-hsds", "social/structure@1", 0, 1),
    ("social/hsds-examples/organization_list.json", "/contents", "social/structure-hsds", "social/structure@1", 0, 1),
]


def part(path, at):
    """What stands at a JSON Pointer of a file, as a list."""
    with open(path, encoding="utf-8") as file:
        value = json.load(file)
    for name in at.split("/")[1:]:
        value = value[int(name) if isinstance(value, list) else name]
    return value if isinstance(value, list) else [value]


class SectorData(Case):
    def setUp(self):
        if not os.path.isdir(DATA):
            self.skipTest(f"there is no {DATA}")
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def temporary(self, name, documents):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            for document in documents:
                file.write(json.dumps(document) + "\n")
        return path

    def import_report(self, node, file, at, pack_type, lens):
        source = os.path.join(DATA, file)
        if at:
            source = self.temporary("rows.ndjson", part(source, at))
        if lens is not None:
            lens = os.path.join(DATA, lens) if lens.endswith(".json") else LENSES.format(*lens.split("/"))
        return self.import_file(node, source, pack_type, lens)

    def import_file(self, node, source, pack_type, lens=None):
        report = os.path.join(self.folder.name, "report.json")
        if os.path.exists(report):
            os.unlink(report)
        words = ["import", "--pack", pack_type, "--report", report, *(["--lens", lens] if lens else [])]
        done = node.command(*words, source, ok=None)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertTrue(os.path.exists(report), done.stderr)
        with open(report, encoding="utf-8") as text:
            return json.load(text)

    def test_each_real_file_fits_its_type_but_for_the_rows_that_are_known_not_to(self):
        a = self.node("A")
        accepted = rows = 0
        for file, at, pack_type, lens, expected_rows, expected, misfits in ROWS:
            with self.subTest(file=file, at=at):
                report = self.import_report(a, file, at, pack_type, lens)
                refused = collections.Counter((refusal["field"] or "", refusal["keyword"] or TWICE)
                                              for refusal in report["refusals"])
                self.assertEqual({(field, keyword): count for field, keyword, count, _ in misfits}, dict(refused))
                self.assertEqual(report["accepted"] + report["unchanged"], expected)
                self.assertEqual(report["accepted"] + report["unchanged"] + report["refused"], expected_rows)
                fitting = expected + sum(count for _, keyword, count, _ in misfits if keyword == TWICE)
                self.assertGreaterEqual(fitting, 0.9 * expected_rows)
                for refusal in report["refusals"]:
                    self.assertTrue(refusal["reason"] and refusal["row"] >= 1)
            accepted, rows = accepted + expected, rows + expected_rows
        print(f"# {len(ROWS)} sources, {accepted} of {rows} rows are valid records", flush=True)

    def test_the_same_import_again_publishes_nothing(self):
        a = self.node("A")
        file, at, pack_type, lens, _, expected, _ = ROWS[2]
        self.import_report(a, file, at, pack_type, lens)
        size = a.held(a.origin)["size"]
        again = self.import_report(a, file, at, pack_type, lens)
        self.assertEqual((again["accepted"], again["unchanged"]), (0, expected))
        self.assertEqual(a.held(a.origin)["size"], size)

    def convert(self, documents, *words):
        done = run("schema", "convert", *words, self.temporary("in.ndjson", documents))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_dated_places_of_the_hubs_become_structures(self):
        a = self.node("A")
        for file, _, _, mapping, *_ in ROWS[:8]:
            with self.subTest(file=file):
                places = self.convert(part(os.path.join(DATA, file), ""), "--lens", os.path.join(DATA, mapping))
                places = self.convert(places, "--from", "mednum/lieu", "--to", "social/digital-place@1")
                dated = [place for place in places if "date_maj" in place and "nom" in place]
                if dated:
                    structures = self.convert(dated, "--from", "social/digital-place@1", "--to", "social/structure@1")
                    self.assertEqual(len(structures), len(dated))
                    report = self.import_file(a, self.temporary("structures.ndjson", structures), "social/structure@1")
                    self.assertEqual((report["accepted"], report["refusals"]), (len(dated), []))

    def test_documents_of_neighbouring_standards_become_records(self):
        for file, at, lens, pack_type, valid, count in BACKWARDS:
            with self.subTest(file=file):
                records = self.convert(part(os.path.join(DATA, file), at), "--back", "--lens",
                                       LENSES.format(*lens.split("/")))
                self.assertEqual(len(records), count)
                verdicts = [run("schema", "validate", "--pack", pack_type, self.temporary("one.json", [record]), ok=None)
                            for record in records]
                self.assertEqual(sum(verdict.returncode == 0 for verdict in verdicts), valid)


class Renderings(Case):
    """What the public sees of a record for the commons, by the rules of the mobility pack."""

    def test_a_public_journey_says_where_and_when_roughly_and_nothing_of_who_travels(self):
        folder = "conf/packs/mobility/examples/journey/valid"
        bodies = []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                bodies.append(json.load(file))
        a = self.node("A")
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson", encoding="utf-8") as file:
            file.write("".join(json.dumps(body) + "\n" for body in bodies))
            file.flush()
            a.command("import", "--pack", "mobility/journey@1", "--audience", "commons", "--project", "public", file.name)
        lines = [json.loads(line) for line in a.sync({"logs": {}, "follow": False}, lambda _: False) if line.startswith(b"{")]
        seen = [line["body"] for line in lines if line["audience"] == "public"]
        self.assertEqual(len(seen), len(bodies))
        own = [body["id"] for body in bodies if "id" in body]
        self.assertTrue(own)
        for line in lines:
            self.assertFalse(any(name in line["id"] for name in own), "what a journey is called at home is in no id")
        for body in seen:
            for person in ("driver", "passenger"):
                self.assertIn(set(body.get(person, {})), (set(), {"operator"}))
            self.assertEqual({"id", "webUrl", "car", "passengerPickupAddress", "passengerDropAddress"} & set(body), set())
            self.assertEqual(body["passengerPickupDate"] % 600, 0)
            for field in ("passengerPickupLat", "passengerPickupLng", "passengerDropLat", "passengerDropLng"):
                self.assertEqual(body[field], round(body[field], 3))
