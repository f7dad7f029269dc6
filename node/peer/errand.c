#include "node/peer/errand.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/identity/sign_request.h"
#include "node/net/client.h"

#define CONNECT_TIMEOUT_MS 10000u
#define SILENCE_MS 10000u

struct errand {
    struct client *client;
    struct buf answer;
    int status;
    errand_fn done;
    void *ctx;
};

static void finish(struct errand *errand, enum err err)
{
    errand->done(errand->ctx, err, errand->status, buf_span(&errand->answer));
    errand_free(errand);
}

static void on_head(void *ctx, struct client *client, const struct http_answer *answer)
{
    (void)client;
    struct errand *errand = ctx;
    errand->status = answer->status;
}

static void on_body(void *ctx, struct client *client, struct span part)
{
    (void)client;
    struct errand *errand = ctx;
    buf_append_span(&errand->answer, part);
    if (buf_check(&errand->answer) != OK)
        finish(errand, buf_check(&errand->answer));
}

static void on_end(void *ctx, struct client *client, enum err err, const struct why *why)
{
    (void)client;
    (void)why;
    finish(ctx, err);
}

static enum err write_headers(const struct errand_options *options, const char *url,
                              struct buf *out)
{
    if (options->type != NULL) {
        buf_append_cstr(out, "Content-Type: ");
        buf_append_cstr(out, options->type);
        buf_append_cstr(out, "\r\n");
    }
    TRY(sign_request(options->node, options->method, url, options->body, out));
    buf_append_byte(out, '\0');
    return buf_check(out);
}

struct errand *errand_start(const struct errand_options *options)
{
    char url[2048];
    int len = snprintf(url, sizeof(url), "%s%s", options->peer->url, options->path);
    struct errand *errand = calloc(1, sizeof(*errand));
    if (errand == NULL || len < 0 || (size_t)len >= sizeof(url)) {
        free(errand);
        return NULL;
    }
    buf_init(&errand->answer, options->answer_bytes_max);
    errand->done = options->done;
    errand->ctx = options->ctx;
    struct buf headers;
    buf_init(&headers, HTTP_HEAD_BYTES_MAX);
    bool is_signed = write_headers(options, url, &headers) == OK;
    struct client_options client = {.loop = options->loop,
                                    .url = url,
                                    .method = options->method,
                                    .extra_headers = (const char *)headers.data,
                                    .trust = &options->peer->trust,
                                    .only_public = options->peer->only_public,
                                    .body = options->body,
                                    .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                    .silence_ms = SILENCE_MS,
                                    .handler = {errand, on_head, on_body, on_end}};
    errand->client = is_signed ? client_start(&client) : NULL;
    buf_clear(&headers);
    if (errand->client == NULL) {
        errand_free(errand);
        return NULL;
    }
    return errand;
}

void errand_free(struct errand *errand)
{
    if (errand == NULL)
        return;
    client_free(errand->client);
    buf_clear(&errand->answer);
    free(errand);
}
