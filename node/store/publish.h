/* Publication: drafts from the platform become records of the own log, durable before they are
 * answered. */
#ifndef MAILLON_NODE_STORE_PUBLISH_H
#define MAILLON_NODE_STORE_PUBLISH_H

#include "node/store/guard.h"
#include "node/store/store.h"

struct publisher;
struct publish_item;

/* What a put must satisfy beyond its envelope (the schema that it names). Asked for each, before it
 * is stored, by the thread that publishes. */
struct publish_check {
    void *ctx;
    /* A publication begins; what it returns is handed to the others. NULL: no memory. lang: of the
     * sentences. */
    void *(*begin)(void *ctx, enum lang lang);
    /* tape and record are of the line as it will be stored. May set item->errors and item->waits.
     * Anything but OK refuses the item. */
    enum err (*put)(void *session, const struct tape *tape, const struct record *record,
                    struct publish_item *item, struct why *why);
    void (*end)(void *session);
};

/* store and own are borrowed; check is copied, NULL: none. NULL: no memory. */
struct publisher *publisher_new(struct store *store, struct store_log *own,
                                const struct publish_check *check);
/* Nothing is stored before the guard, which is borrowed, allows it; a publication waits while it
 * asks. Before the first publication. */
void publisher_guard(struct publisher *publisher, struct guard *guard);
void publisher_free(struct publisher *publisher); /* after its last publication ended */

/* One item of a publication, and what became of it. */
struct publish_item {
    uint32_t line;  /* 1-based place in the request */
    enum err err;   /* OK: stored */
    uint64_t index; /* entry, when stored */
    struct hash leaf;
    bool unchanged; /* held already, as entry `index`; nothing was appended, leaf is not set */
    char id[ID_BYTES_MAX + 1];
    bool waits;     /* stored, and out of the catalogue until its pack arrives */
    char *errors;   /* JSON array of what its schema says, when that refused it; owned, or NULL */
    struct why why; /* when not */
};

struct publication {
    struct publish_item *items; /* owned; free with publication_clear */
    size_t count;
    size_t cap;
    size_t refused;
    enum err err; /* what failed as a whole (disk, memory, all or nothing), or OK */
    struct why why;
};
void publication_clear(struct publication *publication);

#define PUBLISH_ITEMS_MAX 100000u /* of one request: the answer names each of them */

struct publication_options {
    enum lang lang;      /* of the sentences about a record that breaks its schema */
    bool all_or_nothing; /* nothing is stored when an item is refused, or when they exceed one batch
                          */
    bool dry_run;        /* check only */
    /* A put whose schema, license, audience and body are those of the newest version held of its id
     * is not appended again. Such a publication goes alone. */
    bool unless_unchanged;
    bool one_value; /* the text is one JSON value, over any number of lines, not NDJSON */
};

/* Publishes records as the local API takes them, one JSON object or NDJSON:
 * {"id":...,"schema":...,"license":...,"audience":...,"body":{...}}, "op":"delete" or "erase"
 * without a body. Blocks until everything is durable: pool threads only. Items come in the order of
 * the input. */
void publish_text(struct publisher *publisher, struct span text,
                  const struct publication_options *options, struct publication *out);
/* The same with the id given by the address; op delete for DELETE, with text empty. ERR_NOT_FOUND
 * when there is nothing to delete. */
void publish_at(struct publisher *publisher, struct span id, enum record_op op, struct span text,
                enum lang lang, struct publication *out);

#endif
