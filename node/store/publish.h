/* Publication: drafts from the platform become records of the own log, durable before they are
 * answered. */
#ifndef MAILLON_NODE_STORE_PUBLISH_H
#define MAILLON_NODE_STORE_PUBLISH_H

#include "node/store/store.h"

struct publisher;

/* store and own are borrowed. NULL: no memory. */
struct publisher *publisher_new(struct store *store, struct store_log *own);
void publisher_free(struct publisher *publisher); /* after its last publication ended */

/* One item of a publication, and what became of it. */
struct publish_item {
    uint32_t line;  /* 1-based place in the request */
    enum err err;   /* OK: stored */
    uint64_t index; /* entry, when stored */
    struct hash leaf;
    char id[ID_BYTES_MAX + 1];
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
    bool all_or_nothing; /* nothing is stored when an item is refused, or when they exceed one batch
                          */
    bool dry_run;        /* check only */
    bool one_value;      /* the text is one JSON value, over any number of lines, not NDJSON */
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
                struct publication *out);

#endif
