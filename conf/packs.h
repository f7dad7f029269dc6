/* The registry of schema packs: those built into the program and those that the operator added
 * under DIR/packs. What it knows at one moment is a `struct packs`: immutable, counted, read by any
 * number of threads at once; adding, removing and reloading make a new one and swap it in.
 *
 * DIR/packs/NAME/VERSION-HASH/ holds each version of a pack as it was added (HASH: the first 16 hex
 * digits of its pack_hash), DIR/packs/NAME/active names the folder in use. Older versions stay: the
 * majors of types that only they have remain usable. */
#ifndef MAILLON_CONF_PACKS_H
#define MAILLON_CONF_PACKS_H

#include "proto/schema/pack.h"

struct schema;
struct lens;
struct core;
struct core_map;
struct alias;
struct tape;
struct lens_work;
struct lens_result;
struct tree;
struct schema_report;

struct packs;          /* a snapshot */
struct packs_registry; /* where the newest snapshot is found */

/* ---- The registry: one for each node. */

/* dir may be NULL: built-in packs alone. A folder of the operator's that is broken is left out and
 * told in the findings (may be NULL); the rest serves. ERR_NO_MEMORY, ERR_IO. */
MUST_USE enum err packs_open(const char *dir, struct pack_findings *findings,
                             struct packs_registry **out);
void packs_close(struct packs_registry *registry); /* NULL is fine; snapshots taken live on */
/* The newest snapshot, held for the caller until packs_release. Any thread. */
struct packs *packs_take(struct packs_registry *registry);
void packs_release(struct packs *packs); /* NULL is fine. Any thread. */
/* Another reference to the same snapshot. */
struct packs *packs_hold(struct packs *packs);
/* Reads DIR/packs again and swaps. On failure the old one stays. One thread at a time. */
MUST_USE enum err packs_reload(struct packs_registry *registry, struct pack_findings *findings);

/* Reads a folder from the disk (pack_read). ERR_BAD_PACK, ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. The
 * pack is the caller's. */
MUST_USE enum err packs_read_folder(const char *folder, struct pack_findings *findings,
                                    struct pack **out);
/* Reads a folder from the disk and checks it whole (pack_read, pack_check), without adding it.
 * ERR_BAD_PACK, ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. The pack is the caller's. */
MUST_USE enum err packs_check_folder(const char *folder, struct pack_findings *findings,
                                     struct pack **out);
struct packs_trial_counts {
    size_t examples;
    size_t lenses;      /* of the pack */
    size_t applied;     /* a lens to an example */
    size_t round_trips; /* of those, there and back */
};
/* pack_check, then every lens from a type of the pack over that type's valid examples: losses must
 * be declared, what becomes of them must hold where it is a type of the pack, there and back again
 * nothing may change that was not declared. Takes the pack over. */
MUST_USE enum err packs_trial(struct pack *taken, struct pack_findings *findings,
                              struct packs_trial_counts *counts);

/* Takes a folder in: all or nothing, by one rename. Refused (ERR_BAD_PACK, and the findings say
 * why; the disk and the registry are as before): whatever pack_check refuses, a built-in pack's
 * name, a version that is not higher than the active one, a type whose schema is not backward
 * compatible with the one of the same major, a loop of lenses, `from` or `to` of a lens that is no
 * name. Adding again what is active is OK and changes nothing. ERR_IO, ERR_DISK_FULL, ... */
MUST_USE enum err packs_add(struct packs_registry *registry, const char *folder,
                            struct pack_findings *findings);
/* Takes it out of use; its records wait for it then. ERR_FORBIDDEN: built in. ERR_NOT_FOUND. */
MUST_USE enum err packs_remove(struct packs_registry *registry, struct span name);

/* ---- What a snapshot knows. Everything returned lives as long as the snapshot. */

/* Counts up by one with every swap: tells whether something derived is older. */
uint64_t packs_generation(const struct packs *packs);

/* The packs in use, sorted by name. */
size_t packs_count(const struct packs *packs);
const struct pack *packs_at(const struct packs *packs, size_t index);
const struct pack *packs_find(const struct packs *packs, struct span name); /* NULL */
bool packs_is_built_in(const struct packs *packs, const struct pack *pack);

enum packs_state {
    PACKS_KNOWN,
    PACKS_TYPE_UNKNOWN, /* the pack is here, this type or major is not */
    PACKS_PACK_UNKNOWN,
    PACKS_NO_NAME /* not pack/type@major */
};

/* A type with what was compiled of it. Compiling happens at the first call, once, whichever thread
 * comes first. */
struct packs_type;

/* By "food/product@1". NULL and the state otherwise. state_out may be NULL. */
const struct packs_type *packs_find_type(const struct packs *packs, struct span full,
                                         enum packs_state *state_out);
size_t packs_type_count(const struct packs *packs);
const struct packs_type *packs_type_at(const struct packs *packs, size_t index);

/* What the manifest says of it: license, personal, projections, identifiers, dates, split... */
const struct pack_type *packs_type_declared(const struct packs_type *type);
/* The compiled schema; an error with *why when it does not compile (an operator's pack that was
 * changed on disk, or no memory). */
MUST_USE enum err packs_type_schema(const struct packs_type *type, const struct schema **out,
                                    struct why *why);
/* The compiled core map; *out is NULL when the pack has none for it. */
MUST_USE enum err packs_type_core(const struct packs_type *type, const struct core_map **out,
                                  struct why *why);
/* Reads a body of the type into the core model: aliases first (in place), then the core map. The
 * body is a tree of the work's arena. ERR_NOT_FOUND: the pack has no core map for it. ERR_LIMIT,
 * ERR_NO_MEMORY. */
MUST_USE enum err packs_type_core_apply(const struct packs_type *type, struct lens_work *work,
                                        struct tree *body, const struct span *languages,
                                        uint32_t language_count, struct core *out);
/* The pack's aliases; *out is NULL when it has none. */
MUST_USE enum err packs_type_aliases(const struct packs_type *type, const struct alias **out,
                                     struct why *why);

/* ---- Judging a body. */

enum fit {
    FIT_VALID,
    FIT_INVALID,
    FIT_LIMIT, /* it cannot be told: the judgement ran into a limit, or there is no memory */
    FIT_UNKNOWN_TYPE,
    FIT_UNKNOWN_PACK
};

/* Working memory of one thread. */
struct packs_scratch;
struct packs_scratch *packs_scratch_new(void); /* NULL: no memory */
void packs_scratch_free(struct packs_scratch *scratch);

/* Does the body hold by the schema of this name: as it stands or, failing that, with the pack's
 * aliases applied? text is canonical and scanned, body a token of it. report (may be NULL) is
 * filled, at FIT_INVALID, with what is wrong with the body as it stands (explain.h). */
enum fit packs_fit(const struct packs *packs, struct packs_scratch *scratch,
                   struct span schema_name, const struct tape *tape, struct span text,
                   uint32_t body, struct schema_report *report);

/* ---- Lenses. */

#define PACKS_CHAIN_MAX 4u

struct packs_step {
    const struct lens *lens;
    bool backwards;
    struct span from;
    struct span to;
    const struct pack *pack;
    struct span file; /* "lenses/to-schema-org.json" */
    void *owner;      /* of the registry */
};

struct packs_chain {
    struct packs_step steps[PACKS_CHAIN_MAX];
    size_t count;              /* 0: from is what was asked for */
    const struct alias *alias; /* of the type that it starts from; NULL */
};

/* The shortest chain from a vocabulary to another; `to` is a full name ("schema.org/Product",
 * "food/product@1") or the part before the slash ("schema.org": the nearest target that begins so).
 * ERR_NOT_FOUND: there is none of at most PACKS_CHAIN_MAX lenses; *why says what can be reached. */
MUST_USE enum err packs_find_chain(const struct packs *packs, struct span from, struct span to,
                                   struct packs_chain *out, struct why *why);
/* Called after each step, with its faults and losses, which live until the next step. */
typedef void packs_step_seen(void *ctx, const struct packs_step *step,
                             const struct lens_result *result);

/* Runs a document of the work's arena through the chain, the aliases of its type first (in place),
 * with the labels of each lens's own pack. A
 * chain of nothing gives the source. ERR_LIMIT, ERR_NO_MEMORY. seen may be NULL. */
MUST_USE enum err packs_chain_apply(const struct packs_chain *chain, struct lens_work *work,
                                    struct tree *source, packs_step_seen *seen, void *ctx,
                                    struct tree **out);

/* The names that can be reached from one, sorted by nearness; at most max. Returns their number. */
size_t packs_reach(const struct packs *packs, struct span from, struct span *out, size_t max);

#endif
