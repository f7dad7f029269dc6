"""A peer that lies: a TLS server whose streams are made by hand, with a log of its own that it signs as it likes."""
import base64
import hashlib
import json
import os
import socket
import ssl
import subprocess
import threading

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P


def recover_x(y):
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return P - x if x & 1 else x


BASE = (recover_x(BASE_Y), BASE_Y)


def add(p, q):
    x1, y1, x2, y2 = *p, *q
    k = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P)


def times(p, n):
    out = (0, 1)
    while n:
        if n & 1:
            out = add(out, p)
        p = add(p, p)
        n >>= 1
    return out


def pack(p):
    return (p[1] | (p[0] & 1) << 255).to_bytes(32, "little")


class Key:
    """Ed25519 as RFC 8032, 5.1 has it: slow, and nobody else's code."""

    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self.scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
        self.prefix = digest[32:]
        self.public = pack(times(BASE, self.scalar))

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % L
        point = pack(times(BASE, r))
        h = int.from_bytes(hashlib.sha512(point + self.public + message).digest(), "little") % L
        return point + ((r + h * self.scalar) % L).to_bytes(32, "little")

    def did(self):
        number = int.from_bytes(b"\xed\x01" + self.public, "big")
        text = ""
        while number:
            number, digit = divmod(number, 58)
            text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[digit] + text
        return "did:key:z" + text


def leaf(line):
    return hashlib.sha256(b"\0" + line).digest()


def root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + root(leaves[:k]) + root(leaves[k:])).digest()


def consistency(m, leaves, whole=True):
    """RFC 6962, 2.1.2."""
    if m == len(leaves):
        return [] if whole else [root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return consistency(m, leaves[:k], whole) + [root(leaves[k:])]
    return consistency(m - k, leaves[k:], False) + [root(leaves[:k])]


def b64(data):
    return base64.b64encode(data).decode()


def control(*items):
    return json.dumps(items, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


class Log:
    def __init__(self, seed=b"\7" * 32):
        self.key = Key(seed)
        self.origin = self.key.did()
        self.lines = []

    def publish(self, count, word="x"):
        for _ in range(count):
            n = len(self.lines)
            body = {"audience": "public", "body": {"n": n, "word": word}, "id": f"r/{n}", "license": "CC0-1.0",
                    "nonce": "A" * 22, "op": "put", "schema": "test/thing@1", "time": "2026-11-24T10:00:00Z"}
            self.lines.append(json.dumps(body, separators=(",", ":"), sort_keys=True).encode())

    def leaves(self, size=None):
        return [leaf(line) for line in self.lines[:size]]

    def note(self, size=None, key=None, at_root=None):
        leaves = self.leaves(size)
        text = f"{self.origin}\n{len(leaves)}\n{b64(at_root or root(leaves))}\n".encode()
        key = key or self.key
        key_id = hashlib.sha256(self.origin.encode() + b"\n\x01" + self.key.public).digest()[:4]
        return (text + b"\n\xe2\x80\x94 " + self.origin.encode() + b" " + b64(key_id + key.sign(text)).encode() + b"\n").decode()

    def cosigned(self, note, witness, name=None, time=1790000000):
        """The note with a cosignature (C2SP tlog-cosignature) by this key, under the name given or its own DID."""
        name = (name or witness.did()).encode()
        text = note.split("\n\n")[0].encode() + b"\n"
        key_id = hashlib.sha256(name + b"\n\x04" + witness.public).digest()[:4]
        signature = witness.sign(b"cosignature/v1\ntime %d\n" % time + text)
        return note + "\u2014 " + name.decode() + " " + b64(key_id + time.to_bytes(8, "big") + signature) + "\n"

    def link(self, start, size=None):
        """What GET /v1/logs/{scid}/link answers."""
        leaves = self.leaves(size)
        start = min(start, len(leaves))
        proof = consistency(start, leaves) if 0 < start < len(leaves) else []
        return {"checkpoint": self.note(), "from": start, "to": len(leaves), "root": b64(root(leaves[:start])),
                "proof": [b64(h) for h in proof]}

    def stream(self, start=0, note=None, lines=None, proof=None, tail=b""):
        """What an honest peer sends to one that holds `start` entries; parts may be replaced."""
        lines = self.lines[start:] if lines is None else lines
        size = len(self.lines)
        return b"".join([control("log", self.origin, start), control("checkpoint", note or self.note()),
                         *[line + b"\n" for line in lines],
                         control("proof", size, proof if proof is not None else [])]) + tail


class Peer:
    """Serves what `answer(state_vector)` yields, chunk by chunk, then holds the stream open. Other calls get what
    `calls(method, path, body)` returns, as JSON; None is a 404."""

    def __init__(self, case, log, answer, calls=lambda method, path, body: None):
        self.log = log
        self.answer = answer
        self.calls = calls
        self.called = []
        self.requests = []
        self.messages = []
        self.closing = threading.Event()
        folder = case.folder()
        cert, key = os.path.join(folder, "c.pem"), os.path.join(folder, "k.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "2", "-subj", "/CN=localhost", "-keyout", key, "-out", cert], check=True, capture_output=True)
        public = subprocess.run(f"openssl x509 -in {cert} -noout -pubkey | openssl pkey -pubin -outform der", shell=True,
                                check=True, capture_output=True).stdout
        self.pin = base64.urlsafe_b64encode(hashlib.sha256(public).digest()).decode().rstrip("=")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        case.addCleanup(self.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def pairing(self):
        return f"{self.log.origin}?url=https://localhost:{self.port}&cert={self.pin}"

    def close(self):
        self.closing.set()
        self.socket.close()

    def accept(self):
        while not self.closing.is_set():
            try:
                raw, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(raw,), daemon=True).start()

    @staticmethod
    def receive(connection):
        part = connection.recv(4096)
        if not part:
            raise OSError("the follower went away")
        return part

    def reply(self, connection, method, path, body):
        answer = self.calls(method, path, body)
        self.called.append((method, path, body))
        status = b"404 Not Found" if answer is None else b"200 OK"
        content = json.dumps(answer).encode()
        connection.sendall(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                           % (status, len(content), content))

    def serve(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += self.receive(connection)
                head, body = head.split(b"\r\n\r\n", 1)
                length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                               if line.lower().startswith(b"content-length")), 0)
                while len(body) < length:
                    body += self.receive(connection)
                method, path = head.split(b" ")[:2]
                if path != b"/v1/sync":
                    return self.reply(connection, method.decode(), path.decode(), body)
                self.requests.append(json.loads(body))
                self.messages.append((head, body))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
                for part in self.answer(self.requests[-1]["logs"]):
                    if part is None:
                        return
                    connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
                self.closing.wait(60)
        except OSError:
            pass
