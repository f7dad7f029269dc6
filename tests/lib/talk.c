#include "tests/lib/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

int talk_set_up(void **state)
{
    struct talk *talk = calloc(1, sizeof(*talk));
    assert_non_null(talk);
    buf_init(&talk->pending, 512u * MIB);
    *state = talk;
    return 0;
}

int talk_tear_down(void **state)
{
    struct talk *talk = *state;
    buf_clear(&talk->pending);
    buf_clear(&talk->answer.body);
    free(talk);
    return 0;
}

void talk_start(struct talk *talk)
{
    site_start(&talk->site, &(struct site_options){.loops = 1});
}

void talk_receive(struct talk *talk, int fd, const char *method)
{
    buf_clear(&talk->answer.body);
    raw_receive(fd, &talk->pending, method, &talk->answer);
}

void talk_assert_answer(struct talk *talk, int fd, int status, const char *body)
{
    talk_receive(talk, fd, "GET");
    assert_int_equal(talk->answer.status, status);
    if (body != NULL && !span_is(buf_span(&talk->answer.body), body))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)talk->answer.body.len,
                 (const char *)talk->answer.body.data, body);
}

/* Nothing more comes, and the connection ends. */
void talk_assert_over(struct talk *talk, int fd)
{
    raw_receive_all(fd, &talk->pending);
    assert_int_equal(talk->pending.len, 0);
    close(fd);
}

void talk_say(int fd, const char *text)
{
    raw_send(fd, span_cstr(text));
}
