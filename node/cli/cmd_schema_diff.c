/* maillon schema diff OLD NEW: what a new version narrows and widens, and what share of the records
 * held it would refuse. Each side is a schema file, a pack's folder, a pack's name or
 * pack/type@major. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/cli/client.h"
#include "node/cli/schema_cli.h"
#include "proto/json/jcs.h"
#include "proto/limits.h"
#include "proto/schema/diff.h"
#include "proto/schema/pack_schema.h"

#define SIDE_TYPES_MAX 256u

/* One schema of a side. */
struct version {
    struct span name; /* "product"; empty for a file */
    struct span full; /* "food/product@1"; empty for a file */
    struct span schema;
    struct span path;        /* of its file in the pack */
    const struct pack *pack; /* NULL for a file */
};

struct side {
    struct pack *folder; /* owned */
    struct buf file;
    struct version versions[SIDE_TYPES_MAX];
    size_t count;
    bool is_pack;
};

struct comparison {
    const struct cli *cli;
    struct packs *packs;
    struct side sides[2];
    enum diff_verdict verdict;
    json_t *types; /* with --json */
};

/* ---- the sides ---- */

static void take_type(struct side *side, const struct pack_type *type)
{
    if (side->count < SIDE_TYPES_MAX)
        side->versions[side->count++] = (struct version){.name = type->name,
                                                         .full = type->full,
                                                         .schema = type->schema_json,
                                                         .path = type->schema_path,
                                                         .pack = type->pack};
}

static void take_pack(struct side *side, const struct pack *pack)
{
    side->is_pack = true;
    for (size_t i = 0; i < pack_type_count(pack); i++)
        take_type(side, pack_type_at(pack, i));
}

static int open_folder(const struct cli *cli, struct side *side, const char *name)
{
    struct pack_findings findings;
    pack_findings_init(&findings);
    enum err err = packs_check_folder(name, &findings, &side->folder);
    if (err != OK)
        schema_cli_print_findings(cli, &findings);
    pack_findings_clear(&findings);
    if (err != OK)
        return cli_fail(cli, name, err, NULL);
    take_pack(side, side->folder);
    return CLI_OK;
}

static int open_file(const struct cli *cli, struct side *side, const char *name)
{
    static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                              .depth_max = SCHEMA_DEPTH_MAX};
    struct buf text;
    struct why why = {.rule = NULL};
    struct jcs *jcs = jcs_new();
    buf_init(&text, SCHEMA_BYTES_MAX);
    enum err err = jcs == NULL ? ERR_NO_MEMORY : schema_cli_read(name, &text);
    if (err == OK)
        err = jcs_canonicalise(jcs, buf_span(&text), &limits, &side->file, &why);
    jcs_free(jcs);
    buf_clear(&text);
    if (err != OK)
        return cli_fail(cli, name, err, why.rule == NULL ? NULL : &why);
    side->versions[side->count++] = (struct version){.schema = buf_span(&side->file)};
    return CLI_OK;
}

static int open_side(struct comparison *c, struct side *side, const char *name)
{
    struct stat status;
    buf_init(&side->file, SCHEMA_BYTES_MAX);
    if (strcmp(name, "-") == 0 || (stat(name, &status) == 0 && !S_ISDIR(status.st_mode)))
        return open_file(c->cli, side, name);
    if (stat(name, &status) == 0)
        return open_folder(c->cli, side, name);
    const struct packs_type *type = packs_find_type(c->packs, span_cstr(name), NULL);
    const struct pack *pack = packs_find(c->packs, span_cstr(name));
    if (type != NULL)
        take_type(side, packs_type_declared(type));
    else if (pack != NULL)
        take_pack(side, pack);
    else
        return cli_fail(c->cli, name, ERR_NOT_FOUND,
                        &(struct why){.rule = "a file, a folder, or a name that `maillon schema "
                                              "list` shows"});
    return CLI_OK;
}

/* ---- the records held ---- */

static void add_document(json_t *documents, struct span uri, struct span schema)
{
    json_t *document = schema_cli_json(schema);
    char *key = strndup((const char *)uri.data, uri.len);
    if (key != NULL && document != NULL)
        (void)json_object_set_new(documents, key, document);
    free(key);
}

/* What the node needs to compile this version: all files that its references may reach. */
static json_t *request_of(const struct version *version, struct span type)
{
    static const char *const alone = "https://maillon.example/schema";
    json_t *documents = json_object();
    json_t *request =
        json_pack("{s:o, s:o, s:b}", "type", schema_cli_text(type), "documents", documents,
                  "formats", version->pack == NULL || pack_asserts_formats(version->pack));
    if (version->pack == NULL) {
        add_document(documents, span_cstr(alone), version->schema);
        (void)json_object_set_new(request, "uri", json_string(alone));
        return request;
    }
    struct buf uri;
    buf_init(&uri, 1024);
    for (size_t i = 0; i < pack_content_count(version->pack); i++) {
        const struct pack_content *content = pack_content_at(version->pack, i);
        if (pack_content_folder(content) != PACK_TYPES)
            continue;
        buf_reset(&uri);
        buf_append_cstr(&uri, PACK_SCHEMA_BASE);
        buf_append_span(&uri, pack_name(version->pack));
        buf_append_byte(&uri, '/');
        buf_append_span(&uri, content->path);
        add_document(documents, buf_span(&uri), content->json);
        if (span_equal(content->path, version->path))
            (void)json_object_set_new(request, "uri", schema_cli_text(buf_span(&uri)));
    }
    buf_clear(&uri);
    return request;
}

/* {"records","failing","first":[ids]} of the folder's node, or NULL where there is no node. */
static json_t *try_records(const struct comparison *c, const struct version *fresh,
                           struct span type)
{
    struct stat status;
    char *settings = cli_path(c->cli, "maillon.ini");
    bool has_node = stat(settings, &status) == 0;
    free(settings);
    if (!has_node || type.len == 0)
        return NULL;
    struct cli_client *client = cli_client_open(c->cli, NODE_READ);
    if (client == NULL)
        return NULL;
    json_t *request = request_of(fresh, type);
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    struct cli_answer answer;
    struct why why = {.rule = NULL};
    cli_answer_init(&answer);
    json_t *tried = NULL;
    enum err err = text == NULL
                       ? ERR_NO_MEMORY
                       : cli_client_call(client, "POST", "/admin/schema/try", "application/json",
                                         span_cstr(text), &answer, &why);
    if (err != OK)
        (void)cli_fail(c->cli, NULL, err, &why);
    else if (answer.status != 200)
        (void)cli_problem(c->cli, NULL, &answer);
    else
        tried = cli_answer_json(c->cli, &answer);
    free(text);
    cli_answer_clear(&answer);
    cli_client_close(client);
    return tried;
}

/* ---- telling ---- */

static json_t *finding_json(const struct diff_finding *finding, enum lang lang)
{
    struct buf sentence;
    buf_init(&sentence, 1024);
    diff_sentence(finding, lang, &sentence);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:b, s:b, s:o}", "rule", diff_rule_slug(finding->rule), "place",
                  finding->place, "schema", finding->schema, "narrows", finding->narrows, "widens",
                  finding->widens, "sentence", schema_cli_text(buf_span(&sentence)));
    buf_clear(&sentence);
    return json;
}

static void print_findings(const struct cli *cli, const struct diff *diff)
{
    for (size_t i = 0; i < diff->count; i++) {
        const struct diff_finding *finding = &diff->findings[i];
        struct buf sentence;
        buf_init(&sentence, 1024);
        diff_sentence(finding, cli->lang, &sentence);
        const char *effect = finding->narrows && finding->widens
                                 ? cli_text(cli, "narrower or wider", "plus étroit ou plus large")
                             : finding->narrows ? cli_text(cli, "narrower", "plus étroit")
                                                : cli_text(cli, "wider", "plus large");
        (void)printf(cli_text(cli, "  %s: %s: %.*s\n", "  %s : %s : %.*s\n"),
                     finding->place[0] == '\0' ? "/" : finding->place, effect, (int)sentence.len,
                     (const char *)sentence.data);
        buf_clear(&sentence);
    }
}

static const char *meaning_of(const struct cli *cli, enum diff_verdict verdict)
{
    switch (verdict) {
    case DIFF_FULL:
        return cli_text(cli, "full: each takes every document of the other",
                        "full : chacun accepte tous les documents de l'autre");
    case DIFF_BACKWARD:
        return cli_text(cli, "backward: the new one takes every old document",
                        "backward : le nouveau accepte tous les anciens documents");
    case DIFF_FORWARD:
        return cli_text(cli, "forward: the old one takes every new document, not the other way",
                        "forward : l'ancien accepte tous les nouveaux documents, pas l'inverse");
    case DIFF_BREAKING:
        return cli_text(cli, "breaking: neither takes all of the other's documents",
                        "breaking : aucun n'accepte tous les documents de l'autre");
    }
    return "";
}

static void print_tried(const struct cli *cli, json_t *tried)
{
    long long records = (long long)json_integer_value(json_object_get(tried, "records"));
    long long failing = (long long)json_integer_value(json_object_get(tried, "failing"));
    (void)printf(
        cli_text(cli, "  records held: %lld, of which %lld fail the new version (%.1f %%)\n",
                 "  fiches tenues : %lld, dont %lld échouent avec la nouvelle version (%.1f %%)\n"),
        records, failing, records == 0 ? 0.0 : 100.0 * (double)failing / (double)records);
}

static void tell(struct comparison *c, struct span name, const struct diff *diff, json_t *tried)
{
    enum diff_verdict verdict = diff_verdict(diff);
    if (c->types == NULL) {
        (void)printf("%.*s%s%s\n", (int)name.len, (const char *)name.data,
                     name.len == 0 ? "" : ": ", meaning_of(c->cli, verdict));
        print_findings(c->cli, diff);
        if (tried != NULL)
            print_tried(c->cli, tried);
        return;
    }
    json_t *findings = json_array();
    for (size_t i = 0; i < diff->count; i++)
        (void)json_array_append_new(findings, finding_json(&diff->findings[i], c->cli->lang));
    json_t *type = json_pack("{s:o, s:s, s:o}", "type", schema_cli_text(name), "compatibility",
                             diff_verdict_name(verdict), "findings", findings);
    if (tried != NULL)
        (void)json_object_set(type, "held", tried);
    (void)json_array_append_new(c->types, type);
}

/* Of two verdicts the one that promises less. */
static enum diff_verdict worse(enum diff_verdict a, enum diff_verdict b)
{
    bool backward =
        (a == DIFF_FULL || a == DIFF_BACKWARD) && (b == DIFF_FULL || b == DIFF_BACKWARD);
    bool forward = (a == DIFF_FULL || a == DIFF_FORWARD) && (b == DIFF_FULL || b == DIFF_FORWARD);
    return backward && forward ? DIFF_FULL
           : backward          ? DIFF_BACKWARD
           : forward           ? DIFF_FORWARD
                               : DIFF_BREAKING;
}

static enum err compare(struct comparison *c, const struct version *old,
                        const struct version *fresh)
{
    struct diff diff;
    struct why why = {.rule = NULL};
    TRY(schema_diff(old->schema, fresh->schema, &diff, &why));
    struct span type = old->full.len > 0 ? old->full : fresh->full;
    json_t *tried = try_records(c, fresh, type);
    c->verdict = worse(c->verdict, diff_verdict(&diff));
    tell(c, type, &diff, tried);
    json_decref(tried);
    diff_clear(&diff);
    return OK;
}

static const struct version *version_of(const struct side *side, struct span name)
{
    for (size_t i = 0; i < side->count; i++)
        if (span_equal(side->versions[i].name, name))
            return &side->versions[i];
    return NULL;
}

/* A type that is gone refuses all of its records; one that is new had none. */
static void tell_lone(struct comparison *c, const struct version *version, bool is_gone)
{
    c->verdict = worse(c->verdict, is_gone ? DIFF_FORWARD : DIFF_BACKWARD);
    const char *text = is_gone ? cli_text(c->cli, "the type is gone", "le type a disparu")
                               : cli_text(c->cli, "the type is new", "le type est nouveau");
    if (c->types == NULL)
        (void)printf("%.*s: %s\n", (int)version->full.len, (const char *)version->full.data, text);
    else
        (void)json_array_append_new(c->types,
                                    json_pack("{s:o, s:s}", "type", schema_cli_text(version->full),
                                              "compatibility", is_gone ? "forward" : "backward"));
}

static enum err compare_sides(struct comparison *c)
{
    const struct side *old = &c->sides[0];
    const struct side *fresh = &c->sides[1];
    if (!old->is_pack && !fresh->is_pack)
        return compare(c, &old->versions[0], &fresh->versions[0]);
    for (size_t i = 0; i < old->count; i++) {
        const struct version *now = version_of(fresh, old->versions[i].name);
        if (now == NULL)
            tell_lone(c, &old->versions[i], true);
        else
            TRY(compare(c, &old->versions[i], now));
    }
    for (size_t i = 0; i < fresh->count; i++)
        if (version_of(old, fresh->versions[i].name) == NULL)
            tell_lone(c, &fresh->versions[i], false);
    return OK;
}

static int print_all(struct comparison *c)
{
    if (c->types == NULL) {
        if (c->sides[0].is_pack || c->sides[1].is_pack)
            (void)puts(meaning_of(c->cli, c->verdict));
        return CLI_OK;
    }
    cli_print_json(
        json_pack("{s:s, s:O}", "compatibility", diff_verdict_name(c->verdict), "types", c->types));
    return CLI_OK;
}

int schema_diff_command(struct cli *cli)
{
    if (cli->count != 3)
        return cli_usage(cli, "Two versions are needed: OLD NEW.",
                         "Il faut deux versions : ANCIENNE NOUVELLE.");
    struct packs_registry *registry = schema_cli_open(cli);
    struct comparison *c = calloc(1, sizeof(*c));
    if (registry == NULL || c == NULL) {
        packs_close(registry);
        free(c);
        return CLI_FAILED;
    }
    c->cli = cli;
    c->packs = packs_take(registry);
    c->types = cli->json ? json_array() : NULL;
    int code = open_side(c, &c->sides[0], cli->arguments[1]);
    if (code == CLI_OK)
        code = open_side(c, &c->sides[1], cli->arguments[2]);
    if (code == CLI_OK && c->sides[0].is_pack != c->sides[1].is_pack)
        code = cli_usage(cli, "A pack is compared with a pack, a type or file with a type or file.",
                         "Un pack se compare à un pack, un type ou fichier à un type ou fichier.");
    enum err err = code == CLI_OK ? compare_sides(c) : OK;
    if (err != OK)
        code = cli_fail(cli, NULL, err, NULL);
    if (code == CLI_OK)
        code = print_all(c);
    for (int i = 0; i < 2; i++) {
        pack_free(c->sides[i].folder);
        buf_clear(&c->sides[i].file);
    }
    json_decref(c->types);
    packs_release(c->packs);
    packs_close(registry);
    free(c);
    return code;
}
