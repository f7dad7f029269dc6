#!/usr/bin/python3
"""Speed of whole nodes: bulk publication, back-fill over TLS, propagation of one record, memory, start.
usage: bench_node.py BIN RECORDS; prints a JSON line per figure."""
import http.client
import json
import os
import random
import statistics
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
os.environ["MAILLON_BIN"] = os.path.abspath(sys.argv[1])
RECORDS = int(sys.argv[2])
import lib

WORDS = ("tomates anciennes cultivées en pleine terre récoltées à maturité le matin même de la livraison plusieurs variétés "
         "mélange caisse consignée vélo cargo partage trajet covoiturage atelier réparation marché paysan producteur").split()
TICKS = os.sysconf("SC_CLK_TCK")


def report(name, unit, value):
    print(json.dumps({"name": name, "unit": unit, "value": value}), flush=True)


def chunks():
    """NDJSON of about 4 MiB each, of records that make lines of about 800 bytes and are judged by their pack."""
    random.seed(1)
    texts = [" ".join(random.choices(WORDS, k=56)) for _ in range(500)]
    out, size, parts = [], 0, []
    for n in range(RECORDS):
        line = ('{"id":"p/%d","schema":"food/product@1","license":"ODbL-1.0","body":{"@type":"dfc-b:SuppliedProduct",'
                '"dfc-b:description":"%s","dfc-b:hasQuantity":{"@type":"dfc-b:QuantitativeValue","dfc-b:hasUnit":"dfc-m:Kilogram",'
                '"dfc-b:value":%.2f},"dfc-b:hasType":"dfc-pt:tomato","dfc-b:name":"Tomates n° %d"}}\n'
                % (n, texts[n % 500], n % 900 / 100 + 1, n)).encode()
        parts.append(line)
        size += len(line)
        if size > 4_000_000:
            out.append(b"".join(parts))
            parts, size = [], 0
    if parts:
        out.append(b"".join(parts))
    return out


def usage(node):
    with open(f"/proc/{node.process.pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    with open(f"/proc/{node.process.pid}/status") as file:
        status = dict(line.split(":", 1) for line in file)
    return (int(fields[11]) + int(fields[12])) / TICKS, int(status["VmRSS"].split()[0]) / 1024, int(status["RssAnon"].split()[0]) / 1024


def publish(node, parts, clients):
    """All parts over so many connections; each answer is read, and must be 201."""
    queue, lock, bad = list(reversed(parts)), threading.Lock(), []

    def work():
        connection = node.unix()
        while True:
            with lock:
                if not queue:
                    break
                part = queue.pop()
            connection.request("POST", "/v1/records", part, {"Content-Type": "application/x-ndjson"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 201:
                bad.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not bad, bad
    return time.monotonic() - start


class Bench(unittest.TestCase):
    def runTest(self):
        a, b = lib.Node(self, "A").start(), lib.Node(self, "B").start()
        _, rss, anon = usage(a)
        report("idle_resident", "MiB", rss)
        parts = chunks()
        cpu = usage(a)[0]
        elapsed = publish(a, parts, 4)
        report("publish_bulk", "records/s", RECORDS / elapsed)
        report("publish_cpu", "us/record", (usage(a)[0] - cpu) / RECORDS * 1e6)
        del parts
        lib.until("the signature", lambda: a.held(a.origin)["checkpoint"] == RECORDS)

        cpu_a, cpu_b, peak = usage(a)[0], usage(b)[0], 0
        connection = b.unix()
        start = time.monotonic()
        b.follow(a)
        while True:
            connection.request("GET", "/v1/logs")
            logs = json.loads(connection.getresponse().read())["logs"]
            if any(log["origin"] == a.origin and log["size"] == RECORDS for log in logs):
                break
            peak = max(peak, usage(b)[2])
            time.sleep(0.02)
        elapsed = time.monotonic() - start
        connection.close()
        report("backfill", "records/s", RECORDS / elapsed)
        report("backfill_cpu_sender", "us/record", (usage(a)[0] - cpu_a) / RECORDS * 1e6)
        report("backfill_cpu_receiver", "us/record", (usage(b)[0] - cpu_b) / RECORDS * 1e6)
        report("backfill_anonymous_sender", "MiB", usage(a)[2])
        report("backfill_anonymous_receiver_peak", "MiB", peak)
        report("backfill_resident_receiver", "MiB", usage(b)[1])
        self.propagation(a, b)
        b.stop()
        start = time.monotonic()
        b.start()
        report("start_with_records", "ms", (time.monotonic() - start) * 1000)

    def propagation(self, a, b):
        """From the moment a record is sent to its node until a listener at the follower has it."""
        lib.until("a live stream", lambda: b.status()["peers"][0]["state"] == "live")
        listener = b.unix()
        listener.request("GET", "/v1/changes?since=now")
        stream = listener.getresponse()
        publisher = a.unix()
        times, acknowledged = [], []
        for n in range(500):
            body = json.dumps(lib.record(f"live{n}")).encode()
            start = time.monotonic()
            publisher.request("POST", "/v1/records", body, {"Content-Type": "application/json"})
            answer = publisher.getresponse()
            answer.read()
            acknowledged.append((time.monotonic() - start) * 1000)
            while not stream.readline().startswith(b"data:"):
                continue
            times.append((time.monotonic() - start) * 1000)
        listener.close()
        publisher.close()
        times.sort()
        report("publish_one_p50", "ms", statistics.median(acknowledged))
        report("propagation_p50", "ms", times[len(times) // 2])
        report("propagation_p99", "ms", times[len(times) * 99 // 100])


result = unittest.TextTestRunner(stream=open(os.devnull, "w")).run(Bench())
for _, text in result.errors + result.failures:
    print(text, file=sys.stderr)
sys.exit(0 if result.wasSuccessful() else 1)
