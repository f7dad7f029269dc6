"""A node that lost its disk, or came back from an old backup, learns from its peers how far its log had gone."""
import glob
import json
import os
import shutil
import struct
import tempfile

from lib import Case, record, until


def keeper_size(node):
    """The size that the keeper remembers: the newer of two slots."""
    with open(os.path.join(node.dir, "keys", "keeper.state"), "rb") as file:
        data = file.read()
    return max(struct.unpack(">QQ", data[at + 16:at + 32])[1] for at in (0, 4096) if data[at:at + 14] == b"maillon-keeper")


class Recovery(Case):
    def publisher(self, *others, settings=()):
        """A node whose address stays, that follows the others and is followed by them."""
        a = self.node("A", settings=settings)
        a.stop()
        path = os.path.join(a.dir, "maillon.ini")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace("https://localhost:0", f"https://localhost:{a.port}").replace("[::]:0", f"[::]:{a.port}"))
        a.start()
        for other in others:
            other.follow(a)
            a.follow(other)
        return a

    def backup(self, node):
        folder = tempfile.mkdtemp(prefix="maillon-test.")
        self.addCleanup(shutil.rmtree, folder)
        copy = os.path.join(folder, "copy")
        shutil.copytree(node.dir, copy, ignore=shutil.ignore_patterns("node.sock", "out.log"))
        return copy

    def restore(self, node, copy):
        shutil.rmtree(node.dir)
        shutil.copytree(copy, node.dir)

    def lose_disk(self, node):
        """All but keys, certificate and settings."""
        for name in ("logs", "evidence"):
            shutil.rmtree(os.path.join(node.dir, name), ignore_errors=True)
        for path in glob.glob(os.path.join(node.dir, "state.db*")):
            os.remove(path)

    def assert_refuses(self, node):
        status, _, body = node.post(json.dumps(record("refused")))
        problem = json.loads(body)
        self.assertEqual((status, problem["type"]), (503, "urn:maillon:problem:log-incomplete"), body)
        self.assertIn("maillon log recover", problem["title"])
        self.assertEqual(node.call("GET", "/health")[0], 503)
        signing = node.status()["signing"]
        self.assertEqual((signing["ok"], signing["error"]), (False, "log-incomplete"))
        self.assertIn("maillon log recover", node.command("status").stdout)

    def test_drill_a_node_that_lost_its_disk_is_rebuilt_from_its_peers_and_publishes_on(self):
        b, c = self.node("B"), self.node("C")
        a = self.publisher(b, c)
        a.publish([{"n": f"x{i}", "text": f"pommes {i}"} for i in range(200)])
        a.publish([{"n": "closed"}], "--audience", "circle:voisins")
        a.publish([{"n": "after"}])
        line = a.call("GET", f"/v1/records/{a.origin}/x7")[2]
        root = b.await_log(a.origin, 202)["root"]
        c.await_log(a.origin, 202)
        a.stop()
        self.lose_disk(a)
        b_pairing = b.pairing()
        done = json.loads(a.command("log recover", "--from", b_pairing, "--json").stdout)
        self.assertTrue(done["complete"], done)
        self.assertEqual((done["size_before"], done["size"], done["fetched"], done["withheld"]), (0, 202, 202, 1))
        again = a.command("log recover", "--from", c.pairing())
        self.assertIn("0 entries fetched", again.stdout)
        a.start()
        held = a.held(a.origin)
        self.assertEqual((held["size"], held["root"], held["checkpoint"]), (202, root, 202))
        self.assertEqual(a.call("GET", f"/v1/records/{a.origin}/x7")[2], line, "byte for byte")
        with tempfile.NamedTemporaryFile("w") as proof:
            proof.write(a.command("get", f"{a.origin}/x7", "--proof").stdout)
            proof.flush()
            self.assertIn(a.origin, a.command("verify", proof.name).stdout)
        self.assertIn("sound", a.check())
        a.publish([{"n": "new"}])
        for node in (b, c):
            node.await_log(a.origin, 203)
            self.assertEqual(node.status()["peers"][0]["state"], "live")
            self.assertIn("sound", node.check())

    def test_a_member_gets_its_own_lines_of_the_commons_back_whole_if_its_request_key_is_left(self):
        b = self.node("B")
        a = self.publisher(b)
        a.command("peer member", b.origin, "on")
        b.command("peer member", a.origin, "on")
        a.publish([{"n": "open"}])
        a.publish([{"n": "shared", "text": "entre nous"}], "--audience", "commons")
        b.await_log(a.origin, 2)
        until("B to hold the line", lambda: "entre nous" in b.command("get", f"{a.origin}/shared", ok=None).stdout)
        a.stop()
        key = os.path.join(a.dir, "keys", "request.key")
        os.rename(key, key + ".away")
        for withheld in (1, 0):
            self.lose_disk(a)
            done = json.loads(a.command("log recover", "--from", b.pairing(), "--json").stdout)
            self.assertEqual((done["complete"], done["size"], done["withheld"]), (True, 2, withheld))
            if withheld:
                a.start()  # without the key that its history names it is nobody
                a.stop()
                self.lose_disk(a)
                done = json.loads(a.command("log recover", "--from", b.pairing(), "--json").stdout)
                self.assertEqual((done["complete"], done["size"], done["withheld"]), (True, 2, 1))
                os.rename(key + ".away", key)
        self.assertIn("entre nous", a.command("get", f"{a.origin}/shared").stdout)

    def test_a_node_that_lost_its_log_refuses_until_it_is_recovered_while_it_runs(self):
        b = self.node("B")
        a = self.publisher(b)
        a.publish([{"n": f"x{i}"} for i in range(30)])
        b.await_log(a.origin, 30)
        a.stop()
        self.lose_disk(a)
        a.start()
        self.assert_refuses(a)
        self.assertEqual(a.command("log recover", ok=None).returncode, 1, "there is nobody to ask")
        until("B to be connected", lambda: b.status()["peers"][0]["state"] in ("live", "catching up"))
        self.assertFalse(os.path.exists(os.path.join(b.dir, "evidence")) and os.listdir(os.path.join(b.dir, "evidence")),
                         "what is being recovered is not shown as a history cut short")
        a.command("log recover", "--from", b.pairing())
        self.assertTrue(a.status()["signing"]["ok"])
        a.publish([{"n": "on"}])
        b.await_log(a.origin, 31)

    def test_a_restored_backup_signs_nothing_before_peers_have_said_how_far_the_log_had_gone(self):
        b = self.node("B")
        a = self.publisher(b)
        a.publish([{"n": f"x{i}"} for i in range(20)])
        b.await_log(a.origin, 20)
        a.stop()
        copy = self.backup(a)
        a.start()
        a.publish([{"n": f"y{i}"} for i in range(20)])
        b.await_log(a.origin, 40)
        a.stop()
        self.restore(a, copy)
        self.assertEqual(keeper_size(a), 20, "the keeper's own memory is of the backup, too")
        refused = a.publish([{"n": "fork"}], ok=None)
        self.assertEqual(refused.returncode, 1, "a command while no node runs asks as well")
        self.assertIn("log recover", refused.stdout + refused.stderr)
        a.start()
        self.assert_refuses(a)
        self.assertEqual(a.held(a.origin)["size"], 20, "nothing was stored either")
        self.assertEqual(keeper_size(a), 20)
        a.command("log recover")
        until("the keeper to remember as much", lambda: keeper_size(a) == 40)
        a.publish([{"n": "on"}])
        b.await_log(a.origin, 41)
        self.assertEqual(b.status()["peers"][0]["state"], "live")

    def test_a_keeper_with_an_older_state_file_is_brought_up_to_the_log(self):
        a = self.publisher()
        a.publish([{"n": "one"}])
        a.await_log(a.origin, 1)
        path = os.path.join(a.dir, "keys", "keeper.state")
        with open(path, "rb") as file:
            old = file.read()
        a.publish([{"n": "two"}])
        a.await_log(a.origin, 2)
        a.stop()
        with open(path, "wb") as file:
            file.write(old)
        a.start()
        until("the keeper to remember as much", lambda: keeper_size(a) == 2)

    def test_an_old_log_under_a_newer_keeper_is_recovered_by_a_command_alone(self):
        b = self.node("B")
        a = self.publisher(b)
        a.publish([{"n": f"x{i}"} for i in range(5)])
        b.await_log(a.origin, 5)
        a.stop()
        copy = self.backup(a)
        a.start()
        a.publish([{"n": f"y{i}"} for i in range(5)])
        b.await_log(a.origin, 10)
        a.stop()
        shutil.rmtree(os.path.join(a.dir, "logs"))
        shutil.copytree(os.path.join(copy, "logs"), os.path.join(a.dir, "logs"))
        self.assertEqual(a.status()["signing"]["error"], "log-incomplete", "known while it is stopped, too")
        done = json.loads(a.command("log recover", "--json").stdout)
        self.assertEqual((done["size_before"], done["size"], done["keeper"]), (5, 10, "kept"))
        a.start()
        a.publish([{"n": "on"}])
        b.await_log(a.origin, 11)

    def test_a_lost_or_damaged_keeper_state_is_rebuilt_from_peers(self):
        b = self.node("B")
        a = self.publisher(b)
        path = os.path.join(a.dir, "keys", "keeper.state")
        size = 0
        for damage in (lambda: os.remove(path), lambda: open(path, "wb").write(bytes(5000))):
            a.publish([{"n": f"x{size}"}])
            size += 1
            b.await_log(a.origin, size)
            a.stop()
            damage()
            refused = a.command("run", ok=None)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("maillon log recover", refused.stderr)
            done = json.loads(a.command("log recover", "--json").stdout)
            self.assertEqual((done["complete"], done["keeper"]), (True, "rebuilt"))
            self.assertEqual(keeper_size(a), size)
            a.start()
        a.publish([{"n": "on"}])
        b.await_log(a.origin, size + 1)

    def test_a_lost_keeper_state_is_not_guessed_when_nobody_answers(self):
        b = self.node("B")
        a = self.publisher(b)
        a.publish([{"n": "one"}])
        b.await_log(a.origin, 1)
        a.stop()
        b.stop()
        os.remove(os.path.join(a.dir, "keys", "keeper.state"))
        done = a.command("log recover", "--json", ok=None)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["keeper"], "missing")
        self.assertFalse(os.path.exists(os.path.join(a.dir, "keys", "keeper.state")))

    def test_a_node_whose_peers_are_all_away_signs_after_the_wait_and_stops_when_one_remembers_more(self):
        b = self.publisher(settings=[("ask_peers", "0 s")])
        a = self.publisher(settings=[("ask_peers", "200 ms")])
        a.follow(b)
        b.follow(a)
        a.publish([{"n": f"x{i}"} for i in range(3)])
        b.await_log(a.origin, 3)
        a.stop()
        copy = self.backup(a)
        a.start()
        a.publish([{"n": "y"}])
        b.await_log(a.origin, 4)
        b.stop()
        a.stop()
        self.restore(a, copy)
        a.start()
        until("the wait to be over", lambda: not a.status()["signing"]["asking"])
        self.assertTrue(a.status()["signing"]["ok"], "an operator alone is not stuck")
        b.start()
        until("B to be heard", lambda: not a.status()["signing"]["ok"])
        self.assert_refuses(a)
        a.command("log recover")
        a.publish([{"n": "on"}])
        a.await_log(a.origin, 5)  # B has seen the log cut short meanwhile, and comes back after some minutes

    def test_a_second_history_that_was_signed_is_named_and_ends_signing(self):
        b = self.publisher(settings=[("ask_peers", "0 s")])
        a = self.publisher(settings=[("ask_peers", "0 s")])
        a.follow(b)
        b.follow(a)
        a.publish([{"n": f"x{i}"} for i in range(3)])
        b.await_log(a.origin, 3)
        a.stop()
        copy = self.backup(a)
        a.start()
        a.publish([{"n": "y"}])
        b.await_log(a.origin, 4)
        b.stop()
        a.stop()
        self.restore(a, copy)
        a.start()
        a.publish([{"n": "fork"}])
        a.await_log(a.origin, 4)
        a.stop()
        b.start()
        a.command("log recover", ok=None)
        a.start()
        until("the contradiction to be seen", lambda: a.status()["signing"].get("error") == "fork")
        self.assertEqual(json.loads(a.post(json.dumps(record(9)))[2])["type"], "urn:maillon:problem:fork")
