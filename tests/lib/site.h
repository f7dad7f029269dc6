/* A server with a small application behind it, on loops of its own, and a raw client that sends
 * what no library would. */
#ifndef MAILLON_TESTS_LIB_SITE_H
#define MAILLON_TESTS_LIB_SITE_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "node/net/loop.h"
#include "node/net/server.h"

#define SITE_LOOPS_MAX 4u
#define SITE_UNSENT_HIGH (256u * 1024u) /* its streams stop above */

/* The application:
 *   /hello            "hello"
 *   /early            "early", before any body is read
 *   /echo             the body, at most 1 MiB
 *   /sink             how many bytes the body had, any number, read part by part with pauses
 *   /held             like /sink, but reads nothing until site_release
 *   /stream?bytes=N   N bytes of site_pattern, compressed when asked for
 *   /part             "part", flushed; the rest after site_release
 *   /never            no answer
 *   /cut              half an answer, then the connection is cut
 *   /problem          a problem document
 *   /busy             a problem once an answer has begun
 *   /pool             "hello" from another thread
 *   /big              256 KiB at once */
struct site {
    struct loop *loops[SITE_LOOPS_MAX];
    unsigned loop_count;
    struct server *server;
    struct pool *pool;
    char *folder; /* of the TLS key */
    uint8_t pin[32];
    uint16_t port;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned heads; /* exchanges begun */
    unsigned closed;
    unsigned by_loop[SITE_LOOPS_MAX];
    uint64_t received;
    size_t part_max;
    size_t unsent_max; /* seen when a request began or a stream was written to */
    char last_address[64];
    struct exchange *held;
};

struct site_options {
    unsigned loops;
    bool tls;
    const char *address;         /* NULL: 127.0.0.1:0 */
    struct server_limits limits; /* zero: the defaults */
};

void site_start(struct site *site, const struct site_options *options);
/* Every exchange that began must have been closed once. */
void site_stop(struct site *site);
/* Lets the exchange on /held or /part go on. */
void site_release(struct site *site);
/* Wait until so many exchanges have begun, or are over; the test fails after 20 s. */
void site_await_heads(struct site *site, unsigned count);
void site_await_closed(struct site *site, unsigned count);
/* The same, for at most so long; false: not yet. */
bool site_sees_closed(struct site *site, unsigned count, unsigned wait_ms);
/* The byte at this place of a stream: no two blocks are alike, and it compresses. */
uint8_t site_pattern(uint64_t position);

/* ---- the raw client; whatever takes 20 s fails the test ---- */

int raw_dial(uint16_t port);
void raw_send(int fd, struct span bytes); /* a connection that is closed meanwhile is fine */
/* Appends until the other side closes, or resets. */
void raw_receive_all(int fd, struct buf *out);

/* The next answer with its whole body, from what `pending` holds and what comes. A status of 0: the
 * connection was closed before. */
struct raw_answer {
    int status;
    bool keep_alive;
    bool chunked;
    struct buf body;
    char type[64];
    char language[8];
    char coding[16];
    uint64_t content_length;
};
void raw_receive(int fd, struct buf *pending, const char *method, struct raw_answer *out);
/* One request on a connection of its own. */
int raw_status(uint16_t port, const char *request);

#endif
