#!/usr/bin/python3
"""From the lines of bench_schema and bench_schema_ajv.js: a table beside the targets, ratios, their geometric mean.
usage: schema_ratios.py LINES"""
import json
import math
import sys

# What Blaze or generated C reach on this kind of machine, whichever is less (ns for each document already parsed).
TARGETS = {"ansible-meta": 750, "cql2": 350, "cspell": 450, "krakend": 2700, "openapi31": 10000, "pulumi": 80, "ui5": 350}

figures = {}
for line in open(sys.argv[1]):
    figure = json.loads(line)
    figures[figure["name"]] = figure["value"]
if not any(f"schema_holds_{name}" in figures for name in TARGETS):
    sys.exit()


def shown(value):
    return f"{value:9.0f}" if value is not None else "        -"


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


print("\nJSON Schema, ns for each document (mark: from bytes at least 4 times as fast as ajv with JSON.parse)")
print("set             verdict   target  mutated | from bytes | ajv verdict  from bytes | ratio  from bytes | compile us per 100 KB (mark 5000)")
alone, from_bytes = [], []
for name, target in TARGETS.items():
    ours, mutated, whole, compiled, ajv, ajv_whole = (
        figures.get(key + name) for key in ("schema_holds_", "schema_mutated_", "schema_bytes_", "schema_compile_per_100KB_", "ajv_holds_", "ajv_bytes_"))
    ratios = "             -"
    if ajv:
        alone.append(ajv / ours)
        from_bytes.append(ajv_whole / whole)
        ratios = f"{alone[-1]:6.1f}{from_bytes[-1]:12.1f}"
    print(f"{name:14}{shown(ours)}{shown(target)}{shown(mutated)} |  {shown(whole)} |   {shown(ajv)}   {shown(ajv_whole)} |{ratios} | {shown(compiled)}")
if alone:
    print(f"geometric mean of the ratios: verdict alone {geometric_mean(alone):.1f}, from bytes {geometric_mean(from_bytes):.1f}")
print(f"records of a pack, from bytes, one core: {figures['schema_records']:,.0f} a second (mark 500,000)")
