/* maillon verify FILE: a record and its proof, or the proof of a fork, checked offline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/cli.h"
#include "node/cli/fault_file.h"
#include "node/cli/proof_file.h"

int cmd_verify(struct cli *cli);

static enum err read_file(FILE *file, struct buf *out)
{
    for (;;) {
        uint8_t *room = buf_reserve(out, 16384);
        if (room == NULL)
            return out->failed;
        size_t got = fread(room, 1, 16384, file);
        buf_commit(out, got);
        if (got == 0)
            return ferror(file) ? ERR_IO : OK;
    }
}

static json_t *text(struct span span)
{
    return json_stringn((const char *)span.data, span.len);
}

static void print_valid_json(const struct proof_file *file)
{
    const struct record *record = &file->record;
    json_t *out = json_pack("{s:b, s:I, s:I}", "valid", 1, "index", (json_int_t)file->index, "size",
                            (json_int_t)file->head.size);
    (void)json_object_set_new(out, "origin", text(file->origin));
    (void)json_object_set_new(out, "id", text(record->id));
    (void)json_object_set_new(out, "time", text(record->time_text));
    (void)json_object_set_new(out, "schema", text(record->schema));
    (void)json_object_set_new(out, "audience", text(record->audience_text));
    if (record->license.len > 0)
        (void)json_object_set_new(out, "license", text(record->license));
    cli_print_json(out);
}

static void print_row(const char *name, struct span value)
{
    (void)printf("  %s%.*s\n", name, (int)value.len, (const char *)value.data);
}

static void print_valid(const struct cli *cli, const struct proof_file *file)
{
    const struct record *record = &file->record;
    (void)puts(cli_text(cli, "Valid: this is what the publisher signed.",
                        "Valide : c'est bien ce que l'éditeur a signé."));
    print_row(cli_text(cli, "published by  ", "publié par    "), file->origin);
    print_row(cli_text(cli, "on            ", "le            "), record->time_text);
    print_row(cli_text(cli, "id            ", "identifiant   "), record->id);
    print_row(cli_text(cli, "schema        ", "schéma        "), record->schema);
    print_row(cli_text(cli, "licence       ", "licence       "),
              record->license.len > 0 ? record->license : span_cstr("-"));
    if (record->op != RECORD_PUT)
        (void)puts(cli_text(cli, "  (this entry withdraws the record)",
                            "  (cette entrée retire la fiche)"));
    (void)printf(cli_text(cli, "  entry         %llu of a log of %llu\n",
                          "  entrée        %llu d'un journal de %llu\n"),
                 (unsigned long long)file->index, (unsigned long long)file->head.size);
}

static void print_broken_json(const struct cli *cli, enum err err, const struct why *why)
{
    cli_print_json(json_pack("{s:b, s:s, s:s, s:s}", "valid", 0, "problem", err_slug(err),
                             "sentence", err_sentence(err, cli->lang), "rule",
                             why->rule == NULL ? "" : why->rule));
}

static int verify(const struct cli *cli, const char *name, struct span bytes)
{
    struct proof_file file;
    struct why why = {.rule = NULL};
    if (fault_file_is_one(bytes))
        return fault_file_verify(cli, name, bytes);
    proof_file_init(&file);
    enum err err = proof_file_verify(&file, bytes, &why);
    int code = err == OK ? CLI_OK : CLI_FAILED;
    if (cli->json && err == OK)
        print_valid_json(&file);
    else if (cli->json)
        print_broken_json(cli, err, &why);
    else if (err == OK)
        print_valid(cli, &file);
    else
        code = cli_fail(cli, name, err, &why);
    proof_file_clear(&file);
    return code;
}

int cmd_verify(struct cli *cli)
{
    if (cli->count != 1)
        return cli_usage(cli, "One proof file is needed (- is standard input).",
                         "Il faut un fichier de preuve (- est l'entrée standard).");
    const char *name = cli->arguments[0];
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(name, "rbe");
    if (file == NULL)
        return cli_fail(cli, name, ERR_NOT_FOUND, NULL);
    struct buf bytes;
    buf_init(&bytes, PROOF_FILE_BYTES_MAX);
    enum err err = read_file(file, &bytes);
    int code = err == OK ? verify(cli, name, buf_span(&bytes)) : cli_fail(cli, name, err, NULL);
    buf_clear(&bytes);
    if (!is_stdin)
        (void)fclose(file);
    return code;
}
