/* What became of an import: how many, which were refused and why, what was not carried over. */
#ifndef MAILLON_NODE_CLI_PUBLISH_REPORT_H
#define MAILLON_NODE_CLI_PUBLISH_REPORT_H

#include <jansson.h>

#include "node/cli/cli.h"
#include "node/import/source.h"

struct publish_fault {
    struct import_place place;
    char slug[32];    /* of problems.def */
    char id[64];      /* of the record, or as much of it as fits; "" when it has none yet */
    char field[128];  /* JSON Pointer into the body; "" for the whole */
    char keyword[32]; /* of the schema, or "" */
    char reason[400]; /* a sentence, with rule, expected and found */
};

/* Something that many rows have in common: field and kind. */
struct publish_tally {
    char field[128];
    char kind[64];
    char reason[200]; /* as it was said of the first row; "" in the list of what was lost */
    uint64_t rows;
    uint64_t last_item; /* counted for it already */
};

struct publish_tallies {
    struct publish_tally *items; /* at most IMPORT_TALLIES_MAX */
    size_t count;
    uint64_t others; /* rows of what did not fit */
};

struct publish_report {
    uint64_t items;               /* that the input holds */
    uint64_t accepted;            /* durable in the node */
    uint64_t unchanged;           /* held already as they are */
    uint64_t renderings;          /* published beside their records (not counted above) */
    uint64_t refused;             /* here or by the node */
    uint64_t left_out;            /* nodes of a graph that no type takes */
    uint64_t waiting;             /* accepted, but of a type that this node does not know */
    uint64_t personal;            /* accepted, and with personal values in them */
    uint64_t exposed;             /* accepted, personal as a whole, and for everybody to read */
    uint64_t aliases;             /* names that were brought to their current form */
    struct publish_fault *faults; /* of those refused the first IMPORT_FAULTS_MAX */
    size_t fault_count;
    struct publish_tallies left;     /* field: the kind that was left out */
    struct publish_tallies lost;     /* field: the path of the source that no rule carried over */
    struct publish_tallies doubtful; /* field and reason: a value that was not understood */
    bool cut_short;                  /* the last fault hides the rest of the input */
};

void publish_report_clear(struct publish_report *report);

/* Counts a refusal. Returns the fault to fill in, or NULL when the list is full. */
struct publish_fault *publish_report_refuse(struct publish_report *report,
                                            const struct import_place *place);
/* The sentence of an error with its rule, what was expected and what was found. */
void publish_reason(char *out, size_t size, enum err err, const struct why *why, enum lang lang);
/* One more of (field, kind). */
struct publish_tally_row {
    struct span field;
    const char *kind;
    const char *reason;
    uint64_t item; /* counted once for each */
    uint64_t rows;
};
void publish_tally_add(struct publish_tallies *tallies, const struct publish_tally_row *row);

/* For people: a summary on stdout, each refusal with its place on stderr. Returns the exit code: 1
 * when anything was refused. name: of the file. */
int publish_report_print(const struct cli *cli, const char *name,
                         const struct publish_report *report);
/* {"items","accepted","unchanged","refused","complete","faults":[{"kind","number","line","offset",
 * "problem","id","reason"}]}; owned by the caller. */
json_t *publish_report_json(const struct publish_report *report);
/* What --report writes: {"file","pack","accepted","unchanged","refused","left_out","waiting",
 * "refusals":[{"row","line","id","field","keyword","reason"}],"lost":[{"path","rows"}],
 * "faults":[{"field","reason","rows"}],"left_out_kinds":[{"kind","rows"}],"aliases",...}:
 * docs/packs.md, "Import". */
json_t *publish_report_whole(const struct publish_report *report, const char *name,
                             const char *pack);

#endif
