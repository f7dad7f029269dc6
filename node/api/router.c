/* From a request's head to its handler: matching, who may call, body limits; and the lifetime of a
 * call. */
#include "node/api/router.h"

#include <sodium.h>
#include <stdlib.h>

#include "node/api/hub.h"
#include "proto/limits.h"

static const struct route routes[] = {
#define ROUTE(method, path, who, limit, handler, sentence)                                         \
    {method, path, who, limit, handler, sentence},
#include "node/api/routes.def"
#undef ROUTE
    {0},
};

const struct route *router_routes(void)
{
    return routes;
}

#define PATH_BYTES_MAX 4096u

/* ---- matching ---- */

static struct span next_segment(struct span *path)
{
    const uint8_t *slash = path->len == 0 ? NULL : memchr(path->data, '/', path->len);
    size_t len = slash == NULL ? path->len : (size_t)(slash - path->data);
    struct span segment = span_of(path->data, len);
    *path = span_part(*path, len + (slash == NULL ? 0 : 1), path->len);
    return segment;
}

/* Fills the call's params. ERR_NOT_FOUND, or ERR_BAD_REQUEST for a broken escape. */
static enum err match(struct call *call, struct span path, const struct route *route)
{
    unsigned count = 0;
    for (unsigned i = 0; i < 2; i++)
        buf_reset(&call->params[i]);
    struct span pattern = span_cstr(route->path);
    while (pattern.len > 0) {
        struct span want = next_segment(&pattern);
        if (want.len > 0 && want.data[0] == '{') {
            bool rest = want.len > 4 && memcmp(want.data + want.len - 4, "...}", 4) == 0;
            struct span got = path;
            if (rest)
                path = span_of(NULL, 0);
            else
                got = next_segment(&path);
            if (got.len == 0)
                return ERR_NOT_FOUND;
            TRY(http_percent_decode(got, false, &call->params[count]));
            TRY(buf_check(&call->params[count]));
            count++;
            continue;
        }
        if (path.data == NULL || !span_equal(want, next_segment(&path)))
            return ERR_NOT_FOUND;
    }
    return path.len == 0 ? OK : ERR_NOT_FOUND;
}

/* A DID holds no slash, so the origin of /v1/records/{origin}/{id...} and an id that a platform
 * puts are told apart by their method, which the table's order keeps. */
static const struct route *find_route(struct call *call, const struct http_head *head,
                                      enum err *err_out, struct buf *allowed)
{
    *err_out = ERR_NOT_FOUND;
    for (const struct route *route = routes; route->method != NULL; route++) {
        enum err err = match(call, head->path, route);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err != OK) {
            *err_out = err;
            return NULL;
        }
        if (span_is(head->method, route->method) ||
            (span_is(head->method, "HEAD") && strcmp(route->method, "GET") == 0))
            return route;
        *err_out = ERR_METHOD_NOT_ALLOWED;
        if (allowed->len > 0)
            buf_append_cstr(allowed, ", ");
        buf_append_cstr(allowed, route->method);
    }
    return NULL;
}

/* ---- callers ---- */

static bool has_token(const struct node *node, const struct http_head *head)
{
    struct span value = http_field(&head->fields, "authorization");
    struct span scheme = SPAN_LITERAL("Bearer ");
    size_t len = strlen(node->token);
    return value.len == scheme.len + len && span_starts_with(value, scheme) &&
           sodium_memcmp(value.data + scheme.len, node->token, len) == 0;
}

/* A browser's page on another site may reach a loopback port: only a local name may be asked for.
 */
static bool host_is_local(const struct http_head *head)
{
    struct span host = head->host;
    const uint8_t *bracket =
        host.len > 0 && host.data[0] == '[' ? memchr(host.data, ']', host.len) : NULL;
    size_t len = host.len;
    if (bracket != NULL)
        len = (size_t)(bracket - host.data) + 1;
    else
        for (len = 0; len < host.len && host.data[len] != ':'; len++)
            ;
    struct span name = span_of(host.data, len);
    return span_is(name, "localhost") || span_is(name, "127.0.0.1") || span_is(name, "[::1]");
}

static enum err admit(const struct listener *listener, const struct route *route,
                      const struct http_head *head, struct caller *caller, struct why *why)
{
    if (route->who == LOCAL && !listener->local)
        return ERR_NOT_FOUND;
    if (!listener->local)
        return caller_read(listener->node, head, caller, why);
    if (!listener->needs_token)
        return OK;
    if (!host_is_local(head))
        return why_set(why, ERR_FORBIDDEN, "the local listener answers to localhost alone", 0,
                       "Host: localhost", NULL);
    if (!has_token(listener->node, head))
        return why_set(why, ERR_UNAUTHORIZED, "RFC 6750: Authorization: Bearer", 0, NULL, NULL);
    return OK;
}

/* ---- the life of a call ---- */

static void call_free(struct call *call)
{
    if (call->dispose != NULL)
        call->dispose(call);
    buf_clear(&call->body);
    buf_clear(&call->params[0]);
    buf_clear(&call->params[1]);
    buf_clear(&call->query);
    free(call);
}

static void on_head(void *ctx, struct exchange *exchange)
{
    struct listener *listener = ctx;
    const struct http_head *head = exchange_head(exchange);
    struct call *call = calloc(1, sizeof(*call));
    if (call == NULL) {
        exchange_problem(exchange, ERR_NO_MEMORY, NULL);
        return;
    }
    call->node = listener->node;
    call->loop = exchange_loop(exchange);
    call->exchange = exchange;
    call->local = listener->local;
    buf_init(&call->params[0], PATH_BYTES_MAX);
    buf_init(&call->params[1], PATH_BYTES_MAX);
    buf_init(&call->query, HTTP_HEAD_BYTES_MAX);
    buf_append_span(&call->query, head->query);
    exchange_set_data(exchange, call);

    struct buf allowed;
    buf_init(&allowed, 128);
    enum err err;
    struct why why = {0};
    call->route = find_route(call, head, &err, &allowed);
    if (call->route == NULL || (call->route->who == LOCAL && !listener->local)) {
        buf_append_byte(&allowed, '\0');
        if (call->route == NULL && err == ERR_METHOD_NOT_ALLOWED && buf_check(&allowed) == OK)
            err = why_set(&why, err, "RFC 9110, 15.5.6: the methods of this address", 0,
                          (const char *)allowed.data, NULL);
        else if (call->route != NULL)
            err = ERR_NOT_FOUND;
        exchange_problem(exchange, err, why.rule == NULL ? NULL : &why);
    } else if ((err = admit(listener, call->route, head, &call->caller, &why)) != OK) {
        exchange_problem(exchange, err, why.rule == NULL ? NULL : &why);
    } else {
        exchange_body_limit(exchange, call->route->body_bytes_max);
        buf_init(&call->body, call->route->body_bytes_max);
    }
    buf_clear(&allowed);
}

static void on_body(void *ctx, struct exchange *exchange, struct span part)
{
    (void)ctx;
    struct call *call = exchange_data(exchange);
    if (call != NULL)
        buf_append_span(&call->body, part);
}

static void on_end(void *ctx, struct exchange *exchange)
{
    (void)ctx;
    struct call *call = exchange_data(exchange);
    if (call == NULL)
        return;
    struct why why = {.rule = NULL};
    enum err err = buf_check(&call->body);
    if (err == OK)
        err = caller_check_body(&call->caller, buf_span(&call->body), &why);
    if (err != OK)
        exchange_problem(exchange, err, why.rule == NULL ? NULL : &why);
    else
        call->route->handler(call);
}

static void on_drain(void *ctx, struct exchange *exchange)
{
    (void)ctx;
    struct call *call = exchange_data(exchange);
    if (call != NULL && call->wake != NULL)
        call->wake(call);
}

static void on_closed(void *ctx, struct exchange *exchange)
{
    (void)ctx;
    struct call *call = exchange_data(exchange);
    if (call == NULL)
        return;
    if (call->wake != NULL)
        hub_remove(call->node->hub, call);
    call->wake = NULL;
    call->exchange = NULL;
    if (!call->busy)
        call_free(call);
}

struct server_handler router_handler(struct listener *listener)
{
    return (struct server_handler){.ctx = listener,
                                   .head = on_head,
                                   .body = on_body,
                                   .end = on_end,
                                   .drain = on_drain,
                                   .closed = on_closed};
}

static void on_finished(void *ctx)
{
    struct call *call = ctx;
    call->busy = false;
    if (call->exchange == NULL)
        call_free(call);
    else
        call->finish(call);
}

static void on_pool(void *ctx)
{
    struct call *call = ctx;
    call->work(call);
    loop_post(call->loop, on_finished, call);
}

void call_in_pool(struct call *call, void (*work)(struct call *), void (*finish)(struct call *))
{
    call->work = work;
    call->finish = finish;
    call->busy = true;
    enum err err = pool_post(call->node->pool, on_pool, call);
    if (err == OK)
        return;
    call->busy = false;
    call_problem(call, err, NULL);
}

void call_stream(struct call *call, void (*wake)(struct call *))
{
    call->wake = wake;
    hub_add(call->node->hub, call);
}

/* ---- answers ---- */

void call_reply_json(struct call *call, int status, json_t *taken)
{
    char *text = taken == NULL ? NULL : json_dumps(taken, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(taken);
    if (text == NULL) {
        exchange_problem(call->exchange, ERR_NO_MEMORY, NULL);
        return;
    }
    exchange_reply(call->exchange, status, "application/json", NULL, span_cstr(text));
    free(text);
}

void call_problem(struct call *call, enum err err, const struct why *why)
{
    exchange_problem(call->exchange, err, why);
}

bool call_query(const struct call *call, const char *name, struct buf *out)
{
    return http_query_value(buf_span(&call->query), name, out) == OK;
}

bool call_query_flag(const struct call *call, const char *name)
{
    struct buf value;
    buf_init(&value, 16);
    bool set = call_query(call, name, &value) && !span_is(buf_span(&value), "0") &&
               !span_is(buf_span(&value), "false");
    buf_clear(&value);
    return set;
}

bool call_may_read(const struct call *call, const struct store_log *log,
                   const struct log_entry *entry)
{
    if (call->local)
        return entry->line.len > 0;
    return caller_may_read(call->node, &call->caller, log, entry);
}
