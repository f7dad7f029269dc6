/* Lenses: mappings between two vocabularies, as data (docs/packs.md, "Lens").
 *
 * A lens is compiled once and then applied to any number of documents by any number of threads. It
 * never fails for what a document holds: a value that an operation does not understand is absent
 * from the result and reported as a fault of that field, and what the result does not carry is
 * reported as a loss. */
#ifndef MAILLON_PROTO_SCHEMA_LENS_H
#define MAILLON_PROTO_SCHEMA_LENS_H

#include "proto/json/pointer.h"

struct lens;
struct lens_work;

enum lens_direction { LENS_THERE, LENS_BACK };

/* --- Compiling --- */

/* Why a lens is refused: one row of lens_refusals.def each. */
enum lens_rule_broken {
#define LENS_REFUSAL(name, reason_en, remedy_en, reason_fr, remedy_fr) LENS_REFUSED_##name,
#include "proto/schema/lens_refusals.def"
#undef LENS_REFUSAL
    LENS_REFUSED_COUNT
};

struct lens_refusal {
    enum lens_rule_broken rule;
    char pointer[256]; /* JSON Pointer into the lens, cut to fit */
    char found[96];    /* what stands there, printable and cut; may be empty */
};

/* Static sentences. */
const char *lens_refusal_reason(enum lens_rule_broken rule, enum lang lang);
const char *lens_refusal_remedy(enum lens_rule_broken rule, enum lang lang);

/* Where a lens finds its neighbours. All of it may be NULL: then `use` is refused as unknown, and
 * vocabularies are not checked. */
struct lens_neighbours {
    void *ctx;
    /* The text of another lens file, by its name without .json; it lives until compiling ends. */
    bool (*text_of)(void *ctx, struct span name, struct span *text_out);
    bool (*vocabulary_is_known)(void *ctx, struct span name);
};

/* Compiles a lens, or a mapping file of the digital-mediation hubs (recognised by its shape).
 * ERR_BAD_LENS with *refusal filled, or ERR_NO_MEMORY. Keeps nothing of text. Any thread. */
MUST_USE enum err lens_compile(struct span text, const struct lens_neighbours *neighbours,
                               struct lens **out, struct lens_refusal *refusal);
void lens_free(struct lens *lens);

/* Borrowed from the lens. A hub's file goes from "mednum/columns" to
 * "mednum/lieu". */
struct span lens_from(const struct lens *lens);
struct span lens_to(const struct lens *lens);
/* Is there a way back? */
bool lens_is_both(const struct lens *lens);
/* --- Applying --- */

/* Labels of concepts; NULL functions: nothing is known. Outputs live as long as the answer. */
struct lens_vocabularies {
    void *ctx;
    bool (*label_of)(void *ctx, struct span vocabulary, struct span concept, struct span language,
                     struct span *label_out);
    bool (*concept_of)(void *ctx, struct span vocabulary, struct span label, struct span language,
                       struct span *concept_out);
};

enum lens_fault_kind {
#define LENS_FAULT(name, english, french) LENS_FAULT_##name,
#include "proto/schema/lens_faults.def"
#undef LENS_FAULT
    LENS_FAULT_COUNT
};

/* A value that was not understood. All spans live in the work until the next use of it. */
struct lens_fault {
    enum lens_fault_kind kind;
    struct span from;     /* pointer in the source; "" where there is no single one */
    struct span to;       /* pointer in the result */
    struct span found;    /* the value, cut to LENS_FOUND_BYTES_MAX at a character */
    struct span expected; /* a format, a table's name; may be empty */
};

enum lens_loss_kind {
    LENS_LOSS_UNREAD,  /* no rule reads this leaf */
    LENS_LOSS_DROPPED, /* an operation left it, or a part of it, out */
};

struct lens_loss {
    enum lens_loss_kind kind;
    struct span path;       /* pointer in the source */
    bool is_declared;       /* the lens says so itself */
    const struct tree *why; /* as declared: {"en","fr"}; NULL */
};

struct lens_result {
    struct tree *value; /* an object with nothing in it where no rule wrote anything */
    const struct lens_fault *faults;
    const struct lens_loss *losses;
    uint32_t fault_count; /* listed; at most LENS_FAULTS_MAX */
    uint32_t loss_count;  /* listed; at most LENS_LOSSES_MAX */
    uint64_t fault_total; /* with those not listed */
    uint64_t loss_total;
};

/* Working memory: buffers and an arena for one thread. NULL: no memory. */
struct lens_work *lens_work_new(void);
void lens_work_free(struct lens_work *work);
/* The arena in which sources are read and results are built. */
struct arena *lens_work_arena(struct lens_work *work);
/* Gives back everything built since the last reset: call it between two records. */
void lens_work_reset(struct lens_work *work);
/* NULL for none; borrowed until it is set again. */
void lens_work_set_vocabularies(struct lens_work *work, const struct lens_vocabularies *known);
/* Losses are computed only where someone asks: they cost a walk through the source. */
void lens_work_want_losses(struct lens_work *work, bool wanted);

/* Applies the lens to a tree of the work's arena. The result is there, too; its text is borrowed
 * from the source and from the lens, so both outlive it. ERR_LIMIT (the result is larger than
 * LENS_WORK_BYTES_MAX, or deeper than a record may be), ERR_NO_MEMORY. LENS_BACK needs lens_is_both
 * (CHECKed). */
MUST_USE enum err lens_apply(const struct lens *lens, enum lens_direction direction,
                             struct lens_work *work, struct tree *source, struct lens_result *out);

/* Appends the fault as a sentence: "the date `31/02/2024` is not DD/MM/YYYY". */
void lens_fault_append(struct buf *out, const struct lens_fault *fault, enum lang lang);

/* --- Chains --- */

/* What one lens can do. */
struct lens_edge {
    struct span from;
    struct span to;
    bool both;
};

struct lens_step {
    uint32_t lens; /* index of the edge */
    enum lens_direction direction;
};

#define LENS_CHAIN_MAX                                                                             \
    4u /* lenses one after the other; beyond that little of the source is left                     \
        */

/* The shortest chain from a vocabulary to one whose name is `to` or begins with it where `to` ends
 * in "/" (the first such in the order of edges among equally short ones). Returns its steps; 0 when
 * there is none, or when from is already there. Any thread. */
unsigned lens_chain(const struct lens_edge *edges, uint32_t edge_count, struct span from,
                    struct span to, struct lens_step steps_out[LENS_CHAIN_MAX]);

#endif
