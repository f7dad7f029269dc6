/* Listeners, one per loop, and who may connect. */
#include "node/net/server.h"

#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/net/connection.h"
#include "node/net/os.h"

#define BACKLOG 512
#define ACCEPT_AGAIN_MS 200
#define BUCKETS 512u

const struct server_limits server_default_limits = {.connections_max = 4096,
                                                    .connections_per_address_max = 256,
                                                    .head_timeout_ms = 10000,
                                                    .body_stall_ms = 30000,
                                                    .write_stall_ms = 30000,
                                                    .idle_ms = 60000};

/* Connections of one address. */
struct caller {
    struct caller *next;
    char address[ADDRESS_BYTES_MAX];
    unsigned count;
};

struct server {
    struct server_options options;
    char *unix_path; /* or NULL */
    uint16_t port;
    unsigned room_count;
    struct room *rooms;
    pthread_mutex_t mutex; /* what follows */
    unsigned connections;
    struct caller *callers[BUCKETS];
};

const struct server_handler *server_handler_of(const struct server *server)
{
    return &server->options.handler;
}

const struct server_limits *server_limits_of(const struct server *server)
{
    return &server->options.limits;
}

SSL_CTX *server_tls_of(const struct server *server)
{
    return server->options.tls;
}

/* ---- who is connected ---- */

static struct caller **find_caller(struct server *server, const char *address)
{
    uint32_t hash = 2166136261u;
    for (const char *c = address; *c != '\0'; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    struct caller **at = &server->callers[hash % BUCKETS];
    while (*at != NULL && strcmp((*at)->address, address) != 0)
        at = &(*at)->next;
    return at;
}

/* The operator's own socket has no address to be limited by. */
static bool admit(struct server *server, const char *address)
{
    bool admitted = false;
    pthread_mutex_lock(&server->mutex);
    struct caller **at = find_caller(server, address);
    if (*at == NULL && server->connections < server->options.limits.connections_max) {
        *at = calloc(1, sizeof(**at));
        if (*at != NULL)
            (void)snprintf((*at)->address, sizeof((*at)->address), "%s", address);
    }
    if (*at != NULL && server->connections < server->options.limits.connections_max &&
        (server->unix_path != NULL ||
         (*at)->count < server->options.limits.connections_per_address_max)) {
        (*at)->count++;
        server->connections++;
        admitted = true;
    }
    pthread_mutex_unlock(&server->mutex);
    return admitted;
}

static void dismiss(struct server *server, const char *address)
{
    pthread_mutex_lock(&server->mutex);
    struct caller **at = find_caller(server, address);
    struct caller *caller = *at;
    if (caller != NULL && --caller->count == 0) {
        *at = caller->next;
        free(caller);
    }
    server->connections--;
    pthread_mutex_unlock(&server->mutex);
}

void server_forget(struct server *server, struct connection *connection)
{
    dismiss(server, connection->address);
}

static void address_text(const struct sockaddr *address, char out[ADDRESS_BYTES_MAX])
{
    const void *bytes = NULL;
    int family = address->sa_family;
    if (family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (family == AF_INET6) {
        const struct in6_addr *six =
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        bytes = six;
        if (IN6_IS_ADDR_V4MAPPED(six)) { /* one caller, one name, whatever the listener */
            family = AF_INET;
            bytes = six->s6_addr + 12;
        }
    }
    if (bytes == NULL || evutil_inet_ntop(family, bytes, out, ADDRESS_BYTES_MAX) == NULL)
        (void)snprintf(out, ADDRESS_BYTES_MAX, "unix");
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int len, void *ctx)
{
    (void)listener;
    (void)len;
    struct room *room = ctx;
    char text[ADDRESS_BYTES_MAX];
    int on = 1;
    address_text(address, text);
    if (!admit(room->server, text)) {
        (void)close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connection_new(room, fd, text) == NULL)
        dismiss(room->server, text);
}

/* Out of descriptors: the listener would spin. */
static void on_accept_error(struct evconnlistener *listener, void *ctx)
{
    struct room *room = ctx;
    const struct timeval pause = {.tv_usec = ACCEPT_AGAIN_MS * 1000};
    (void)evconnlistener_disable(listener);
    (void)event_add(room->accept_again, &pause);
}

static void on_accept_again(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    const struct room *room = ctx;
    (void)evconnlistener_enable(room->listener);
}

/* ---- sockets ---- */

struct address {
    struct sockaddr_storage socket;
    socklen_t len;
};

static enum err refuse(const struct server_options *options, const char *rule, int failed,
                       struct why *why)
{
    char found[192];
    (void)snprintf(found, sizeof(found), "%s: %s", options->address,
                   failed == 0 ? "no address" : strerror(failed));
    return why_set(why, ERR_NETWORK, rule, 0, NULL, found);
}

static void set_port(struct address *address, uint16_t port)
{
    if (address->socket.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)&address->socket)->sin6_port = htons(port);
    else if (address->socket.ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)&address->socket)->sin_port = htons(port);
}

static enum err read_address(const struct server_options *options, struct address *out,
                             struct why *why)
{
    *out = (struct address){.len = sizeof(out->socket)};
    if (strncmp(options->address, "unix:", 5) == 0) {
        struct sockaddr_un *un = (struct sockaddr_un *)(void *)&out->socket;
        size_t len = strlen(options->address + 5);
        if (len == 0 || len >= sizeof(un->sun_path))
            return refuse(options, "a Unix socket's path has at most 107 bytes", 0, why);
        un->sun_family = AF_UNIX;
        memcpy(un->sun_path, options->address + 5, len + 1);
        out->len = sizeof(*un);
        return OK;
    }
    /* libevent takes no port 0, which here means any free one. */
    const char *colon = strrchr(options->address, ':');
    struct cursor port_text = cursor_of(span_cstr(colon == NULL ? "" : colon + 1));
    uint64_t port = cursor_u64(&port_text);
    char host_only[128];
    int len = (int)sizeof(out->socket);
    if (colon == NULL || port_text.failed || !cursor_at_end(&port_text) || port > 65535 ||
        (size_t)snprintf(host_only, sizeof(host_only), "%.*s:1", (int)(colon - options->address),
                         options->address) >= sizeof(host_only) ||
        evutil_parse_sockaddr_port(host_only, (struct sockaddr *)&out->socket, &len) != 0)
        return refuse(options, "an address in numbers and a port", 0, why);
    out->len = (socklen_t)len;
    set_port(out, (uint16_t)port);
    return OK;
}

static uint16_t get_port(int fd)
{
    struct sockaddr_storage real;
    socklen_t len = sizeof(real);
    if (getsockname(fd, (struct sockaddr *)&real, &len) != 0)
        return 0;
    if (real.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)(void *)&real)->sin6_port);
    return real.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)(void *)&real)->sin_port) : 0;
}

/* A socket that listens, or -1 and errno. */
static int open_socket(const struct address *address, bool shared)
{
    int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    int off = 0;
    if (address->socket.ss_family == AF_UNIX) {
        (void)unlink(((const struct sockaddr_un *)(const void *)&address->socket)->sun_path);
    } else {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (shared)
            (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
        if (address->socket.ss_family == AF_INET6)
            (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    mode_t before = umask(0177); /* a Unix socket is its owner's alone */
    int failed = bind(fd, (const struct sockaddr *)&address->socket, address->len) != 0 ||
                         listen(fd, BACKLOG) != 0
                     ? errno
                     : 0;
    (void)umask(before);
    if (failed == 0)
        return fd;
    (void)close(fd);
    errno = failed;
    return -1;
}

/* Machines without IPv6: every address is then every IPv4 address. */
static int open_first(struct address *address, bool shared)
{
    int fd = open_socket(address, shared);
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&address->socket;
    if (fd >= 0 || errno != EAFNOSUPPORT || address->socket.ss_family != AF_INET6 ||
        !IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr))
        return fd;
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = six->sin6_port};
    *address = (struct address){.len = sizeof(four)};
    memcpy(&address->socket, &four, sizeof(four));
    return open_socket(address, shared);
}

/* ---- start and stop ---- */

static enum err open_room(struct server *server, unsigned i, int fd)
{
    struct room *room = &server->rooms[i];
    *room = (struct room){.server = server, .loop = server->options.loops[i]};
    room->listener = evconnlistener_new(loop_base(room->loop), on_accept, room,
                                        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (room->listener == NULL) {
        (void)close(fd);
        return ERR_NO_MEMORY;
    }
    server->room_count++;
    room->accept_again = evtimer_new(loop_base(room->loop), on_accept_again, room);
    if (room->accept_again == NULL)
        return ERR_NO_MEMORY;
    evconnlistener_set_error_cb(room->listener, on_accept_error);
    return OK;
}

static enum err listen_everywhere(struct server *server, struct why *why)
{
    struct address address;
    TRY(read_address(&server->options, &address, why));
    bool is_unix = address.socket.ss_family == AF_UNIX;
    unsigned count = is_unix ? 1 : server->options.loop_count;
    /* Sockets that share a port would also share it with another process: ask once without sharing.
     */
    int probe = is_unix ? -1 : open_first(&address, false);
    if (!is_unix && probe < 0)
        return refuse(&server->options, "listening", errno, why);
    if (probe >= 0)
        (void)close(probe);
    for (unsigned i = 0; i < count; i++) {
        int fd = i == 0 ? open_first(&address, count > 1) : open_socket(&address, true);
        if (fd < 0)
            return refuse(&server->options, "listening", errno, why);
        if (i == 0) {
            server->port = get_port(fd);
            set_port(&address, server->port);
        }
        TRY(open_room(server, i, fd));
    }
    return OK;
}

enum err server_start(const struct server_options *options, struct server **out, struct why *why)
{
    struct server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return ERR_NO_MEMORY;
    server->options = *options;
    pthread_mutex_init(&server->mutex, NULL);
    server->rooms = calloc(options->loop_count, sizeof(*server->rooms));
    bool is_unix = strncmp(options->address, "unix:", 5) == 0;
    server->unix_path = is_unix ? strdup(options->address + 5) : NULL;
    if (options->tls != NULL)
        (void)SSL_CTX_up_ref(options->tls);
    enum err err = server->rooms == NULL || (is_unix && server->unix_path == NULL)
                       ? ERR_NO_MEMORY
                       : listen_everywhere(server, why);
    if (err == OK) {
        *out = server;
        return OK;
    }
    server_stop(server);
    server_free(server);
    return err;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

static void close_room(void *ctx)
{
    struct room *room = ctx;
    if (room->listener != NULL)
        evconnlistener_free(room->listener);
    if (room->accept_again != NULL)
        event_free(room->accept_again);
    room->listener = NULL;
    room->accept_again = NULL;
    while (room->first != NULL)
        connection_free(room->first);
}

void server_stop(struct server *server)
{
    for (unsigned i = 0; i < server->room_count; i++)
        loop_call(server->rooms[i].loop, close_room, &server->rooms[i]);
}

void server_free(struct server *server)
{
    if (server == NULL)
        return;
    if (server->unix_path != NULL)
        (void)unlink(server->unix_path);
    SSL_CTX_free(server->options.tls);
    pthread_mutex_destroy(&server->mutex);
    free(server->unix_path);
    free(server->rooms);
    free(server);
}
