"""Who calls is proven by the request, and what is not public goes to its audience alone."""
import json
import os
import shutil
import tempfile
import time

from identitylib import Folder, Host, IdentityLog, free_port
from lib import Case, scid, until
from peerlib import Key
from signlib import Caller, request_key, signed

SYNC = json.dumps({"logs": {}, "follow": False}).encode()
SECRET = "histoire intime"
KEY = ("--did-key",)


def problem(content):
    return json.loads(content)["type"].removeprefix("urn:maillon:problem:")


class Requests(Case):
    def known(self, settings=(), init=()):
        """Two nodes; the second takes the first for a member, and knows its request key."""
        a, b = self.node("A", init=init), self.node("B", settings)
        b.command("peer add", a.pairing(), "--member")
        if not init:
            b.await_history(a.origin)
        return a, b

    def refused(self, answer, status, slug):
        self.assertEqual((answer[0], problem(answer[1])), (status, slug), answer[1])

    def test_a_replayed_request_is_refused(self):
        a, b = self.known()
        headers = signed(request_key(a), a.origin, "POST", f"{b.url}/v1/sync", SYNC)
        self.assertEqual(Caller.send(b, "POST", "/v1/sync", SYNC, headers)[0], 200)
        self.refused(Caller.send(b, "POST", "/v1/sync", SYNC, headers), 401, "replayed")
        self.assertEqual(Caller(a).ask(b, "POST", "/v1/sync", SYNC)[0], 200, "another nonce is another request")

    def test_a_request_relayed_to_another_host_is_refused(self):
        a, b = self.known()
        c = self.node("C")
        c.command("peer add", a.pairing(), "--member")
        c.await_history(a.origin)
        headers = signed(request_key(a), a.origin, "POST", f"{b.url}/v1/sync", SYNC)
        self.refused(Caller.send(c, "POST", "/v1/sync", SYNC, headers), 403, "bad-signature")
        as_it_was = {**headers, "Host": f"localhost:{b.port}"}
        self.refused(Caller.send(c, "POST", "/v1/sync", SYNC, as_it_was), 421, "wrong-host")
        self.assertEqual(Caller.send(b, "POST", "/v1/sync", SYNC, headers)[0], 200, "where it was meant for it holds")

    def test_a_body_swapped_under_a_digest_is_refused(self):
        a, b = self.known()
        headers = signed(request_key(a), a.origin, "POST", f"{b.url}/v1/sync", SYNC)
        swapped = json.dumps({"logs": {a.origin: 7}, "follow": False}).encode()
        self.refused(Caller.send(b, "POST", "/v1/sync", swapped, headers), 400, "bad-digest")
        bare = signed(request_key(a), a.origin, "POST", f"{b.url}/v1/sync")
        self.refused(Caller.send(b, "POST", "/v1/sync", SYNC, bare), 400, "bad-request")

    def test_a_signature_by_a_key_that_is_not_the_callers_is_refused(self):
        a, b = self.known()
        for key in (Key(b"\5" * 32), request_key(b)):
            self.refused(Caller(a, key).ask(b, "POST", "/v1/sync", SYNC), 403, "bad-signature")
        bent = signed(request_key(a), a.origin, "GET", f"{b.url}/v1/records/{a.origin}/x")
        self.refused(Caller.send(b, "GET", f"/v1/records/{a.origin}/y", b"", bent), 403, "bad-signature")

    def test_the_message_names_the_clock_skew(self):
        a, b = self.known(init=KEY)
        for away, words in ((-400, "behind this node's clock"), (400, "ahead of this node's clock")):
            answer = Caller(a).ask(b, "POST", "/v1/sync", SYNC, created=int(time.time()) + away)
            self.refused(answer, 401, "clock-skew")
            self.assertIn(words, answer[1].decode())
            self.assertRegex(answer[1].decode(), r"(39\d|40\d) s ")
        self.assertEqual(Caller(a).ask(b, "POST", "/v1/sync", SYNC, created=int(time.time()) - 200)[0], 200)

    def test_the_tolerance_for_clocks_is_a_setting(self):
        a, b = self.known(settings=(("skew_s", "60"),), init=KEY)
        self.refused(Caller(a).ask(b, "POST", "/v1/sync", SYNC, created=int(time.time()) - 200), 401, "clock-skew")

    def test_one_callers_requests_in_a_minute_are_bounded(self):
        a, b = self.known(settings=(("per_minute_max", "8"),))
        c = self.node("C")
        b.command("peer add", c.pairing())
        b.await_history(c.origin)
        answers = [Caller(a).ask(b, "GET", f"/v1/records/{a.origin}/x")[0] for _ in range(8)]
        self.assertIn(429, answers)
        self.assertEqual(Caller(c).ask(b, "GET", f"/v1/records/{a.origin}/x")[0], 404, "others are not held up")

    def test_the_callers_operator_reads_why_it_was_refused(self):
        a, b = self.node("A", init=KEY), self.node("B")
        b.command("peer add", a.pairing())
        a.stop()
        os.unlink(os.path.join(a.dir, "keys", "request.key"))  # another one is made: b does not know it
        a.start()
        a.follow(b)
        peer = until("the refusal", lambda: next((p for p in a.status()["peers"] if p.get("error")), None))
        self.assertEqual((peer["state"], peer["error"]), ("refused", "bad-signature"))

    def test_an_unsigned_caller_gets_the_public_only(self):
        a, b = self.known()
        b.publish([{"n": "open"}])
        b.publish([{"n": "shared", "text": SECRET}], "--audience", "commons")
        b.publish([{"n": "own", "text": SECRET}], "--audience", "private")
        lines = b"\n".join(b.sync({"logs": {}, "follow": False}, lambda _: False))
        self.assertIn(b'"open"', lines)
        self.assertNotIn(SECRET.encode(), lines)
        self.assertEqual(b.call("GET", f"/v1/records/{b.origin}/shared", connection=b.public())[0], 404)
        self.assertEqual(json.loads(b.call("GET", "/v1/catalogue?q=histoire", connection=b.public())[2])["total"], 0)
        stranger = self.node("C")
        self.assertNotIn(SECRET.encode(), Caller(stranger).lines(b), "whose key is not known here is nobody")
        member = Caller(a)
        self.assertEqual(member.lines(b).count(SECRET.encode()), 1, "what is private leaves for nobody")
        self.assertEqual(member.ask(b, "GET", f"/v1/records/{b.origin}/shared")[0], 200)
        self.assertEqual(member.ask(b, "GET", f"/v1/records/{b.origin}/own")[0], 404)
        self.assertEqual(json.loads(member.ask(b, "GET", "/v1/catalogue?q=histoire")[1])["total"], 1)
        b.command("peer member", a.origin, "off")
        self.assertNotIn(SECRET.encode(), member.lines(b))
        self.assertEqual(member.ask(b, "GET", f"/v1/records/{b.origin}/shared")[0], 404)


class CallersKeys(Case):
    def folder(self):
        folder = tempfile.mkdtemp(prefix="maillon-test.")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def rotate(self, node):
        node.command("keys rotate", "--recovery-file", os.path.join(node.dir, "recovery.key"), "--new-recovery-file",
                     os.path.join(self.folder(), "next.key"), "--request")

    def test_a_request_key_that_was_replaced_is_refused_and_the_new_one_is_learned_when_it_is_used(self):
        a, b = self.node("A"), self.node("B")
        b.command("peer add", a.pairing(), "--member")
        b.publish([{"n": "shared", "text": SECRET}], "--audience", "commons")
        b.await_history(a.origin)
        stolen = Caller(a)
        self.assertIn(SECRET.encode(), stolen.lines(b))
        self.rotate(a)
        later = int(time.time()) + 2  # the change is older than that
        until("the new key to be learned", lambda: Caller(a).ask(b, "POST", "/v1/sync", SYNC)[0] == 200)
        b.await_history(a.origin, 2)
        self.assertIn(SECRET.encode(), Caller(a).ask(b, "POST", "/v1/sync", SYNC, created=later)[1])
        status, content = stolen.ask(b, "POST", "/v1/sync", SYNC, created=later)
        self.assertEqual((status, problem(content)), (403, "bad-signature"))
        a.follow(b)
        until("the running node to sign with the new key", lambda: holds(a, SECRET))

    def test_a_circles_member_that_is_no_peer_is_known_by_the_history_at_its_host_and_a_stranger_is_not_looked_up(self):
        port = free_port()
        folder = Folder(self, f"https://localhost:{port}")
        host = Host(self, folder, IdentityLog(folder), lambda held: [], folder.history(), port)
        b = self.node("B", settings=[("allow_private", "1")])
        b.publish([{"n": "closed", "text": SECRET}], "--audience", "circle:voisins")
        caller = Caller(folder)
        path = f"/v1/records/{b.origin}/closed"
        for _ in range(3):
            self.assertEqual(caller.ask(b, "GET", path)[0], 404)
        self.assertEqual(host.asked, [])
        b.command("circle add", "voisins", folder.origin)
        until("its history", lambda: caller.ask(b, "GET", path)[0] == 200)
        self.assertEqual(host.asked, ["/.well-known/did.jsonl"])


def holds(node, text):
    """Is the text anywhere below the node's folder?"""
    for folder, _, names in os.walk(node.dir):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    if text.encode() in file.read():
                        return True
    return False


class Audiences(Case):
    def test_a_circle_record_reaches_its_members_and_nobody_else(self):
        a, b, c, d = (self.node(name) for name in "ABCD")
        a.command("peer add", b.pairing(), "--member")
        a.command("peer add", c.pairing(), "--member")
        a.command("circle add", "voisins", b.origin)
        a.command("circle add", "autres", c.origin)
        self.assertEqual(a.json("circle list"), {"autres": [c.origin], "voisins": [b.origin]})
        a.publish([{"n": "closed", "text": SECRET}], "--audience", "circle:voisins")
        b.command("peer add", d.pairing(), "--member")
        b.command("circle add", "voisins", d.origin)
        for follower, followed in ((b, a), (c, a), (d, b), (c, b)):
            follower.follow(followed)
        for node in (b, c, d):
            node.await_log(a.origin, 1)
        self.assertIn(SECRET, b.command("get", f"{a.origin}/closed").stdout)
        self.assertIn(f"{a.origin}/closed", b.command("search", "histoire").stdout)
        for node in (c, d):
            self.assertEqual(node.held(a.origin)["root"], a.held(a.origin)["root"], "the tree is the same")
            self.assertEqual(node.command("get", f"{a.origin}/closed", ok=None).returncode, 1)
            self.assertFalse(holds(node, SECRET))
        self.assertTrue(holds(b, SECRET))
        self.assertNotIn(SECRET.encode(), Caller(d).lines(b), "a circle of the same name is another one elsewhere")
        self.assertEqual(Caller(d).ask(b, "GET", f"/v1/records/{a.origin}/closed")[0], 404)

    def test_a_member_relays_the_commons_and_a_stranger_gets_the_leaf_alone(self):
        a, b, c, d = (self.node(name) for name in "ABCD")
        a.publish([{"n": "shared", "text": SECRET}], "--audience", "commons")
        a.command("peer add", b.pairing(), "--member")
        b.command("peer add", c.pairing(), "--member")
        b.command("peer add", d.pairing())
        b.follow(a)
        b.await_log(a.origin, 1)
        a.stop()
        c.follow(b)
        d.follow(b)
        c.await_log(a.origin, 1)
        d.await_log(a.origin, 1)
        self.assertIn(SECRET, c.command("get", f"{a.origin}/shared").stdout)
        self.assertEqual(d.held(a.origin)["root"], c.held(a.origin)["root"])
        self.assertEqual(d.held(a.origin)["records"], 0)
        self.assertFalse(holds(d, SECRET))
        self.assertIn("member", b.command("peer list").stdout)

    def test_who_was_removed_from_a_circle_gets_nothing_new(self):
        a, b = self.node("A"), self.node("B")
        a.command("peer add", b.pairing())
        a.command("circle add", "voisins", b.origin)
        b.follow(a)
        a.publish([{"n": "first", "text": "avant"}], "--audience", "circle:voisins")
        b.await_log(a.origin, 1)
        self.assertTrue(holds(b, "avant"))
        a.command("circle remove", "voisins", b.origin)
        self.assertEqual(a.json("circle list"), {})
        a.publish([{"n": "second", "text": SECRET}], "--audience", "circle:voisins")
        b.await_log(a.origin, 2)
        self.assertFalse(holds(b, SECRET))
        self.assertEqual(a.command("circle remove", "voisins", ok=None).returncode, 1)

    def test_who_becomes_a_member_later_gets_what_was_withheld_before(self):
        a, b, c = self.node("A"), self.node("B"), self.node("C")
        b.command("peer add", c.pairing(), "--member")
        b.follow(a)
        a.publish([{"n": "open"}])
        a.publish([{"n": f"s{i}", "text": f"{SECRET} {i}"} for i in range(20)], "--audience", "commons")
        a.publish([{"n": "own", "text": "journal"}], "--audience", "private")
        a.publish([{"n": "closed", "text": "cercle"}], "--audience", "circle:voisins")
        b.await_log(a.origin, 23)
        c.follow(b)
        c.await_log(a.origin, 23)
        self.assertEqual((b.held(a.origin)["records"], c.held(a.origin)["records"]), (1, 1))
        a.command("peer add", b.pairing(), "--member")
        for node in (b, c):
            until("the commons to arrive", lambda node=node: node.held(a.origin)["records"] == 21)
            self.assertIn(f"{SECRET} 7", node.command("get", f"{a.origin}/s7").stdout)
            node.check()
        a.command("circle add", "voisins", b.origin)
        until("the circle's record to arrive", lambda: b.held(a.origin)["records"] == 22)
        self.assertFalse(holds(b, "journal"))
        root = b.held(a.origin)["root"]
        b.stop()
        os.unlink(os.path.join(b.dir, "logs", scid(a.origin), "position"))  # all is read anew
        b.start()
        self.assertEqual((b.held(a.origin)["records"], b.held(a.origin)["root"]), (22, root))
        self.assertIn("cercle", b.command("get", f"{a.origin}/closed").stdout)
        b.check()
        a.call("DELETE", "/v1/records/s7?erase")
        b.await_log(a.origin, 24)
        self.assertFalse(holds(b, f"{SECRET} 7"), "what was filled in is erased like anything else")
        b.check()
        self.assertFalse(holds(c, "cercle"))

    def test_an_older_version_that_is_filled_in_is_not_the_newest(self):
        a, b = self.node("A"), self.node("B")
        a.publish([{"n": "x", "text": "ancien"}], "--audience", "commons")
        a.publish([{"n": "x", "text": "nouveau"}])
        b.follow(a)
        b.await_log(a.origin, 2)
        a.command("peer add", b.pairing(), "--member")
        until("the older version to arrive", lambda: holds(b, "ancien"))
        self.assertIn("nouveau", b.command("get", f"{a.origin}/x").stdout)
        self.assertEqual(b.held(a.origin)["records"], 1)
        b.check()
