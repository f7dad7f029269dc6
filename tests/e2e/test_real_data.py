"""Real files of the sectors: through import, out of a peer byte for byte, every proof verified; broken ones are refused
with the place of the fault."""
import base64
import hashlib
import json
import os
import re

from lib import Case, SHARED, scid, until

DATA = os.path.join(SHARED, "data")
SUFFIXES = (".json", ".geojson", ".jsonld", ".csv", ".ndjson")


def root_by_proof(leaf, index, size, proof):
    """RFC 9162, 2.1.3.2."""
    node, last, value = index, size - 1, leaf
    for sibling in proof:
        if node & 1 or node == last:
            value = hashlib.sha256(b"\1" + sibling + value).digest()
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            value = hashlib.sha256(b"\1" + value + sibling).digest()
        node, last = node >> 1, last >> 1
    return value


class RealData(Case):
    def test_real_files_come_out_of_a_peer_byte_for_byte_with_their_proofs(self):
        if not os.path.isdir(DATA):
            self.skipTest(f"there is no {DATA}")
        a, b = self.node("A"), self.node("B")
        b.follow(a)
        files = sorted(os.path.join(folder, name) for folder, _, names in os.walk(DATA) for name in names
                       if name.endswith(SUFFIXES))
        self.assertGreater(len(files), 20)
        accepted = refused = 0
        for path in files:
            done = a.command("import", "--json", "--schema", "data/item@1", "--license", "CC0-1.0", path, ok=None)
            self.assertIn(done.returncode, (0, 1), done.stderr)
            report = json.loads(done.stdout)
            accepted += report["accepted"]
            refused += report["refused"]
            self.assertEqual(report["items"], report["accepted"] + report["unchanged"] + report["refused"], path)
            for fault in report["faults"]:
                self.assertTrue(fault["reason"] and fault["number"] >= 1 and fault["line"] >= 1, (path, fault))
        self.assertGreater(accepted, 1000)
        size = a.held(a.origin)["size"]
        b.await_log(a.origin, size)
        self.compare(a, b, size)
        print(f"# {len(files)} files, {accepted} records published, {refused} refused with their place, {size} proofs", flush=True)

    def compare(self, a, b, size):
        """Every line at both, and every leaf under the signed root, by proofs that B makes."""
        streams = [[line for line in node.sync({"logs": {}, "follow": False}, lambda _: False) if line.startswith(b"{")]
                   for node in (a, b)]
        self.assertEqual(streams[0], streams[1])
        self.assertEqual(len(streams[0]), size)
        note = b.call("GET", f"/v1/logs/{scid(a.origin)}/checkpoint")[2].decode().splitlines()
        self.assertEqual(int(note[1]), size)
        newest = {json.loads(line)["id"]: (i, line) for i, line in enumerate(streams[0])}
        connection = b.unix()
        for name, (index, line) in newest.items():
            connection.request("GET", f"/v1/records/{a.origin}/{name}?proof")
            proof = json.loads(connection.getresponse().read())
            leaf = hashlib.sha256(b"\0" + line).digest()
            self.assertEqual((proof["index"], base64.b64decode(proof["leaf"])), (index, leaf), name)
            root = root_by_proof(leaf, index, proof["size"], [base64.b64decode(text) for text in proof["proof"]])
            self.assertEqual(base64.b64encode(root).decode(), note[2], name)
        connection.close()

    def test_the_same_import_twice_has_the_same_ids_and_publishes_nothing_the_second_time(self):
        path = os.path.join(DATA, "directory", "coops-uk-2017.csv")
        if not os.path.isfile(path):
            self.skipTest(f"there is no {path}")
        a = self.node("A")
        first, second = (json.loads(a.command("import", "--json", "--schema", "directory/coop@1", "--license", "CC-BY-4.0", path,
                                              ok=None).stdout) for _ in range(2))
        log = a.held(a.origin)
        self.assertEqual(log["size"], log["records"])
        self.assertEqual((second["accepted"], second["unchanged"]), (0, first["accepted"]))
