/* A plain search: reads the newest version of every record held and keeps those whose text has all
 * the words. */
#ifndef MAILLON_NODE_CATALOGUE_SEARCH_H
#define MAILLON_NODE_CATALOGUE_SEARCH_H

#include "node/catalogue/judge.h"

#define SEARCH_WORDS_MAX 16u
#define SEARCH_LIMIT_MAX 1000u

struct search_query {
    struct span words; /* UTF-8; each must begin a word of the body's strings; none: every record */
    struct span origin; /* only this log, or empty */
    struct span
        schema; /* only records whose schema begins so ("food/", "food/product@1"), or empty */
    struct judge *judge; /* leaves out what is quarantined or waits; NULL: nothing is left out */
    unsigned limit;
    /* May the one who asks read it? Any thread. */
    bool (*may_read)(void *ctx, const struct store_log *log, const struct log_entry *entry);
    /* How many entries of a log count (those that were committed at most); NULL: all. */
    uint64_t (*size_of)(void *ctx, struct store_log *log);
    void *ctx;
};

struct search_hit {
    struct store_log *log;
    uint64_t index;
};

struct search_result {
    struct search_hit hits[SEARCH_LIMIT_MAX]; /* newest entries first, log by log */
    unsigned count;
    uint64_t total;    /* all that match */
    uint64_t scanned;  /* records looked at */
    uint64_t left_out; /* of those that match: quarantined, or waiting for their pack */
};

/* Takes milliseconds per ten thousand records: pool threads only. ERR_NO_MEMORY, ERR_BAD_REQUEST
 * (words are not UTF-8), ERR_LIMIT (too many words). */
MUST_USE enum err search_run(struct store *store, const struct search_query *query,
                             struct search_result *out, struct why *why);

#endif
