/* From an import to requests: each item becomes the line that the local API takes
 *   {"audience":...,"body":{...},"id":...,"license":...,"schema":...}
 * (canonical, absent options left out); lines are gathered into chunks and handed to a transport;
 * what was refused, here or by the node, is reported with its place in the file. */
#ifndef MAILLON_NODE_CLI_PUBLISH_SOURCE_H
#define MAILLON_NODE_CLI_PUBLISH_SOURCE_H

#include <jansson.h>

#include "node/cli/cli.h"
#include "node/import/source.h"

struct publish_options {
    const char *schema;
    const char *license;  /* NULL: left out */
    const char *audience; /* NULL: left out, which means public */
    const char *id_from;  /* as import_id has it */
    enum lang lang;       /* of the reasons */
    /* Nothing is sent unless every item is sound; lines wait in an unnamed temporary file. What the
     * node refuses then is the transport's affair: chunk.none_taken. */
    bool all_or_nothing;
};

struct publish_fault {
    struct import_place place;
    char slug[32];    /* of problems.def */
    char id[64];      /* of the record, or as much of it as fits; "" when it has none yet */
    char reason[400]; /* a sentence, with rule, expected and found */
};

struct publish_report {
    uint64_t items;               /* that the input holds */
    uint64_t accepted;            /* durable in the node */
    uint64_t refused;             /* here or by the node */
    struct publish_fault *faults; /* of those refused the first IMPORT_FAULTS_MAX */
    size_t fault_count;
    bool cut_short; /* the last fault hides the rest of the input */
};

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

/* Begins to send a chunk and returns at once; send, called for the same chunk, then waits for the
 * answer. In between the next chunk is prepared. Not used for all_or_nothing; may be NULL. */
typedef void (*publish_start_fn)(void *ctx, const struct publish_chunk *chunk);

struct publish_transport {
    void *ctx;
    publish_start_fn start;
    publish_send_fn send;
    publish_progress_fn progress;
};

/* Publishes all of the source. OK when the input was read to its end (or to where it cannot be read
 * on) and every chunk was answered: see the report for what was refused. ERR_NO_MEMORY, ERR_IO (the
 * temporary file), ERR_CONFLICT (all_or_nothing, and there were faults: nothing was sent), or the
 * transport's error. report is filled in every case; clear it. */
MUST_USE enum err publish_source(struct import_source *source,
                                 const struct publish_options *options,
                                 const struct publish_transport *transport,
                                 struct publish_report *report, struct why *why);
void publish_report_clear(struct publish_report *report);

/* For people: a summary on stdout, each refusal with its place on stderr. Returns the exit code: 1
 * when anything was refused. name: of the file. */
int publish_report_print(const struct cli *cli, const char *name,
                         const struct publish_report *report);
/* {"items","accepted","refused","complete","faults":[{"kind","number","line","offset","problem","id",
 * "reason"}]}; owned by the caller. */
json_t *publish_report_json(const struct publish_report *report);

#endif
