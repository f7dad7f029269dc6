/* The server over real sockets: how long it waits, how many it takes, what it holds in memory, how
 * it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/net/tls.h"
#include "node/net/zstd.h"
#include "tests/lib/folder.h"
#include "tests/lib/talk.h"

/* Short enough for a test, long enough for a machine under load. */
static const struct server_limits short_limits = {.connections_max = 100,
                                                  .connections_per_address_max = 100,
                                                  .head_timeout_ms = 300,
                                                  .body_stall_ms = 300,
                                                  .write_stall_ms = 300,
                                                  .idle_ms = 300};

/* ---- time ---- */

static void start_short(struct talk *talk)
{
    site_start(&talk->site, &(struct site_options){.loops = 1, .limits = short_limits});
}

static void cuts_off_who_says_nothing(void **state)
{
    struct talk *talk = *state;
    start_short(talk);
    talk_assert_over(talk, raw_dial(talk->site.port));
    int fd = raw_dial(talk->site.port);
    talk_say(fd, GET("/hello") "\r\n");
    talk_assert_answer(talk, fd, 200, "hello");
    talk_assert_over(talk, fd); /* idle */
    site_stop(&talk->site);
}

static void cuts_off_a_head_or_body_that_stands_still(void **state)
{
    struct talk *talk = *state;
    start_short(talk);
    static const char *const texts[] = {"GET /hel", GET("/hello"),
                                        POST("/echo") "Content-Length: 10\r\n\r\nhello",
                                        POST("/echo") "Transfer-Encoding: chunked\r\n\r\n5\r\nhel"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int fd = raw_dial(talk->site.port);
        talk_say(fd, texts[i]);
        talk_assert_over(talk, fd);
    }
    site_await_closed(&talk->site, 2);
    site_stop(&talk->site);
}

/* A byte now and then does not prolong the time for a head. */
static void cuts_off_a_head_that_trickles(void **state)
{
    struct talk *talk = *state;
    start_short(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, GET("/hello") "X: ");
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    unsigned bytes = 0;
    while (poll(&wait, 1, 20) == 0 && bytes < 1000) {
        talk_say(fd, "x");
        bytes++;
    }
    assert_true(bytes < 1000);
    talk_assert_over(talk, fd);
    site_stop(&talk->site);
}

static void cuts_off_who_does_not_read(void **state)
{
    struct talk *talk = *state;
    start_short(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, GET("/stream?bytes=1000000000") "\r\n");
    site_await_closed(&talk->site, 1);
    close(fd);
    site_stop(&talk->site);
}

/* Reads so slowly that the end of the answer is still with the server when the exchange is over. */
static int read_until_over(struct talk *talk, size_t bytes)
{
    int fd = raw_dial(talk->site.port);
    char request[128];
    (void)snprintf(request, sizeof(request), "GET /stream?bytes=%zu HTTP/1.1\r\nHost: a\r\n\r\n",
                   bytes);
    talk_say(fd, request);
    static uint8_t part[65536];
    while (!site_sees_closed(&talk->site, 1, 5)) {
        ssize_t got = recv(fd, part, sizeof(part), 0);
        assert_true(got > 0);
        buf_append(&talk->pending, part, (size_t)got);
    }
    return fd;
}

static void an_answer_that_is_still_read_is_not_idle(void **state)
{
    struct talk *talk = *state;
    struct server_limits limits = server_default_limits;
    limits.idle_ms = 200;
    site_start(&talk->site, &(struct site_options){.loops = 1, .limits = limits});
    int fd = read_until_over(talk, 16u * MIB);
    assert_false(site_sees_closed(&talk->site, 2, 600)); /* thrice the limit */
    talk_assert_answer(talk, fd, 200, NULL);
    assert_int_equal(talk->answer.body.len, 16u * MIB);
    talk_assert_over(talk, fd); /* now it is */
    site_stop(&talk->site);
}

static void a_client_that_has_no_more_to_say_gets_its_answer(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = read_until_over(talk, 16u * MIB);
    (void)shutdown(fd, SHUT_WR);
    talk_assert_answer(talk, fd, 200, NULL);
    assert_int_equal(talk->answer.body.len, 16u * MIB);
    talk_assert_over(talk, fd);
    site_stop(&talk->site);
}

static void waits_for_its_own_answer_as_long_as_it_takes(void **state)
{
    struct talk *talk = *state;
    start_short(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, GET("/never") "\r\n");
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 1000), 0); /* thrice any of the limits: nothing happens */
    close(fd);
    site_await_closed(&talk->site, 1); /* that the client went away is seen */
    site_stop(&talk->site);
}

/* ---- numbers ---- */

/* So many are served; the ones beyond are closed without a word. */
static void assert_limit(struct talk *talk, unsigned limit)
{
    int fds[8];
    for (unsigned i = 0; i < limit; i++) {
        fds[i] = raw_dial(talk->site.port);
        talk_say(fds[i], GET("/hello") "\r\n");
        talk_assert_answer(talk, fds[i], 200, "hello");
    }
    for (int i = 0; i < 3; i++)
        talk_assert_over(talk, raw_dial(talk->site.port));
    close(fds[0]);
    /* Its place is free as soon as the server has seen it go. */
    unsigned tries = 0;
    while (raw_status(talk->site.port, GET("/hello") "\r\n") != 200 && tries < 100000)
        tries++;
    assert_true(tries < 100000);
    for (unsigned i = 1; i < limit; i++)
        close(fds[i]);
}

static void limits_the_connections_of_one_address(void **state)
{
    struct talk *talk = *state;
    struct server_limits limits = server_default_limits;
    limits.connections_per_address_max = 3;
    site_start(&talk->site, &(struct site_options){.loops = 2, .limits = limits});
    assert_limit(talk, 3);
    site_stop(&talk->site);
}

static void limits_the_connections_in_all(void **state)
{
    struct talk *talk = *state;
    struct server_limits limits = server_default_limits;
    limits.connections_max = 4;
    site_start(&talk->site, &(struct site_options){.loops = 2, .limits = limits});
    assert_limit(talk, 4);
    site_stop(&talk->site);
}

static void all_loops_take_part(void **state)
{
    struct talk *talk = *state;
    site_start(&talk->site, &(struct site_options){.loops = 3});
    unsigned served = 0;
    for (bool all = false; !all && served < 1000; served++) {
        assert_int_equal(raw_status(talk->site.port, GET("/hello") "\r\n"), 200);
        pthread_mutex_lock(&talk->site.mutex);
        all = talk->site.by_loop[0] > 0 && talk->site.by_loop[1] > 0 && talk->site.by_loop[2] > 0;
        pthread_mutex_unlock(&talk->site.mutex);
    }
    assert_true(served < 1000);
    site_stop(&talk->site);
}

/* ---- streams and memory ---- */

static void streams_64_mib_down_without_holding_them(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, GET("/stream?bytes=67108864") "\r\n");
    talk_assert_answer(talk, fd, 200, NULL);
    assert_int_equal(talk->answer.body.len, 64u * MIB);
    for (size_t i = 0; i < 64u * MIB; i++)
        if (talk->answer.body.data[i] != site_pattern(i))
            fail_msg("wrong at %zu", i);
    assert_true(talk->site.unsent_max <= SITE_UNSENT_HIGH + 66u * 1024u);
    close(fd);
    site_stop(&talk->site);
}

static void takes_64_mib_up_part_by_part(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    struct buf part;
    buf_init(&part, 2 * MIB);
    uint8_t *room = buf_reserve(&part, MIB);
    assert_non_null(room);
    memset(room, 'x', MIB);
    buf_commit(&part, MIB);
    int fd = raw_dial(talk->site.port);
    talk_say(fd, POST("/sink") "Content-Length: 67108864\r\n\r\n");
    for (int i = 0; i < 64; i++)
        raw_send(fd, buf_span(&part));
    talk_assert_answer(talk, fd, 200, "67108864");
    talk_say(fd, POST("/sink") "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 64; i++) {
        talk_say(fd, "100000\r\n");
        raw_send(fd, buf_span(&part));
        talk_say(fd, "\r\n");
    }
    talk_say(fd, "0\r\n\r\n");
    talk_assert_answer(talk, fd, 200, "67108864");
    assert_true(talk->site.part_max <= 512u * 1024u);
    close(fd);
    buf_clear(&part);
    site_stop(&talk->site);
}

/* What is neither read by the server nor in the system's buffers stays with the client. */
static void holds_back_the_client_of_a_paused_body(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    int fd = raw_dial(talk->site.port);
    int small = 65536;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    talk_say(fd, POST("/held") "Content-Length: 33554432\r\n\r\n");
    site_await_heads(&talk->site, 1);
    static uint8_t part[MIB];
    size_t sent = 0;
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (sent < sizeof(part) * 32 && poll(&wait, 1, 300) == 1) {
        ssize_t put = send(fd, part, sizeof(part), MSG_NOSIGNAL);
        assert_true(put > 0);
        sent += (size_t)put;
    }
    assert_true(sent < 16u * MIB);
    assert_int_equal(talk->site.received, 0);
    assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
    site_release(&talk->site);
    while (sent < sizeof(part) * 32) {
        size_t len =
            sizeof(part) * 32 - sent < sizeof(part) ? sizeof(part) * 32 - sent : sizeof(part);
        raw_send(fd, span_of(part, len));
        sent += len;
    }
    talk_assert_answer(talk, fd, 200, "33554432");
    close(fd);
    site_stop(&talk->site);
}

/* Requests ask for much more than they cost: answers wait for the client to read. */
static void pipelined_requests_do_not_fill_the_memory(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    struct buf text;
    buf_init(&text, MIB);
    for (int i = 0; i < 400; i++)
        buf_append_cstr(&text, GET("/big") "\r\n");
    int fd = raw_dial(talk->site.port);
    raw_send(fd, buf_span(&text));
    for (int i = 0; i < 400; i++) {
        talk_assert_answer(talk, fd, 200, NULL);
        assert_int_equal(talk->answer.body.len, 256u * 1024u);
    }
    assert_true(talk->site.unsent_max <= MIB);
    close(fd);
    buf_clear(&text);
    site_stop(&talk->site);
}

/* ---- the end ---- */

static void open_exchanges_are_closed_when_it_stops(void **state)
{
    struct talk *talk = *state;
    site_start(&talk->site, &(struct site_options){.loops = 2});
    int fds[6];
    static const char *const texts[] = {GET("/never") "\r\n",
                                        GET("/part") "\r\n",
                                        GET("/stream?bytes=1000000000") "\r\n",
                                        POST("/echo") "Content-Length: 10\r\n\r\nhel",
                                        POST("/held") "Content-Length: 10\r\n\r\nhel",
                                        GET("/never") "\r\n"};
    for (unsigned i = 0; i < 6; i++) {
        fds[i] = raw_dial(talk->site.port);
        talk_say(fds[i], texts[i]);
    }
    site_await_heads(&talk->site, 6);
    site_stop(&talk->site); /* which counts */
    for (unsigned i = 0; i < 6; i++) {
        raw_receive_all(fds[i], &talk->pending);
        close(fds[i]);
    }
}

static void a_client_that_goes_away_is_noticed(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    static const char *const texts[] = {GET("/never") "\r\n", GET("/part") "\r\n",
                                        GET("/stream?bytes=1000000000") "\r\n",
                                        POST("/echo") "Content-Length: 10\r\n\r\nhel"};
    for (unsigned i = 0; i < 4; i++) {
        int fd = raw_dial(talk->site.port);
        talk_say(fd, texts[i]);
        site_await_heads(&talk->site, i + 1);
        close(fd);
        site_await_closed(&talk->site, i + 1);
    }
    site_stop(&talk->site);
}

/* ---- addresses ---- */

static enum err try_listen(const char *address, struct why *why)
{
    struct loop *loop = loop_new();
    assert_non_null(loop);
    struct server_options options = {
        .loops = &loop, .loop_count = 1, .address = address, .limits = server_default_limits};
    struct server *server = NULL;
    enum err err = server_start(&options, &server, why);
    if (err == OK) {
        server_stop(server);
        server_free(server);
    }
    loop_free(loop);
    return err;
}

static void says_why_it_cannot_listen(void **state)
{
    struct talk *talk = *state;
    talk_start(talk);
    char taken[64];
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", talk->site.port);
    const char *const addresses[] = {taken,       "192.0.2.1:0",     "localhost",
                                     "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:",
                                     "",          "unix:",           "unix:/nowhere/at/all/socket"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct why why = {.rule = NULL};
        if (try_listen(addresses[i], &why) != ERR_NETWORK || why.rule == NULL ||
            why.found[0] == '\0')
            fail_msg("\"%s\" is listened on", addresses[i]);
    }
    site_stop(&talk->site);
}

static void a_unix_socket_is_its_owner_s_alone(void **state)
{
    struct talk *talk = *state;
    char *folder = folder_make();
    char *path = folder_path(folder, "socket");
    char address[200];
    (void)snprintf(address, sizeof(address), "unix:%s", path);
    site_start(&talk->site, &(struct site_options){.loops = 2, .address = address});
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(talk->site.port, 0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    (void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
    talk_say(fd, GET("/hello") "Connection: close\r\n\r\n");
    talk_assert_answer(talk, fd, 200, "hello");
    talk_assert_over(talk, fd);
    assert_string_equal(talk->site.last_address, "unix");
    site_stop(&talk->site);
    assert_int_not_equal(stat(path, &info), 0); /* it is taken away */
    free(path);
    folder_remove(folder);
}

/* ---- TLS ---- */

static SSL *dial_tls(struct talk *talk, int newest, int *result_out)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    assert_int_equal(SSL_CTX_set_max_proto_version(context, newest), 1);
    SSL *ssl = SSL_new(context);
    assert_non_null(ssl);
    SSL_CTX_free(context);
    assert_int_equal(SSL_set_fd(ssl, raw_dial(talk->site.port)), 1);
    *result_out = SSL_connect(ssl);
    return ssl;
}

static void hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);
    SSL_free(ssl);
    close(fd);
}

static void speaks_tls_1_3_alone(void **state)
{
    struct talk *talk = *state;
    site_start(&talk->site, &(struct site_options){.loops = 1, .tls = true});
    int result;
    SSL *ssl = dial_tls(talk, TLS1_2_VERSION, &result);
    assert_int_not_equal(result, 1);
    hang_up(ssl);
    ssl = dial_tls(talk, 0, &result);
    assert_int_equal(result, 1);
    assert_int_equal(SSL_version(ssl), TLS1_3_VERSION);
    hang_up(ssl);
    site_stop(&talk->site);
}

static void ends_a_tls_connection_with_close_notify(void **state)
{
    struct talk *talk = *state;
    site_start(&talk->site, &(struct site_options){.loops = 1, .tls = true});
    int result;
    SSL *ssl = dial_tls(talk, 0, &result);
    assert_int_equal(result, 1);
    static const char request[] = "GET /stream?bytes=300000 HTTP/1.0\r\n\r\n";
    assert_true(SSL_write(ssl, request, sizeof(request) - 1) > 0);
    char part[16384];
    int total = 0;
    int got;
    while ((got = SSL_read(ssl, part, sizeof(part))) > 0)
        total += got;
    assert_int_equal(SSL_get_error(ssl, got), SSL_ERROR_ZERO_RETURN); /* the whole, not a cut */
    assert_true(total > 300000);
    hang_up(ssl);
    site_stop(&talk->site);
}

static void cuts_off_a_handshake_that_stands_still(void **state)
{
    struct talk *talk = *state;
    site_start(&talk->site,
               &(struct site_options){.loops = 1, .tls = true, .limits = short_limits});
    int fd = raw_dial(talk->site.port);
    raw_send(fd, SPAN_LITERAL("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"));
    talk_assert_over(talk, fd);
    fd = raw_dial(talk->site.port);
    talk_say(fd, GET("/hello") "\r\n"); /* plain HTTP: an alert at most */
    raw_receive_all(fd, &talk->pending);
    close(fd);
    assert_int_equal(talk->site.heads, 0);
    site_stop(&talk->site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK_TEST(cuts_off_who_says_nothing),
        TALK_TEST(cuts_off_a_head_or_body_that_stands_still),
        TALK_TEST(cuts_off_a_head_that_trickles),
        TALK_TEST(cuts_off_who_does_not_read),
        TALK_TEST(an_answer_that_is_still_read_is_not_idle),
        TALK_TEST(a_client_that_has_no_more_to_say_gets_its_answer),
        TALK_TEST(waits_for_its_own_answer_as_long_as_it_takes),
        TALK_TEST(limits_the_connections_of_one_address),
        TALK_TEST(limits_the_connections_in_all),
        TALK_TEST(all_loops_take_part),
        TALK_TEST(streams_64_mib_down_without_holding_them),
        TALK_TEST(takes_64_mib_up_part_by_part),
        TALK_TEST(holds_back_the_client_of_a_paused_body),
        TALK_TEST(pipelined_requests_do_not_fill_the_memory),
        TALK_TEST(open_exchanges_are_closed_when_it_stops),
        TALK_TEST(a_client_that_goes_away_is_noticed),
        TALK_TEST(says_why_it_cannot_listen),
        TALK_TEST(a_unix_socket_is_its_owner_s_alone),
        TALK_TEST(speaks_tls_1_3_alone),
        TALK_TEST(ends_a_tls_connection_with_close_notify),
        TALK_TEST(cuts_off_a_handshake_that_stands_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
