"""kill -9 of publisher and follower under load: nothing acknowledged is lost, and what is stored is sound each time.

MAILLON_CRASH_CYCLES chooses how often (default 12; the record was made with 200)."""
import base64
import json
import os
import random
import signal
import threading

from lib import Case, record, scid, until

CYCLES = int(os.environ.get("MAILLON_CRASH_CYCLES", "12"))


class Crash(Case):
    def load(self, node, acknowledged, counter, stopping):
        """Publishes until the node dies; remembers each (id, index, leaf) that was answered with 201."""
        while not stopping.is_set():
            first = counter[0]
            counter[0] += 50
            text = "\n".join(json.dumps(record(first + i, body={"n": first + i, "fill": "x" * random.randrange(400)}))
                             for i in range(50))
            try:
                status, _, body = node.post(text, Content_Type="application/x-ndjson")
            except OSError:
                return
            except Exception as error:  # http.client's own, when the answer is cut off
                if "http.client" in type(error).__module__:
                    return
                raise
            if status != 201:
                return
            for line in body.splitlines():
                item = json.loads(line)
                acknowledged[item["id"]] = (item["index"], item["leaf"])

    def verify(self, node, origin, acknowledged, sample):
        for name in random.sample(sorted(acknowledged), min(sample, len(acknowledged))):
            index, leaf = acknowledged[name]
            def proven():
                status, _, body = node.call("GET", f"/v1/records/{origin}/{name}?proof")
                assert status in (200, 503), (name, status, body)
                return status == 200 and json.loads(body)
            proof = until("the signature", proven)
            self.assertEqual((proof["index"], proof["leaf"]), (index, leaf), name)

    def test_nothing_acknowledged_is_lost(self):
        random.seed(7)
        a = self.node("A")
        b = self.node("B", settings=[("public", "127.0.0.1:0")])
        # The follower must find the publisher again: a port of its own, kept over restarts.
        a.stop()
        path = os.path.join(a.dir, "maillon.ini")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text.replace("https://localhost:0", f"https://localhost:{a.port}").replace("[::]:0", f"[::]:{a.port}"))
        a.start()
        b.follow(a)
        acknowledged, counter = {}, [0]
        for cycle in range(CYCLES):
            stopping = threading.Event()
            before = len(acknowledged)
            threads = [threading.Thread(target=self.load, args=(a, acknowledged, counter, stopping)) for _ in range(2)]
            for thread in threads:
                thread.start()
            wanted = before + random.randrange(1, 400)
            until("some load", lambda: len(acknowledged) >= wanted)
            victims = [a, b] if cycle % 3 == 2 else [a if cycle % 2 else b]
            for victim in victims:
                victim.kill(signal.SIGKILL)
            stopping.set()
            for thread in threads:
                thread.join()
            for victim in victims:
                victim.start()
                self.assertIn("sound", victim.check())
            self.assertGreaterEqual(a.held(a.origin)["size"], len(acknowledged))
            self.verify(a, a.origin, acknowledged, 5)
        size = a.held(a.origin)["size"]
        log = b.await_log(a.origin, size)
        self.assertEqual(log["root"], a.held(a.origin)["root"])
        for name, (index, leaf) in acknowledged.items():
            line = b.call("GET", f"/v1/records/{a.origin}/{name}")[2]
            import hashlib
            self.assertEqual(base64.b64encode(hashlib.sha256(b"\0" + line).digest()).decode(), leaf, name)
        self.assertIn("sound", b.check())
        print(f"# {CYCLES} kills, {len(acknowledged)} records acknowledged, {size} stored", flush=True)

    def test_a_tail_torn_at_any_byte_is_cut_back_to_a_commit(self):
        a = self.node("A")
        a.publish([{"n": f"a{i}"} for i in range(3)])
        a.await_log(a.origin, 3)
        a.kill(signal.SIGKILL)
        folder = os.path.join(a.dir, "logs", scid(a.origin))
        segment = os.path.join(folder, next(name for name in os.listdir(folder) if name.endswith(".seg")))
        with open(segment, "rb") as file:
            whole = file.read()
        end = whole.index(b'["checkpoint"')  # the commit mark is the line before
        for cut in [0, 1, 50, len(whole) // 3, end - 1, end, end + 10, len(whole) - 1, len(whole)]:
            with open(segment, "wb") as file:
                file.write(whole[:cut])
            for name in ("position", "index", "level8"):
                try:
                    os.remove(os.path.join(folder, name))
                except FileNotFoundError:
                    pass
            log = a.status()["logs"][0]
            self.assertEqual(log["size"], 3 if cut >= end else 0, cut)
            if cut >= end:
                self.assertIn("sound", a.check())

    def test_a_log_that_lost_signed_entries_is_not_signed_anew(self):
        a = self.node("A")
        a.publish([{"n": f"a{i}"} for i in range(3)])
        a.await_log(a.origin, 3)
        a.stop()
        folder = os.path.join(a.dir, "logs", scid(a.origin))
        for name in os.listdir(folder):
            if name != "origin":
                os.remove(os.path.join(folder, name))
        a.start()
        self.assertEqual(a.publish([{"n": "after"}], ok=None).returncode, 1)
        status = a.status()
        self.assertEqual((status["signing"]["error"], status["logs"][0]["size"]), ("log-incomplete", 0))
        self.assertEqual(a.call("GET", "/health")[0], 503)

    def test_damage_is_found_with_the_first_bad_entry(self):
        a = self.node("A")
        a.publish([{"n": f"a{i}", "text": "intact"} for i in range(9)])
        a.await_log(a.origin, 9)
        a.stop()
        folder = os.path.join(a.dir, "logs", scid(a.origin))
        segment = os.path.join(folder, next(name for name in os.listdir(folder) if name.endswith(".seg")))
        with open(segment, "rb") as file:
            whole = bytearray(file.read())
        lines = whole.split(b"\n")
        place = whole.index(lines[6]) + lines[6].index(b"intact")
        whole[place] ^= 1
        with open(segment, "wb") as file:
            file.write(whole)
        done = a.command("log check", "--json", ok=None)
        report = json.loads(done.stdout)
        self.assertEqual((done.returncode, report["sound"], report["logs"][0]["bad_index"]), (1, False, 6))
