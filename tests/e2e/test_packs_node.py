"""What schema packs do to a node: refusal at publication, quarantine of peers' records, waiting for a pack."""
import json
import os

from lib import TEST_PACK, Case, until


def place(n, **more):
    return {"id": n, "schema": "test/lieu@1", "license": "CC0-1.0", "body": {"n": n, "nom": f"Atelier {n}", **more}}


class Packs(Case):
    def bare(self, name):
        """A node without the pack of the tests."""
        return self.node(name, packs=())

    def found(self, node, words):
        return [hit["record"]["id"] for hit in json.loads(node.command("search", words, "--json").stdout)["results"]]

    def log(self, node, origin):
        return node.held(origin) or {}

    def test_a_record_that_breaks_its_schema_is_refused_with_every_error(self):
        a = self.node("A")
        status, headers, body = a.post(json.dumps(place("x", code_postal="2615", lat=91)))
        problem = json.loads(body)
        self.assertEqual((status, problem["type"]), (422, "urn:maillon:problem:invalid-body"))
        self.assertEqual([(e["instanceLocation"], e["keyword"]) for e in problem["errors"]],
                         [("/code_postal", "pattern"), ("/lat", "maximum")])
        self.assertTrue(all(e["keywordLocation"] and e["absoluteKeywordLocation"] and e["error"] for e in problem["errors"]))
        french = json.loads(a.post(json.dumps(place("x", lat=91)), Accept_Language="fr")[2])
        self.assertNotEqual(french["errors"][0]["error"], problem["errors"][1]["error"])
        self.assertEqual(a.held(a.origin)["size"], 0)

    def test_of_many_only_those_that_fit_are_stored(self):
        a = self.node("A")
        lines = "\n".join(json.dumps(place(n, **more)) for n, more in (("a", {}), ("b", {"lat": "x"}), ("c", {})))
        status, _, body = a.post(lines, Content_Type="application/x-ndjson")
        answers = [json.loads(line) for line in body.splitlines()]
        self.assertEqual(status, 207)
        self.assertEqual(["error" in answer for answer in answers], [False, True, False])
        self.assertEqual(answers[1]["error"]["errors"][0]["instanceLocation"], "/lat")
        self.assertEqual(a.held(a.origin)["size"], 2)

    def test_a_refused_version_leaves_the_one_before_as_it_was(self):
        a = self.node("A")
        a.post(json.dumps(place("x")))
        self.assertEqual(a.post(json.dumps(place("x", lat=200)) .replace('"license"', '"audience":"circle:amis","license"'))[0], 422)
        self.assertEqual(a.call("GET", f"/v1/records/{a.origin}/x")[0], 200)
        self.assertEqual(a.held(a.origin)["size"], 1)

    def test_a_type_that_a_known_pack_does_not_have_is_refused_and_a_missing_licence_too(self):
        a = self.node("A")
        status, _, body = a.post(json.dumps({**place("x"), "schema": "test/lieux@1"}))
        self.assertEqual((status, json.loads(body)["type"]), (422, "urn:maillon:problem:unknown-type"))
        self.assertEqual(a.post(json.dumps({**place("x"), "schema": "test/lieu@2"}))[0], 422)
        without = {key: value for key, value in place("x").items() if key != "license"}
        self.assertEqual(a.post(json.dumps(without))[0], 400)
        self.assertEqual(a.held(a.origin)["size"], 0)

    def test_from_a_peer_it_is_quarantined_and_both_operators_see_why(self):
        a, b = self.bare("A"), self.node("B")
        a.post(json.dumps(place("good")))
        a.post(json.dumps(place("bad", code_postal="2615")))
        b.follow(a)
        b.await_log(a.origin, 2)
        until("the judgement", lambda: self.log(b, a.origin).get("judged") == 2)
        self.assertEqual((self.log(b, a.origin)["quarantined"], self.log(b, a.origin)["waiting"]), (1, 0))
        self.assertEqual(self.found(b, "atelier"), ["good"])
        self.assertEqual(b.call("GET", f"/v1/records/{a.origin}/bad")[0], 200, "it stays in the log")
        listed = json.loads(b.call("GET", f"/v1/quarantine?origin={a.origin}", connection=b.public())[2])
        self.assertEqual([item["id"] for item in listed["items"]], ["bad"])
        error = listed["items"][0]["errors"][0]
        self.assertEqual((error["instanceLocation"], error["keyword"]), ("/code_postal", "pattern"))
        self.assertNotIn("2615", json.dumps(listed), "a value is never told")
        a.follow(b)
        told = until("the author to be told", lambda: a.status()["peers"][0].get("quarantined"))
        self.assertEqual([item["id"] for item in told], ["bad"])
        self.assertIn("/code_postal", a.command("status").stdout)
        # Mended, it comes out of quarantine.
        a.post(json.dumps(place("bad", code_postal="26150")))
        b.await_log(a.origin, 3)
        until("both to be found", lambda: sorted(self.found(b, "atelier")) == ["bad", "good"])
        self.assertEqual(json.loads(b.call("GET", f"/v1/quarantine?origin={a.origin}")[2])["items"], [])

    def test_what_no_pack_knows_waits_and_is_taken_up_when_the_pack_arrives(self):
        a, b = self.node("A"), self.bare("B")
        a.post(json.dumps(place("one")))
        b.follow(a)
        b.await_log(a.origin, 1)
        until("the judgement", lambda: self.log(b, a.origin).get("waiting") == 1)
        self.assertEqual(self.found(b, "atelier"), [])
        waiting = json.loads(b.call("GET", f"/v1/quarantine?state=waiting&origin={a.origin}")[2])
        self.assertEqual([item["schema"] for item in waiting["items"]], ["test/lieu@1"])
        b.command("schema add", TEST_PACK)
        until("it to be taken up", lambda: self.found(b, "atelier") == ["one"])
        until("the count", lambda: self.log(b, a.origin)["waiting"] == 0)
        b.command("schema remove", "test")
        until("it to wait again", lambda: self.found(b, "atelier") == [])

    def test_a_record_of_an_unknown_pack_is_published_and_says_that_it_waits(self):
        a = self.bare("A")
        answer = json.loads(a.post(json.dumps(place("one")))[2])
        self.assertTrue(answer["waits"])
        self.assertNotIn("waits", json.loads(self.node("B").post(json.dumps(place("one")))[2]))

    def test_a_pack_broken_on_disk_makes_its_records_wait_and_nothing_else(self):
        a = self.node("A")
        a.post(json.dumps(place("one")))
        a.stop()
        folder = os.path.join(a.dir, "packs", "test")
        with open(os.path.join(folder, "active")) as file:
            version = file.read().strip()
        with open(os.path.join(folder, version, "pack.json"), "w") as file:
            file.write("{")
        a.start()
        until("it to wait", lambda: self.log(a, a.origin).get("waiting") == 1)

    def test_a_record_is_shown_in_another_vocabulary(self):
        a = self.node("A")
        a.post(json.dumps(place("one", code_postal="26150", lat=44.75, lon=5.37)))
        path = f"/v1/records/{a.origin}/one"
        status, headers, body = a.call("GET", path + "?as=schema.org", connection=a.public())
        self.assertEqual((status, json.loads(body)), (200, {
            "@type": "Place", "name": "Atelier one", "identifier": "one", "address": {"postalCode": "26150"},
            "geo": {"latitude": 44.75, "longitude": 5.37}}))
        self.assertEqual(headers["Content-Type"], "application/ld+json")
        core = json.loads(a.call("GET", path + "?as=core")[2])
        self.assertEqual((core["title"], core["place"]), ("Atelier one", {"lat": 44.75, "lon": 5.37, "postcode": "26150"}))
        status, _, body = a.call("GET", path + "?as=nothing")
        self.assertEqual(status, 406)
        self.assertIn("schema.org/Place", json.loads(body)["detail"], "what there is instead")
