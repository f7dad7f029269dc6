/* Lines on their way to the node: gathered into chunks, sent while the next are prepared, and what
 * the node answers to each mapped back to its place in the file. */
#ifndef MAILLON_NODE_CLI_PUBLISH_LINES_H
#define MAILLON_NODE_CLI_PUBLISH_LINES_H

#include "node/cli/publish_report.h"

/* Lines on their way; valid during the call. */
struct publish_chunk {
    struct span lines; /* NDJSON, each with its newline; at most PUBLISH_CHUNK_BYTES_MAX */
    size_t count;      /* at most PUBLISH_CHUNK_LINES_MAX */
    uint64_t first;    /* lines sent before this chunk */
    bool none_taken;   /* set by the transport: the node stored none of them */
    struct publish_lines *inside;
};

/* Sends one chunk and waits for the answer. OK when the node answered: lines that it refused have
 * been named with publish_chunk_refuse, all others are durable (unless none_taken). An error ends
 * the publication. */
typedef enum err (*publish_send_fn)(void *ctx, struct publish_chunk *chunk, struct why *why);
/* Called between items, often; may be NULL. */
typedef void (*publish_progress_fn)(void *ctx, const struct import_source *source);

/* The node refused line number `line` (from 1) of the chunk. slug and reason are as it said; either
 * may be NULL. A line that the chunk does not have is ignored. */
void publish_chunk_refuse(struct publish_chunk *chunk, uint64_t line, const char *slug,
                          const char *reason);

/* The node holds line number `line` of the chunk already, as it is. */
void publish_chunk_unchanged(struct publish_chunk *chunk, uint64_t line);

/* Begins to send a chunk and returns at once; send, called for the same chunk, then waits for the
 * answer. In between the next chunk is prepared. Not used for all_or_nothing; may be NULL. */
typedef void (*publish_start_fn)(void *ctx, const struct publish_chunk *chunk);

struct publish_transport {
    void *ctx;
    publish_start_fn start;
    publish_send_fn send;
    publish_progress_fn progress;
};

struct publish_lines_options {
    enum lang lang; /* of the reasons */
    /* Nothing is sent unless every item is sound; lines wait in an unnamed temporary file. What the
     * node refuses then is the transport's affair: chunk.none_taken. */
    bool all_or_nothing;
};

/* What a line is, for the report. */
struct publish_mark {
    struct import_place place;
    bool is_rendering; /* of a record, for another audience */
    bool is_waiting;
    bool is_personal;
    bool is_exposed; /* all of it is personal, and everybody may read it */
};

/* Is that everybody? NULL: the default. */
bool publish_is_public(const char *audience);

struct publish_outbox;

/* All are borrowed. NULL: no memory. */
struct publish_outbox *publish_outbox_new(const struct publish_lines_options *options,
                                          const struct publish_transport *transport,
                                          struct publish_report *report);
/* Waits for what is still on its way, and counts it. NULL is fine. */
void publish_outbox_free(struct publish_outbox *outbox);

/* Takes a line (with its newline). ERR_NO_MEMORY, ERR_IO, ERR_DISK_FULL (the temporary file), or
 * the transport's error: the publication ends. */
MUST_USE enum err publish_outbox_add(struct publish_outbox *outbox, struct span line,
                                     const struct publish_mark *mark, struct why *why);
/* Sends the rest and waits for all answers. ERR_CONFLICT: all_or_nothing, and the report has
 * refusals: nothing was sent. */
MUST_USE enum err publish_outbox_finish(struct publish_outbox *outbox, struct why *why);

/* Appends the line that the local API takes (canonical, absent members left out) with its newline.
 * ERR_LIMIT: the record would be longer than a line may be; ERR_NO_MEMORY. */
struct publish_draft {
    struct span id;
    struct span body; /* canonical */
    const char *schema;
    const char *license;  /* NULL: left out */
    const char *audience; /* NULL: left out, which means public */
};
MUST_USE enum err publish_line_write(struct buf *line, const struct publish_draft *draft,
                                     struct why *why);

#endif
