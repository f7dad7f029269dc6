/* A schema pack: one sector's types, schemas, core map, lenses, vocabularies and examples, read
 * from a set of (path, bytes). docs/packs.md has the format.
 *
 * Reading is in two steps. pack_read parses the manifest and the place of every file: cheap, done
 * for each pack at every start. pack_check compiles all schemas and lenses and judges every pointer
 * and example: done once, before a pack is taken in. A pack is immutable once read and may be used
 * by any number of threads. */
#ifndef MAILLON_PROTO_SCHEMA_PACK_H
#define MAILLON_PROTO_SCHEMA_PACK_H

#include "proto/base/hash.h"
#include "proto/err.h"

struct pack;

/* path is relative to the pack's folder, with "/" ("types/product.json"). */
struct pack_file {
    struct span path;
    struct span text;
};

/* ---- Findings: what is wrong, where, and what to do, in both languages. */

enum pack_rule {
#define PACK_RULE(name, slug, kind, reason_en, reason_fr, remedy_en, remedy_fr) PACK_RULE_##name,
#include "proto/schema/pack_rules.def"
#undef PACK_RULE
    PACK_RULE_COUNT
};

enum pack_kind { PACK_WARNING, PACK_REFUSAL };

/* Texts are owned by the list and end with NUL. */
struct pack_finding {
    enum pack_rule rule;
    char *file;    /* "core.json"; "" when it is about the folder as a whole */
    char *pointer; /* a JSON Pointer into that file, "" for all of it */
    char *detail;  /* the name, value or message that the sentences quote */
    /* By enum lang, static: what another module says of it, shown in place of the rule's own; NULL.
     */
    const char *reason[2];
    const char *remedy[2];
};

struct pack_findings {
    struct pack_finding *items;
    size_t count;    /* at most PACK_FINDINGS_MAX; further ones are counted below alone */
    size_t refusals; /* all of them */
    size_t warnings;
    enum err failed; /* ERR_NO_MEMORY sticks */
};

void pack_findings_init(struct pack_findings *findings);
void pack_findings_clear(struct pack_findings *findings);
/* findings may be NULL: nothing is kept. detail is cut to 400 bytes. */
void pack_find(struct pack_findings *findings, enum pack_rule rule, struct span file,
               struct span pointer, struct span detail);
enum pack_kind pack_rule_kind(enum pack_rule rule);
/* The slug of the rule ("schema-broken"), static. */
const char *pack_rule_slug(enum pack_rule rule);
/* Appends the sentence of what is wrong, and that of what to do. */
void pack_finding_reason(const struct pack_finding *finding, enum lang lang, struct buf *out);
void pack_finding_remedy(const struct pack_finding *finding, enum lang lang, struct buf *out);

/* ---- What a pack says. All spans and arrays live as long as the pack. Texts are decoded UTF-8;
 * "json" members are canonical JSON, len 0 where the pack has none. */

struct pack_words {
    struct span text[2]; /* by enum lang; the other language's where one is missing; may be empty */
};

struct pack_list {
    const struct span *items;
    size_t count;
};

struct pack_identifier {
    struct span scheme;    /* "FR-SIRET" */
    struct span from;      /* pointer or path */
    struct span normalise; /* "digits", or empty */
};

struct pack_date {
    struct span path;
    struct span format;
};

/* The values at this path are concepts of vocabularies/NAME.json. */
struct pack_concept_path {
    struct span path;
    struct span vocabulary;
};

struct pack_type {
    const struct pack *pack;
    struct span name; /* "product" */
    struct span full; /* "food/product@1" */
    uint32_t major;
    struct pack_words title;
    struct pack_words description;
    bool license_required;
    struct span default_license; /* the type's, else the pack's, else empty */
    bool personal_whole;         /* the whole record is personal */
    struct pack_list personal;   /* paths of personal data */
    struct pack_list facets;     /* paths */
    const struct pack_identifier *identifiers;
    size_t identifier_count;
    const struct pack_date *dates;
    size_t date_count;
    const struct pack_concept_path *concepts;
    size_t concept_count;
    struct span projections_json; /* {"public":[{"drop":"/x"},...],...} */
    struct span split_json;       /* {"jsonld":{...},"geojson":true,...} */
    struct span core_json;        /* {"title":EXPRESSION,...}: this type's member of core.json */
    struct span schema_path;      /* "types/product.json" */
    struct span schema_json;
    struct hash schema_hash; /* SHA-256 of schema_json */
};

enum pack_reader {
    PACK_EVERYONE,
    PACK_INDIVIDUAL,
    PACK_NON_PROFIT,
    PACK_PUBLIC_BODY,
    PACK_COMPANY,
    PACK_COOPERATIVE,
    PACK_WORKER_COOPERATIVE,
    PACK_COMMONS_MEMBER,
    PACK_CONTRIBUTOR,
    PACK_READER_COUNT
};
/* "commons-member"; static. */
const char *pack_reader_name(enum pack_reader reader);

struct pack_grant {
    unsigned to; /* bits: 1u << enum pack_reader */
    struct pack_list allows;
    struct pack_list conditions;
    struct span as; /* the SPDX licence that this reader is given, may be empty */
};

struct pack_license {
    struct span id; /* "LicenseRef-..." */
    struct span name;
    struct span url;
    struct pack_words title;
    struct pack_words owed; /* what a use asks in return, may be empty */
    const struct pack_grant *grants;
    size_t grant_count;
};

/* A file of the pack in canonical form. */
struct pack_content {
    struct span path;
    struct span name; /* of lenses, vocabularies: "to-schema-org" */
    struct span json;
    struct hash hash;
};

enum pack_folder {
    PACK_MANIFEST, /* pack.json, core.json: name is the path */
    PACK_TYPES,
    PACK_LENSES,
    PACK_VOCABULARIES,
    PACK_CONTEXTS,
    PACK_EXAMPLES,
    PACK_OTHER
};

/* Parses pack.json and sorts the files. The texts are copied. OK (with warnings perhaps);
 * ERR_BAD_PACK: the findings say why; ERR_NO_MEMORY. Any thread. */
MUST_USE enum err pack_read(const struct pack_file *files, size_t count,
                            struct pack_findings *findings, struct pack **out);
void pack_free(struct pack *pack); /* NULL is fine */

/* Everything that pack_read does not judge: each schema compiles, each pointer of the manifest, of
 * core.json and of the lenses can exist in its type, every lens compiles and none loops, every
 * valid example holds and every invalid one fails as it says. OK; ERR_BAD_PACK; ERR_NO_MEMORY. */
MUST_USE enum err pack_check(struct pack *pack, struct pack_findings *findings);

struct span pack_name(const struct pack *pack);
struct span pack_version(const struct pack *pack); /* "1.0.0" */
struct pack_words pack_title(const struct pack *pack);
struct pack_words pack_description(const struct pack *pack);
struct span pack_license_text(const struct pack *pack); /* of the pack itself */
struct pack_list pack_languages(const struct pack *pack);
struct pack_list pack_sources(const struct pack *pack);
bool pack_asserts_formats(const struct pack *pack);
/* {"contexts":{...},"prefixes":{...},"terms":{...}}, [["a","b"],...]; len 0 where it has none. */
struct span pack_aliases_json(const struct pack *pack);
struct span pack_inverses_json(const struct pack *pack);
/* SHA-256 of the canonical object {path: sha256-hex of the file's canonical bytes}. */
struct hash pack_hash(const struct pack *pack);

size_t pack_type_count(const struct pack *pack);
const struct pack_type *pack_type_at(const struct pack *pack, size_t index);
/* By "product"; NULL. */
const struct pack_type *pack_type_find(const struct pack *pack, struct span name);

size_t pack_license_count(const struct pack *pack);
const struct pack_license *pack_license_at(const struct pack *pack, size_t index);

/* Files, sorted by path. */
size_t pack_content_count(const struct pack *pack);
const struct pack_content *pack_content_at(const struct pack *pack, size_t index);
enum pack_folder pack_content_folder(const struct pack_content *content);
/* By its path; NULL. */
const struct pack_content *pack_content_find(const struct pack *pack, struct span path);
/* The vocabulary, lens... of this name; NULL. */
const struct pack_content *pack_content_named(const struct pack *pack, enum pack_folder folder,
                                              struct span name);

/* Names of packs, types, vocabularies and lenses: [a-z0-9-]{1,64}. */
bool pack_name_is_valid(struct span name);
/* Splits "food/product@1"; false: no such name. Parts are borrowed. */
MUST_USE bool pack_type_split(struct span full, struct span *pack_out, struct span *type_out,
                              uint32_t *major_out);
/* Orders two semantic versions (semver.org 2.0.0): <0, 0, >0. Both must be valid. */
int pack_version_compare(struct span a, struct span b);
bool pack_version_is_valid(struct span version);

#endif
