"""Nodes in temporary folders, asked as people and programs ask them. Standard library only; no fixed port, no bare sleep."""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

BIN = os.environ.get("MAILLON_BIN", "build/maillon")
SHARED = os.environ.get("MAILLON_SHARED", "../shared")
TEST_PACK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "packs", "test")
PATIENCE = 120  # seconds until a condition that must come true is given up


def until(what, condition):
    """Waits for a condition; its truthy value is returned."""
    deadline = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"gave up waiting for {what}")
        time.sleep(0.01)


def scid(origin):
    """The name of a log in paths: of a did:key its key, of a did:webvh its SCID."""
    return origin.split(":")[2]


def run(*arguments, stdin=None, ok=True, env=None):
    """One command. ok: its exit code must be 0; None: any."""
    done = subprocess.run([BIN, *arguments], input=stdin, capture_output=True, text=True, timeout=PATIENCE,
                          env={**os.environ, "LC_ALL": "C", **(env or {})})
    if ok and done.returncode != 0:
        raise AssertionError(f"{arguments}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done


def children(pid):
    done = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True)
    return [int(child) for child in done.stdout.split()]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self.path)


def insecure():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Node:
    """A node's folder, and the process when it runs."""

    def __init__(self, case, name="Coop", settings=(), packs=(TEST_PACK,), init=()):
        self.dir = tempfile.mkdtemp(prefix="maillon-test.")
        case.addCleanup(self.remove)
        run("init", "--dir", self.dir, "--name", name, "--url", "https://localhost:0", "--local", "127.0.0.1:0", *init)
        if settings:
            path = os.path.join(self.dir, "maillon.ini")
            with open(path) as file:
                lines = file.read().splitlines()
            for key, value in settings:
                lines = [f"{key} = {value}" if line.startswith(f"{key} = ") else line for line in lines]
            with open(path, "w") as file:
                file.write("\n".join(lines) + "\n")
        self.process = None
        for pack in packs:
            run("schema", "add", "--dir", self.dir, pack)

    def start(self):
        self.log = open(os.path.join(self.dir, "out.log"), "w+")
        self.process = subprocess.Popen([BIN, "run", "--dir", self.dir], stdout=self.log, stderr=subprocess.STDOUT)
        until("the node to be ready", self._is_ready)
        status = self.status()
        self.origin = status["origin"]
        self.url = status["url"]
        self.port = int(status["listen"]["public"].rsplit(":", 1)[1])
        self.local_port = int(status["listen"]["local"].rsplit(":", 1)[1])
        return self

    def _is_ready(self):
        with open(self.log.name) as file:
            text = file.read()
        if self.process.poll() is not None:
            raise AssertionError(f"the node ended: {text}")
        return "ready " in text

    def kill(self, how=signal.SIGKILL):
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(how)
            code = self.process.wait(timeout=PATIENCE)
            self.log.close()
            self.process = None
            return code
        return None

    def stop(self):
        code = self.kill(signal.SIGTERM)
        assert code == 0, f"the node ended with {code}"

    def remove(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def warden(self):
        (pid,) = children(self.process.pid)
        return pid

    def keeper(self):
        (pid,) = children(self.warden())
        return pid

    # ---- as a person asks

    def command(self, *arguments, **how):
        words = arguments[0].split()
        return run(*words, "--dir", self.dir, *arguments[1:], **how)

    def json(self, *arguments):
        return json.loads(self.command(*arguments, "--json").stdout)

    def status(self):
        return self.json("status")

    def pairing(self):
        return self.command("pairing").stdout.strip()

    def follow(self, other):
        self.command("peer add", other.pairing())

    def await_history(self, origin, versions=1):
        """The history of somebody's keys, of that many entries, is held."""
        until(f"{versions} entries of the history of {origin}", lambda: len(
            self.call("GET", f"/v1/logs/{scid(origin)}/history")[2].splitlines()) == versions)

    def held(self, origin):
        return next((log for log in self.status()["logs"] if log["origin"] == origin), None)

    def await_log(self, origin, size):
        def whole():
            log = self.held(origin)
            return log is not None and log["size"] == size and log["checkpoint"] == size and log
        return until(f"{size} entries of {origin}", whole)

    def publish(self, bodies, *more, schema="test/thing@1", ok=True):
        text = "\n".join(json.dumps(body) for body in bodies)
        return self.command("publish", "--schema", schema, "--license", "CC-BY-SA-4.0", "--id-from", "n", *more,
                            stdin=text, ok=ok)

    # ---- as a program asks

    def token(self):
        with open(os.path.join(self.dir, "local.token")) as file:
            return file.read().strip()

    def unix(self):
        return UnixConnection(os.path.join(self.dir, "node.sock"))

    def call(self, method, path, body=None, headers=None, connection=None):
        """Over the Unix socket unless a connection is given: (status, headers, body)."""
        connection = connection or self.unix()
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def post(self, text, query="", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("Content-Type", "application/json")
        return self.call("POST", "/v1/records" + query, text.encode(), headers)

    def public(self):
        return http.client.HTTPSConnection("localhost", self.port, context=insecure(), timeout=PATIENCE)

    def tls_socket(self):
        raw = socket.create_connection(("localhost", self.port), timeout=PATIENCE)
        return insecure().wrap_socket(raw, server_hostname="localhost")

    def sync(self, request, read_until):
        """Lines of a sync stream, until read_until(lines) says enough."""
        connection = self.public()
        connection.request("POST", "/v1/sync", body=json.dumps(request))
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        lines = []
        while not read_until(lines):
            line = answer.readline()
            if not line:
                break
            lines.append(line.rstrip(b"\n"))
        connection.close()
        return lines

    def check(self):
        done = self.command("log check", ok=None)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def record(n, **more):
    return {"id": f"r/{n}", "schema": "test/thing@1", "license": "CC0-1.0", "body": {"n": n}, **more}


class Case(unittest.TestCase):
    def node(self, name="Coop", settings=(), start=True, packs=(TEST_PACK,), init=()):
        node = Node(self, name, settings, packs, init)
        return node.start() if start else node
