#include "node/cli/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "keys/vault.h"
#include "node/cli/passphrase.h"
#include "node/net/client.h"
#include "node/net/os.h"
#include "node/net/unix_path.h"

#define ANSWER_BYTES_MAX (512u * 1024u * 1024u)
#define SILENCE_MS (10u * 60u * 1000u) /* checking a large log takes minutes */
#define OTHER_COMMAND_WAIT_MS 10000u

struct cli_client {
    const struct cli *cli;
    struct unix_path path;
    struct loop *loop;
    struct node *node; /* opened by this command, or NULL */
};

/* Does anybody answer at the socket? */
static bool is_running(const struct unix_path *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = path->address + strlen("unix:");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    memcpy(address.sun_path, name, strlen(name));
    bool running = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    (void)close(fd);
    return running;
}

bool cli_node_runs(const struct cli *cli)
{
    struct unix_path path;
    if (unix_path_open(cli->dir, NODE_SOCKET, &path, NULL) != OK)
        return false;
    bool runs = is_running(&path);
    unix_path_close(&path);
    return runs;
}

/* Another command may have the folder for a moment, or a node may just be starting: then its socket
 * comes. */
static enum err open_node(struct cli_client *client, enum node_mode mode, const char *passphrase,
                          struct why *why)
{
    struct node_options options = {
        .dir = client->cli->dir, .self = "/proc/self/exe", .passphrase = passphrase, .mode = mode};
    const struct timespec pause = {.tv_nsec = 20000000};
    uint64_t deadline = os_mono_ms() + OTHER_COMMAND_WAIT_MS;
    for (;;) {
        enum err err = node_start(&options, &client->node, why);
        if (err != ERR_LOCKED || os_mono_ms() > deadline)
            return err;
        (void)nanosleep(&pause, NULL);
        if (is_running(&client->path))
            return OK;
    }
}

static enum err open_client(struct cli_client *client, enum node_mode mode, struct why *why)
{
    TRY(unix_path_open(client->cli->dir, NODE_SOCKET, &client->path, why));
    client->loop = loop_new();
    if (client->loop == NULL)
        return ERR_NO_MEMORY;
    if (is_running(&client->path))
        return OK;
    char *passphrase = NULL;
    if (mode == NODE_WRITE && !cli_passphrase(client->cli, &passphrase))
        return ERR_SEALED;
    enum err err = open_node(client, mode, passphrase, why);
    vault_free(passphrase);
    return err;
}

static struct cli_client *client_new(const struct cli *cli)
{
    os_init();
    struct cli_client *client = calloc(1, sizeof(*client));
    if (client == NULL)
        BUG("no memory for a client");
    client->cli = cli;
    client->path.folder = -1;
    return client;
}

struct cli_client *cli_client_open(const struct cli *cli, enum node_mode mode)
{
    struct cli_client *client = client_new(cli);
    struct why why = {.rule = NULL};
    enum err err = open_client(client, mode, &why);
    if (err == OK)
        return client;
    (void)cli_fail(cli, cli->dir, err, &why);
    cli_client_close(client);
    return NULL;
}

struct cli_client *cli_client_open_running(const struct cli *cli)
{
    struct cli_client *client = client_new(cli);
    if (unix_path_open(cli->dir, NODE_SOCKET, &client->path, NULL) == OK &&
        is_running(&client->path))
        client->loop = loop_new();
    if (client->loop != NULL)
        return client;
    cli_client_close(client);
    return NULL;
}

void cli_client_close(struct cli_client *client)
{
    if (client == NULL)
        return;
    node_stop(client->node);
    if (client->loop != NULL)
        loop_free(client->loop);
    unix_path_close(&client->path);
    free(client);
}

void cli_answer_init(struct cli_answer *answer)
{
    answer->status = 0;
    buf_init(&answer->body, ANSWER_BYTES_MAX);
}

void cli_answer_clear(struct cli_answer *answer)
{
    buf_clear(&answer->body);
}

/* ---- one call ---- */

struct call {
    struct loop *loop;
    struct cli_answer *answer;
    enum err err;
    struct why *why;
};

static void on_head(void *ctx, struct client *client, const struct http_answer *head)
{
    (void)client;
    struct call *call = ctx;
    call->answer->status = head->status;
}

static void on_body(void *ctx, struct client *client, struct span part)
{
    (void)client;
    struct call *call = ctx;
    buf_append_span(&call->answer->body, part);
}

static void on_end(void *ctx, struct client *client, enum err err, const struct why *why)
{
    struct call *call = ctx;
    call->err = err;
    if (err != OK && why != NULL && call->why != NULL)
        *call->why = *why;
    client_free(client);
    loop_stop(call->loop);
}

enum err cli_client_call(struct cli_client *client, const char *method, const char *path,
                         const char *content_type, struct span body, struct cli_answer *answer,
                         struct why *why)
{
    struct call call = {.loop = client->loop, .answer = answer, .err = ERR_NO_MEMORY, .why = why};
    char headers[256];
    char *url = NULL;
    answer->status = 0;
    buf_reset(&answer->body);
    (void)snprintf(headers, sizeof(headers), "Accept-Language: %s\r\n%s%s%s",
                   client->cli->lang == LANG_FR ? "fr" : "en",
                   content_type == NULL ? "" : "Content-Type: ",
                   content_type == NULL ? "" : content_type, content_type == NULL ? "" : "\r\n");
    if (asprintf(&url, "%s:%s", client->path.address, path) < 0)
        return ERR_NO_MEMORY;
    struct client_options options = {.loop = client->loop,
                                     .url = url,
                                     .method = method,
                                     .extra_headers = headers,
                                     .body = body,
                                     .connect_timeout_ms = 5000,
                                     .silence_ms = SILENCE_MS,
                                     .handler = {&call, on_head, on_body, on_end}};
    if (client_start(&options) != NULL)
        loop_run(client->loop);
    free(url);
    return call.err == OK ? buf_check(&answer->body) : call.err;
}

bool cli_client_get(struct cli_client *client, const char *path, struct cli_answer *answer)
{
    struct why why = {.rule = NULL};
    enum err err = cli_client_call(client, "GET", path, NULL, span_of(NULL, 0), answer, &why);
    if (err != OK)
        (void)cli_fail(client->cli, NULL, err, &why);
    else if (answer->status != 200)
        (void)cli_problem(client->cli, NULL, answer);
    return err == OK && answer->status == 200;
}

int cli_problem(const struct cli *cli, const char *subject, const struct cli_answer *answer)
{
    json_t *problem = json_loadb((const char *)answer->body.data, answer->body.len, 0, NULL);
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    (void)fprintf(stderr, "maillon: %s%s", subject == NULL ? "" : subject,
                  subject == NULL ? "" : ": ");
    if (title != NULL)
        (void)fprintf(stderr, "%s", title);
    else
        (void)fprintf(stderr,
                      cli_text(cli, "the node answered with status %d",
                               "le noeud a répondu par le statut %d"),
                      answer->status);
    if (detail != NULL)
        (void)fprintf(stderr, " (%s)", detail);
    (void)fputc('\n', stderr);
    json_decref(problem);
    return CLI_FAILED;
}

json_t *cli_answer_json(const struct cli *cli, const struct cli_answer *answer)
{
    json_t *json = json_loadb((const char *)answer->body.data, answer->body.len, 0, NULL);
    if (json == NULL)
        (void)cli_fail(cli, NULL, ERR_BAD_REQUEST, NULL);
    return json;
}
