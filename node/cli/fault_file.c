#include "node/cli/fault_file.h"

#include <stdio.h>

#include "proto/log/fault_bundle.h"

bool fault_file_is_one(struct span bytes)
{
    json_t *json = json_loadb((const char *)bytes.data, bytes.len, 0, NULL);
    const char *type = json_string_value(json_object_get(json, "type"));
    bool is = json_is_object(json_object_get(json, "fault")) ||
              (type != NULL && strncmp(type, "maillon/fork@", 13) == 0);
    json_decref(json);
    return is;
}

static void print(const struct cli *cli, const struct fault *fault,
                  const struct fault_common *common, bool retired)
{
    unsigned long long first = fault->first.size;
    unsigned long long second = fault->second.size;
    if (cli->json) {
        json_t *json = json_pack("{s:b, s:b, s:I, s:I, s:I}", "valid", 1, "retired_key", retired,
                                 "first", (json_int_t)first, "second", (json_int_t)second, "common",
                                 (json_int_t)common->head.size);
        (void)json_object_set_new(
            json, "forked", json_stringn((const char *)fault->origin.data, fault->origin.len));
        cli_print_json(json);
        return;
    }
    (void)printf(cli_text(cli, "Proven: %.*s FORKED its log.\n",
                          "Prouvé : %.*s a FAIT DIVERGER son journal.\n"),
                 (int)fault->origin.len, (const char *)fault->origin.data);
    (void)printf(cli_text(cli,
                          "  it signed two heads, of %llu and %llu entries, that cannot both be "
                          "true\n",
                          "  il a signé deux têtes, de %llu et %llu entrées, qui ne peuvent être "
                          "vraies toutes deux\n"),
                 first, second);
    (void)printf(cli_text(cli, "  both histories share at least %llu entries\n",
                          "  les deux histoires ont au moins %llu entrées en commun\n"),
                 (unsigned long long)common->head.size);
    if (retired)
        (void)puts(
            cli_text(cli,
                     "  the log key that signed them was replaced since: whoever stole it can "
                     "have done that, too",
                     "  la clé de journal qui les a signées a été remplacée depuis : qui "
                     "l'aurait volée a pu le faire aussi"));
}

/* Is the key one of the log's, by the history that is held, or that its host gives? */
static enum err check_key(struct verify_identities *known, const struct fault *fault,
                          bool *retired_out, struct why *why)
{
    struct log_keys keys;
    log_keys_init(&keys);
    enum err err = verify_find_log_keys(known, fault->origin, span_of(NULL, 0), &keys, why);
    if (err == OK)
        err = why_set(why, ERR_BAD_KEY, "the key that signed both heads is the log's own", 0, NULL,
                      NULL);
    for (unsigned i = 0; i < keys.count && err == ERR_BAD_KEY; i++)
        if (memcmp(&keys.list[i].key, &fault->key, sizeof(fault->key)) == 0) {
            *retired_out = !log_key_is_current(&keys, &keys.list[i]);
            err = OK;
        }
    log_keys_clear(&keys);
    return err;
}

int fault_file_verify(struct verify_identities *known, const char *name, struct span canonical)
{
    const struct cli *cli = known->cli;
    struct buf notes;
    struct fault fault;
    struct fault_common common;
    struct span inner;
    struct why why = {.rule = NULL};
    bool retired = false;
    buf_init(&notes, FAULT_BYTES_MAX);
    enum err err = fault_bundle_read(canonical, &notes, &fault, &common, &inner, &why);
    if (err == OK)
        err = check_key(known, &fault, &retired, &why);
    int code = err == OK ? CLI_OK : CLI_FAILED;
    if (err == OK)
        print(cli, &fault, &common, retired);
    else if (cli->json)
        cli_print_json(json_pack("{s:b, s:s, s:s, s:s}", "valid", 0, "problem", err_slug(err),
                                 "sentence", err_sentence(err, cli->lang), "rule",
                                 why.rule == NULL ? "" : why.rule));
    else
        code = cli_fail(cli, name, err, &why);
    buf_clear(&notes);
    return code;
}
