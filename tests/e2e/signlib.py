"""Requests signed as RFC 9421 and RFC 9530 have it, written apart from the node's own code."""
import base64
import hashlib
import json
import os
import time

from peerlib import Key


def request_key(node):
    """The key that a node signs its requests with, from its folder."""
    with open(os.path.join(node.dir, "keys", "request.key")) as file:
        return Key(base64.b64decode(file.read().splitlines()[3].split()[1]))


def signed(key, did, method, url, body=b"", created=None, nonce=None, fragment="request"):
    """The header fields of a request."""
    created = int(time.time()) if created is None else created
    nonce = nonce or base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
    headers, names = {}, ["@method", "@target-uri"]
    lines = [f'"@method": {method}', f'"@target-uri": {url}']
    if body:
        headers["Content-Digest"] = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
        names.append("content-digest")
        lines.append(f'"content-digest": {headers["Content-Digest"]}')
    parameters = "(" + " ".join(f'"{name}"' for name in names) + ")" + \
        f';created={created};keyid="{did}#{fragment}";nonce="{nonce}";tag="maillon"'
    lines.append(f'"@signature-params": {parameters}')
    signature = key.sign("\n".join(lines).encode())
    headers["Signature-Input"] = f"maillon={parameters}"
    headers["Signature"] = f"maillon=:{base64.b64encode(signature).decode()}:"
    return headers


class Caller:
    """Asks a node in the name of another."""

    def __init__(self, name, key=None):
        self.did = name.origin
        self.key = key or request_key(name)

    def ask(self, node, method, path, body=b"", **how):
        headers = signed(self.key, self.did, method, f"https://localhost:{node.port}{path}", body, **how)
        return self.send(node, method, path, body, headers)

    @staticmethod
    def send(node, method, path, body, headers):
        status, _, content = node.call(method, path, body or None, headers, connection=node.public())
        return status, content

    def lines(self, node):
        """What a sync from nothing brings."""
        status, content = self.ask(node, "POST", "/v1/sync", json.dumps({"logs": {}, "follow": False}).encode())
        assert status == 200, content
        return content
