"""The main job: publish, copy, relay, verify, see a change, go on after a stop."""
import base64
import hashlib
import json
import os
import signal
import tempfile

from lib import Case, record, run, scid, until


class Federation(Case):
    def test_a_third_node_gets_everything_through_the_second_with_the_first_one_gone(self):
        a, b = self.node("A"), self.node("B")
        a.publish([{"n": f"item{i}", "text": f"pommes de Die {i}"} for i in range(300)])
        b.follow(a)
        held = b.await_log(a.origin, 300)
        line = a.call("GET", f"/v1/records/{a.origin}/item7")[2]
        a.stop()
        c = self.node("C")
        c.follow(b)
        copied = c.await_log(a.origin, 300)
        self.assertEqual(copied["root"], held["root"])
        self.assertEqual(copied["behind"], 0)
        self.assertEqual(c.call("GET", f"/v1/records/{a.origin}/item7")[2], line, "byte for byte")
        for node in (b, c):
            self.assertIn("sound", node.check())

    def test_every_proof_verifies_and_no_bent_one(self):
        a, b = self.node("A"), self.node("B")
        a.publish([{"n": f"item{i}"} for i in range(50)])
        b.follow(a)
        b.await_log(a.origin, 50)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "p.json")
            for i in range(50):
                proof = b.command("get", f"{a.origin}/item{i}", "--proof").stdout
                with open(path, "w") as file:
                    file.write(proof)
                self.assertIn(a.origin, run("verify", path).stdout)
            document = json.loads(proof)
            for key, bent in (("index", document["index"] - 1), ("size", document["size"] + 1),
                              ("leaf", base64.b64encode(bytes(32)).decode()), ("origin", b.origin),
                              ("proof", document["proof"][1:]), ("checkpoint", document["checkpoint"].replace("\n50\n", "\n51\n"))):
                with open(path, "w") as file:
                    json.dump({**document, key: bent}, file)
                self.assertEqual(run("verify", path, ok=None).returncode, 1, key)
            document["record"]["body"]["n"] = "item0"
            with open(path, "w") as file:
                json.dump(document, file)
            self.assertEqual(run("verify", path, ok=None).returncode, 1)

    def test_the_leaf_is_the_hash_of_the_line_that_get_prints(self):
        a = self.node("A")
        answer = json.loads(a.post(json.dumps(record(1)))[2])
        line = a.call("GET", f"/v1/records/{a.origin}/r/1")[2]
        self.assertEqual(base64.b64encode(hashlib.sha256(b"\0" + line).digest()).decode(), answer["leaf"])
        self.assertEqual(answer["index"], 0)

    def test_a_change_is_seen_live_at_the_follower(self):
        a, b = self.node("A"), self.node("B")
        b.follow(a)
        a.publish([{"n": "first"}])
        b.await_log(a.origin, 1)
        connection = b.unix()
        connection.request("GET", "/v1/changes?since=now")
        stream = connection.getresponse()
        self.assertEqual(stream.headers["Content-Type"].split(";")[0], "text/event-stream")
        a.publish([{"n": "second", "text": "nouveau"}])
        while True:
            line = stream.readline()
            self.assertTrue(line, "the stream ended")
            if line.startswith(b"data:") and b"nouveau" in line:
                break
        connection.close()

    def test_what_is_not_public_arrives_as_a_leaf_alone(self):
        a, b = self.node("A"), self.node("B")
        a.publish([{"n": "open", "secret": "no"}])
        a.publish([{"n": "closed", "secret": "histoire intime"}], "--audience", "circle:voisins")
        a.publish([{"n": "own", "secret": "histoire intime"}], "--audience", "private")
        b.follow(a)
        log = b.await_log(a.origin, 3)
        self.assertEqual(log["records"], 1)
        lines = a.sync({"logs": {}, "follow": False}, lambda _: False)
        self.assertFalse(any(b"histoire" in line for line in lines))
        self.assertTrue(any(line.startswith(b'["withheld"') for line in lines))
        self.assertEqual(b.command("get", f"{a.origin}/closed", ok=None).returncode, 1)
        connection = a.public()
        self.assertEqual(a.call("GET", f"/v1/records/{a.origin}/closed", connection=connection)[0], 404)
        self.assertEqual(a.call("GET", f"/v1/records/{a.origin}/closed")[0], 200, "the platform itself may read it")
        hits = a.call("GET", "/v1/catalogue?q=histoire", connection=a.public())[2]
        self.assertEqual(json.loads(hits)["total"], 0)
        self.assertNotIn("histoire", b.command("search", "histoire").stdout)
        for segment in os.listdir(os.path.join(b.dir, "logs", scid(a.origin))):
            with open(os.path.join(b.dir, "logs", scid(a.origin), segment), "rb") as file:
                self.assertNotIn(b"histoire", file.read())

    def test_a_follower_goes_on_where_it_stopped(self):
        a, b = self.node("A"), self.node("B")
        b.follow(a)
        a.publish([{"n": f"x{i}"} for i in range(20)])
        b.await_log(a.origin, 20)
        b.stop()
        a.publish([{"n": f"y{i}"} for i in range(20)])
        b.start()
        b.await_log(a.origin, 40)
        peer = b.status()["peers"][0]
        self.assertEqual((peer["state"], peer["entries"]), ("live", 20), "only what was missing came again")

    def test_peers_are_added_before_and_while_the_node_runs_listed_and_removed(self):
        a = self.node("A")
        b = self.node("B", start=False)
        b.follow(a)
        self.assertIn("stopped", b.command("peer list").stdout)
        b.start()
        a.publish([{"n": "one"}])
        b.await_log(a.origin, 1)
        b.command("peer remove", a.origin)
        self.assertEqual(json.loads(b.command("peer list", "--json").stdout), [])
        self.assertEqual(b.command("peer remove", a.origin, ok=None).returncode, 1)
        self.assertEqual(b.command("peer add", b.pairing(), ok=None).returncode, 1, "not itself")
        self.assertEqual(b.command("peer add", "did:key:nonsense", ok=None).returncode, 1)

    def test_an_erased_record_is_destroyed_at_every_holder(self):
        a, b = self.node("A"), self.node("B")
        a.publish([{"n": "who", "text": "donnée personnelle"}, {"n": "other"}])
        b.follow(a)
        b.await_log(a.origin, 2)
        status, _, body = a.call("DELETE", "/v1/records/who?erase")
        self.assertEqual(status, 201, body)
        b.await_log(a.origin, 3)
        for node in (a, b):
            folder = os.path.join(node.dir, "logs", scid(a.origin))
            until("the bytes to be gone", lambda: not any(
                "personnelle".encode() in open(os.path.join(folder, name), "rb").read() for name in os.listdir(folder)))
            self.assertIn("sound", node.check())
            node.stop()
            node.start()
            self.assertIn("sound", node.check())
            self.assertEqual(node.call("GET", f"/v1/records/{a.origin}/who")[0], 410)
        c = self.node("C")
        c.follow(b)
        self.assertEqual(c.await_log(a.origin, 3)["root"], a.held(a.origin)["root"])

    def test_a_keeper_that_died_is_started_again_and_signs_on(self):
        a = self.node("A")
        a.publish([{"n": "one"}])
        a.await_log(a.origin, 1)
        killed = a.keeper()
        os.kill(killed, signal.SIGKILL)
        a.publish([{"n": "two"}])
        a.await_log(a.origin, 2)
        self.assertTrue(a.status()["signing"]["ok"])
        self.assertNotEqual(a.keeper(), killed)

    def test_tiles_and_checkpoint_are_served_as_the_standard_has_them(self):
        a = self.node("A")
        a.publish([{"n": f"t{i}"} for i in range(300)])
        a.await_log(a.origin, 300)
        name = scid(a.origin)
        status, headers, full = a.call("GET", f"/v1/logs/{name}/tile/0/000", connection=a.public())
        self.assertEqual((status, len(full)), (200, 256 * 32))
        self.assertIn("immutable", headers["Cache-Control"])
        partial = a.call("GET", f"/v1/logs/{name}/tile/0/001.p/44", connection=a.public())[2]
        upper = a.call("GET", f"/v1/logs/{name}/tile/1/000.p/1", connection=a.public())[2]
        level = [full[i:i + 32] for i in range(0, len(full), 32)]
        while len(level) > 1:
            level = [hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
        self.assertEqual(level[0], upper)
        self.assertEqual(len(partial), 44 * 32)
        self.assertEqual(a.call("GET", f"/v1/logs/{name}/tile/0/001", connection=a.public())[0], 404)
        note = a.call("GET", f"/v1/logs/{name}/checkpoint", connection=a.public())[2].decode()
        self.assertEqual(note.splitlines()[:2], [a.origin, "300"])
        self.assertEqual(a.command("log checkpoint").stdout, note)
