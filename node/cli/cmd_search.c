/* maillon search: records of every log held whose text has all the words. */
#include <stdio.h>
#include <stdlib.h>

#include "node/cli/client.h"
#include "proto/http/message.h"

int cmd_search(struct cli *cli);

static void print_hits(const struct cli *cli, json_t *answer)
{
    size_t i;
    json_t *hit;
    struct cli_table *table = cli_table_new(3);
    json_array_foreach(json_object_get(answer, "results"), i, hit)
    {
        json_t *record = json_object_get(hit, "record");
        char *url = NULL;
        if (asprintf(&url, "%s/%s", json_string_value(json_object_get(hit, "origin")),
                     json_string_value(json_object_get(record, "id"))) < 0)
            BUG("no memory for a line");
        const char *title = json_string_value(json_object_get(hit, "title"));
        cli_table_add(table, title == NULL ? "" : title);
        cli_table_add(table, json_string_value(json_object_get(record, "schema")));
        cli_table_add(table, url);
        free(url);
    }
    cli_table_print(table);
    (void)printf(cli_text(cli, "%lld found in %zu logs\n", "%lld trouvées dans %zu journaux\n"),
                 (long long)json_integer_value(json_object_get(answer, "total")),
                 json_array_size(json_object_get(answer, "completeness")));
    json_array_foreach(json_object_get(answer, "completeness"), i, hit)
    {
        long long behind = (long long)json_integer_value(json_object_get(hit, "behind"));
        if (behind > 0)
            (void)printf(cli_text(cli, "%s: %lld entries are still to come\n",
                                  "%s : %lld entrées restent à venir\n"),
                         json_string_value(json_object_get(hit, "origin")), behind);
    }
}

static void append_parameter(struct buf *out, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buf_append_byte(out, '&');
    buf_append_cstr(out, name);
    buf_append_byte(out, '=');
    http_percent_encode(span_cstr(value), out);
}

static int search(struct cli *cli, const char *path)
{
    struct cli_client *client = cli_client_open(cli, NODE_READ);
    if (client == NULL)
        return CLI_FAILED;
    struct cli_answer answer;
    cli_answer_init(&answer);
    json_t *json = cli_client_get(client, path, &answer) ? cli_answer_json(cli, &answer) : NULL;
    int code = json == NULL ? CLI_FAILED : CLI_OK;
    if (json != NULL && !cli->json)
        print_hits(cli, json);
    if (json != NULL && cli->json)
        cli_print_json(json);
    else
        json_decref(json);
    cli_answer_clear(&answer);
    cli_client_close(client);
    return code;
}

int cmd_search(struct cli *cli)
{
    struct buf path;
    buf_init(&path, 8192);
    buf_append_cstr(&path, "/v1/catalogue?q=");
    for (int i = 0; i < cli->count; i++) {
        if (i > 0)
            buf_append_cstr(&path, "%20");
        http_percent_encode(span_cstr(cli->arguments[i]), &path);
    }
    append_parameter(&path, "limit", cli_value(cli, "limit"));
    append_parameter(&path, "type", cli_value(cli, "type"));
    append_parameter(&path, "origin", cli_value(cli, "origin"));
    buf_append_byte(&path, '\0');
    int code = buf_check(&path) == OK ? search(cli, (const char *)path.data)
                                      : cli_fail(cli, NULL, ERR_LIMIT, NULL);
    buf_clear(&path);
    return code;
}
