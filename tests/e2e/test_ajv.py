"""Our validator beside ajv, the one that most programs use: real documents, and some 100,000 generated pairs of schema and
instance. Where the two disagree, a third judge (schema_reference.py) must be on our side, and the fault of ajv must have a name."""
import json
import os
import shutil
import subprocess
import unittest
from concurrent.futures import ThreadPoolExecutor

from lib import BIN, SHARED
from schema_reference import Reference

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MODULES = os.path.join(ROOT, "build/npm/node_modules")
VARIANT = os.path.basename(os.path.dirname(BIN)) if "/build/" in BIN and not BIN.endswith("build/maillon") else "release"
JUDGE = os.path.join(ROOT, "build", VARIANT, "tests/tools/schema_judge")
SEEDS, SCHEMAS, INSTANCES = range(1, 9), 320, 40
SETS = ("ansible-meta", "cql2", "cspell", "krakend", "pulumi", "ui5", "openapi31")


def parts(value):
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(inner)


def uses(schema, *names):
    return any(isinstance(part, dict) and any(name in part for name in names) for part in parts(schema))


# What ajv 8.20 is known to get wrong: (name, whether it can be the reason here).
FAULTS = (
    ("multipleOf divides doubles, so that great and fractional numbers are misjudged",
     lambda schema, value: uses(schema, "multipleOf") and any(isinstance(part, float) for part in parts(value))),
    ("what choices evaluate is lost or kept wrongly for unevaluatedItems and unevaluatedProperties",
     lambda schema, value: uses(schema, "unevaluatedItems", "unevaluatedProperties")),
    ("contains and prefixItems are left out where their schema is always true, even for an empty array",
     lambda schema, value: uses(schema, "contains") and any(isinstance(part, list) for part in parts(value))),
)


def ajv(*arguments):
    done = subprocess.run(["node", os.path.join(ROOT, "tests/tools/ajv_judge.js"), MODULES, *map(str, arguments)],
                          capture_output=True, text=True, timeout=600, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours(cases):
    text = "".join(json.dumps({"data": case["data"], "schema": case["schema"]}) + "\n" for case in cases)
    done = subprocess.run([JUDGE], input=text, capture_output=True, text=True, timeout=600, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(cases), done.stderr
    return answers


def generate(seed):
    cases = ajv("generate", seed, SCHEMAS, INSTANCES)
    return seed, cases, ours(cases)


@unittest.skipUnless(shutil.which("node") and os.path.isdir(MODULES), "no node, or no ajv in build/npm")
class Ajv(unittest.TestCase):
    def explain(self, seed, schema, value, theirs, mine):
        """The name of ajv's fault; fails where there is none."""
        where = f"seed {seed}: {json.dumps(schema)} with {json.dumps(value)}: ajv {theirs}, ours {mine}"
        self.assertIn(mine, "01", where)
        self.assertEqual("1" if Reference(schema).holds(value) else "0", mine, where)
        names = [name for name, is_reason in FAULTS if is_reason(schema, value)]
        self.assertTrue(names, "a new fault of ajv? " + where)
        return names[0]

    def test_generated_schemas_get_the_verdicts_of_ajv(self):
        pairs, refused, named = 0, 0, {}
        with ThreadPoolExecutor(2) as pool:
            for seed, cases, answers in pool.map(generate, SEEDS):
                for case, answer in zip(cases, answers):
                    self.assertFalse(answer.startswith("refused"), f"seed {seed}: {answer}: {json.dumps(case['schema'])}")
                    if case["verdicts"] is None:  # ajv cannot compile it: then the reference alone is asked
                        refused += 1
                        case["verdicts"] = "".join("1" if Reference(case["schema"]).holds(v) else "0" for v in case["data"])
                    pairs += len(answer)
                    for value, theirs, mine in zip(case["data"], case["verdicts"], answer):
                        if theirs != mine:
                            name = self.explain(seed, case["schema"], value, theirs, mine)
                            named[name] = named.get(name, 0) + 1
        print(f"# {pairs} pairs, {refused} schemas that ajv does not compile")
        for name, count in named.items():
            print(f"# {count} times ajv is wrong: {name}")
        self.assertGreater(pairs, 100_000)

    def test_the_reference_agrees_where_both_do(self):
        """So that its word counts where they disagree."""
        cases = ajv("generate", 99, 150, 12)
        for case, answer in zip(cases, ours(cases)):
            reference = Reference(case["schema"])
            for value, theirs, mine in zip(case["data"], case["verdicts"] or answer, answer):
                if theirs == mine:
                    self.assertEqual("1" if reference.holds(value) else "0", mine, f"{json.dumps(case['schema'])} with {json.dumps(value)}")

    def test_real_documents_get_the_verdicts_of_ajv(self):
        folder = os.path.join(SHARED, "bench-jsonschema")
        if not os.path.isdir(folder):
            self.skipTest(f"there is no {folder}")
        wrong = {}
        for name in SETS:
            lines = ajv("set", os.path.join(folder, name))
            answer = ours([{"schema": lines[0]["schema"], "data": [line["data"][0] for line in lines]}])[0]
            wrong[name] = sum(line["verdicts"] != mine for line, mine in zip(lines, answer))
            self.assertEqual(len(answer), len(lines))
        openapi = wrong.pop("openapi31")
        print(f"# openapi31: ajv differs on {openapi} documents: unevaluatedProperties behind $dynamicRef and dependentSchemas")
        self.assertEqual(set(wrong.values()), {0}, wrong)


if __name__ == "__main__":
    unittest.main()
