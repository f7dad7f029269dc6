"""Peers that lie: each lie is named, nothing wrong is kept, and honest copies go on."""
import json
import shutil
import tempfile

from lib import Case, until
from peerlib import Key, Log, Peer, control, root


class HostilePeer(Case):
    def folder(self):
        path = tempfile.mkdtemp(prefix="maillon-test.")
        self.addCleanup(shutil.rmtree, path, True)
        return path

    def setUp(self):
        self.log = Log()
        self.log.publish(20)
        self.b = self.node("B")

    def held(self):
        log = self.b.held(self.log.origin)
        return log["size"] if log else 0

    def refused(self, stream, *errors, state="refused", held=0):
        """The follower refuses this stream, for one of these reasons, and holds so many entries."""
        peer = Peer(self, self.log, lambda _: [stream])
        self.b.command("peer add", peer.pairing())
        said = until("the refusal", lambda: next((p for p in self.b.status()["peers"] if "error" in p), None))
        self.assertIn(said["error"], errors, said)
        self.assertEqual((said["state"], self.held()), (state, held), said)
        self.assertIn("sound", self.b.check())
        return said

    def test_an_honest_stream_by_hand_is_taken(self):
        peer = Peer(self, self.log, lambda held: [self.log.stream()] if not held.get(self.log.origin) else [])
        self.b.command("peer add", peer.pairing())
        log = self.b.await_log(self.log.origin, 20)
        self.assertEqual(log["records"], 20)
        self.assertIn("sound", self.b.check())

    def test_a_wrong_root_is_refused(self):
        self.refused(self.log.stream(note=self.log.note(at_root=bytes(32))), "bad-proof")

    def test_a_changed_record_is_refused(self):
        lines = list(self.log.lines)
        lines[7] = lines[7].replace(b'"n":7', b'"n":8')
        self.refused(self.log.stream(lines=lines), "bad-proof")

    def test_a_left_out_record_is_refused(self):
        self.refused(self.log.stream(lines=self.log.lines[1:]), "bad-proof", "bad-stream")

    def test_a_signature_by_another_key_is_refused(self):
        self.refused(self.log.stream(note=self.log.note(key=Key(b"\1" * 32))), "bad-signature")

    def test_a_record_that_is_not_canonical_is_refused(self):
        lines = list(self.log.lines)
        lines[3] = lines[3].replace(b'"n":3', b'"n": 3')
        self.refused(self.log.stream(lines=lines), "not-canonical")

    def test_a_record_with_a_key_twice_is_refused(self):
        lines = list(self.log.lines)
        lines[3] = lines[3].replace(b'"n":3', b'"n":3,"n":3')
        self.refused(self.log.stream(lines=lines), "duplicate-key")

    def test_a_line_without_end_is_refused(self):
        self.refused(self.log.stream(lines=[b'{"' + b"a" * 400000]), "limit")

    def test_a_megabyte_line_by_line_of_garbage_is_refused(self):
        self.refused(b"\xff\x00garbage\n" * 100000, "bad-stream", "syntax")

    def test_an_unknown_control_line_is_refused(self):
        self.refused(control("surprise", 1), "bad-stream")

    def test_a_log_that_shrinks_is_evidence(self):
        streams = [self.log.stream()]
        peer = Peer(self, self.log, lambda held: [streams[0]] if not held.get(self.log.origin) else streams[1:])
        self.b.command("peer add", peer.pairing())
        self.b.await_log(self.log.origin, 20)
        streams.append(control("log", self.log.origin, 20) + control("checkpoint", self.log.note(size=10)))
        self.b.stop()
        self.b.start()
        said = until("the freeze", lambda: next((p for p in self.b.status()["peers"] if p["state"] == "frozen"), None))
        self.assertEqual(said["error"], "shrunken")
        self.assertEqual(self.held(), 20)

    def test_a_forked_log_is_evidence_and_the_copy_stays(self):
        peer = Peer(self, self.log, lambda held: [self.log.stream()] if not held.get(self.log.origin) else [])
        self.b.command("peer add", peer.pairing())
        self.b.await_log(self.log.origin, 20)
        other = Log()
        other.publish(20, word="other")
        fork = control("log", other.origin, 20) + control("checkpoint", other.note())
        self.b.command("peer remove", self.log.origin)
        liar = Peer(self, self.log, lambda _: [fork])
        self.b.command("peer add", liar.pairing())
        said = until("the freeze", lambda: next((p for p in self.b.status()["peers"] if p["state"] == "frozen"), None))
        self.assertEqual((said["error"], self.held()), ("fork", 20))
        self.assertIn("sound", self.b.check())

    def test_a_stream_cut_at_any_place_loses_nothing_and_the_next_goes_on(self):
        whole = self.log.stream()
        cuts = [1, 30, 100, len(whole) // 3, len(whole) // 2, len(whole) - 40, len(whole) - 1]
        seen = []

        def answer(held):
            seen.append(held.get(self.log.origin, 0))
            return [whole[:cuts[len(seen) - 1]], None] if len(seen) <= len(cuts) else [whole]

        peer = Peer(self, self.log, answer)
        self.b.command("peer add", peer.pairing())
        self.b.await_log(self.log.origin, 20)
        self.assertEqual(seen[:len(cuts)], [0] * len(cuts))
        self.assertIn("sound", self.b.check())

    def test_a_peer_brings_no_more_than_it_may(self):
        c = self.node("C", settings=[("peer_bytes_max", "1 MiB")])
        a = self.node("A")
        a.publish([{"n": f"n{i}", "fill": "x" * 10000} for i in range(300)])
        a.await_log(a.origin, 300)
        c.follow(a)
        said = until("the refusal", lambda: next((p for p in c.status()["peers"] if p.get("error") == "limit"), None))
        self.assertEqual((said["state"], said["rule"].split(":")[0]), ("refused", "sync.peer_bytes_max"))
        a.publish([{"n": "more"}])
        self.assertIn("sound", c.check())

    def test_a_liar_does_not_hold_up_an_honest_peer(self):
        a = self.node("A")
        liar = Peer(self, self.log, lambda _: [self.log.stream(note=self.log.note(at_root=root([])))])
        self.b.command("peer add", liar.pairing())
        self.b.follow(a)
        a.publish([{"n": f"h{i}"} for i in range(100)])
        self.b.await_log(a.origin, 100)
        states = {peer["did"]: peer["state"] for peer in self.b.status()["peers"]}
        self.assertEqual(states[a.origin], "live")

    def test_a_stream_that_brings_entries_of_our_own_log_is_refused(self):
        self.b.publish([{"n": "mine"}])
        line = self.b.call("GET", f"/v1/records/{self.b.origin}/mine")[2]
        said = self.refused(control("log", self.b.origin, 1) + line + b"\n", "bad-stream")
        self.assertEqual(json.loads(json.dumps(said))["state"], "refused")
