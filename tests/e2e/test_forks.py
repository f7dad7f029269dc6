"""Forks: two histories that one key signed are proven, frozen, told on; honest logs go on."""
import json
import os
import shutil
import tempfile
import urllib.parse

from lib import Case, run, until
from peerlib import Key, Log, Peer, b64, consistency, control, root


class Forks(Case):
    def folder(self):
        path = tempfile.mkdtemp(prefix="maillon-test.")
        self.addCleanup(shutil.rmtree, path, True)
        return path

    def setUp(self):
        self.log = Log()
        self.log.publish(20)
        self.other = Log()  # the same key, and the first twelve entries
        self.other.lines = list(self.log.lines[:12])
        self.other.publish(13, word="other")  # 25

    def honest_link(self, log):
        def calls(method, path, body):
            address, _, query = path.partition("?")
            if not address.endswith("/link"):
                return {"faults": [], "next": 0} if address == "/v1/faults" else None
            query = dict(urllib.parse.parse_qsl(query))
            return log.link(int(query["from"]), int(query["to"]) if "to" in query else None)
        return calls

    def peer(self, log, calls=None, stream=None):
        def answer(held):
            start = held.get(log.origin, 0)
            if stream is not None:
                return [stream]
            note = control("log", log.origin, start) + control("checkpoint", log.note())
            return [log.stream(start)] if start < len(log.lines) else [note]
        return Peer(self, log, answer, calls or self.honest_link(log))

    def taken(self, node):
        peer = self.peer(self.log)
        node.command("peer add", peer.pairing())
        node.await_log(self.log.origin, 20)
        return peer

    def swap(self, node, peer):
        """The peer under the log's DID is another one from now on."""
        node.command("peer remove", self.log.origin)
        node.command("peer add", peer.pairing())

    def frozen(self, node):
        return until("the log to be frozen", lambda: (node.held(self.log.origin) or {}).get("frozen"))

    def hits(self, node):
        answer = json.loads(node.call("GET", "/v1/catalogue?limit=1000&origin=" + self.log.origin)[2])
        return answer["results"]

    def evidence(self, node):
        return os.path.join(node.dir, "evidence", self.log.origin.split(":")[2] + ".fork.json")

    def fault(self, first, second, link=None):
        out = {"first": first, "key": self.log.origin[len("did:key:"):], "second": second, "type": "maillon/fork@1"}
        return {**out, **link} if link else out

    def real_fault(self):
        leaves = self.other.leaves()
        return self.fault(self.log.note(), self.other.note(),
                          {"proof": [b64(h) for h in consistency(20, leaves)], "root": b64(root(leaves[:20]))})

    def tell(self, node, proof):
        status, _, body = node.call("POST", "/v1/faults", json.dumps(proof), connection=node.public())
        return status, json.loads(body)

    def test_forked_history_of_a_log_seen_by_two_peers_is_proven_to_both(self):
        b, c = self.node("B"), self.node("C")
        self.taken(b)
        other = self.peer(self.other)
        c.command("peer add", other.pairing())
        c.await_log(self.log.origin, 25)
        b.follow(c)
        self.assertEqual(self.frozen(b), {"common": 12})
        # B has told C, whom it follows; nobody else had to.
        self.assertEqual(self.frozen(c), {"common": 12})
        for node in (b, c):
            said = json.loads(run("verify", self.evidence(node), "--json").stdout)
            self.assertEqual((said["forked"], said["common"], {said["first"], said["second"]}), (self.log.origin, 12, {20, 25}))
            self.assertIn("FORKED", node.command("status").stdout)
            self.assertEqual(json.loads(node.call("GET", "/health")[2])["logs_forked"], 1)
            self.assertEqual({(hit["index"], hit["frozen"]) for hit in self.hits(node)}, {(i, True) for i in range(12)})
            self.assertIn("sound", node.check())

    def test_forked_log_is_frozen_and_honest_logs_go_on_and_restart_keeps_both(self):
        a, b = self.node("A"), self.node("B")
        b.follow(a)
        self.taken(b)
        self.swap(b, self.peer(self.other))
        self.frozen(b)
        a.publish([{"n": f"n{i}"} for i in range(5)])
        b.await_log(a.origin, 5)
        b.stop()
        b.start()
        self.assertEqual(self.frozen(b), {"common": 12})
        self.assertEqual(len(self.hits(b)), 12)
        self.assertEqual(b.held(self.log.origin)["size"], 20)
        self.assertNotIn("frozen", b.held(a.origin))
        found = json.loads(b.call("GET", "/v1/catalogue?origin=" + a.origin)[2])
        self.assertEqual((found["total"], [hit for hit in found["results"] if "frozen" in hit]), (5, []))

    def test_a_fork_of_one_size_is_proven_by_the_two_heads_alone(self):
        b = self.node("B")
        self.taken(b)
        twin = Log()
        twin.lines = list(self.log.lines[:19])
        twin.publish(1, word="other")
        silent = self.peer(twin, calls=lambda *_: None)
        self.swap(b, silent)
        self.assertEqual(self.frozen(b), {"common": 0})
        # One that answers shows how far the two are one, and that takes its place.
        self.swap(b, self.peer(twin))
        until("the common part", lambda: b.held(self.log.origin)["frozen"] == {"common": 19})

    def test_a_shorter_fork_is_proven_from_what_is_held(self):
        b = self.node("B")
        self.taken(b)
        short = Log()
        short.lines = list(self.log.lines[:5])
        short.publish(3, word="other")
        note = control("log", self.log.origin, 8) + control("checkpoint", short.note())
        self.swap(b, self.peer(short, calls=lambda *_: None, stream=note))
        self.frozen(b)
        said = json.loads(run("verify", self.evidence(b), "--json").stdout)
        self.assertEqual((said["first"], said["second"]), (8, 20))

    def test_a_replayed_old_checkpoint_convicts_nobody(self):
        b = self.node("B")
        self.taken(b)
        old = control("log", self.log.origin, 20) + control("checkpoint", self.log.note(size=10))
        self.swap(b, self.peer(self.log, stream=old))
        until("the refusal", lambda: next((p for p in b.status()["peers"] if p.get("error") == "shrunken"), None))
        self.assertNotIn("frozen", b.held(self.log.origin))
        self.assertFalse(os.path.exists(self.evidence(b)))
        leaves = self.log.leaves()
        replay = self.fault(self.log.note(size=10), self.log.note(),
                            {"proof": [b64(h) for h in consistency(10, leaves)], "root": b64(root(leaves[:10]))})
        self.assertEqual(self.tell(b, replay)[0], 400)
        self.assertEqual(len(self.hits(b)), 20)

    def test_lies_of_a_relay_freeze_no_honest_log(self):
        b = self.node("B")
        self.taken(b)
        forged = self.other.note(key=Key(b"\1" * 32))
        self.swap(b, self.peer(self.other, stream=self.log.stream(20, note=forged, lines=[])))
        until("the refusal", lambda: next((p for p in b.status()["peers"] if p.get("error") == "bad-signature"), None))
        # Entries that were never signed, and a link that leads nowhere.
        honest = Log()
        honest.lines = list(self.log.lines)
        honest.publish(1)
        wrong = Log()
        wrong.lines = list(self.other.lines)
        stream = control("log", honest.origin, 20) + control("checkpoint", honest.note()) + wrong.lines[20] + b"\n" + control("proof", 21, [])
        liar = self.peer(wrong, calls=lambda method, path, body: {**wrong.link(20, 25), "checkpoint": honest.note()} if "/link" in path else None,
                         stream=stream)
        self.swap(b, liar)
        until("the refusal", lambda: next((p for p in b.status()["peers"] if p.get("error") == "bad-proof"), None))
        until("the question", lambda: any("/link" in path for _, path, _ in liar.called))
        b.stop()
        b.start()
        self.assertNotIn("frozen", b.held(self.log.origin))
        self.assertEqual(len(self.hits(b)), 20)

    def test_a_proof_about_another_logs_key_is_refused(self):
        b = self.node("B")
        self.taken(b)
        thief = Key(b"\1" * 32)
        stolen = {**self.fault(self.log.note(key=thief), self.other.note(key=thief)), "key": thief.did()[len("did:key:"):]}
        leaves = self.other.leaves()
        stolen.update(proof=[b64(h) for h in consistency(20, leaves)], root=b64(root(leaves[:20])))
        status, problem = self.tell(b, stolen)
        self.assertEqual(status, 403, problem)
        self.assertEqual(self.tell(b, {**stolen, "key": self.log.origin[len("did:key:"):]})[0], 403)
        self.assertNotIn("frozen", b.held(self.log.origin))
        path = os.path.join(self.folder(), "stolen.json")
        with open(path, "w") as file:
            json.dump(stolen, file)
        self.assertNotEqual(run("verify", path, ok=None).returncode, 0)

    def test_a_proof_is_taken_listed_and_verified_by_anyone(self):
        b = self.node("B")
        proof = self.real_fault()
        self.assertEqual(self.tell(b, proof)[0], 404)  # of a log that is not held here
        self.taken(b)
        self.assertEqual(self.tell(b, proof), (200, {"new": True, "origin": self.log.origin}))
        self.assertEqual(self.tell(b, proof)[1]["new"], False)
        self.assertEqual(b.held(self.log.origin)["frozen"], {"common": 0})
        leaves, others = self.log.leaves(), self.other.leaves()
        common = {"size": 12, "root": b64(root(leaves[:12])), "first": [b64(h) for h in consistency(12, leaves)],
                  "second": [b64(h) for h in consistency(12, others)]}
        self.assertEqual(self.tell(b, {"fault": proof, "common": {**common, "size": 13}})[0], 400)
        self.assertEqual(self.tell(b, {"fault": proof, "common": common})[1]["new"], True)
        self.assertEqual(b.held(self.log.origin)["frozen"], {"common": 12})
        listed = json.loads(b.call("GET", "/v1/faults", connection=b.public())[2])
        self.assertEqual(listed["faults"], [{"fault": proof, "common": common}])
        after = json.loads(b.call("GET", f"/v1/faults?after={listed['next']}", connection=b.public())[2])
        self.assertEqual(after["faults"], [])
        path = os.path.join(self.folder(), "fork.json")
        for content in (proof, listed["faults"][0]):
            with open(path, "w") as file:
                json.dump(content, file, indent=1)
            self.assertIn(self.log.origin + " FORKED", run("verify", path).stdout)
        broken = {**proof, "root": b64(bytes(32))}
        with open(path, "w") as file:
            json.dump(broken, file)
        self.assertEqual(run("verify", path, ok=None).returncode, 1)
        self.assertEqual(self.tell(b, broken)[0], 400)

    def test_proofs_are_taken_a_few_each_second(self):
        b = self.node("B")
        connection = b.public()
        seen = []
        for _ in range(400):
            connection.request("POST", "/v1/faults", body="{}")
            answer = connection.getresponse()
            answer.read()
            seen.append(answer.status)
        connection.close()
        self.assertEqual((set(seen), seen[:20]), ({400, 429}, [400] * 20))

    def test_a_follower_asks_for_proofs_and_a_forked_log_is_not_cosigned(self):
        b, c = self.node("B"), self.node("C")
        self.taken(b)
        self.tell(b, self.real_fault())
        c.follow(b)
        self.frozen(c)
        liar = self.peer(self.log)
        self.swap(b, liar)
        until("the peer to be asked", lambda: any(path.startswith("/v1/faults") for _, path, _ in liar.called))
        self.assertEqual([path for method, path, _ in liar.called if path == "/v1/cosign"], [])

    def test_a_fork_of_the_own_log_is_told_as_any_other(self):
        a, b = self.node("A"), self.node("B")
        a.publish([{"n": "one"}])
        b.follow(a)
        b.await_log(a.origin, 1)
        a.stop()
        copy = os.path.join(self.folder(), "copy")
        shutil.copytree(a.dir, copy, ignore=shutil.ignore_patterns("node.sock", "out.log"))
        b.follow(a.start())
        a.publish([{"n": "two"}])
        b.await_log(a.origin, 2)
        a.stop()
        shutil.rmtree(a.dir)
        shutil.copytree(copy, a.dir)
        a.start()
        a.publish([{"n": "another-two"}])
        b.follow(a)
        self.assertEqual(until("the freeze", lambda: b.held(a.origin).get("frozen")), {"common": 1})
        # B tells A, whom it follows; A signs no more, now and after a restart.
        for _ in range(2):
            until("A to stop signing", lambda: a.status()["signing"].get("error") == "fork")
            self.assertEqual(a.held(a.origin)["frozen"], {"common": 1})
            self.assertEqual(a.publish([{"n": "three"}], ok=None).returncode, 1)
            a.stop()
            a.start()
