#include "node/cli/fault_file.h"

#include <stdio.h>

#include "proto/json/jcs.h"
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

static enum err canonicalise(struct span bytes, struct buf *out, struct why *why)
{
    static const struct tape_limits limits = {FAULT_BUNDLE_BYTES_MAX, 6};
    struct jcs *jcs = jcs_new();
    if (jcs == NULL)
        return ERR_NO_MEMORY;
    enum err err = jcs_canonicalise(jcs, bytes, &limits, out, why);
    jcs_free(jcs);
    return err;
}

static void print(const struct cli *cli, const struct fault *fault,
                  const struct fault_common *common)
{
    unsigned long long first = fault->first.size;
    unsigned long long second = fault->second.size;
    if (cli->json) {
        json_t *json =
            json_pack("{s:b, s:I, s:I, s:I}", "valid", 1, "first", (json_int_t)first, "second",
                      (json_int_t)second, "common", (json_int_t)common->head.size);
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
}

int fault_file_verify(const struct cli *cli, const char *name, struct span bytes)
{
    struct buf text;
    struct buf notes;
    struct fault fault;
    struct fault_common common;
    struct span inner;
    struct why why = {.rule = NULL};
    buf_init(&text, FAULT_BUNDLE_BYTES_MAX);
    buf_init(&notes, FAULT_BYTES_MAX);
    enum err err = canonicalise(bytes, &text, &why);
    if (err == OK)
        err = fault_bundle_read(buf_span(&text), &notes, &fault, &common, &inner, &why);
    if (err == OK && !fault_key_is_of_did_key(&fault))
        err = why_set(&why, ERR_BAD_KEY, "the key that signed both heads is the log's own", 0, NULL,
                      NULL);
    int code = CLI_OK;
    if (err == OK)
        print(cli, &fault, &common);
    else if (cli->json)
        cli_print_json(json_pack("{s:b, s:s, s:s, s:s}", "valid", 0, "problem", err_slug(err),
                                 "sentence", err_sentence(err, cli->lang), "rule",
                                 why.rule == NULL ? "" : why.rule));
    else
        code = cli_fail(cli, name, err, &why);
    if (err != OK)
        code = CLI_FAILED;
    buf_clear(&text);
    buf_clear(&notes);
    return code;
}
