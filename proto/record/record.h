/* The record: one line of canonical JSON that a node publishes (DESIGN, section 4). */
#ifndef MAILLON_PROTO_RECORD_RECORD_H
#define MAILLON_PROTO_RECORD_RECORD_H

#include "proto/base/hash.h"
#include "proto/env.h"
#include "proto/json/tape.h"
#include "proto/limits.h"

enum record_op { RECORD_PUT, RECORD_DELETE, RECORD_ERASE };
enum record_audience { AUDIENCE_PUBLIC, AUDIENCE_COMMONS, AUDIENCE_CIRCLE, AUDIENCE_PRIVATE };

/* A record that was read. Spans point into its line (strings without quotes; none of them can hold
 * an escape, by their own syntax). body_token is its index on the tape, TAPE_NONE when there is
 * none. */
struct record {
    struct span line;
    struct span id;
    struct span audience_text; /* "circle:voisins" */
    struct span schema;        /* "food/product@1" */
    struct span license;       /* empty when absent */
    struct span time_text;
    struct span body; /* canonical JSON of any type; empty when absent (delete, erase) */
    uint64_t time_ms; /* Unix milliseconds */
    uint32_t body_token;
    enum record_op op;
    enum record_audience audience;
};

/* What a publisher says; record_write adds nonce and time. */
struct record_draft {
    struct span id;
    struct span audience; /* text form; empty means "public" */
    struct span schema;
    struct span license; /* empty: the field is left out */
    struct span body;    /* canonical JSON (not checked again); empty for delete and erase */
    enum record_op op;
};

/* 1-200 bytes of [A-Za-z0-9._~/-], no empty, "." or ".." segment. */
bool record_id_is_valid(struct span id);
/* "<pack>/<type>@<major>": lower-case letters, digits, '-'; major is 1 or more. */
bool record_schema_is_valid(struct span schema);
MUST_USE enum err record_audience_read(struct span text, enum record_audience *out);

/* Reads and checks a line (without its newline): canonical, every field present and well-formed.
 * Members that this version does not know are kept in the bytes and ignored. The tape is working
 * memory and holds the line's tokens afterwards. ERR_LIMIT, those of tape_scan, ERR_BAD_RECORD,
 * ERR_BAD_ID; why->rule names the field. line must outlive out. Any thread. */
MUST_USE enum err record_read(struct span line, struct tape *tape, struct record *out,
                              struct why *why);

/* Appends the canonical line of a draft, without newline, with a fresh nonce and the time given.
 * ERR_BAD_ID, ERR_BAD_RECORD, ERR_LIMIT (line too long), ERR_NO_MEMORY; out as before then. */
MUST_USE enum err record_write(const struct record_draft *draft, const struct env *env,
                               uint64_t time_ms, struct buf *out, struct why *why);

#endif
