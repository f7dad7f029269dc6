/* A conversation with a server over raw sockets, for tests that claim something of it. */
#ifndef MAILLON_TESTS_LIB_TALK_H
#define MAILLON_TESTS_LIB_TALK_H

#include "tests/lib/site.h"

#define MIB (1024u * 1024u)
#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: localhost\r\n"

struct talk {
    struct site site;
    struct buf pending;
    struct raw_answer answer;
};

/* For cmocka: the state is a struct talk. */
int talk_set_up(void **state);
int talk_tear_down(void **state);
/* A site with one loop. */
void talk_start(struct talk *talk);
/* Reads one answer. */
void talk_receive(struct talk *talk, int fd, const char *method);
/* The same, with this status and body (NULL: any). */
void talk_assert_answer(struct talk *talk, int fd, int status, const char *body);
/* Nothing more comes, and the connection ends. */
void talk_assert_over(struct talk *talk, int fd);
void talk_say(int fd, const char *text);

#define TALK_TEST(name) cmocka_unit_test_setup_teardown(name, talk_set_up, talk_tear_down)

#endif
