"""A disk that fills: publication is refused with words, nothing acknowledged is lost, and it goes on when there is room."""
import json
import os
import subprocess
import tempfile

from lib import Case, Node, record, run


class Disk(Case):
    def small_disk(self):
        folder = tempfile.mkdtemp(prefix="maillon-test.")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True)
        if done.returncode != 0:
            os.rmdir(folder)
            self.skipTest("mounting a small disk needs more rights")
        self.addCleanup(lambda: (subprocess.run(["umount", "-l", folder]), os.rmdir(folder)))
        return folder

    def test_a_full_disk_refuses_and_recovers(self):
        disk = self.small_disk()
        node = Node(self)
        node.remove()
        node.dir = os.path.join(disk, "node")
        run("init", "--dir", node.dir, "--url", "https://localhost:0", "--local", "127.0.0.1:0")
        filler = os.path.join(disk, "filler")
        with open(filler, "wb") as file:
            file.write(bytes(3_000_000))
        node.start()
        acknowledged, status = [], 201
        for n in range(3000):
            status, _, body = node.post(json.dumps(record(n, body="x" * 5000)))
            if status != 201:
                break
            acknowledged.append(json.loads(body)["id"])
        self.assertEqual((status, json.loads(body)["type"]), (507, "urn:maillon:problem:disk-full"))
        self.assertGreater(len(acknowledged), 50)
        self.assertEqual(node.call("GET", "/health")[0], 503)
        os.remove(filler)
        self.assertEqual(node.post(json.dumps(record(9999)))[0], 201, "goes on by itself")
        for name in acknowledged:
            self.assertEqual(node.call("GET", f"/v1/records/{node.origin}/{name}")[0], 200)
        self.assertIn("sound", node.check())
        node.kill()
        node.start()
        self.assertEqual(node.held(node.origin)["size"], len(acknowledged) + 1)
        self.assertIn("sound", node.check())
