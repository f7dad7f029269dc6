/* Fetches on one loop, a few at a time; the resolver bounds how often each is asked for. */
#include "node/identity/learn.h"

#include <stdlib.h>

struct lesson {
    struct fetch *fetch; /* NULL: a free place */
    char did[DID_BYTES_MAX + 1];
};

struct learn {
    struct resolver *resolver;
    struct loop *loop;
    bool stopped;
    struct lesson lessons[LEARN_MAX];
};

struct wish {
    struct learn *learn;
    char did[DID_BYTES_MAX + 1];
};

struct learn *learn_new(struct resolver *resolver, struct loop *loop)
{
    struct learn *learn = calloc(1, sizeof(*learn));
    if (learn == NULL)
        return NULL;
    learn->resolver = resolver;
    learn->loop = loop;
    return learn;
}

static void on_fetched(void *ctx, enum err err, const struct why *why, bool news)
{
    struct lesson *lesson = ctx;
    (void)err; /* the caller stays unknown, and says so to its operator */
    (void)why;
    (void)news;
    lesson->fetch = NULL;
}

static void begin(struct learn *learn, const char *did)
{
    struct lesson *place = NULL;
    for (unsigned i = 0; i < LEARN_MAX; i++) {
        struct lesson *lesson = &learn->lessons[i];
        if (lesson->fetch != NULL && strcmp(lesson->did, did) == 0)
            return;
        if (lesson->fetch == NULL)
            place = lesson;
    }
    if (place == NULL)
        return;
    memcpy(place->did, did, strlen(did) + 1);
    struct fetch_source source = {.did = place->did};
    place->fetch = resolver_fetch(learn->resolver, learn->loop, &source, on_fetched, place);
}

static void on_wish(void *ctx)
{
    struct wish *wish = ctx;
    if (!wish->learn->stopped)
        begin(wish->learn, wish->did);
    free(wish);
}

void learn_want(struct learn *learn, struct span did)
{
    struct wish *wish = did.len == 0 || did.len > DID_BYTES_MAX ? NULL : calloc(1, sizeof(*wish));
    if (wish == NULL)
        return;
    wish->learn = learn;
    memcpy(wish->did, did.data, did.len);
    loop_post(learn->loop, on_wish, wish);
}

static void stop(void *ctx)
{
    struct learn *learn = ctx;
    learn->stopped = true;
    for (unsigned i = 0; i < LEARN_MAX; i++) {
        fetch_cancel(learn->lessons[i].fetch);
        learn->lessons[i].fetch = NULL;
    }
}

void learn_stop(struct learn *learn)
{
    if (learn != NULL)
        loop_call(learn->loop, stop, learn);
}

void learn_free(struct learn *learn)
{
    free(learn);
}
