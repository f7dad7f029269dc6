"""Identities made with the program and then misused: keys read from their files, histories cut and forked, served by a host
that answers as it is told."""
import base64
import json
import os
import shutil
import socket
import ssl
import threading

from lib import run, scid
from peerlib import Key, Log, Peer


def free_port():
    """A port that was free a moment ago, for an identity whose DID must name one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Folder:
    """A node's folder that never runs: its keys are used here."""

    def __init__(self, case, url="https://localhost:0"):
        self.case = case
        self.dir = os.path.join(case.folder(), "node")
        self.origin = json.loads(run("init", "--dir", self.dir, "--url", url, "--json").stdout)["origin"]
        self.recovery = os.path.join(self.dir, "recovery.key")
        self.rotations = 0

    def copy(self):
        other = object.__new__(Folder)
        other.__dict__.update(self.__dict__)
        other.dir = os.path.join(self.case.folder(), "copy")
        shutil.copytree(self.dir, other.dir)
        other.recovery = os.path.join(other.dir, os.path.basename(self.recovery))
        return other

    def rotate(self, *what):
        self.rotations += 1
        fresh = os.path.join(self.dir, f"recovery-{self.rotations}.key")
        run("keys", "rotate", "--dir", self.dir, "--recovery-file", self.recovery, "--new-recovery-file", fresh, *what)
        self.recovery = fresh

    def history(self, entries=None):
        with open(os.path.join(self.dir, "did.jsonl"), "rb") as file:
            return b"".join(file.readlines()[:entries])

    def log_key(self):
        with open(os.path.join(self.dir, "keys/log.key")) as file:
            return Key(base64.b64decode(file.read().splitlines()[3].split(" ")[1]))


class IdentityLog(Log):
    """A log of a did:webvh, signed with whichever key one likes."""

    def __init__(self, folder, key=None):
        self.origin = folder.origin
        self.key = key or folder.log_key()
        self.lines = []


class Host(Peer):
    """Serves histories and streams; under the folder's TLS key unless it has none to show."""

    def __init__(self, case, folder, log, answer, history, port=0):
        self.log = log
        self.answer = answer
        self.history = history  # bytes; or called with the connection, to answer by itself
        self.asked = []
        self.requests = []
        self.closing = threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(os.path.join(folder.dir, "tls.crt"), os.path.join(folder.dir, "tls.key"))
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.origin = folder.origin
        case.addCleanup(self.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def pairing(self):
        return f"{self.origin}?url=https://localhost:{self.port}"

    def serve(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += self.receive(connection)
                head, body = head.split(b"\r\n\r\n", 1)
                path = head.split(b" ")[1].decode()
                self.asked.append(path)
                if head.startswith(b"GET"):
                    self.serve_get(connection, path)
                    return
                length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
                while len(body) < length:
                    body += self.receive(connection)
                if path != "/v1/sync":
                    connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    return
                self.requests.append(json.loads(body))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
                for part in self.answer(self.requests[-1]["logs"]):
                    connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
                self.closing.wait(60)
        except OSError:
            pass

    def serve_get(self, connection, path):
        wanted = (f"/v1/logs/{scid(self.origin)}/history", "/.well-known/did.jsonl")
        if path not in wanted:
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        elif callable(self.history):
            self.history(connection)
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(self.history), self.history))
