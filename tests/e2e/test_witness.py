"""Witnesses: nodes that follow a log cosign what they have verified; a quorum of them makes records confirmed."""
import json
import shutil
import tempfile

from lib import Case, until
from peerlib import Key, Log, Peer, control


def cosigners(note):
    return {line.split(" ")[1] for line in note.split("\n\n", 1)[1].splitlines()}


class Witness(Case):
    def folder(self):
        path = tempfile.mkdtemp(prefix="maillon-test.")
        self.addCleanup(shutil.rmtree, path, True)
        return path

    def checkpoint(self, node, origin):
        status, _, body = node.call("GET", f"/v1/logs/{origin.split(':')[2]}/checkpoint")
        return body.decode() if status == 200 else ""

    def befriend(self, *nodes):
        for one in nodes:
            for other in nodes:
                if one is not other:
                    one.follow(other)

    def proof(self, node, origin, record):
        return json.loads(node.command("get --proof", f"{origin}/{record}").stdout)

    def test_quorum_reached_makes_confirmed_everywhere_and_restart_keeps_both(self):
        a, b, c = (self.node(name, settings=[("quorum", "2")]) for name in "ABC")
        a.publish([{"n": "first"}])
        a.await_log(a.origin, 1)
        self.assertEqual((a.held(a.origin)["confirmed"], self.proof(a, a.origin, "first")["confirmed"]), (0, False))
        self.befriend(a, b, c)
        until("both cosignatures at the author", lambda: a.held(a.origin)["cosignatures"] == 2)
        note = self.checkpoint(a, a.origin)
        self.assertEqual(cosigners(note), {a.origin, b.origin, c.origin})
        self.assertEqual(a.held(a.origin)["confirmed"], 1)
        proof = self.proof(a, a.origin, "first")
        self.assertEqual((proof["confirmed"], proof["cosignatures"], cosigners(proof["checkpoint"])),
                         (True, 2, {a.origin, b.origin, c.origin}))
        # The author's stream carries them on: a follower counts the other witness, and not itself.
        until("the other's cosignature at a follower", lambda: b.held(a.origin)["cosignatures"] == 1)
        self.assertEqual(b.held(a.origin)["confirmed"], 0, "a quorum of two is not one witness")
        hit = json.loads(a.call("GET", "/v1/catalogue?q=first")[2])["results"][0]
        self.assertTrue(hit["confirmed"])
        path = f"{self.folder()}/proof"
        with open(path, "w") as file:
            json.dump(proof, file)
        self.assertIn("Valid", a.command("verify", path).stdout)
        for node in (b, c):
            node.stop()
        a.stop()
        a.start()
        self.assertEqual((a.held(a.origin)["confirmed"], a.held(a.origin)["cosignatures"]), (1, 2))
        self.assertEqual(sorted(self.checkpoint(a, a.origin).splitlines()), sorted(note.splitlines()))
        a.publish([{"n": "second"}])
        a.await_log(a.origin, 2)
        self.assertEqual((a.held(a.origin)["confirmed"], a.held(a.origin)["cosignatures"]), (1, 0))
        self.assertEqual([hit["confirmed"] for hit in json.loads(a.call("GET", "/v1/catalogue")[2])["results"]], [False, True])
        for node in (b, c):
            node.start().follow(a)
        until("what was missed to be cosigned", lambda: a.held(a.origin)["confirmed"] == 2)

    def test_a_witness_that_leaves_the_book_counts_no_more(self):
        a, b = (self.node(name, settings=[("quorum", "1")]) for name in "AB")
        a.publish([{"n": "first"}])
        self.befriend(a, b)
        until("the cosignature", lambda: a.held(a.origin)["confirmed"] == 1)
        a.command("peer remove", b.origin)
        self.assertEqual((a.held(a.origin)["confirmed"], a.held(a.origin)["cosignatures"]), (0, 0))

    def own_witness(self, a, seed=b"\5" * 32):
        """A peer by hand in a's book that has published nothing, and its witness key."""
        key = Key(seed)
        log = Log()
        peer = Peer(self, log, lambda _: [control("ping")],
                    lambda method, path, body: {"origin": log.origin, "witness_key": key.did()[len("did:key:"):]} if path == "/v1/node" else {"faults": [], "next": 0})
        a.command("peer add", peer.pairing())
        until("the peer to be asked", lambda: any(path.startswith("/v1/faults") for _, path, _ in peer.called))
        return log, key

    def offer(self, node, note):
        status, _, body = node.call("POST", "/v1/cosign", note.encode(), connection=node.public())
        return status, json.loads(body)

    def test_cosignature_by_an_unknown_key_does_not_count(self):
        a = self.node("A", settings=[("quorum", "1")])
        a.publish([{"n": "first"}])
        a.await_log(a.origin, 1)
        log, key = self.own_witness(a)
        note = self.checkpoint(a, a.origin)
        stranger = Key(b"\6" * 32)
        for wrong in (log.cosigned(note, stranger), log.cosigned(note, stranger, name=log.origin), note,
                      log.cosigned(note, key, name=a.origin)):
            status, problem = self.offer(a, wrong)
            self.assertEqual((status, problem["type"]), (403, "urn:maillon:problem:bad-signature"), wrong)
        status, problem = self.offer(a, log.cosigned(note, key, name=log.origin, time=4000000000))
        self.assertEqual(problem["type"], "urn:maillon:problem:clock-skew")
        other = Log(b"\x08" * 32)
        other.publish(1)
        status, problem = self.offer(a, other.cosigned(other.note(), key, name=log.origin))
        self.assertEqual((status, problem["type"]), (400, "urn:maillon:problem:bad-note"), "of another log")
        self.assertEqual(self.offer(a, "no note")[0], 400)
        self.assertEqual(self.offer(a, "x" * 20000)[0], 413)
        self.assertEqual(a.held(a.origin)["confirmed"], 0)
        # The same book takes what is right.
        status, answer = self.offer(a, log.cosigned(note, key, name=log.origin))
        self.assertEqual((status, answer), (200, {"new": True, "size": 1, "cosignatures": 1}))
        self.assertEqual(self.offer(a, log.cosigned(note, key, name=log.origin))[1]["new"], False)
        self.assertEqual(a.held(a.origin)["confirmed"], 1)

    def test_a_cosignature_under_another_name_counts_once(self):
        a = self.node("A", settings=[("quorum", "2")])
        a.publish([{"n": "first"}])
        a.await_log(a.origin, 1)
        note = self.checkpoint(a, a.origin)
        key = Key(b"\5" * 32)
        for seed in (b"\x0a" * 32, b"\x0b" * 32):
            log = Log(seed)
            peer = Peer(self, log, lambda _: [control("ping")],
                        lambda method, path, body, log=log: {"origin": log.origin, "witness_key": key.did()[len("did:key:"):]} if path == "/v1/node" else {"faults": [], "next": 0})
            a.command("peer add", peer.pairing())
            until("the cosignature to be taken", lambda: self.offer(a, log.cosigned(note, key, name=log.origin))[0] == 200)
        self.assertEqual((a.held(a.origin)["cosignatures"], a.held(a.origin)["confirmed"]), (1, 0))
