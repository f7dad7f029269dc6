"""JSON Schema 2020-12 word by word, for the few keywords that generated schemas use: slow, short and meant to be read beside
the standard. It decides where two validators disagree."""
import re
from fractions import Fraction

TYPES = {"null": lambda v: v is None, "boolean": lambda v: isinstance(v, bool), "string": lambda v: isinstance(v, str),
         "array": lambda v: isinstance(v, list), "object": lambda v: isinstance(v, dict),
         "number": lambda v: is_number(v), "integer": lambda v: is_number(v) and exact(v).denominator == 1}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def exact(value):
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def equal(a, b):
    if is_number(a) and is_number(b):
        return exact(a) == exact(b)
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    return a == b


def matches(pattern, text):
    return re.search(re.sub(r"\$$", r"\\Z", pattern), text, re.ASCII if r"\d" in pattern else 0) is not None


def formatted(name, text):
    import datetime, ipaddress, uuid
    try:
        if name == "date":
            return bool(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)) and bool(datetime.date.fromisoformat(text))
        if name in ("ipv4", "ipv6"):
            return bool({"ipv4": ipaddress.IPv4Address, "ipv6": ipaddress.IPv6Address}[name](text))
        return bool(re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text)) and bool(uuid.UUID(text))
    except ValueError:
        return False


class Reference:
    def __init__(self, root):
        self.root = root

    def holds(self, value):
        return self.apply(self.root, value) is not None

    def apply(self, schema, value):
        """The set of member names or item indexes that are evaluated, or None: invalid."""
        if isinstance(schema, bool):
            return set() if schema else None
        seen = set()
        judges = [self.value, self.members, self.items, self.in_place, self.unevaluated]
        return seen if all(judge(schema, value, seen) for judge in judges) else None

    def value(self, s, v, seen):
        number, text = is_number(v), isinstance(v, str)
        size = len(v) if isinstance(v, (str, list, dict)) else 0
        kinds = [s["type"]] if isinstance(s.get("type"), str) else s.get("type", list(TYPES))
        sizes = {str: "Length", list: "Items", dict: "Properties"}.get(type(v))
        return all((
            any(TYPES[kind](v) for kind in kinds),
            "const" not in s or equal(s["const"], v),
            "enum" not in s or any(equal(one, v) for one in s["enum"]),
            not number or "minimum" not in s or exact(v) >= exact(s["minimum"]),
            not number or "maximum" not in s or exact(v) <= exact(s["maximum"]),
            not number or "exclusiveMinimum" not in s or exact(v) > exact(s["exclusiveMinimum"]),
            not number or "exclusiveMaximum" not in s or exact(v) < exact(s["exclusiveMaximum"]),
            not number or "multipleOf" not in s or (exact(v) / exact(s["multipleOf"])).denominator == 1,
            sizes is None or size >= s.get(f"min{sizes}", 0),
            sizes is None or size <= s.get(f"max{sizes}", size),
            not text or "pattern" not in s or matches(s["pattern"], v),
            not text or "format" not in s or formatted(s["format"], v),
            not isinstance(v, list) or not s.get("uniqueItems") or
            not any(equal(a, b) for i, a in enumerate(v) for b in v[:i])))

    def members(self, s, v, seen):
        if not isinstance(v, dict):
            return True
        holds = all(name in v for name in s.get("required", []))
        holds = holds and all(name in v for key, names in s.get("dependentRequired", {}).items() if key in v for name in names)
        for name in v:
            applied = [s["properties"][name]] if name in s.get("properties", {}) else []
            applied += [inner for pattern, inner in s.get("patternProperties", {}).items() if matches(pattern, name)]
            if not applied and "additionalProperties" in s:
                applied = [s["additionalProperties"]]
            holds = holds and all(self.apply(inner, v[name]) is not None for inner in applied)
            seen.update([name] if applied else [])
            holds = holds and self.apply(s.get("propertyNames", True), name) is not None
        return holds

    def items(self, s, v, seen):
        if not isinstance(v, list):
            return True
        prefix = s.get("prefixItems", [])
        holds, found = True, 0
        for i, item in enumerate(v):
            if i < len(prefix) or "items" in s:
                holds = holds and self.apply(prefix[i] if i < len(prefix) else s["items"], item) is not None
                seen.add(i)
            if "contains" in s and self.apply(s["contains"], item) is not None:
                found += 1
                seen.add(i)
        return holds and ("contains" not in s or s.get("minContains", 1) <= found <= s.get("maxContains", found))

    def in_place(self, s, v, seen):
        def count(schemas):
            results = [self.apply(inner, v) for inner in schemas]
            for result in results:
                seen.update(result or ())
            return sum(result is not None for result in results)

        holds = "$ref" not in s or count([self.root["$defs"][s["$ref"].rsplit("/", 1)[1]]]) == 1
        holds = holds and count(s.get("allOf", [])) == len(s.get("allOf", []))
        holds = holds and ("anyOf" not in s or count(s["anyOf"]) > 0)
        holds = holds and ("oneOf" not in s or count(s["oneOf"]) == 1)
        holds = holds and ("not" not in s or self.apply(s["not"], v) is None)
        if "if" in s:
            branch = "then" if count([s["if"]]) else "else"
            holds = holds and count([s.get(branch, True)]) == 1
        if isinstance(v, dict):
            asked = [inner for name, inner in s.get("dependentSchemas", {}).items() if name in v]
            holds = holds and count(asked) == len(asked)
        return holds

    def unevaluated(self, s, v, seen):
        word = {dict: "unevaluatedProperties", list: "unevaluatedItems"}.get(type(v))
        if word not in s:
            return True
        left = [key for key in (v if isinstance(v, dict) else range(len(v))) if key not in seen]
        seen.update(left)
        return all(self.apply(s[word], v[key]) is not None for key in left)
