/* maillon verify FILE: a signed document, a record and its proof, or the proof of a fork. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/cli.h"
#include "node/cli/documents.h"
#include "node/cli/fault_file.h"
#include "node/cli/proof_file.h"
#include "node/net/os.h"
#include "proto/base/time_text.h"
#include "proto/identity/integrity.h"

int cmd_verify(struct cli *cli);

#define CLOCK_TOLERANCE_MS (5u * 60u * 1000u)

static json_t *text(struct span span)
{
    return json_stringn((const char *)span.data, span.len);
}

static void print_valid_json(const struct proof_file *file)
{
    const struct record *record = &file->record;
    json_t *out = json_pack("{s:b, s:I, s:I}", "valid", 1, "index", (json_int_t)file->index, "size",
                            (json_int_t)file->head.size);
    (void)json_object_set_new(out, "retired_key", json_boolean(file->retired));
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
    if (file->retired)
        (void)puts(cli_text(cli,
                            "  (by a log key that was replaced since: it was good for what its "
                            "publisher signed with it then)",
                            "  (par une clé de journal remplacée depuis : elle valait pour ce que "
                            "son éditeur a signé alors)"));
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

static int verify_proof_file(const struct cli *cli, const char *name, struct span bytes,
                             struct verify_identities *known)
{
    const struct proof_keys keys = {.ctx = known, .find = verify_find_log_keys};
    struct proof_file file;
    struct why why = {.rule = NULL};
    proof_file_init(&file);
    enum err err = proof_file_verify(&file, bytes, &keys, &why);
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

/* ---- documents ---- */

static void print_proofs(const struct cli *cli, const struct integrity_result *result)
{
    json_t *list = json_array();
    if (!cli->json)
        (void)puts(cli_text(cli, "Valid: this is what was signed.",
                            "Valide : c'est bien ce qui a été signé."));
    for (unsigned i = 0; i < result->count; i++) {
        const struct integrity_proof *proof = &result->proofs[i];
        struct buf created;
        buf_init(&created, 64);
        if (proof->created_ms > 0)
            time_text_append(&created, proof->created_ms);
        if (cli->json) {
            json_t *item =
                json_pack("{s:o, s:o}", "by", text(proof->method), "purpose", text(proof->purpose));
            if (created.len > 0)
                (void)json_object_set_new(item, "created", text(buf_span(&created)));
            (void)json_array_append_new(list, item);
        } else {
            print_row(cli_text(cli, "signed by     ", "signé par     "), proof->method);
            print_row(cli_text(cli, "on            ", "le            "),
                      created.len > 0 ? buf_span(&created) : span_cstr("-"));
        }
        buf_clear(&created);
    }
    if (cli->json)
        cli_print_json(json_pack("{s:b, s:O}", "valid", 1, "proofs", list));
    json_decref(list);
}

static enum err verify_integrity(struct span bytes, struct verify_identities *known,
                                 struct integrity *integrity, struct integrity_result *out,
                                 struct why *why)
{
    const struct integrity_policy policy = {.purpose = SPAN_LITERAL("assertionMethod"),
                                            .now_ms = os_wall_ms(),
                                            .tolerance_ms = CLOCK_TOLERANCE_MS,
                                            .keys = known,
                                            .find_key = verify_find_key};
    return integrity_verify(integrity, bytes, &policy, out, why);
}

static int verify_document(const struct cli *cli, const char *name, struct span bytes,
                           struct verify_identities *known)
{
    struct integrity *integrity = integrity_new();
    struct integrity_result result;
    struct why why = {.rule = NULL};
    enum err err = integrity == NULL ? ERR_NO_MEMORY
                                     : verify_integrity(bytes, known, integrity, &result, &why);
    int code = CLI_OK;
    if (err == OK)
        print_proofs(cli, &result);
    else if (cli->json)
        print_broken_json(cli, err, &why);
    else
        (void)cli_fail(cli, name, err, &why);
    if (err != OK)
        code = CLI_FAILED;
    integrity_free(integrity);
    return code;
}

/* A record with its proof is told by its checkpoint; everything else is a document. */
static bool is_proof_file(struct span canonical)
{
    const struct tape_limits limits = {PROOF_FILE_BYTES_MAX, JSON_DEPTH_MAX + 1};
    struct tape tape;
    tape_init(&tape);
    bool is = tape_scan(&tape, canonical, &limits, NULL) == OK &&
              tape.tokens[0].type == TAPE_OBJECT &&
              tape_member(&tape, canonical, 0, SPAN_LITERAL("checkpoint")) != TAPE_NONE &&
              tape_member(&tape, canonical, 0, SPAN_LITERAL("record")) != TAPE_NONE;
    tape_clear(&tape);
    return is;
}

static int verify(const struct cli *cli, const char *name, struct span bytes)
{
    struct verify_identities known;
    struct buf canonical;
    struct why why = {.rule = NULL};
    buf_init(&canonical, PROOF_FILE_BYTES_MAX);
    enum err err = cli_canonicalise(bytes, PROOF_FILE_BYTES_MAX, &canonical, &why);
    if (err == OK)
        err = verify_identities_open(cli, &known, &why);
    int code = CLI_FAILED;
    if (err != OK && cli->json)
        print_broken_json(cli, err, &why);
    else if (err != OK)
        code = cli_fail(cli, name, err, &why);
    else if (fault_file_is_one(buf_span(&canonical)))
        code = fault_file_verify(&known, name, buf_span(&canonical));
    else if (is_proof_file(buf_span(&canonical)))
        code = verify_proof_file(cli, name, bytes, &known);
    else
        code = verify_document(cli, name, buf_span(&canonical), &known);
    if (err == OK)
        verify_identities_close(&known);
    buf_clear(&canonical);
    return code;
}

int cmd_verify(struct cli *cli)
{
    if (cli->count != 1)
        return cli_usage(cli, "One file is needed (- is standard input).",
                         "Il faut un fichier (- est l'entrée standard).");
    struct buf bytes;
    struct why why = {.rule = NULL};
    buf_init(&bytes, PROOF_FILE_BYTES_MAX);
    enum err err = cli_read_input(cli->arguments[0], &bytes, &why);
    int code = err == OK ? verify(cli, cli->arguments[0], buf_span(&bytes))
                         : cli_fail(cli, cli->arguments[0], err, &why);
    buf_clear(&bytes);
    return code;
}
