"""Our requests by another implementation of RFC 9421, and its requests by us."""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from lib import Case, until
from peerlib import Log, Peer
from signlib import request_key

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODULES = os.path.join(ROOT, "build/npm/node_modules")


def theirs(what, message):
    done = subprocess.run(["node", os.path.join(ROOT, "tests/npm/signatures.js"), MODULES, what], input=json.dumps(message),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@unittest.skipUnless(shutil.which("node") and os.path.isdir(os.path.join(MODULES, "http-message-signatures")),
                     "no node, or no http-message-signatures in build/npm")
class Signatures(Case):
    def folder(self):
        folder = tempfile.mkdtemp(prefix="maillon-test.")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def test_another_implementation_verifies_our_requests(self):
        node = self.node()
        peer = Peer(self, Log(), lambda _: [])
        node.command("peer add", peer.pairing())
        head, body = until("a request", lambda: peer.messages and peer.messages[0])
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        method, path, _ = lines[0].split(" ")
        message = {"method": method, "url": f"https://localhost:{peer.port}{path}", "headers": headers,
                   "key": request_key(node).public.hex()}
        self.assertEqual(headers["host"], f"localhost:{peer.port}")
        self.assertIn('tag="maillon"', headers["signature-input"])
        self.assertEqual(headers["content-digest"], f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:")
        self.assertIs(theirs("verify", message), True)
        for key, bent in (("method", "PUT"), ("url", message["url"] + "x"), ("key", Log().key.public.hex())):
            self.assertIsNot(theirs("verify", {**message, key: bent}), True, key)

    def test_we_verify_the_requests_of_another_implementation(self):
        a, b = self.node("A"), self.node("B")
        b.command("peer add", a.pairing(), "--member")
        b.publish([{"n": "shared", "text": "commun"}], "--audience", "commons")
        body = json.dumps({"logs": {}, "follow": False}).encode()
        digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        with open(os.path.join(a.dir, "keys", "request.key")) as file:
            seed = base64.b64decode(file.read().splitlines()[3].split()[1])
        headers = theirs("sign", {"method": "POST", "url": f"{b.url}/v1/sync", "headers": {"content-digest": digest},
                                  "keyid": f"{a.origin}#request", "nonce": base64.urlsafe_b64encode(os.urandom(16)).decode()[:22],
                                  "seed": seed.hex()})
        status, _, content = b.call("POST", "/v1/sync", body, headers, connection=b.public())
        self.assertEqual(status, 200, content)
        self.assertIn(b"commun", content)
