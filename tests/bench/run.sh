#!/bin/bash
# Measures in one run, writes build/bench.json, and shows each figure beside the limit that bounds it.
# usage: run.sh OUT BIN; RECORDS=n chooses how many (default 1000000).
set -euo pipefail
out=$1 bin=$2 records=${RECORDS:-1000000}
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
{
    "$out/tests/bench/bench_limits" "$dir"
    "$out/tests/bench/bench_json"
    "$out/tests/bench/bench_lens"
    "$out/tests/bench/bench_schema"
    sets=${MAILLON_SHARED:-../shared}/bench-jsonschema
    if [ -d "$sets" ] && [ -d build/npm/node_modules/ajv ] && command -v node >/dev/null; then
        node tests/bench/bench_schema_ajv.js "$PWD/build/npm/node_modules" "$sets"
    fi
    "$out/tests/bench/bench_sync"
    "$out/tests/bench/bench_requests"
    "$out/tests/bench/bench_witness"
    /usr/bin/python3 tests/bench/bench_node.py "$bin" "$records"
} | grep '^{' | tee "$dir/lines"
/usr/bin/python3 - "$dir/lines" "$records" <<'P'
import json, platform, os, sys
figures = {}
for line in open(sys.argv[1]):
    figure = json.loads(line)
    figures[figure["name"]] = figure
json.dump({"records": int(sys.argv[2]), "cores": os.cpu_count(), "machine": platform.machine(), "figures": list(figures.values())},
          open("build/bench.json", "w"), indent=1)
value = lambda name: figures[name]["value"]
print("\nratios, in this run:")
for name, limit in (("requests_verified", "limit_ed25519_verify"), ("publish_bulk", "limit_append_fdatasync"), ("backfill", "limit_append_fdatasync"), ("publish_bulk", "limit_sqlite_insert"), ("publish_bulk", "limit_sha256"), ("backfill", "limit_sqlite_insert"),
                    ("backfill", "limit_sha256"), ("backfill", "limit_tls_copy"), ("json_scan", "json_jansson_parse"), ("lens_convert", "lens_scan_alone"),
                    ("witness_cosign", "witness_batch_follow"), ("witness_take", "witness_batch_follow")):
    if name in figures and limit in figures:
        print(f"  {name:14} {value(name):12.4g}   {limit:22} {value(limit):12.4g}   {value(name) / value(limit):8.3f}")
P
/usr/bin/python3 tests/bench/schema_ratios.py "$dir/lines"
