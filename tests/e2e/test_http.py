"""What a strict HTTP server refuses, over TLS, and how long it waits."""
import json
import shutil
import socket
import ssl
import subprocess

from lib import BIN, Case, insecure, until


def exchange(node, data, more=None):
    """Sends bytes, reads until the server closes or an answer is whole enough to judge."""
    with node.tls_socket() as connection:
        try:
            connection.sendall(data)
        except OSError:
            pass
        return read_all(connection)


def read_all(connection):
    answer = b""
    while True:
        try:
            part = connection.recv(65536)
        except OSError:
            return answer
        if not part:
            return answer
        answer += part


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


class Http(Case):
    def setUp(self):
        self.a = self.node("A", settings=[("head", "700 ms"), ("body_stall", "700 ms")])

    def test_ambiguous_requests_are_refused_and_the_connection_is_closed(self):
        post = b"POST /v1/sync HTTP/1.1\r\nHost: a\r\n"
        cases = {
            "another transfer coding": post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "two codings": post + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "coding and length": post + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
            "two lengths": post + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "a list of lengths": post + b"Content-Length: 2, 3\r\n\r\n{}",
            "a signed length": post + b"Content-Length: +2\r\n\r\n{}",
            "a space before the colon": b"GET /health HTTP/1.1\r\nHost : a\r\n\r\n",
            "a bare LF": b"GET /health HTTP/1.1\nHost: a\n\n",
            "no Host": b"GET /health HTTP/1.1\r\n\r\n",
            "two Hosts": b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "a folded line": b"GET /health HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
            "a NUL": b"GET /health HTTP/1.1\r\nHost: a\r\nX: 1\x002\r\n\r\n",
            "a bad chunk size": post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
            "a chunk without its end": post + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
            "another version": b"GET /health HTTP/2.0\r\nHost: a\r\n\r\n",
            "no version": b"GET /health\r\n\r\n",
        }
        for name, data in cases.items():
            answer = exchange(self.a, data + b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual((status(answer), answer.count(b"HTTP/1.1 ")), (400, 1), name)
            self.assertIn(b"urn:maillon:problem:bad-request", answer, name)

    def test_a_head_has_a_limit(self):
        with self.a.tls_socket() as connection:
            sent = 0
            try:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n")
                while sent < 20_000_000:
                    connection.sendall(b"X-Filler: " + b"x" * 1000 + b"\r\n")
                    sent += 1012
            except OSError:
                pass
            self.assertLess(sent, 15_000_000, "the server stopped reading long before")
        answer = exchange(self.a, b"GET /health HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20000 + b"\r\n\r\n")
        self.assertEqual(status(answer), 431)

    def test_slow_heads_and_bodies_are_cut_off(self):
        for data in (b"GET /health HTT", b"POST /v1/sync HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{", b""):
            with self.a.tls_socket() as connection:
                connection.sendall(data)
                self.assertEqual(read_all(connection), b"", "closed without an answer, within the limit")

    def test_connections_of_one_address_are_limited(self):
        self.a = self.node("B", settings=[("connections_per_address_max", "20")])
        opened = []
        refused = 0
        for _ in range(30):
            try:
                opened.append(self.a.tls_socket())
            except OSError:
                refused += 1
        self.assertEqual((len(opened), refused), (20, 10))
        for connection in opened:
            connection.close()
        until("room again", lambda: self.try_health() == 200)

    def try_health(self):
        try:
            return self.a.call("GET", "/health", connection=self.a.public())[0]
        except OSError:
            return None

    def test_keep_alive_pipelining_head_and_http_1_0(self):
        get = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
        answer = exchange(self.a, get * 3 + b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK"), 4)
        head = exchange(self.a, b"HEAD /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        self.assertEqual((status(head), head.split(b"\r\n\r\n", 1)[1]), (200, b""))
        old = exchange(self.a, b"POST /v1/sync HTTP/1.0\r\nContent-Length: 25\r\n\r\n{\"follow\":false,\"logs\":{}}"[:-1] + b"}")
        self.assertNotIn(b"chunked", old)

    def test_a_reader_that_does_not_read_costs_little_and_is_cut_off(self):
        a = self.node("B", settings=[("write_stall", "1 s")])
        a.publish([{"n": f"n{i}", "fill": "x" * 20000} for i in range(2500)])
        a.await_log(a.origin, 2500)

        def anonymous():
            with open(f"/proc/{a.process.pid}/status") as file:
                return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

        before = anonymous()
        request = json.dumps({"logs": {}, "follow": True}).encode()
        readers = [a.tls_socket() for _ in range(8)]
        for reader in readers:
            reader.sendall(b"POST /v1/sync HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(request), request))
        until("the streams", lambda: a.status()["streams"] == 8)
        until("their end", lambda: a.status()["streams"] == 0)
        if "asan" not in BIN and "tsan" not in BIN:
            self.assertLess(anonymous() - before, 8 * 3 * 1024, "KiB for eight readers of 50 MB each")
        for reader in readers:
            reader.close()

    def test_only_tls_1_3_is_spoken(self):
        context = insecure()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with socket.create_connection(("localhost", self.a.port), timeout=60) as raw:
            with self.assertRaises(ssl.SSLError):
                context.wrap_socket(raw)
        with self.a.tls_socket() as connection:
            self.assertEqual(connection.version(), "TLSv1.3")

    def test_a_peer_with_another_key_is_not_followed(self):
        a, b = self.node("C"), self.node("B")  # one that waits for handshakes on a busy machine
        pairing = a.pairing()
        head, cert = pairing.split("cert=")
        bent = head + "cert=" + ("A" if cert[0] != "A" else "E") + cert[1:]
        b.command("peer add", bent)
        peer = until("the refusal", lambda: next((p for p in b.status()["peers"] if p["state"] == "refused"), None))
        self.assertEqual(peer["error"], "bad-signature")
        b.command("peer add", pairing)
        until("the right key", lambda: b.status()["peers"][0]["state"] == "live")

    def test_a_stream_is_compressed_when_asked(self):
        if shutil.which("zstd") is None:
            self.skipTest("there is no zstd command")
        self.a.publish([{"n": f"z{i}", "text": "la même chose " * 20} for i in range(200)])
        self.a.await_log(self.a.origin, 200)
        sizes = {}
        for coding in ("identity", "zstd"):
            connection = self.a.public()
            connection.request("POST", "/v1/sync", json.dumps({"logs": {}, "follow": False}), {"Accept-Encoding": coding})
            answer = connection.getresponse()
            body = answer.read()
            sizes[coding] = len(body)
            if coding == "zstd":
                self.assertEqual(answer.headers["Content-Encoding"], "zstd")
                body = subprocess.run(["zstd", "-dc"], input=body, capture_output=True, check=True).stdout
            self.assertEqual(sum(line.startswith(b"{") for line in body.splitlines()), 200)
        self.assertLess(sizes["zstd"] * 3, sizes["identity"])
        b = self.node("B", settings=[("compress", "1")])
        b.follow(self.a)
        b.await_log(self.a.origin, 200)
