// The same sets as bench_schema.c through ajv's generated code: JSON.parse and validation, validation alone.
// usage: node bench_schema_ajv.js NODE_MODULES SETS
"use strict";
const fs = require("fs");
const path = require("path");
const [modules, sets] = process.argv.slice(2);
const Ajv2020 = require(path.join(modules, "ajv/dist/2020"));

function measure(documents, judge) {
  let best = Infinity; // of 40 times 20 ms: the first ones warm the generated code up
  for (let turn = 0; turn < 40; turn++) {
    let rounds = 0;
    const start = process.hrtime.bigint();
    let elapsed = 0;
    do {
      for (const document of documents) judge(document);
      rounds++;
      elapsed = Number(process.hrtime.bigint() - start);
    } while (elapsed < 2e7);
    best = Math.min(best, elapsed / rounds / documents.length);
  }
  return best;
}

function report(kind, set, value, unit) {
  console.log(JSON.stringify({ name: `ajv_${kind}_${set}`, unit, value: Math.round(value * 10) / 10 }));
}

for (const set of fs.readdirSync(sets).filter((name) => fs.existsSync(path.join(sets, name, "schema.json"))).sort()) {
  const schema = JSON.parse(fs.readFileSync(path.join(sets, set, "schema.json"), "utf8"));
  const lines = (name) => fs.readFileSync(path.join(sets, set, name), "utf8").split("\n").filter(Boolean);
  const ajv = new Ajv2020({ strict: false, validateFormats: false, unicodeRegExp: false, logger: false });
  const start = process.hrtime.bigint();
  const validate = ajv.compile(schema);
  report("compile", set, Number(process.hrtime.bigint() - start) / 1e3, "us");
  const texts = lines("instances.jsonl");
  const documents = texts.map((text) => JSON.parse(text));
  report("holds", set, measure(documents, validate), "ns/document");
  report("bytes", set, measure(texts, (text) => validate(JSON.parse(text))), "ns/document");
  report("mutated", set, measure(lines("mutated.jsonl").map((text) => JSON.parse(text)), validate), "ns/document");
}
