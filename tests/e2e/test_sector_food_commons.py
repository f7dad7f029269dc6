"""Real files of food, of the commons, of consent and of trust, through `maillon import --pack`: how many records each
holds, how many fit, and every misfit with its true reason."""
import glob
import json
import os
import tempfile

from lib import SHARED, Case, run

DATA = os.path.join(SHARED, "data")
PACKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "conf", "packs")


def read(path):
    with open(os.path.join(DATA, path)) as file:
        return json.load(file)


def examples(path, wanted=lambda value: True):
    """The examples of a specification, as items."""
    return [example["value"] for example in read(path)["examples"] if wanted(example["value"])]


def graphs():
    """The answers of the Open Food Network's API that hold something of the food vocabulary."""
    return examples("food/ofn-dfc-api-examples.json", lambda value: "dfc-b:name" in json.dumps(value))


def conformance(verdict):
    """Inputs of the W3C suite for VC 2.0: credentials, each with its file's name. The suite leaves the issuer to the
    implementation that it tests; here it is put in where the input has none (or none with an id)."""
    out = []
    for path in sorted(glob.glob(os.path.join(DATA, "consent/vc2-conformance/credential-*" + verdict + "*.json"))
                       + glob.glob(os.path.join(DATA, "consent/vc2-conformance/issuer-*" + verdict + "*.json"))):
        with open(path) as file:
            value = json.load(file)
        name = os.path.basename(path)
        if "issuer" not in value and name != "credential-no-issuer-fail.json":
            value["issuer"] = "did:example:issuer"
        elif isinstance(value.get("issuer"), dict):
            value["issuer"].setdefault("id", "did:example:issuer")
        out.append((name, value))
    return out


def converted(path, lens):
    """A document through a lens. The first DFC payloads (2018) are graphs by their look, and by their class a key: they
    are read as one document, with the base of their own context, before they are imported."""
    pack, name = lens.split("/")
    return json.loads(run("schema", "convert", "--lens", os.path.join(PACKS, pack, "lenses", name + ".json"),
                          os.path.join(DATA, path)).stdout)


# What no JSON Schema can tell: it would have to read the JSON-LD context that the document itself brings along.
BEYOND_A_SCHEMA = {
    "credential-redef-type2-fail.json": "a protected term is defined twice, with different meanings",
    "credential-type-mapped-nonurl-fail.json": "the context maps the type to something that is no address",
    "credential-type-unmapped-fail.json": "the context takes away the vocabulary, so that the type means nothing",
}

FOOD = dict(pack="food", license="ODbL-1.0")
ORDER = dict(pack="food", license="ODbL-1.0", audience="private")
COMMONS = dict(pack="commons/resource@1", license="CC-BY-4.0")
DCAT = dict(COMMONS, lens="commons/dcat-ap-import")

# file (or a function that makes the items), how, records that fit, misfits: {(field, keyword): how many}.
ROWS = [
    ("food/dfc-catalogue-17-products.jsonld", FOOD, 57, {}),
    ("food/dfc-catalogue-8-products-a.jsonld", FOOD, 28, {}),
    ("food/ofn-fdc-catalog.jsonld", FOOD, 27, {}),
    ("food/ofn-product-get.jsonld", FOOD, 3, {}),
    ("food/dfc-litefarm-enterprises-v1.jsonld", FOOD, 27, {}),
    ("food/litefarm-v2-enterprises.jsonld", FOOD, 6, {}),
    ("food/dfc-order-post-request.jsonld", ORDER, 6, {}),
    ("food/dfc-order-post-response.jsonld", ORDER, 3, {}),
    ("food/dfc-order-put-request.jsonld", ORDER, 3, {}),
    ("food/dfc-order-put-response.jsonld", ORDER, 3, {}),
    ("food/dfc-orders-list.jsonld", ORDER, 15, {}),
    ("food/verso-orders-DFC.jsonld", ORDER, 24, {}),
    ("food/ofn-product-import-120.csv", dict(FOOD, pack="food/product@1", lens="food/ofn-product-import"), 120, {}),
    ("food/supermarches-cooperatifs.json",
     dict(FOOD, pack="food/enterprise@1", lens="food/supermarches-cooperatifs"), 87, {}),
    ("food/supermarches-cooperatifs.json",
     dict(FOOD, pack="core/organisation@1", lens="food/supermarches-cooperatifs"), 87, {}),
    *[(lambda name=name: converted(f"food/legacy/exemple-API-Catalog-{name}.json", "food/dfc-0-enterprise"),
       dict(FOOD, pack="food/enterprise@1"), 1, {})
      for name in ("Platforme", "Producteur-1.2", "Producteur-2", "Producteur-2.2")],
    ("commons/okh-projects.csv", dict(COMMONS, lens="commons/okh-projects"), 326, {}),
    (lambda: read("commons/schema-catalogue-fr.json")["schemas"],
     dict(COMMONS, lens="commons/schema-catalogue-fr"), 95, {}),
    (lambda: [read(os.path.relpath(path, DATA))
              for path in sorted(glob.glob(os.path.join(DATA, "commons/valueflows-schemas/*.json")))],
     dict(COMMONS, lens="commons/json-schema"), 16, {}),
    ("commons/dataset-dcat-ap.jsonld", DCAT, 1, {}),
    ("commons/dcat-ap-examples/example-bees_wasps_dataset.jsonld", DCAT, 2, {}),
    ("commons/dcat-ap-examples/example-data_service_openapi_sla.jsonld", DCAT, 1, {}),
    ("commons/dcat-ap-examples/example-data_service_terms_sla.jsonld", DCAT, 3, {}),
    ("commons/dcat-ap-examples/example-ms_catalogue_hvd.jsonld", DCAT, 3, {}),
    ("commons/dcat-ap-examples/example-ms_catalogue_simple.jsonld", DCAT, 1, {}),
    ("commons/dcat-ap-examples/example-ms_dataset_2_distributions.jsonld", DCAT, 1, {}),
    ("commons/dcat-ap-examples/example-ms_dataset_2_identifiers.jsonld", DCAT, 1, {}),
    ("commons/dcat-ap-examples/example-ms_dataset_data_service.jsonld", DCAT, 3, {}),
    ("commons/dcat-ap-examples/example-ms_dataset_hvd_profile.jsonld", DCAT, 1, {}),
    (lambda: [read("consent/kantara-cr-1.1-example.json")],
     dict(pack="consent/record@1", lens="consent/kantara-import", audience="private"), 1, {}),
]

# Examples of specifications, which use one id again and again: each comes in alone.
CREDENTIAL = dict(pack="trust/credential@1")
APART = [
    # Two records stand, whole and with their names, inside a receipt.
    (lambda: examples("consent/consent-27560-examples.json"),
     dict(pack="consent/statement@1", audience="private"), 53, {}),
    (lambda: examples("consent/openbadges-3-examples.json"), CREDENTIAL, 5, {}),
    (lambda: examples("consent/bitstring-status-examples.json", lambda v: "BitstringStatusListCredential" in v["type"]),
     dict(pack="trust/status-list@1"), 2, {}),
    (lambda: examples("consent/bitstring-status-examples.json",
                      lambda v: "BitstringStatusListCredential" not in v["type"]), CREDENTIAL, 2, {}),
    # Two presentations and a context are no credentials; a template, "for creating prototypes", has no issuer.
    (lambda: examples("consent/vc2-spec-examples.json", lambda v: "credentialSubject" in v), CREDENTIAL, 14,
     {("/issuer", "required"): 1}),
    (lambda: [value for _, value in conformance("-ok")], CREDENTIAL, 34, {}),
]


class Sectors(Case):
    def setUp(self):
        if not os.path.isdir(DATA):
            self.skipTest(f"there is no {DATA}")
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def bring_in(self, node, source, how):
        """One import; its report."""
        path = source if isinstance(source, str) else os.path.join(self.folder.name, "items.json")
        if isinstance(source, str):
            path = os.path.join(DATA, source)
        else:
            with open(path, "w") as file:
                json.dump(source(), file)
        report = os.path.join(self.folder.name, "report.json")
        command = ["import", "--pack", how["pack"], "--report", report]
        if "lens" in how:
            pack, lens = how["lens"].split("/")
            command += ["--lens", os.path.join(PACKS, pack, "lenses", lens + ".json")]
        for option in ("license", "audience", "format"):
            if option in how:
                command += ["--" + option, how[option]]
        done = node.command(*command, path, ok=None)
        self.assertIn(done.returncode, (0, 1), (source, done.stderr))
        with open(report) as file:
            return json.load(file)

    def judge(self, name, how, reports, expected, misfits):
        """What is not as the table says, as a sentence; None when all is."""
        fit = sum(report["accepted"] + report["unchanged"] for report in reports)
        found = {}
        for report in reports:
            for fault in report["refusals"]:
                key = (fault["field"], fault["keyword"])
                found[key] = found.get(key, 0) + 1
                self.assertTrue(fault["reason"], (name, fault))
        self.assertGreaterEqual(expected, 0.9 * (expected + sum(misfits.values())), name)
        if (fit, found) == (expected, misfits) and all(report["complete"] for report in reports):
            print(f"# {name} as {how['pack']}: {fit} fit, {sum(found.values())} do not", flush=True)
            return None
        refusals = [fault for report in reports for fault in report["refusals"]]
        left = [report["left_out_kinds"] for report in reports if report["left_out_kinds"]]
        return (f"{name} as {how['pack']}: {fit} fit where {expected} should, misfits {found}, left out {left[:3]}, "
                f"{refusals[:3]}")

    def test_real_files_fit_and_every_misfit_has_its_reason(self):
        node = self.node("Coop")
        wrong = []
        for source, how, expected, misfits in ROWS:
            name = source if isinstance(source, str) else how.get("lens", how["pack"])
            wrong.append(self.judge(name, how, [self.bring_in(node, source, how)], expected, misfits))
        wrong = [sentence for sentence in wrong if sentence]
        self.assertEqual(wrong, [], "\n".join(wrong))

    def test_examples_of_specifications_fit_one_by_one(self):
        node = self.node("Coop")
        wrong = []
        for source, how, expected, misfits in APART:
            reports = [self.bring_in(node, lambda value=value: [value], how) for value in source()]
            wrong.append(self.judge("examples", how, reports, expected, misfits))
        wrong = [sentence for sentence in wrong if sentence]
        self.assertEqual(wrong, [], "\n".join(wrong))

    def test_every_answer_of_the_open_food_network_fits(self):
        node = self.node("Coop")
        records = 0
        for graph in graphs():
            report = self.bring_in(node, lambda graph=graph: graph, dict(FOOD, format="jsonld"))
            self.assertEqual(report["refusals"], [], graph)
            records += report["accepted"] + report["unchanged"]
        self.assertEqual(records, 29)

    def test_the_same_catalogue_fetched_again_publishes_nothing(self):
        node = self.node("Coop")
        first = self.bring_in(node, "food/dfc-catalogue-17-products.jsonld", FOOD)
        size = node.held(node.origin)["size"]
        again = self.bring_in(node, "food/dfc-catalogue-17-products-refetch.jsonld", FOOD)
        self.assertEqual((first["accepted"], again["accepted"], again["unchanged"]), (57, 0, 57))
        self.assertEqual(node.held(node.origin)["size"], size)

    def test_what_is_not_json_is_refused_with_its_place(self):
        node = self.node("Coop")
        for name in ("exemple-API-Catalog-Producteur-1-LDP_flat", "exemple-API-OFF-create-product-RESPONSE"):
            report = self.bring_in(node, f"food/legacy/{name}.json", FOOD)
            self.assertEqual(report["accepted"], 0)
            self.assertGreaterEqual(report["refused"], 1)
            self.assertTrue(any("expected" in fault["reason"] for fault in report["refusals"]), report)

    def test_broken_credentials_of_the_w3c_suite_are_refused_as_far_as_a_schema_can_tell(self):
        node = self.node("Coop")
        held = set()
        for name, value in conformance("-fail"):
            report = self.bring_in(node, lambda value=value: [value], dict(pack="trust/credential@1", format="json"))
            if report["refused"] == 0:
                held.add(name)
        self.assertEqual(held, set(BEYOND_A_SCHEMA))

