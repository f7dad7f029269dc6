/* Chunks become requests, one at a time, on a thread of their own; answers become fates of lines.
 */
#include "node/cli/publish_node.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/client.h"

struct publish_node {
    const struct cli *cli;
    struct cli_client *client;
    char path[96];
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
    json_t *first = json_array_get(json_object_get(error, "errors"), 0);
    if (first != NULL) /* what its schema says, which is more to the point */
        (void)snprintf(reason, sizeof(reason), "%s",
                       json_string_value(json_object_get(first, "error")));
    else
        (void)snprintf(reason, sizeof(reason), "%s%s%s%s", title == NULL ? "" : title,
                       rule == NULL ? "" : " (", rule == NULL ? "" : rule, rule == NULL ? "" : ")");
    publish_chunk_refuse(chunk, (uint64_t)json_integer_value(json_object_get(line, "line")), slug,
                         reason);
}

static enum err read_answer(const struct cli *cli, struct publish_chunk *chunk, struct span text,
                            struct why *why)
{
    struct cursor cursor = cursor_of(text);
    while (!cursor_at_end(&cursor)) {
        struct span line = cursor_until(&cursor, '\n');
        bool is_unchanged = span_starts_with(line, SPAN_LITERAL("{\"unchanged\":"));
        if (!cursor.failed && !is_unchanged && !span_starts_with(line, SPAN_LITERAL("{\"error\":")))
            continue; /* stored: nothing to tell of it */
        json_t *json =
            cursor.failed ? NULL : json_loadb((const char *)line.data, line.len, 0, NULL);
        if (json == NULL)
            return why_set(why, ERR_BAD_REQUEST, "the node answers with NDJSON", cursor.position,
                           NULL, NULL);
        if (is_unchanged)
            publish_chunk_unchanged(chunk,
                                    (uint64_t)json_integer_value(json_object_get(json, "line")));
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
    struct publish_node *sending = ctx;
    sending->err = cli_client_call(sending->client, "POST", sending->path, "application/x-ndjson",
                                   sending->lines, &sending->answer, &sending->why);
    return NULL;
}

static void start_chunk(void *ctx, const struct publish_chunk *chunk)
{
    struct publish_node *sending = ctx;
    sending->lines = chunk->lines;
    sending->is_started = pthread_create(&sending->thread, NULL, work, sending) == 0;
}

/* Waits for a chunk that was started, or sends it here and now. */
static enum err send_chunk(void *ctx, struct publish_chunk *chunk, struct why *why)
{
    struct publish_node *sending = ctx;
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
    if (status != 200 && status != 201 && status != 207 && status != 422)
        return problem_of(&sending->answer, why);
    chunk->none_taken = status == 422;
    return read_answer(sending->cli, chunk, buf_span(&sending->answer.body), why);
}

static void show_progress(void *ctx, const struct import_source *source)
{
    struct publish_node *sending = ctx;
    uint64_t done;
    uint64_t all;
    import_progress(source, &done, &all);
    cli_progress_show(&sending->progress, cli_text(sending->cli, "bytes", "octets"), done, all);
}

struct publish_node *publish_node_open(const struct cli *cli,
                                       const struct publish_node_options *options)
{
    struct publish_node *node = calloc(1, sizeof(*node));
    if (node == NULL) {
        (void)cli_fail(cli, NULL, ERR_NO_MEMORY, NULL);
        return NULL;
    }
    node->cli = cli;
    node->progress = cli_progress_start();
    (void)snprintf(node->path, sizeof(node->path), "/v1/records?%s%s%s",
                   options->all_or_nothing ? "all-or-nothing&" : "",
                   options->unless_unchanged ? "unless-unchanged&" : "",
                   options->dry_run ? "dry-run&" : "");
    node->path[strlen(node->path) - 1] = '\0'; /* the last ? or & */
    cli_answer_init(&node->answer);
    node->client = cli_client_open(cli, NODE_WRITE);
    if (node->client == NULL) {
        publish_node_close(node);
        return NULL;
    }
    return node;
}

void publish_node_close(struct publish_node *node)
{
    if (node == NULL)
        return;
    cli_progress_end(&node->progress);
    cli_client_close(node->client);
    cli_answer_clear(&node->answer);
    free(node);
}

struct publish_transport publish_node_transport(struct publish_node *node)
{
    return (struct publish_transport){node, start_chunk, send_chunk, show_progress};
}

int publish_node_report(struct cli *cli, const char *name, enum err err, const struct why *why,
                        struct publish_report *report)
{
    int code = CLI_OK;
    if (cli->json) {
        cli_print_json(publish_report_json(report));
        code = report->refused > 0 || report->cut_short ? CLI_FAILED : CLI_OK;
    } else {
        code = publish_report_print(cli, name, report);
    }
    if (err != OK)
        code = cli_fail(cli, name, err, why);
    publish_report_clear(report);
    return code;
}
