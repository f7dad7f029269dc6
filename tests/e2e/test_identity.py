"""Who a node is, and what nobody can do to that: keys replaced, lost and stolen, histories cut and forked, hosts that lie."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from unittest import mock

from identitylib import Folder, Host, IdentityLog, free_port
from lib import Case, run, scid, until
from peerlib import Key, Log

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NPM = os.path.join(ROOT, "build/npm")
CLOSED = [("allow_private", "1")]


class Identities(Case):
    def folder(self):
        folder = tempfile.mkdtemp(prefix="maillon-test.")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def path(self, name):
        return os.path.join(self.folder(), name)

    def rotate(self, node, *what):
        """Changes the keys of a node, running or not, and remembers the next recovery file."""
        old = getattr(node, "recovery", os.path.join(node.dir, "recovery.key"))
        node.recovery = self.path("next.key")
        return node.command("keys rotate", "--recovery-file", old, "--new-recovery-file", node.recovery, *what)

    def pin_port(self, node):
        """The node comes back at the address that its peers know."""
        path = os.path.join(node.dir, "maillon.ini")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace("public = [::]:0", f"public = [::]:{node.port}")
                       .replace("url = https://localhost:0", f"url = https://localhost:{node.port}"))

    def peer(self, node):
        return node.status()["peers"][0]

    def await_peer(self, node, what, condition):
        return until(what, lambda: condition(self.peer(node)) and self.peer(node))


class Keys(Identities):
    def test_followers_learn_of_new_keys_by_themselves_also_through_another_node(self):
        a, b, c = self.node("A"), self.node("B"), self.node("C")
        b.follow(a)
        c.follow(b)
        a.publish([{"n": "before"}])
        c.await_log(a.origin, 1)
        self.rotate(a, "--log", "--request")
        self.rotate(a, "--log")
        a.publish([{"n": "after"}])
        b.await_log(a.origin, 2)
        c.await_log(a.origin, 2)
        for node in (a, b, c):
            self.assertIn("sound", node.check())
        self.assertTrue(a.status()["signing"]["ok"])
        history = c.call("GET", f"/v1/logs/{scid(a.origin)}/history", connection=c.public())[2]
        self.assertEqual(len(history.splitlines()), 3, "who relays the log also has its history to give")
        d = self.node("D")
        d.follow(c)
        d.await_log(a.origin, 2)

    def test_keys_change_while_the_node_stands_and_it_signs_on_where_it_was(self):
        a, b = self.node("A"), self.node("B")
        b.follow(a)
        a.publish([{"n": "one"}])
        b.await_log(a.origin, 1)
        self.pin_port(a)
        a.stop()
        self.rotate(a, "--log", "--request", "--assert")
        a.start()
        a.publish([{"n": "two"}])
        b.await_log(a.origin, 2)
        self.assertIn("sound", a.check())

    def test_a_change_needs_the_newest_recovery_key(self):
        a = self.node("A", start=False)
        spent = self.path("spent.key")
        shutil.copy(os.path.join(a.dir, "recovery.key"), spent)
        self.rotate(a, "--log")
        before = Folder.history(a)
        done = a.command("keys rotate", "--recovery-file", spent, "--new-recovery-file", self.path("x.key"), "--log", ok=None)
        self.assertEqual(done.returncode, 1)
        self.assertIn("newest recovery file", done.stderr)
        self.assertEqual(Folder.history(a), before)
        a.start()
        a.publish([{"n": "still"}])
        a.await_log(a.origin, 1)

    def test_a_proof_made_before_a_change_of_keys_still_verifies_after_it(self):
        a = self.node("A")
        a.publish([{"n": "x"}])
        a.await_log(a.origin, 1)
        proof = self.path("proof.json")
        with open(proof, "w") as file:
            file.write(a.command("get", f"{a.origin}/x", "--proof").stdout)
        self.rotate(a, "--log")
        nowhere = self.path("nowhere")
        self.assertIn("Valid", run("verify", proof, "--dir", nowhere, "--offline").stdout)
        known = json.loads(run("verify", proof, "--dir", a.dir, "--json").stdout)
        self.assertTrue(known["valid"] and known["retired_key"])
        with open(proof) as file:
            text = file.read()
        with open(proof, "w") as file:
            file.write(text.replace('"n":"x"', '"n":"y"'))
        self.assertEqual(run("verify", proof, "--dir", nowhere, ok=None).returncode, 1)

    def test_a_new_tls_key_breaks_no_follower(self):
        a, b = self.node("A"), self.node("B")
        b.follow(a)
        a.publish([{"n": "one"}])
        b.await_log(a.origin, 1)
        self.pin_port(a)
        self.assertIn("beside the old one", self.rotate(a, "--tls").stdout)
        b.stop()
        b.start()
        a.publish([{"n": "two"}])
        b.await_log(a.origin, 2)
        self.rotate(a, "--tls")
        a.stop()
        a.start()
        a.publish([{"n": "three"}])
        b.await_log(a.origin, 3)
        shown = json.loads(b.command("peer show", a.origin, "--json").stdout)
        self.assertEqual((shown["trust"]["by"], shown["trust"]["pins"], shown["trust"]["versions"]), ("document", 1, 3))
        self.assertIn("history of 3 entries", b.command("peer show", a.origin).stdout)

    def test_drill_of_three_nodes_one_loses_all_but_its_recovery_key_and_is_rebuilt_from_the_others(self):
        a, b, c = (self.node(name) for name in "ABC")
        self.pin_port(a)
        a.stop()
        a.start()
        for other in (b, c):
            other.follow(a)
            a.follow(other)
        a.command("peer member", b.origin, "on")
        b.command("peer member", a.origin, "on")
        a.command("circle add", "voisins", b.origin)
        origin, port = a.origin, a.port
        a.publish([{"n": f"x{i}", "text": f"pommes {i}"} for i in range(30)])
        a.publish([{"n": "shared", "text": "entre nous"}], "--audience", "commons")
        a.publish([{"n": "closed", "text": "au cercle"}], "--audience", "circle:voisins")
        a.publish([{"n": "own", "text": "journal"}], "--audience", "private")
        root = b.await_log(origin, 33)["root"]
        c.await_log(origin, 33)
        until("B to hold the commons' line", lambda: b.command("get", f"{origin}/shared", ok=None).returncode == 0)
        line = a.call("GET", f"/v1/records/{origin}/x7")[2]
        old_proof = self.path("old.json")
        with open(old_proof, "w") as file:
            file.write(a.command("get", f"{origin}/x7", "--proof").stdout)
        recovery = self.path("kept.key")
        a.command("keys export-recovery", recovery)
        self.assertFalse(os.path.exists(os.path.join(a.dir, "recovery.key")))
        a.kill()
        shutil.rmtree(a.dir)

        run("keys", "recover", origin, "--dir", a.dir, "--recovery-file", recovery, "--new-recovery-file", self.path("new.key"),
            "--from", b.url, "--url", f"https://localhost:{port}", "--local", "127.0.0.1:0")
        done = json.loads(a.command("log recover", "--from", b.pairing(), "--json").stdout)
        self.assertTrue(done["complete"], done)
        self.assertEqual((done["size"], done["fetched"], done["withheld"], done["keeper"]), (33, 33, 2, "rebuilt"))
        a.start()
        held = a.held(origin)
        self.assertEqual((a.origin, held["size"], held["root"]), (origin, 33, root))
        self.assertEqual(a.call("GET", f"/v1/records/{origin}/x7")[2], line, "byte for byte")
        self.assertIn("entre nous", a.command("get", f"{origin}/shared").stdout)
        for lost in ("closed", "own"):
            self.assertEqual(a.command("get", f"{origin}/{lost}", ok=None).returncode, 1, "that line had nobody but A")
        self.assertIn("sound", a.check())
        known = json.loads(run("verify", old_proof, "--dir", a.dir, "--json").stdout)
        self.assertTrue(known["valid"] and known["retired_key"])
        until("the node to publish again", lambda: a.publish([{"n": "new"}], ok=None).returncode == 0)
        for node in (b, c):
            node.await_log(origin, 34)
            self.await_peer(node, "the stream", lambda peer: peer["state"] == "live")
            self.assertIn("sound", node.check())
            self.assertEqual(self.peer(node)["trust"]["versions"], 2)
        proof = self.path("new.json")
        with open(proof, "w") as file:
            file.write(c.command("get", f"{origin}/x7", "--proof").stdout)
        self.assertFalse(json.loads(run("verify", proof, "--dir", self.path("nowhere"), "--offline", "--json").stdout)["retired_key"])

    def test_a_history_is_taken_from_whomever_when_it_goes_on_and_refused_when_it_does_not(self):
        a, b = self.node("A"), self.node("B")
        b.follow(a)
        b.await_history(a.origin)
        path = f"/v1/logs/{scid(a.origin)}/history"
        first = b.call("GET", path)[2]
        a.stop()
        self.rotate(a, "--request")
        longer = Folder.history(a)

        def hand_in(text, where=path):
            status, _, content = b.call("POST", where, text, {"Content-Type": "application/jsonl"}, connection=b.public())
            return status, json.loads(content)
        self.assertEqual(hand_in(longer), (200, {"new": True}))
        self.assertEqual(b.call("GET", path)[2], longer)
        self.assertEqual(hand_in(longer), (200, {"new": False}))
        self.assertEqual(hand_in(first)[0] // 100, 4)
        self.assertEqual(hand_in(longer.replace(b"did:key:z6Mk", b"did:key:z6Mj", 1))[0] // 100, 4)
        stranger = Folder(self)
        self.assertEqual(hand_in(stranger.history(), f"/v1/logs/{scid(stranger.origin)}/history")[0], 404)
        self.assertEqual(b.call("GET", path)[2], longer)

    def test_a_host_whose_history_names_no_tls_key_must_be_vouched_for_by_a_public_authority(self):
        a, b = self.node("A"), self.node("B")
        b.follow(a)
        a.publish([{"n": "one"}])
        b.await_log(a.origin, 1)
        self.assertIn("one of the 1 TLS keys that its", b.command("peer show", a.origin).stdout)
        self.rotate(a, "--public-ca")
        status, _, _ = b.call("POST", f"/v1/logs/{scid(a.origin)}/history", Folder.history(a), connection=b.public())
        self.assertEqual(status, 200)
        b.stop()
        b.start()
        peer = self.await_peer(b, "the refusal", lambda peer: peer.get("error") == "bad-signature")
        self.assertEqual(peer["trust"]["by"], "public")
        self.assertIn("a public certificate authority must", b.command("peer show", a.origin).stdout)
        self.assertIn("autorité de certification publique", b.command("peer show", a.origin, env={"LC_ALL": "fr_FR.UTF-8"}).stdout)
        b.stop()
        authorities = os.path.join(b.dir, "identities", "authorities.pem")
        shutil.copy(os.path.join(a.dir, "tls.crt"), authorities)
        with mock.patch.dict(os.environ, {"SSL_CERT_FILE": authorities}):
            b.start()
        a.publish([{"n": "two"}])
        b.await_log(a.origin, 2)
        self.await_peer(b, "the stream", lambda peer: peer["state"] == "live")

    def test_a_given_up_identity_signs_no_more_and_is_followed_no_more(self):
        a = self.node("A")
        a.publish([{"n": "one"}])
        a.await_log(a.origin, 1)
        a.command("keys deactivate", "--recovery-file", os.path.join(a.dir, "recovery.key"))
        done = a.command("keys rotate", "--recovery-file", os.path.join(a.dir, "recovery.key"), "--new-recovery-file",
                         self.path("x.key"), "--log", ok=None)
        self.assertEqual(done.returncode, 1)
        b = self.node("B")
        b.follow(a)
        peer = self.await_peer(b, "the refusal", lambda peer: peer.get("error") == "deactivated")
        self.assertEqual(peer["state"], "refused")

    def test_keys_are_sealed_and_unsealed_together(self):
        a = self.node("A", start=False)
        words = self.path("words")
        with open(words, "w") as file:
            file.write("correct horse battery staple\n")
        a.command("keys seal", "--new-passphrase-file", words)
        shown = a.json("keys show")
        self.assertTrue(all(shown[key]["sealed"] for key in ("log", "request", "assert")))
        self.assertNotEqual(a.command("sign", "-", stdin="{}", ok=None).returncode, 0)
        a.command("sign", "-", "--passphrase-file", words, stdin="{}")
        a.command("keys unseal", "--passphrase-file", words)
        a.start()
        a.publish([{"n": "one"}])
        a.await_log(a.origin, 1)


class Attacks(Identities):
    def follow_host(self, host, settings=()):
        node = self.node("B", settings=settings)
        node.command("peer add", host.pairing())
        return node

    def refused(self, node, slug):
        return self.await_peer(node, f"the refusal {slug}", lambda peer: peer.get("error") == slug)

    def test_a_signature_by_a_rotated_out_key_is_refused(self):
        folder = Folder(self)
        stolen = folder.log_key()
        honest = IdentityLog(folder)
        honest.publish(2)
        now = [honest.stream]
        host = Host(self, folder, honest, lambda held: [now[0](held.get(folder.origin, 0))], folder.history())
        b = self.follow_host(host)
        b.await_log(folder.origin, 2)
        folder.rotate("--log")
        host.history = folder.history()
        fresh = IdentityLog(folder)
        fresh.lines = list(honest.lines)
        fresh.publish(1)
        now[0] = fresh.stream
        b.stop()
        b.start()
        b.await_log(folder.origin, 3)
        thief = IdentityLog(folder, stolen)
        thief.lines = list(fresh.lines)
        thief.publish(1, word="stolen")
        now[0] = thief.stream
        b.stop()
        b.start()
        peer = self.refused(b, "bad-signature")
        self.assertIn("retired", peer["rule"])
        self.assertEqual(b.held(folder.origin)["size"], 3)
        c = self.follow_host(host)
        self.refused(c, "bad-signature")

    def tell(self, node, path, content):
        body = content if isinstance(content, bytes) else content.encode()
        status, _, answer = node.call("POST", path, body, connection=node.public())
        return status, json.loads(answer)

    def test_two_heads_by_a_replaced_log_key_convict_nobody_and_by_the_current_one_the_log(self):
        folder = Folder(self)
        stolen = folder.log_key()
        log = IdentityLog(folder)
        log.publish(2)
        host = Host(self, folder, log, lambda held: [log.stream(held.get(folder.origin, 0))], folder.history())
        b = self.follow_host(host)
        b.await_log(folder.origin, 2)

        def proof(key):
            one, other = IdentityLog(folder, key), IdentityLog(folder, key)
            one.lines, other.lines = list(log.lines), [log.lines[0]]
            other.publish(1, word="other")
            return json.dumps({"first": one.note(), "key": key.did()[len("did:key:"):], "second": other.note(),
                               "type": "maillon/fork@1"})
        folder.rotate("--log")
        host.history = folder.history()
        self.assertEqual(self.tell(b, f"/v1/logs/{scid(folder.origin)}/history", folder.history())[0], 200)
        self.assertEqual(self.tell(b, "/v1/faults", proof(stolen))[0], 403)
        self.assertNotIn("frozen", b.held(folder.origin))
        path = self.path("fork.json")
        for key, retired in ((stolen, True), (folder.log_key(), False)):
            with open(path, "w") as file:
                file.write(proof(key))
            self.assertIs(json.loads(b.command("verify", path, "--json").stdout)["retired_key"], retired)
            self.assertEqual(run("verify", path, "--dir", self.path("nowhere"), "--offline", ok=None).returncode, 1)
        self.assertEqual(self.tell(b, "/v1/faults", proof(folder.log_key()))[0], 200)
        self.assertEqual(b.held(folder.origin)["frozen"], {"common": 0})
        folder.rotate("--log")
        self.assertEqual(self.tell(b, f"/v1/logs/{scid(folder.origin)}/history", folder.history())[0], 200)
        b.stop()
        b.start()
        self.assertEqual(b.held(folder.origin)["frozen"], {"common": 0}, "a later change of keys wipes no proof away")

    def test_a_cosignature_by_a_replaced_witness_key_is_refused_and_the_new_key_is_taken_by_itself(self):
        a, b = self.node("A", settings=[("quorum", "1")]), self.node("B")
        a.follow(b)
        b.follow(a)
        a.publish([{"n": "one"}])
        until("the cosignature", lambda: a.held(a.origin)["confirmed"] == 1)
        with open(os.path.join(b.dir, "keys", "witness.key")) as file:
            stolen = Key(base64.b64decode(file.read().splitlines()[3].split(" ")[1]))
        self.rotate(b, "--witness")
        a.publish([{"n": "two"}])
        until("the cosignature by the new key", lambda: a.held(a.origin)["confirmed"] == 2)
        b.stop()
        a.publish([{"n": "three"}])
        a.await_log(a.origin, 3)
        note = a.call("GET", f"/v1/logs/{scid(a.origin)}/checkpoint")[2].decode()
        status, problem = self.tell(a, "/v1/cosign", Log().cosigned(note, stolen, b.origin))
        self.assertEqual((status, problem["type"]), (403, "urn:maillon:problem:bad-signature"))
        self.assertEqual(a.held(a.origin)["confirmed"], 2)
        a.stop()
        a.start()
        self.assertEqual(a.held(a.origin)["confirmed"], 2, "what was taken stays")

    def test_a_shrunken_history_is_refused_and_kept_as_evidence(self):
        folder = Folder(self)
        stolen = folder.log_key()
        folder.rotate("--log")
        log = IdentityLog(folder)
        log.publish(1)
        now = [log]
        host = Host(self, folder, log, lambda held: [now[0].stream(held.get(folder.origin, 0))], folder.history())
        b = self.follow_host(host)
        b.await_log(folder.origin, 1)
        host.history = folder.history(1)
        now[0] = IdentityLog(folder, stolen)
        now[0].lines = list(log.lines)
        now[0].publish(1)
        b.stop()
        b.start()
        self.refused(b, "bad-signature")
        evidence = os.path.join(b.dir, "evidence", f"{scid(folder.origin)}-history-shrunken.jsonl")
        until("the evidence", lambda: os.path.exists(evidence))
        self.assertEqual(b.held(folder.origin)["size"], 1)
        self.assertEqual(b.call("GET", f"/v1/logs/{scid(folder.origin)}/history")[2], folder.history())

    def test_a_forked_history_is_refused_and_kept_as_evidence(self):
        folder = Folder(self)
        other = folder.copy()
        folder.rotate("--log")
        other.rotate("--log")
        log = IdentityLog(folder)
        log.publish(1)
        now = [log]
        host = Host(self, folder, log, lambda held: [now[0].stream(held.get(folder.origin, 0))], folder.history())
        b = self.follow_host(host)
        b.await_log(folder.origin, 1)
        host.history = other.history()
        now[0] = IdentityLog(other)
        now[0].lines = list(log.lines)
        now[0].publish(1)
        b.stop()
        b.start()
        self.refused(b, "bad-signature")
        evidence = os.path.join(b.dir, "evidence", f"{scid(folder.origin)}-history-fork.jsonl")
        until("the evidence", lambda: os.path.exists(evidence))
        with open(evidence, "rb") as file:
            self.assertEqual(file.read(), other.history())
        self.assertEqual(b.call("GET", f"/v1/logs/{scid(folder.origin)}/history")[2], folder.history())

    def test_the_did_document_of_another_host_makes_nobody_that_host(self):
        folder = Folder(self)
        log = IdentityLog(folder)
        log.publish(1)
        host = Host(self, folder, log, lambda held: [log.stream()], folder.history())
        host.origin = log.origin = folder.origin.replace("node.localhost", "bank.localhost")
        b = self.follow_host(host)
        self.refused(b, "bad-history")
        other = Folder(self)
        host.origin = other.origin
        c = self.follow_host(host)
        self.refused(c, "bad-history")
        for node in (b, c):
            self.assertEqual([log["own"] for log in node.status()["logs"]], [True])

    def test_who_gives_a_history_must_show_a_key_that_it_names(self):
        folder = Folder(self)
        impostor = Folder(self)
        log = IdentityLog(folder)
        host = Host(self, impostor, log, lambda held: [log.stream()], folder.history())
        host.origin = folder.origin
        self.refused(self.follow_host(host), "bad-signature")

    def test_a_slow_resolver_holds_nobody_up(self):
        folder = Folder(self)

        def drip(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                connection.sendall(b" ")
                host.closing.wait(0.2)

        host = Host(self, folder, IdentityLog(folder), lambda held: [], drip)
        b = self.follow_host(host)
        a = self.node("A")
        b.follow(a)
        a.publish([{"n": "meanwhile"}])
        b.await_log(a.origin, 1)
        until("the time limit", lambda: any(peer.get("error") == "timeout" for peer in b.status()["peers"]))

    def test_an_oversized_history_is_cut_off(self):
        folder = Folder(self)
        sent = []

        def flood(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while True:
                connection.sendall(b"{" * 65536)
                sent.append(65536)

        host = Host(self, folder, IdentityLog(folder), lambda held: [], flood)
        self.refused(self.follow_host(host), "limit")

    def test_a_resolver_that_redirects_to_loopback_is_not_followed(self):
        port = free_port()
        folder = Folder(self, f"https://localhost:{port}")
        target = Host(self, folder, IdentityLog(folder), lambda held: [], folder.history())

        def redirect(connection):
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:{target.port}/.well-known/did.jsonl\r\n"
                               "Content-Length: 0\r\n\r\n".encode())

        host = Host(self, folder, IdentityLog(folder), lambda held: [], redirect, port)
        b = self.node("B", settings=CLOSED)
        b.command("peer add", folder.origin)
        self.assertIn("redirect", self.refused(b, "not-found")["rule"])
        self.assertEqual((host.asked[0], target.asked), ("/.well-known/did.jsonl", []))

    def test_a_did_whose_host_is_loopback_is_not_resolved_unless_settings_say_so(self):
        port = free_port()
        folder = Folder(self, f"https://localhost:{port}")
        log = IdentityLog(folder)
        log.publish(1)
        host = Host(self, folder, log, lambda held: [log.stream(held.get(folder.origin, 0))], folder.history(), port)
        b = self.node("B")
        b.command("peer add", folder.origin)
        self.assertIn("allow_private", self.refused(b, "forbidden")["rule"])
        self.assertEqual(host.asked, [])
        c = self.node("C", settings=CLOSED)
        c.command("peer add", folder.origin)
        c.await_log(folder.origin, 1)
        self.assertEqual(self.peer(c)["trust"]["by"], "document")

    def test_a_document_signed_by_another_is_refused_and_one_of_ours_verifies_anywhere(self):
        port = free_port()
        a = self.node("A", start=False)
        b = self.node("B", settings=CLOSED)
        folder = Folder(self, f"https://localhost:{port}")
        Host(self, folder, IdentityLog(folder), lambda held: [], folder.history(), port)
        signed = json.loads(run("sign", "-", "--dir", folder.dir, stdin='{"b":[1.50,"é"],"a":{}}').stdout)
        self.assertEqual(signed["proof"]["verificationMethod"], f"{folder.origin}#assert")
        self.assertIn("Valid", b.command("verify", "-", stdin=json.dumps(signed, indent=2)).stdout)
        self.assertEqual(b.command("verify", "-", "--offline", stdin=json.dumps(signed), ok=None).returncode, 1)
        self.assertEqual(a.command("verify", "-", stdin=json.dumps(signed), ok=None).returncode, 1, "its host is private")
        signed["b"][0] = 2
        self.assertEqual(b.command("verify", "-", stdin=json.dumps(signed), ok=None).returncode, 1)


@unittest.skipUnless(shutil.which("node") and os.path.isdir(os.path.join(NPM, "node_modules/didwebvh-ts")), "no node, or nothing in build/npm")
class OtherSoftware(Identities):
    def other(self, *arguments):
        done = subprocess.run(["node", os.path.join(ROOT, "tests/npm/identity.mjs"), *arguments], capture_output=True, text=True,
                              env={**os.environ, "MAILLON_NPM": NPM}, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_a_did_webvh_resolver_resolves_our_history_after_two_changes(self):
        folder = Folder(self, "https://coop.example:8443")
        folder.rotate("--log", "--request", "--tls")
        folder.rotate("--log", "--assert", "--tls")
        got = self.other("resolve", folder.origin, os.path.join(folder.dir, "did.jsonl"))
        self.assertEqual(got["doc"]["id"], folder.origin)
        self.assertTrue(got["meta"]["versionId"].startswith("3-"))
        shown = json.loads(run("keys", "show", "--dir", folder.dir, "--json").stdout)
        keys = {method["id"].split("#")[1]: method["publicKeyMultibase"] for method in got["doc"]["verificationMethod"]}
        self.assertEqual(keys, {name: shown[name]["key"] for name in ("log", "assert", "request", "witness")})

    def test_an_independent_verifier_accepts_our_documents_and_we_its(self):
        folder = Folder(self, "https://coop.example")
        plain, ours, theirs = self.path("plain.json"), self.path("ours.json"), self.path("theirs.json")
        credential = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
                      "issuer": folder.origin, "credentialSubject": {"name": "Coopérative", "share": 1.50, "n": 1e21}}
        with open(plain, "w") as file:
            json.dump(credential, file)
        with open(ours, "w") as file:
            file.write(run("sign", plain, "--dir", folder.dir).stdout)
        history = os.path.join(folder.dir, "did.jsonl")
        self.assertTrue(self.other("verify", ours, history)["verified"])
        folder.rotate("--log")
        self.assertTrue(self.other("verify", ours, history)["verified"])
        with open(theirs, "w") as file:
            json.dump(self.other("sign", plain), file)
        self.assertIn("Valid", run("verify", theirs, "--dir", folder.dir).stdout)
        with open(theirs) as file:
            changed = file.read().replace("Coop", "Koop")
        self.assertEqual(run("verify", "-", "--dir", folder.dir, stdin=changed, ok=None).returncode, 1)
        with open(ours) as file:
            changed = file.read().replace("Coop", "Koop")
        with open(ours, "w") as file:
            file.write(changed)
        self.assertFalse(self.other("verify", ours, history)["verified"])
