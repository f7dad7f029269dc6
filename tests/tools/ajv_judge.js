// Generates schemas and instances from a seed, judges them with ajv, and writes one JSON line each:
// {"schema":...,"data":[...],"verdicts":"10..."}; "verdicts" is null where ajv refuses the schema.
// usage: node ajv_judge.js NODE_MODULES generate SEED SCHEMAS INSTANCES
//        node ajv_judge.js NODE_MODULES set FOLDER
"use strict";
const fs = require("fs");
const path = require("path");
const [modules, mode, ...rest] = process.argv.slice(2);
const Ajv2020 = require(path.join(modules, "ajv/dist/2020"));
const addFormats = require(path.join(modules, "ajv-formats"));

let state = 0;
const random = (n) => {
  // mulberry32
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
};
const pick = (list) => list[random(list.length)];
const chance = (percent) => random(100) < percent;
const many = (min, max, make) => Array.from({ length: min + random(max - min + 1) }, make);
const object = (min, max, key, value) => Object.fromEntries(many(min, max, () => [key(), value()]));

const keys = ["a", "b", "c", "kind", "description", "descriptions", "é", "x-own", "\n", "😀", "long-name-of-a-property"];
const key = () => (chance(80) ? keys[random(5)] : pick(keys));
const scalars = [null, true, false, 0, 1, 2, -1, 1.5, 3, 0.1, 1e21, 1e-7, "", "a", "b", "ab", "abc", "été", "😀😀", "1", "2026-11-23", "2026-02-30",
  "12:30:00Z", "127.0.0.1", "::1", "a@b.fr", "\n", 'say "x"', "x".repeat(30)];
const types = ["null", "boolean", "integer", "number", "string", "array", "object"];
const patterns = ["^a", "b$", "^[a-c]+$", "^(a|b)$", "\\d", "^x-", "^\\S*$", "é", "^.{2,3}$", "^.+$"];
const formats = ["date", "ipv4", "ipv6", "uuid"];

function value(depth) {
  if (depth === 0 || chance(35)) return pick(scalars);
  return chance(65) ? object(0, 4, key, () => value(depth - 1)) : many(0, 4, () => value(depth - 1));
}

const count = () => random(4);
const number = () => pick([0, 1, 2, -1, 1.5, 3, 1e21]);
const makers = {
  type: () => (chance(70) ? pick(types) : [...new Set(many(1, 3, () => pick(types)))]),
  const: () => value(1),
  enum: () => many(1, chance(20) ? 14 : 4, () => value(1)),
  minimum: number, maximum: number, exclusiveMinimum: number, exclusiveMaximum: number,
  multipleOf: () => pick([1, 2, 3, 0.5]),
  minLength: count, maxLength: count, minItems: count, maxItems: count, minProperties: count, maxProperties: count,
  pattern: () => pick(patterns),
  format: () => pick(formats),
  uniqueItems: () => chance(80),
  required: () => [...new Set(many(1, 2, key))],
  dependentRequired: () => object(1, 2, key, () => [...new Set(many(1, 2, key))]),
  properties: (d) => object(1, chance(10) ? 24 : 4, () => (chance(10) ? "p" + random(40) : key()), () => schema(d)),
  patternProperties: (d) => object(1, 2, () => pick(patterns), () => schema(d)),
  additionalProperties: (d) => (chance(40) ? false : schema(d)),
  propertyNames: (d) => schema(d),
  dependentSchemas: (d) => object(1, 2, key, () => schema(d)),
  prefixItems: (d) => many(1, 3, () => schema(d)),
  items: (d) => schema(d),
  contains: (d) => schema(d),
  minContains: () => random(3), maxContains: () => 1 + random(2),
  allOf: (d) => many(1, 3, () => schema(d)),
  anyOf: (d) => (chance(30) ? tagged(d) : many(1, 3, () => schema(d))),
  oneOf: (d) => (chance(50) ? tagged(d) : many(1, 3, () => schema(d))),
  not: (d) => schema(d),
  if: (d) => schema(d), then: (d) => schema(d), else: (d) => schema(d),
  unevaluatedProperties: (d) => (chance(70) ? false : schema(d)),
  unevaluatedItems: (d) => (chance(70) ? false : schema(d)),
};
const names = Object.keys(makers);
const nested = names.filter((name) => makers[name].length > 0);

// Branches that are told apart by one member, as in tagged unions.
function tagged(depth) {
  const tag = pick(["kind", "a"]);
  return many(2, 4, () => {
    const branch = schema(depth);
    if (typeof branch === "boolean" || chance(15)) return branch;
    const values = many(1, 2, () => pick(["a", "b", "ab", "abc", 1]));
    const rule = chance(15) ? { type: "string", not: { enum: values } } : chance(50) ? { const: values[0] } : { enum: values };
    return { ...branch, type: "object", required: [tag], properties: { ...branch.properties, [tag]: rule } };
  });
}

function schema(depth) {
  if (chance(8)) return chance(60);
  if (depth === 0 && chance(40)) return { type: pick(types) };
  if (chance(8)) return { $ref: "#/$defs/" + pick(["d0", "d1", "d2"]) };
  const result = {};
  for (let n = 1 + random(3); n > 0; n--) {
    const name = depth > 0 && chance(60) ? pick(nested) : pick(names);
    if (makers[name].length > 0 && depth === 0) continue;
    result[name] = makers[name](depth - 1);
    if (name === "if") result.then = schema(Math.max(0, depth - 1));
    if (name === "contains" && chance(50)) result.minContains = random(3);
  }
  return result;
}

const withDefinitions = () => {
  let root = schema(3);
  if (typeof root === "boolean") root = {};
  return { ...root, $defs: { d0: simple(schema(1)), d1: simple(schema(1)), d2: simple(schema(2)) } };
};
// Definitions refer to nothing: loops are compared elsewhere.
const simple = (made) => JSON.parse(JSON.stringify(made, (name, inner) => (inner && inner.$ref ? true : inner)));

function judge(made, data, options) {
  const ajv = new Ajv2020({ strict: false, logger: false, validateSchema: false, ...options });
  if (options.validateFormats) addFormats(ajv, formats);
  try {
    const validate = ajv.compile(made);
    return data.map((instance) => (validate(instance) ? "1" : "0")).join("");
  } catch (error) {
    return null;
  }
}

const write = (line) => fs.writeSync(1, JSON.stringify(line) + "\n");

if (mode === "generate") {
  const [seed, schemas, instances] = rest.map(Number);
  state = seed;
  for (let i = 0; i < schemas; i++) {
    const made = withDefinitions();
    const data = Array.from({ length: instances }, () => value(3));
    write({ schema: made, data, verdicts: judge(made, data, { validateFormats: true }) });
  }
} else {
  const lines = (name) => fs.readFileSync(path.join(rest[0], name), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const made = JSON.parse(fs.readFileSync(path.join(rest[0], "schema.json"), "utf8"));
  const data = [...lines("instances.jsonl"), ...lines("mutated.jsonl")];
  const verdicts = judge(made, data, { validateFormats: false, unicodeRegExp: false });
  for (let i = 0; i < data.length; i += 1) write({ schema: i === 0 ? made : null, data: [data[i]], verdicts: verdicts[i] });
}
