"""The platform's own service: publishing in every way, being told exactly what was wrong, seeing changes."""
import http.client
import json

from lib import Case, record


def lines(text):
    return [json.loads(line) for line in text.decode().splitlines()]


class LocalApi(Case):
    def setUp(self):
        self.a = self.node("A")

    def test_three_bad_ones_of_a_thousand_are_named_and_the_rest_is_published(self):
        items = [json.dumps(record(i)) for i in range(1, 1001)]
        items[9] = "{not json"
        items[499] = json.dumps({**record(500), "id": "../up"})
        items[999] = '{"id":"x","schema":"test/thing@1","license":"CC0-1.0","body":{"a":1,"a":2}}'
        status, _, body = self.a.post("\n".join(items), Content_Type="application/x-ndjson")
        answer = lines(body)
        self.assertEqual((status, len(answer)), (207, 1000))
        bad = {line["line"]: line["error"]["type"].rsplit(":", 1)[-1] for line in answer if "error" in line}
        self.assertEqual(bad, {10: "syntax", 500: "bad-id", 1000: "duplicate-key"})
        self.assertEqual([line["index"] for line in answer if "index" in line], list(range(997)))
        self.assertEqual(self.a.held(self.a.origin)["size"], 997)

    def test_all_or_nothing_stores_nothing_when_one_is_refused(self):
        text = "\n".join([json.dumps(record(1)), "nonsense", json.dumps(record(2))])
        status, _, body = self.a.post(text, "?all-or-nothing", Content_Type="application/x-ndjson")
        self.assertEqual((status, [line["line"] for line in lines(body)]), (422, [2]))
        self.assertEqual(self.a.held(self.a.origin)["size"], 0)
        status, _, _ = self.a.post(json.dumps(record(1)) + "\n" + json.dumps(record(2)), "?all-or-nothing",
                                   Content_Type="application/x-ndjson")
        self.assertEqual((status, self.a.held(self.a.origin)["size"]), (201, 2))
        done = self.a.publish([{"n": "fine"}, {"n": "../bad"}], "--all-or-nothing", ok=None)
        self.assertEqual((done.returncode, self.a.held(self.a.origin)["size"]), (1, 2))

    def test_a_dry_run_stores_nothing(self):
        status, _, body = self.a.post(json.dumps(record(1)), "?dry-run")
        self.assertEqual((status, self.a.held(self.a.origin)["size"]), (200, 0), body)

    def test_what_is_held_already_is_not_published_again_unless_it_changed(self):
        text = "\n".join(json.dumps(record(i)) for i in range(3))
        ask = lambda text: self.a.post(text, "?unless-unchanged", Content_Type="application/x-ndjson")
        self.assertEqual(ask(text)[0], 201)
        status, _, body = ask(text)
        self.assertEqual((status, [(line["unchanged"], line["index"]) for line in lines(body)]), (200, [(True, i) for i in range(3)]))
        for change in ({"license": "CC-BY-4.0"}, {"schema": "other/thing@1"}, {"audience": "commons"}, {"body": {"n": 2}}):
            size = self.a.held(self.a.origin)["size"]
            status, _, body = ask(json.dumps({**record(1), **change}))
            self.assertEqual((status, "unchanged" in lines(body)[0]), (201, False), change)
            self.assertGreater(self.a.held(self.a.origin)["size"], size)
        self.a.call("DELETE", "/v1/records/r/2")
        self.assertEqual(ask(json.dumps(record(2)))[0], 201, "what was withdrawn is offered again")
        self.assertEqual(self.a.post(json.dumps(record(2)))[0], 201, "without the wish it is appended")

    def test_a_version_between_two_equal_ones_is_kept(self):
        text = "\n".join(json.dumps(record(1, body={"v": v})) for v in (1, 2, 1, 1))
        answer = lines(self.a.post(text, "?unless-unchanged", Content_Type="application/x-ndjson")[2])
        self.assertEqual([line.get("unchanged", False) for line in answer], [False, False, False, True])
        self.assertEqual([line["index"] for line in answer], [0, 1, 2, 2])

    def test_the_newest_version_of_each_of_thousands_of_ids_is_what_counts(self):
        count = 5000  # more than one batch holds
        versions = [(i, 1) for i in range(count)] + [(i, 1 + i % 2) for i in range(count)] + [(i, 1 + i % 2) for i in range(count)]
        text = "\n".join(json.dumps(record(i, body={"v": v})) for i, v in versions)
        answer = lines(self.a.post(text, "?unless-unchanged", Content_Type="application/x-ndjson")[2])
        self.assertEqual([line.get("unchanged", False) for line in answer],
                         [False] * count + [i % 2 == 0 for i in range(count)] + [True] * count)
        self.assertEqual(self.a.held(self.a.origin)["size"], count + count // 2)
        self.assertEqual([line["index"] for line in answer[2 * count:]],
                         [line["index"] for line in answer[count:2 * count]])

    def test_an_idempotency_key_publishes_once(self):
        first = self.a.post(json.dumps(record(1)), Idempotency_Key="k1")
        again = self.a.post(json.dumps(record(1)), Idempotency_Key="k1")
        other = self.a.post(json.dumps(record(2)), Idempotency_Key="k1")
        self.assertEqual((first[0], again[0], first[2]), (201, 201, again[2]))
        self.assertEqual(other[0], 409)
        self.a.stop()
        self.a.start()
        self.assertEqual(self.a.post(json.dumps(record(1)), Idempotency_Key="k1")[2], first[2], "also after a restart")
        self.assertEqual(self.a.held(self.a.origin)["size"], 1)

    def test_put_replaces_and_delete_withdraws(self):
        envelope = {"schema": "test/thing@1", "license": "CC0-1.0", "body": {"v": 1}}
        path = "/v1/records/things/1"
        self.assertEqual(self.a.call("PUT", path, json.dumps(envelope))[0], 201)
        self.assertEqual(self.a.call("PUT", path, json.dumps({**envelope, "body": {"v": 2}}))[0], 201)
        read = f"/v1/records/{self.a.origin}/things/1"
        self.assertEqual(json.loads(self.a.call("GET", read)[2])["body"], {"v": 2})
        self.assertEqual(self.a.call("PUT", path, json.dumps({**envelope, "id": "things/2"}))[0], 400)
        self.assertEqual(self.a.call("DELETE", path)[0], 201)
        self.assertEqual(self.a.call("GET", read)[0], 410)
        self.assertEqual(self.a.call("DELETE", path)[0], 404)
        self.assertEqual(self.a.held(self.a.origin)["records"], 0)

    def test_narrowing_first_withdraws_from_the_old_audience(self):
        self.a.post(json.dumps(record(1)))
        self.a.post(json.dumps(record(1, audience="circle:proches")))
        stream = self.a.sync({"logs": {}, "follow": False}, lambda _: False)
        ops = [json.loads(line)["op"] for line in stream if line.startswith(b"{")]
        self.assertEqual(ops, ["put", "delete"])
        self.assertTrue(any(line.startswith(b'["withheld"') for line in stream))

    def test_the_token_opens_the_tcp_listener_and_nothing_else_does(self):
        def ask(**headers):
            connection = http.client.HTTPConnection("127.0.0.1", self.a.local_port, timeout=60)
            return self.a.call("GET", "/admin/status", headers=headers, connection=connection)
        token = self.a.token()
        self.assertEqual(ask(Authorization=f"Bearer {token}")[0], 200)
        status, headers, body = ask()
        self.assertEqual((status, headers["WWW-Authenticate"]), (401, "Bearer"))
        self.assertEqual(json.loads(body)["type"], "urn:maillon:problem:unauthorized")
        self.assertEqual(ask(Authorization=f"Bearer {token[:-1]}x")[0], 401)
        self.assertEqual(ask(Authorization=f"Bearer {token}", Host="evil.example")[0], 403)
        self.assertEqual(self.a.call("GET", "/admin/status", connection=self.a.public())[0], 404, "never in public")
        self.assertEqual(self.a.call("POST", "/v1/records", "{}", connection=self.a.public())[0], 404)

    def test_bad_records_are_refused_with_their_fault(self):
        long = json.dumps(record(1, body="x" * 300000))
        cases = [("[1,2]", 400), ("{", 400), ('{"a":1', 400), ("", 400), ("nul", 400), (json.dumps(record(1, id="")), 400),
                 (json.dumps(record(1, id="a//b")), 400), (json.dumps(record(1, id="./a")), 400),
                 (json.dumps(record(1, id="a b")), 400), (json.dumps(record(1, id="x" * 201)), 400),
                 (json.dumps(record(1, schema="nonsense")), 400), (json.dumps(record(1, audience="everyone")), 400),
                 (json.dumps({**record(1), "unknown": 1}), 400), (long, 413),
                 ('{"id":"x","schema":"t/t@1","license":"CC0-1.0","body":"\\ud800"}', 400),
                 ('{"id":"x","schema":"t/t@1","license":"CC0-1.0","body":1e999}', 400),
                 (json.dumps(record(1, body=json.loads("[" * 70 + "]" * 70))), 413)]
        for text, want in cases:
            status, headers, body = self.a.post(text)
            self.assertEqual(status, want, text[:80])
            self.assertEqual(headers["Content-Type"], "application/problem+json")
            problem = json.loads(body)
            self.assertTrue(problem["type"].startswith("urn:maillon:problem:") and problem["title"] and problem["status"] == want)
        self.assertEqual(self.a.held(self.a.origin)["size"], 0)
        french = self.a.post("{", Accept_Language="fr")
        self.assertEqual((french[1]["Content-Language"], "bien formé" in json.loads(french[2])["title"]), ("fr", True))
        self.assertEqual(self.a.post("x", Content_Type="text/plain")[0], 415)
        self.assertEqual(self.a.call("POST", "/v1/records", "x" * 17000000, {"Content-Type": "application/json"})[0], 413)
        self.assertEqual(self.a.call("PATCH", "/v1/records")[1]["Allow"], "POST")
        self.assertEqual(self.a.call("GET", "/nothing")[0], 404)

    def read_events(self, path, count, headers=None):
        connection = self.a.unix()
        connection.request("GET", path, headers=headers or {})
        stream = connection.getresponse()
        events, event = [], {}
        while len(events) < count:
            line = stream.readline().decode().rstrip("\n")
            if line == "" and "data" in event:
                events.append(event)
                event = {}
            elif ": " in line and not line.startswith(":"):
                key, _, value = line.partition(": ")
                event[key] = value
        connection.close()
        return events

    def test_changes_resume_by_cursor_and_by_last_event_id(self):
        self.a.publish([{"n": f"e{i}"} for i in range(10)])
        events = self.read_events("/v1/changes", 10)
        ids = [json.loads(event["data"])["record"]["id"] for event in events]
        self.assertEqual(ids, [f"e{i}" for i in range(10)])
        rest = self.read_events("/v1/changes?since=" + events[3]["id"], 6)
        self.assertEqual([json.loads(event["data"])["record"]["id"] for event in rest], ids[4:])
        rest = self.read_events("/v1/changes", 2, {"Last-Event-ID": events[7]["id"]})
        self.assertEqual([json.loads(event["data"])["record"]["id"] for event in rest], ids[8:])
        self.assertEqual(self.a.call("GET", "/v1/changes?since=nonsense")[0], 400)

    def test_commands_work_while_no_node_runs(self):
        b = self.node("B", start=False)
        b.publish([{"n": "alone", "text": "hors ligne"}])
        self.assertIn("alone", b.command("search", "ligne").stdout)
        status = b.status()
        self.assertEqual((status["running"], status["logs"][0]["size"], status["logs"][0]["checkpoint"]), (False, 1, 1))
        self.assertIn("sound", b.check())

    def test_a_sealed_key_asks_for_its_passphrase(self):
        import os
        import tempfile
        from lib import run
        with tempfile.TemporaryDirectory() as folder:
            secret, wrong = os.path.join(folder, "p"), os.path.join(folder, "w")
            for path, text in ((secret, "une phrase secrète\n"), (wrong, "une autre\n")):
                with open(path, "w") as file:
                    file.write(text)
            node = os.path.join(folder, "node")
            run("init", "--dir", node, "--url", "https://localhost:0", "--passphrase-file", secret)
            publish = ["publish", "--dir", node, "--schema", "test/thing@1", "--license", "CC0-1.0", "--id-from", "n"]
            self.assertEqual(run(*publish, stdin='{"n":"a"}', ok=None).returncode, 1)
            self.assertEqual(run(*publish, "--passphrase-file", wrong, stdin='{"n":"a"}', ok=None).returncode, 1)
            self.assertEqual(run(*publish, "--passphrase-file", secret, stdin='{"n":"a"}', ok=None).returncode, 0)
