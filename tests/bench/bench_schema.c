/* What a schema costs on one core, on real schemas and documents (MAILLON_SHARED/bench-jsonschema):
 * from bytes to a verdict, the verdict alone, compilation; and the same for a record of a pack.
 * With two arguments "SET ROUNDS" only that set runs, for profiling. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/json/jcs.h"
#include "proto/limits.h"
#include "proto/schema/validate.h"

#define DOCUMENTS_MAX 2000u

static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX, .depth_max = 200};

struct set {
    struct buf lines;
    struct buf schema_text;
    struct buf canonical;
    struct span documents[DOCUMENTS_MAX];
    struct tape tapes[DOCUMENTS_MAX];
    unsigned count;
    struct schema *schema;
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* as the script beside it measures */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void stop(const char *what, const char *where)
{
    (void)fprintf(stderr, "bench: %s: %s\n", what, where);
    exit(1);
}

static void report(const char *kind, const char *set, double value, const char *unit)
{
    (void)printf("{\"name\":\"schema_%s_%s\",\"unit\":\"%s\",\"value\":%.1f}\n", kind, set, unit,
                 value);
}

static bool read_file(const char *set, const char *name, struct buf *out)
{
    char path[600];
    const char *shared = getenv("MAILLON_SHARED");
    (void)snprintf(path, sizeof(path), "%s/bench-jsonschema/%s/%s",
                   shared != NULL ? shared : "../shared", set, name);
    FILE *file = fopen(path, "rb");
    buf_init(out, JSON_TEXT_BYTES_MAX);
    if (file == NULL)
        return false;
    for (uint8_t *room; (room = buf_reserve(out, 65536)) != NULL;) {
        size_t got = fread(room, 1, 65536, file);
        if (got == 0)
            break;
        buf_commit(out, got);
    }
    (void)fclose(file);
    return true;
}

static struct schema *compile(struct span text)
{
    struct schema_refusal refusal;
    struct schema *schema = NULL;
    if (schema_compile_text(NULL, SPAN_LITERAL("https://example.org/schema"), text, NULL, &schema,
                            &refusal) != OK)
        stop(refusal.rule, refusal.pointer);
    return schema;
}

static void load(struct set *set)
{
    struct jcs *jcs = jcs_new();
    struct cursor cursor = cursor_of(buf_span(&set->lines));
    size_t ends[DOCUMENTS_MAX];
    buf_init(&set->canonical, JSON_TEXT_BYTES_MAX);
    while (!cursor_at_end(&cursor) && set->count < DOCUMENTS_MAX) {
        struct span line = cursor_until(&cursor, '\n');
        if (jcs_canonicalise(jcs, line, &limits, &set->canonical, NULL) != OK)
            stop("not JSON", "instances");
        ends[set->count++] = set->canonical.len;
    }
    for (unsigned i = 0; i < set->count; i++) {
        size_t begin = i == 0 ? 0 : ends[i - 1];
        set->documents[i] = span_of(set->canonical.data + begin, ends[i] - begin);
        tape_init(&set->tapes[i]);
        if (tape_scan(&set->tapes[i], set->documents[i], &limits, NULL) != OK)
            stop("not scanned", "instances");
    }
    set->schema = compile(buf_span(&set->schema_text));
    jcs_free(jcs);
}

static void unload(struct set *set)
{
    for (unsigned i = 0; i < set->count; i++)
        tape_clear(&set->tapes[i]);
    buf_clear(&set->canonical);
    buf_clear(&set->lines);
    buf_clear(&set->schema_text);
    schema_free(set->schema);
    set->count = 0;
}

static void judge_all(const struct set *set, struct validator *validator, bool scan,
                      struct tape *tape, unsigned *valid)
{
    for (unsigned i = 0; i < set->count; i++) {
        const struct tape *of = &set->tapes[i];
        if (scan) {
            if (tape_scan(tape, set->documents[i], &limits, NULL) != OK)
                stop("not scanned", "instances");
            of = tape;
        }
        *valid += schema_holds(set->schema, validator, of, set->documents[i], 0) == SCHEMA_VALID;
    }
}

/* ns per document: the best of 40 times 20 ms, which a busy machine spoils least. */
static double measure(const struct set *set, struct validator *validator, bool scan)
{
    double best = 1e9;
    struct tape tape;
    tape_init(&tape);
    for (int turn = 0; turn < 40; turn++) {
        unsigned rounds = 0;
        unsigned valid = 0;
        double start = seconds();
        double elapsed;
        do {
            judge_all(set, validator, scan, &tape, &valid);
            rounds++;
            elapsed = seconds() - start;
        } while (elapsed < 0.02);
        double ns = elapsed * 1e9 / rounds / set->count;
        best = ns < best ? ns : best;
    }
    tape_clear(&tape);
    return best;
}

static void bench_set(const char *name, struct set *set, const char *lines,
                      struct validator *validator)
{
    if (!read_file(name, lines, &set->lines) || !read_file(name, "schema.json", &set->schema_text))
        return;
    load(set);
    bool is_mutated = strcmp(lines, "mutated.jsonl") == 0;
    report(is_mutated ? "mutated" : "holds", name, measure(set, validator, false), "ns/document");
    if (!is_mutated) {
        report("bytes", name, measure(set, validator, true), "ns/document");
        double best = 1e9;
        for (int turn = 0; turn < 20; turn++) {
            double start = seconds();
            schema_free(compile(buf_span(&set->schema_text)));
            double elapsed = seconds() - start;
            best = elapsed < best ? elapsed : best;
        }
        report("compile", name, best * 1e6, "us");
        report("compile_per_100KB", name, best * 1e6 * 1e5 / (double)set->schema_text.len, "us");
        report("memory", name, (double)schema_size(set->schema).bytes, "bytes");
    }
    unload(set);
}

/* A record as sectors have them: what a node validates most. */
static const char record_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"@context\",\"category\","
    "\"name\",\"offers\"],\"properties\":{\"@context\":{\"type\":\"string\"},\"category\":{"
    "\"type\":"
    "\"array\",\"items\":{\"type\":\"string\",\"maxLength\":64},\"uniqueItems\":true},"
    "\"description\":{\"type\":\"string\",\"maxLength\":4000},\"location\":{\"$ref\":\"#/$defs/"
    "point\"},\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200},\"offers\":{"
    "\"type\":"
    "\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"price\":{\"type\":\"number\","
    "\"minimum\":0,\"multipleOf\":0.01},\"priceCurrency\":{\"enum\":[\"EUR\",\"GBP\",\"CHF\"]},"
    "\"quantity\":{\"type\":\"object\",\"properties\":{\"unit\":{\"enum\":[\"kg\",\"g\",\"l\","
    "\"piece\"]},\"value\":{\"type\":\"number\",\"exclusiveMinimum\":0}},\"required\":[\"unit\","
    "\"value\"]}},\"required\":[\"price\"]}},\"producer\":{\"type\":\"string\",\"pattern\":"
    "\"^[a-z]+/[a-z0-9-]+$\"},\"url\":{\"type\":\"string\",\"format\":\"uri\"}},\"$defs\":{"
    "\"point\":{\"type\":\"object\",\"required\":[\"type\",\"coordinates\"],\"properties\":{"
    "\"type\":{\"const\":\"Point\"},\"coordinates\":{\"type\":\"array\",\"prefixItems\":[{\"type\":"
    "\"number\",\"minimum\":-180,\"maximum\":180},{\"type\":\"number\",\"minimum\":-90,\"maximum\":"
    "90}],\"minItems\":2}}}}}";
static const char record[] =
    "{\"@context\":\"https://www.datafoodconsortium.org\",\"category\":[\"l\xc3\xa9gumes\","
    "\"tomates\",\"bio\"],\"description\":\"Tomates anciennes cultiv\xc3\xa9"
    "es en pleine terre, "
    "r\xc3\xa9"
    "colt\xc3\xa9"
    "es le matin m\xc3\xaame de la livraison ; plusieurs vari\xc3\xa9t\xc3\xa9s en "
    "m\xc3\xa9lange. Caisse consign\xc3\xa9"
    "e.\",\"location\":{\"coordinates\":[4.835659,45.764043],"
    "\"type\":\"Point\"},\"name\":\"Tomates anciennes\",\"offers\":[{\"price\":3.9,"
    "\"priceCurrency\":\"EUR\",\"quantity\":{\"unit\":\"kg\",\"value\":1}},{\"price\":17.5,"
    "\"priceCurrency\":\"EUR\",\"quantity\":{\"unit\":\"kg\",\"value\":5}}],\"producer\":"
    "\"producers/ferme-des-trois-chenes\",\"url\":\"https://coop.example/produits/"
    "tomates-anciennes\"}";

static void bench_record(struct set *set, struct validator *validator)
{
    struct schema_options options = {.assert_formats = true};
    buf_init(&set->lines, 1u << 24);
    buf_init(&set->schema_text, 1u << 20);
    buf_append_cstr(&set->schema_text, record_schema);
    for (int i = 0; i < 1000; i++) { /* so that reading the clock does not count */
        buf_append_cstr(&set->lines, record);
        buf_append_byte(&set->lines, '\n');
    }
    load(set);
    schema_free(set->schema);
    if (schema_compile_text(NULL, SPAN_LITERAL(""), buf_span(&set->schema_text), &options,
                            &set->schema, NULL) != OK)
        stop("refused", "record");
    if (schema_holds(set->schema, validator, &set->tapes[0], set->documents[0], 0) != SCHEMA_VALID)
        stop("invalid", "record");
    double bytes = measure(set, validator, true);
    report("holds", "record", measure(set, validator, false), "ns/document");
    report("bytes", "record", bytes, "ns/document");
    (void)printf("{\"name\":\"schema_records\",\"unit\":\"records/s\",\"value\":%.0f}\n",
                 1e9 / bytes);
    unload(set);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"ansible-meta", "cql2",   "cspell", "krakend",
                                        "openapi31",    "pulumi", "ui5"};
    static struct set set;
    struct validator *validator = validator_new();
    for (size_t i = 0; argc == 1 && i < sizeof(names) / sizeof(names[0]); i++) {
        bench_set(names[i], &set, "instances.jsonl", validator);
        bench_set(names[i], &set, "mutated.jsonl", validator);
    }
    if (argc < 3)
        bench_record(&set, validator);
    if (argc == 3 && read_file(argv[1], "instances.jsonl", &set.lines) &&
        read_file(argv[1], "schema.json", &set.schema_text)) {
        struct tape tape;
        unsigned valid = 0;
        load(&set);
        tape_init(&tape);
        for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
            judge_all(&set, validator, false, &tape, &valid);
        tape_clear(&tape);
        unload(&set);
    }
    validator_free(validator);
    return 0;
}
