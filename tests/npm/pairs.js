// Schemas and instances from a seed, each pair judged by ajv: prints NDJSON {"schema","instances","verdicts"}.
// usage: node pairs.js NODE_MODULES SEED SCHEMAS INSTANCES
//
// Kept out, because ajv is known to be wrong there (and the official suite decides): multipleOf of fractions (it divides
// doubles), $dynamicRef, and unevaluated* next to applicators that may fail.
'use strict';
const [modules, seedText, schemaCount, instanceCount] = process.argv.slice(2);
const Ajv = require(`${modules}/ajv/dist/2020`).default;

let state = BigInt(seedText) | 1n;
function random(below) { // xorshift64*
    state ^= state >> 12n;
    state ^= (state << 25n) & 0xffffffffffffffffn;
    state ^= state >> 27n;
    return Number(((state * 0x2545f4914f6cdd1dn) & 0xffffffffffffffffn) >> 33n) % below;
}
const pick = list => list[random(list.length)];
const chance = (of, among) => random(among) < of;
const some = (list, most) => list.filter(() => chance(1, 2)).slice(0, most);

const KEYS = ['a', 'b', 'c', 'ab', 'é', 'x-1', 'a/b', '€', '😀', 'name'];
const TEXTS = ['', 'a', 'ab', 'abc', 'é', '😀😀', '26150', 'a\nb', '"', '2024-01-31'];
const NUMBERS = [0, 1, -1, 2, 3, 0.5, 1.5, 10, 1e21, -0.25, 9007199254740991];
const PATTERNS = ['^a', 'b$', '^[0-9]{5}$', '^a.*c$', '[aé]', '^(a|ab)$', '\\d', '^\\S*$', '^.{2,3}$', '\\u{1F600}'];
const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

function value(depth) {
    switch (random(depth > 0 ? 8 : 5)) {
    case 0: return null;
    case 1: return chance(1, 2);
    case 2: return pick(NUMBERS);
    case 3: case 4: return pick(TEXTS);
    case 5: return Array.from({length: random(5)}, () => value(depth - 1));
    default: {
        const object = {};
        for (const key of some(KEYS, 5)) object[key] = value(depth - 1);
        return object;
    }
    }
}

const map = (keys, make) => Object.fromEntries(keys.map(key => [key, make()]));
const KEYWORDS = {
    type: () => chance(2, 3) ? pick(TYPES) : [...new Set([pick(TYPES), pick(TYPES)])],
    enum: () => [...new Set([value(1), value(1), value(0)].map(v => JSON.stringify(v)))].map(v => JSON.parse(v)),
    const: () => value(2),
    minimum: () => pick(NUMBERS), maximum: () => pick(NUMBERS),
    exclusiveMinimum: () => pick(NUMBERS), exclusiveMaximum: () => pick(NUMBERS),
    multipleOf: () => pick([1, 2, 3, 5]),
    minLength: () => random(4), maxLength: () => random(4), pattern: () => pick(PATTERNS),
    minItems: () => random(4), maxItems: () => random(4), uniqueItems: () => chance(2, 3),
    minProperties: () => random(4), maxProperties: () => random(4),
    required: () => some(KEYS, 3),
    dependentRequired: () => map(some(KEYS, 2), () => some(KEYS, 2)),
    properties: d => map(some(KEYS, 4), () => schema(d)),
    patternProperties: d => map([pick(PATTERNS)], () => schema(d)),
    additionalProperties: d => chance(1, 2) ? false : schema(d),
    propertyNames: d => schema(d),
    items: d => chance(1, 4) ? false : schema(d),
    prefixItems: d => [schema(d), ...(chance(1, 2) ? [schema(d)] : [])],
    contains: d => schema(d),
    minContains: () => random(3), maxContains: () => random(3),
    allOf: d => [schema(d), schema(d)], anyOf: d => [schema(d), schema(d)], oneOf: d => [schema(d), schema(d)],
    not: d => schema(d), if: d => schema(d), then: d => schema(d), else: d => schema(d),
    dependentSchemas: d => map(some(KEYS, 2), () => schema(d)),
    $ref: () => pick(['#/$defs/one', '#/$defs/two', '#three']),
    title: () => 'Ein Wort',
};
const NAMES = Object.keys(KEYWORDS);
const DEEP = new Set(['properties', 'patternProperties', 'additionalProperties', 'propertyNames', 'items', 'prefixItems',
    'contains', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas']);

function schema(depth) {
    if (chance(1, 12)) return chance(3, 4);
    const out = {};
    for (let n = 1 + random(4); n > 0; n--) {
        const name = pick(NAMES);
        if (DEEP.has(name) && depth === 0) continue;
        out[name] = KEYWORDS[name](depth - 1);
    }
    return out;
}

function root() {
    const out = schema(3);
    const body = typeof out === 'boolean' ? {} : out;
    // What the definitions refer to comes after them: no loop without descent.
    const plain = () => { const s = schema(1); strip(s); return s; };
    const strip = s => { if (s && typeof s === 'object') { delete s.$ref; Object.values(s).forEach(strip); } };
    const three = plain();
    body.$defs = {one: plain(), two: plain(), three: typeof three === 'boolean' ? {$anchor: 'three'} : {...three, $anchor: 'three'}};
    if (chance(1, 6)) body.properties = {...body.properties, a: {$ref: '#'}};
    if (chance(1, 8) && !('allOf' in body) && !('anyOf' in body) && !('oneOf' in body) && !('if' in body) && !('not' in body) &&
        !('dependentSchemas' in body) && !('$ref' in body) && !('contains' in body))
        body.unevaluatedProperties = false;
    return body;
}

// An instance near what the schema asks for: a random value, or one with the property names of the schema.
function near(s, depth) {
    if (depth === 0 || typeof s !== 'object' || chance(1, 4)) return value(2);
    if ('const' in s && chance(1, 2)) return s.const;
    if ('enum' in s && chance(1, 2)) return pick(s.enum.length ? s.enum : [null]);
    if (s.properties || s.required || s.patternProperties) {
        const out = {};
        for (const key of [...Object.keys(s.properties || {}), ...(s.required || [])])
            if (chance(3, 4)) out[key] = near((s.properties || {})[key] ?? true, depth - 1);
        if (chance(1, 3)) out[pick(KEYS)] = value(1);
        return out;
    }
    if (s.items || s.prefixItems || s.contains)
        return Array.from({length: random(4)}, (_, i) => near((s.prefixItems || [])[i] ?? s.items ?? s.contains ?? true, depth - 1));
    for (const name of ['allOf', 'anyOf', 'oneOf']) if (s[name]) return near(pick(s[name]), depth - 1);
    return value(2);
}

let out = '';
for (let made = 0; made < Number(schemaCount);) {
    const text = JSON.stringify(root());
    const ajv = new Ajv({strict: false, validateFormats: false, validateSchema: false, meta: false, ownProperties: true, logger: false});
    const instances = Array.from({length: Number(instanceCount)}, () => near(JSON.parse(text), 4));
    let verdicts = '';
    try {
        const validate = ajv.compile(JSON.parse(text));
        for (const instance of instances) verdicts += validate(instance) ? '1' : '0';
    } catch (error) {
        continue; // ajv's own code fails on this one; the same seed leaves out the same
    }
    out += JSON.stringify({schema: JSON.parse(text), instances, verdicts}) + '\n';
    if (out.length > 1 << 20) { process.stdout.write(out); out = ''; }
    made++;
}
process.stdout.write(out);
