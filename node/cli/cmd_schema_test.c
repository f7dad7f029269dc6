/* maillon schema test: a pack's examples, and its lenses over them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/cli/schema_cli.h"

/* A pack of the registry's, read anew from its own files: the test may not touch the shared one. */
static enum err copy_known(const struct cli *cli, const char *name, struct pack_findings *findings,
                           struct pack **out)
{
    struct packs_registry *registry = schema_cli_open(cli);
    if (registry == NULL)
        return ERR_IO;
    struct packs *packs = packs_take(registry);
    const struct pack *pack = packs_find(packs, span_cstr(name));
    enum err err = pack == NULL ? ERR_NOT_FOUND : OK;
    if (err == OK) {
        size_t count = pack_content_count(pack);
        struct pack_file *files = calloc(count + 1, sizeof(*files));
        err = files == NULL ? ERR_NO_MEMORY : OK;
        for (size_t i = 0; err == OK && i < count; i++)
            files[i] = (struct pack_file){.path = pack_content_at(pack, i)->path,
                                          .text = pack_content_at(pack, i)->json};
        if (err == OK)
            err = pack_read(files, count, findings, out);
        free(files);
    }
    packs_release(packs);
    packs_close(registry);
    return err;
}

static bool is_folder(const char *name)
{
    struct stat about;
    return stat(name, &about) == 0 && S_ISDIR(about.st_mode);
}

static int tell(const struct cli *cli, const char *name, enum err err,
                const struct pack_findings *findings, const struct packs_trial_counts *counts)
{
    if (cli->json) {
        json_t *out =
            json_pack("{s:b, s:o, s:I, s:I, s:I, s:I}", "ok", err == OK, "findings",
                      schema_cli_findings(findings), "examples", (json_int_t)counts->examples,
                      "lenses", (json_int_t)counts->lenses, "applied", (json_int_t)counts->applied,
                      "round_trips", (json_int_t)counts->round_trips);
        if (err != OK)
            (void)json_object_set_new(out, "problem", json_string(err_slug(err)));
        cli_print_json(out);
        return err == OK ? CLI_OK : CLI_FAILED;
    }
    schema_cli_print_findings(cli, findings);
    if (err != OK)
        return cli_fail(cli, name, err, NULL);
    (void)printf(
        cli_text(cli,
                 "%s: sound; %zu examples, %zu lenses applied %zu times, %zu of them there "
                 "and back\n",
                 "%s : sain ; %zu exemples, %zu lentilles appliquées %zu fois, dont %zu "
                 "aller-retour\n"),
        name, counts->examples, counts->lenses, counts->applied, counts->round_trips);
    return CLI_OK;
}

int schema_test(struct cli *cli)
{
    struct pack_findings findings;
    struct packs_trial_counts counts = {.examples = 0};
    struct pack *pack = NULL;
    if (cli->count != 2)
        return cli_usage(cli, "One folder or the name of a pack is needed.",
                         "Il faut un dossier ou le nom d'un pack.");
    const char *name = cli->arguments[1];
    pack_findings_init(&findings);
    enum err err = is_folder(name) ? packs_read_folder(name, &findings, &pack)
                                   : copy_known(cli, name, &findings, &pack);
    if (err == OK)
        err = packs_trial(pack, &findings, &counts);
    int code = tell(cli, name, err, &findings, &counts);
    pack_findings_clear(&findings);
    return code;
}
