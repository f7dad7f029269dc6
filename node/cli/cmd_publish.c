/* maillon publish and maillon import: a file's objects become records of the own log. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node/cli/client.h"
#include "node/cli/publish_source.h"
#include "node/net/os.h"

int cmd_publish(struct cli *cli);
int cmd_import(struct cli *cli);

struct sending {
    const struct cli *cli;
    struct cli_client *client;
    const char *path;
    struct cli_answer answer;
    struct cli_progress progress;
    /* A chunk on its way, on a thread of its own. */
    pthread_t thread;
    bool is_started;
    struct span lines;
    enum err err;
    struct why why;
};

static void refuse_line(const struct cli *cli, struct publish_chunk *chunk, json_t *line)
{
    json_t *error = json_object_get(line, "error");
    const char *title = json_string_value(json_object_get(error, "title"));
    const char *slug = json_string_value(json_object_get(error, "type"));
    const char *rule = json_string_value(json_object_get(error, "rule"));
    if (error == NULL)
        return;
    for (int err = OK + 1; cli->lang == LANG_FR && slug != NULL && err < ERR_COUNT; err++)
        if (strcmp(err_slug((enum err)err), slug) == 0)
            title = err_sentence((enum err)err, LANG_FR);
    char reason[512];
    (void)snprintf(reason, sizeof(reason), "%s%s%s%s", title == NULL ? "" : title,
                   rule == NULL ? "" : " (", rule == NULL ? "" : rule, rule == NULL ? "" : ")");
    publish_chunk_refuse(chunk, (uint64_t)json_integer_value(json_object_get(line, "line")), slug,
                         reason);
}

static enum err read_refusals(const struct cli *cli, struct publish_chunk *chunk, struct span text,
                              struct why *why)
{
    struct cursor cursor = cursor_of(text);
    while (!cursor_at_end(&cursor)) {
        struct span line = cursor_until(&cursor, '\n');
        if (!cursor.failed && !span_starts_with(line, SPAN_LITERAL("{\"error\":")))
            continue; /* stored: nothing to tell of it */
        json_t *json =
            cursor.failed ? NULL : json_loadb((const char *)line.data, line.len, 0, NULL);
        if (json == NULL)
            return why_set(why, ERR_BAD_REQUEST, "the node answers with NDJSON", cursor.position,
                           NULL, NULL);
        refuse_line(cli, chunk, json);
        json_decref(json);
    }
    return OK;
}

/* The node's own problem, as far as the table knows its slug. */
static enum err problem_of(const struct cli_answer *answer, struct why *why)
{
    json_t *problem = json_loadb((const char *)answer->body.data, answer->body.len, 0, NULL);
    const char *type = json_string_value(json_object_get(problem, "type"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    enum err found = ERR_BAD_REQUEST;
    const char *slug = type == NULL ? NULL : strrchr(type, '/');
    slug = slug == NULL ? type : slug + 1;
    for (int err = OK + 1; slug != NULL && err < ERR_COUNT; err++)
        if (strcmp(err_slug((enum err)err), slug) == 0)
            found = (enum err)err;
    (void)why_set(why, found, "the node refuses", 0, NULL, detail);
    json_decref(problem);
    return found;
}

static void *work(void *ctx)
{
    struct sending *sending = ctx;
    sending->err = cli_client_call(sending->client, "POST", sending->path, "application/x-ndjson",
                                   sending->lines, &sending->answer, &sending->why);
    return NULL;
}

static void start_chunk(void *ctx, const struct publish_chunk *chunk)
{
    struct sending *sending = ctx;
    sending->lines = chunk->lines;
    sending->is_started = pthread_create(&sending->thread, NULL, work, sending) == 0;
}

/* Waits for a chunk that was started, or sends it here and now. */
static enum err send_chunk(void *ctx, struct publish_chunk *chunk, struct why *why)
{
    struct sending *sending = ctx;
    sending->lines = chunk->lines;
    if (sending->is_started)
        (void)pthread_join(sending->thread, NULL);
    else
        (void)work(sending);
    sending->is_started = false;
    if (sending->err != OK) {
        *why = sending->why;
        return sending->err;
    }
    int status = sending->answer.status;
    if (status != 201 && status != 207 && status != 422)
        return problem_of(&sending->answer, why);
    chunk->none_taken = status == 422;
    return read_refusals(sending->cli, chunk, buf_span(&sending->answer.body), why);
}

static void show_progress(void *ctx, const struct import_source *source)
{
    struct sending *sending = ctx;
    uint64_t done;
    uint64_t all;
    import_progress(source, &done, &all);
    cli_progress_show(&sending->progress, cli_text(sending->cli, "bytes", "octets"), done, all);
}

static int publish(struct cli *cli, struct import_source *source, const char *name)
{
    struct publish_options options = {.schema = cli_value(cli, "schema"),
                                      .license = cli_value(cli, "license"),
                                      .audience = cli_value(cli, "audience"),
                                      .id_from = cli_value(cli, "id-from"),
                                      .lang = cli->lang,
                                      .all_or_nothing = cli_flag(cli, "all-or-nothing")};
    struct sending sending = {.cli = cli,
                              .path = options.all_or_nothing ? "/v1/records?all-or-nothing"
                                                             : "/v1/records",
                              .progress = cli_progress_start()};
    sending.client = cli_client_open(cli, NODE_WRITE);
    if (sending.client == NULL)
        return CLI_FAILED;
    cli_answer_init(&sending.answer);
    struct publish_transport transport = {&sending, start_chunk, send_chunk, show_progress};
    struct publish_report report;
    struct why why = {.rule = NULL};
    enum err err = publish_source(source, &options, &transport, &report, &why);
    cli_progress_end(&sending.progress);
    cli_client_close(sending.client);
    cli_answer_clear(&sending.answer);
    int code = CLI_OK;
    if (cli->json) {
        cli_print_json(publish_report_json(&report));
        code = report.refused > 0 || report.cut_short ? CLI_FAILED : CLI_OK;
    } else {
        code = publish_report_print(cli, name, &report);
    }
    if (err != OK)
        code = cli_fail(cli, name, err, &why);
    publish_report_clear(&report);
    return code;
}

static int open_and_publish(struct cli *cli, bool containers)
{
    if (cli->count > 1)
        return cli_usage(cli, "One file at a time (- or none is standard input).",
                         "Un fichier à la fois (- ou rien : l'entrée standard).");
    if (cli_value(cli, "schema") == NULL)
        return cli_usage(
            cli, "--schema is needed: what kind of records these are, for example food/product@1.",
            "Il faut --schema : de quelle sorte sont ces fiches, par exemple food/product@1.");
    struct import_options options = {.containers = containers};
    const char *format = containers ? cli_value(cli, "format") : NULL;
    if (format != NULL && !import_format_read(format, &options.format))
        return cli_usage(cli, "--format is json, ndjson, csv, geojson or jsonld.",
                         "--format vaut json, ndjson, csv, geojson ou jsonld.");
    const char *encoding = containers ? cli_value(cli, "encoding") : NULL;
    if (encoding != NULL && strcmp(encoding, "latin1") != 0 && strcmp(encoding, "utf-8") != 0)
        return cli_usage(cli, "--encoding is utf-8 or latin1.", "--encoding vaut utf-8 ou latin1.");
    options.latin1 = encoding != NULL && strcmp(encoding, "latin1") == 0;
    bool is_stdin = cli->count == 0 || strcmp(cli->arguments[0], "-") == 0;
    const char *name = is_stdin ? "-" : cli->arguments[0];
    options.name = is_stdin ? NULL : name;
    int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    struct why why = {.rule = NULL};
    if (fd < 0)
        return cli_fail(cli, name, os_fail(&why, "opening the file", errno), &why);
    struct import_source *source;
    enum err err = import_open(fd, &options, &source, &why);
    int code = err == OK ? publish(cli, source, name) : cli_fail(cli, name, err, &why);
    if (err == OK)
        import_close(source);
    if (!is_stdin)
        (void)close(fd);
    return code;
}

int cmd_publish(struct cli *cli)
{
    return open_and_publish(cli, false);
}

int cmd_import(struct cli *cli)
{
    return open_and_publish(cli, true);
}
