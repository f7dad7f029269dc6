#include "node/net/resolve.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "node/net/tls.h"

/* Kept with the loop. */
struct shared {
    struct evdns_base *dns;
    SSL_CTX *pinned;
    SSL_CTX *with_public_cas;
};

struct resolving {
    struct evdns_getaddrinfo_request *request;
    void (*done)(void *ctx, const struct resolved *resolved);
    void *ctx;
    bool returned; /* resolve has returned: the query outlives it */
    bool over;
};

static void shared_free(void *kept)
{
    struct shared *shared = kept;
    if (shared->dns != NULL)
        evdns_base_free(shared->dns, 0);
    SSL_CTX_free(shared->pinned);
    SSL_CTX_free(shared->with_public_cas);
    free(shared);
}

static struct shared *shared_of(struct loop *loop)
{
    struct shared *shared = loop_kept(loop);
    if (shared != NULL)
        return shared;
    shared = calloc(1, sizeof(*shared));
    if (shared != NULL)
        loop_keep(loop, shared, shared_free);
    return shared;
}

SSL_CTX *resolve_tls_context(struct loop *loop, bool with_public_cas)
{
    struct shared *shared = shared_of(loop);
    if (shared == NULL)
        return NULL;
    SSL_CTX **context = with_public_cas ? &shared->with_public_cas : &shared->pinned;
    if (*context == NULL)
        *context = tls_client_context(with_public_cas);
    return *context;
}

static struct evdns_base *dns_of(struct loop *loop)
{
    struct shared *shared = shared_of(loop);
    if (shared == NULL)
        return NULL;
    if (shared->dns == NULL)
        shared->dns = evdns_base_new(loop_base(loop), EVDNS_BASE_INITIALIZE_NAMESERVERS |
                                                          EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (shared->dns == NULL) { /* no resolv.conf: names of /etc/hosts still work */
        shared->dns = evdns_base_new(loop_base(loop), 0);
        if (shared->dns != NULL)
            (void)evdns_base_load_hosts(shared->dns, "/etc/hosts");
    }
    return shared->dns;
}

static void add(struct resolved *out, const void *address, size_t len)
{
    if (out->count == RESOLVE_ADDRESSES_MAX || len > sizeof(out->list[0].socket))
        return;
    memcpy(&out->list[out->count].socket, address, len);
    out->list[out->count++].len = (socklen_t)len;
}

/* localhost, and every name below it. */
static bool is_local_name(const char *host)
{
    static const char local[] = "localhost";
    size_t len = strlen(host);
    size_t local_len = sizeof(local) - 1;
    return len >= local_len && strcasecmp(host + len - local_len, local) == 0 &&
           (len == local_len || host[len - local_len - 1] == '.');
}

/* RFC 6761, 6.3: localhost is the loopback, whatever a name server says. */
static bool resolve_here(const char *host, uint16_t port, struct resolved *out)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_localhost = is_local_name(host);
    if (is_localhost || inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        if (is_localhost)
            four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        add(out, &four, sizeof(four));
    }
    if (is_localhost || inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
        if (is_localhost)
            six.sin6_addr = in6addr_loopback;
        add(out, &six, sizeof(six));
    }
    return out->count > 0;
}

static void on_answer(int result, struct evutil_addrinfo *answer, void *ctx)
{
    struct resolving *resolving = ctx;
    struct resolved resolved = {.count = 0};
    for (const struct evutil_addrinfo *at = result == 0 ? answer : NULL; at != NULL;
         at = at->ai_next)
        add(&resolved, at->ai_addr, at->ai_addrlen);
    if (answer != NULL)
        evutil_freeaddrinfo(answer);
    if (result != EVUTIL_EAI_CANCEL)
        resolving->done(resolving->ctx, &resolved);
    resolving->over = true;
    if (resolving->returned)
        free(resolving);
}

struct resolving *resolve(struct loop *loop, const char *host, uint16_t port,
                          void (*done)(void *ctx, const struct resolved *resolved), void *ctx)
{
    struct resolved resolved = {.count = 0};
    struct evdns_base *dns = resolve_here(host, port, &resolved) ? NULL : dns_of(loop);
    struct resolving *resolving = dns == NULL ? NULL : calloc(1, sizeof(*resolving));
    if (resolving == NULL) {
        done(ctx, &resolved);
        return NULL;
    }
    *resolving = (struct resolving){.done = done, .ctx = ctx};
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];
    (void)snprintf(service, sizeof(service), "%u", (unsigned)port);
    resolving->request = evdns_getaddrinfo(dns, host, service, &hints, on_answer, resolving);
    resolving->returned = true;
    if (!resolving->over)
        return resolving;
    free(resolving);
    return NULL;
}

void resolve_cancel(struct resolving *resolving)
{
    if (resolving != NULL)
        evdns_getaddrinfo_cancel(resolving->request); /* on_answer frees it */
}
