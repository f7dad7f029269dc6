/* maillon schema list | show | check | add | remove. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/client.h"
#include "node/cli/schema_cli.h"
#include "proto/limits.h"

/* ---- list and show. */

static json_t *hex(struct hash hash)
{
    char text[2 * sizeof(hash.bytes) + 1];
    for (size_t i = 0; i < sizeof(hash.bytes); i++)
        (void)snprintf(text + 2 * i, 3, "%02x", hash.bytes[i]);
    return json_string(text);
}

static json_t *type_json(const struct pack_type *type)
{
    json_t *out = json_object();
    (void)json_object_set_new(out, "type", schema_cli_text(type->full));
    (void)json_object_set_new(out, "title", schema_cli_words(&type->title));
    (void)json_object_set_new(out, "description", schema_cli_words(&type->description));
    (void)json_object_set_new(out, "license",
                              json_string(type->license_required ? "required" : "optional"));
    if (type->default_license.len > 0)
        (void)json_object_set_new(out, "default_license", schema_cli_text(type->default_license));
    (void)json_object_set_new(
        out, "personal", type->personal_whole ? json_true() : schema_cli_list(&type->personal));
    (void)json_object_set_new(out, "facets", schema_cli_list(&type->facets));
    (void)json_object_set_new(out, "schema_sha256", hex(type->schema_hash));
    return out;
}

/* "food" of "food/product@1", which may be a type that an older version serves. */
static json_t *pack_json(const struct packs *packs, const struct pack *pack)
{
    json_t *out = json_object();
    json_t *types = json_array();
    struct pack_words title = pack_title(pack);
    struct pack_words description = pack_description(pack);
    struct pack_list languages = pack_languages(pack);
    struct pack_list sources = pack_sources(pack);
    struct span prefix = pack_name(pack);
    for (size_t i = 0; i < packs_type_count(packs); i++) {
        const struct pack_type *type = packs_type_declared(packs_type_at(packs, i));
        if (span_equal(pack_name(type->pack), prefix))
            (void)json_array_append_new(types, type_json(type));
    }
    (void)json_object_set_new(out, "name", schema_cli_text(prefix));
    (void)json_object_set_new(out, "version", schema_cli_text(pack_version(pack)));
    (void)json_object_set_new(out, "sha256", hex(pack_hash(pack)));
    (void)json_object_set_new(out, "built_in", json_boolean(packs_is_built_in(packs, pack)));
    (void)json_object_set_new(out, "title", schema_cli_words(&title));
    (void)json_object_set_new(out, "description", schema_cli_words(&description));
    (void)json_object_set_new(out, "languages", schema_cli_list(&languages));
    (void)json_object_set_new(out, "sources", schema_cli_list(&sources));
    (void)json_object_set_new(out, "license", schema_cli_text(pack_license_text(pack)));
    (void)json_object_set_new(out, "types", types);
    return out;
}

static void add_cell(struct cli_table *table, struct span text)
{
    char cell[256];
    (void)snprintf(cell, sizeof(cell), "%.*s", (int)text.len, (const char *)text.data);
    cli_table_add(table, cell);
}

static void print_types(const struct cli *cli, const struct packs *packs)
{
    struct cli_table *table = cli_table_new(3);
    for (size_t i = 0; i < packs_type_count(packs); i++) {
        const struct pack_type *type = packs_type_declared(packs_type_at(packs, i));
        add_cell(table, type->full);
        add_cell(table, pack_version(type->pack));
        add_cell(table, type->title.text[cli->lang]);
    }
    cli_table_print(table);
}

int schema_list(struct cli *cli)
{
    if (cli->count != 1)
        return cli_usage(cli, "list takes no argument.", "list ne prend pas d'argument.");
    struct packs_registry *registry = schema_cli_open(cli);
    if (registry == NULL)
        return CLI_FAILED;
    struct packs *packs = packs_take(registry);
    if (cli->json) {
        json_t *rows = json_array();
        for (size_t i = 0; i < packs_count(packs); i++)
            (void)json_array_append_new(rows, pack_json(packs, packs_at(packs, i)));
        cli_print_json(json_pack("{s:o}", "packs", rows));
    } else {
        print_types(cli, packs);
    }
    packs_release(packs);
    packs_close(registry);
    return CLI_OK;
}

static json_t *folder_json(const struct pack *pack, enum pack_folder folder)
{
    json_t *out = json_object();
    for (size_t i = 0; i < pack_content_count(pack); i++) {
        const struct pack_content *content = pack_content_at(pack, i);
        char name[PACK_PATH_BYTES_MAX + 1];
        (void)snprintf(name, sizeof(name), "%.*s", (int)content->name.len,
                       (const char *)content->name.data);
        if (pack_content_folder(content) == folder)
            (void)json_object_set_new(out, name, schema_cli_json(content->json));
    }
    return out;
}

static json_t *files_json(const struct pack *pack)
{
    json_t *out = json_object();
    for (size_t i = 0; i < pack_content_count(pack); i++) {
        const struct pack_content *content = pack_content_at(pack, i);
        char path[PACK_PATH_BYTES_MAX + 1];
        (void)snprintf(path, sizeof(path), "%.*s", (int)content->path.len,
                       (const char *)content->path.data);
        (void)json_object_set_new(out, path, hex(content->hash));
    }
    return out;
}

static json_t *file_json(const struct pack *pack, const char *path)
{
    const struct pack_content *content = pack_content_find(pack, span_cstr(path));
    return content == NULL ? json_null() : schema_cli_json(content->json);
}

/* NULL: there is no such part. type may be NULL: all of the pack. */
static json_t *part_json(const struct packs *packs, const struct pack *pack,
                         const struct pack_type *type, const char *part)
{
    if (part == NULL)
        return type == NULL ? pack_json(packs, pack) : type_json(type);
    if (strcmp(part, "manifest") == 0)
        return file_json(pack, "pack.json");
    if (strcmp(part, "schema") == 0)
        return type == NULL ? folder_json(pack, PACK_TYPES) : schema_cli_json(type->schema_json);
    if (strcmp(part, "core") == 0)
        return type == NULL ? file_json(pack, "core.json") : schema_cli_json(type->core_json);
    if (strcmp(part, "lenses") == 0)
        return folder_json(pack, PACK_LENSES);
    if (strcmp(part, "files") == 0)
        return files_json(pack);
    if (strcmp(part, "licenses") != 0)
        return NULL;
    json_t *manifest = file_json(pack, "pack.json");
    json_t *licenses = json_incref(json_object_get(manifest, "licenses"));
    json_decref(manifest);
    return licenses == NULL ? json_array() : licenses;
}

static void print_pack(const struct cli *cli, const struct packs *packs, const struct pack *pack)
{
    struct pack_words title = pack_title(pack);
    struct pack_words description = pack_description(pack);
    (void)printf("%.*s %.*s  %.*s%s\n", (int)pack_name(pack).len,
                 (const char *)pack_name(pack).data, (int)pack_version(pack).len,
                 (const char *)pack_version(pack).data, (int)title.text[cli->lang].len,
                 (const char *)title.text[cli->lang].data,
                 packs_is_built_in(packs, pack) ? cli_text(cli, " (built in)", " (intégré)") : "");
    if (description.text[cli->lang].len > 0)
        (void)printf("%.*s\n", (int)description.text[cli->lang].len,
                     (const char *)description.text[cli->lang].data);
    struct cli_table *table = cli_table_new(3);
    for (size_t i = 0; i < packs_type_count(packs); i++) {
        const struct pack_type *type = packs_type_declared(packs_type_at(packs, i));
        if (!span_equal(pack_name(type->pack), pack_name(pack)))
            continue;
        cli_table_add(table, " ");
        add_cell(table, type->full);
        add_cell(table, type->title.text[cli->lang]);
    }
    cli_table_print(table);
    for (size_t i = 0; i < pack_content_count(pack); i++) {
        const struct pack_content *content = pack_content_at(pack, i);
        if (pack_content_folder(content) == PACK_LENSES)
            (void)printf("  %.*s\n", (int)content->path.len, (const char *)content->path.data);
    }
}

static int show(const struct cli *cli, const struct packs *packs, const char *name)
{
    const struct packs_type *found = packs_find_type(packs, span_cstr(name), NULL);
    const struct pack_type *type = found == NULL ? NULL : packs_type_declared(found);
    const struct pack *pack = type != NULL ? type->pack : packs_find(packs, span_cstr(name));
    const char *part = cli_value(cli, "part");
    if (pack == NULL)
        return cli_fail(cli, name, ERR_NOT_FOUND, NULL);
    if (part == NULL && !cli->json && type == NULL) {
        print_pack(cli, packs, pack);
        return CLI_OK;
    }
    json_t *out = part_json(packs, pack, type, part);
    if (out == NULL)
        return cli_usage(cli, "--part is manifest, schema, core, lenses, licenses or files.",
                         "--part est manifest, schema, core, lenses, licenses ou files.");
    cli_print_json(out);
    return CLI_OK;
}

int schema_show(struct cli *cli)
{
    if (cli->count != 2)
        return cli_usage(cli, "One pack or type is needed: food, food/product@1.",
                         "Il faut un pack ou un type : food, food/product@1.");
    struct packs_registry *registry = schema_cli_open(cli);
    if (registry == NULL)
        return CLI_FAILED;
    struct packs *packs = packs_take(registry);
    int code = show(cli, packs, cli->arguments[1]);
    packs_release(packs);
    packs_close(registry);
    return code;
}

/* ---- check, add, remove. */

/* Says how it went with a pack; code is what the caller returns. */
static int tell(const struct cli *cli, const char *subject, enum err err,
                const struct pack_findings *findings, const char *done)
{
    if (cli->json) {
        json_t *out =
            json_pack("{s:b, s:o}", "ok", err == OK, "findings", schema_cli_findings(findings));
        if (err != OK)
            (void)json_object_set_new(out, "problem", json_string(err_slug(err)));
        cli_print_json(out);
        return err == OK ? CLI_OK : CLI_FAILED;
    }
    schema_cli_print_findings(cli, findings);
    if (err != OK)
        return cli_fail(cli, subject, err, NULL);
    (void)printf("%s\n", done);
    return CLI_OK;
}

int schema_check_folder(struct cli *cli)
{
    struct pack_findings findings;
    struct pack *pack = NULL;
    if (cli->count != 2)
        return cli_usage(cli, "One folder is needed.", "Il faut un dossier.");
    pack_findings_init(&findings);
    enum err err = packs_check_folder(cli->arguments[1], &findings, &pack);
    int code = tell(cli, cli->arguments[1], err, &findings,
                    cli_text(cli, "The pack is sound.", "Le pack est sain."));
    pack_free(pack);
    pack_findings_clear(&findings);
    return code;
}

/* A running node takes the change at once; one that does not know how will at its next start. */
static void tell_node(const struct cli *cli)
{
    struct cli_client *client = cli_client_open_running(cli);
    if (client == NULL)
        return;
    struct cli_answer answer;
    cli_answer_init(&answer);
    enum err err = cli_client_call(client, "POST", "/admin/packs/reload", "application/json",
                                   SPAN_LITERAL("{}"), &answer, NULL);
    if (err != OK)
        (void)cli_fail(cli, NULL, err, NULL);
    else if (answer.status >= 400 && answer.status != 404)
        (void)cli_problem(cli, NULL, &answer);
    cli_answer_clear(&answer);
    cli_client_close(client);
}

int schema_add(struct cli *cli)
{
    struct pack_findings findings;
    if (cli->count != 2)
        return cli_usage(cli, "One folder is needed.", "Il faut un dossier.");
    struct packs_registry *registry = schema_cli_open(cli);
    if (registry == NULL)
        return CLI_FAILED;
    pack_findings_init(&findings);
    enum err err = packs_add(registry, cli->arguments[1], &findings);
    if (err == OK)
        tell_node(cli);
    int code = tell(cli, cli->arguments[1], err, &findings,
                    cli_text(cli, "The pack is added.", "Le pack est ajouté."));
    pack_findings_clear(&findings);
    packs_close(registry);
    return code;
}

int schema_remove(struct cli *cli)
{
    struct pack_findings findings;
    if (cli->count != 2)
        return cli_usage(cli, "The name of one pack is needed.", "Il faut le nom d'un pack.");
    struct packs_registry *registry = schema_cli_open(cli);
    if (registry == NULL)
        return CLI_FAILED;
    pack_findings_init(&findings);
    enum err err = packs_remove(registry, span_cstr(cli->arguments[1]));
    if (err == ERR_FORBIDDEN)
        pack_find(&findings, PACK_RULE_KEPT, span_of(NULL, 0), span_of(NULL, 0),
                  span_cstr(cli->arguments[1]));
    if (err == OK)
        tell_node(cli);
    int code = tell(cli, cli->arguments[1], err, &findings,
                    cli_text(cli, "The pack is removed; its records wait for it.",
                             "Le pack est retiré ; ses fiches l'attendent."));
    pack_findings_clear(&findings);
    packs_close(registry);
    return code;
}
