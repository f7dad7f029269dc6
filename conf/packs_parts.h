/* The inside of the registry of packs, for conf/packs*.c alone. */
#ifndef MAILLON_CONF_PACKS_PARTS_H
#define MAILLON_CONF_PACKS_PARTS_H

#include <pthread.h>
#include <stdatomic.h>

#include "conf/packs.h"
#include "proto/schema/concept.h"
#include "proto/schema/lens.h"

/* Files read from a folder, or views into the bundle. */
struct packs_files {
    struct pack_file *items;
    size_t count;
    size_t cap;
    size_t bytes;
    bool owned; /* paths and texts are ours to free */
};

void packs_files_clear(struct packs_files *files);
/* Reads all files below the folder, regular ones alone. ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY;
 * ERR_BAD_PACK with findings: a link or device, too many, too large. */
MUST_USE enum err packs_files_read(const char *folder, struct pack_findings *findings,
                                   struct packs_files *out);
/* Writes them into a folder that is made for it, durable. ERR_IO, ERR_DISK_FULL, ... */
MUST_USE enum err packs_files_write(const char *folder, const struct packs_files *files);
/* Removes a folder and all that is in it; silent when it is not there. */
void packs_folder_remove(const char *folder);
/* "a/b" in memory of the caller's; NULL without memory. */
char *packs_join(const char *a, const char *b);

/* Calls for each built-in pack, its files as views into the program, sorted by name. */
MUST_USE enum err packs_bundle_each(enum err (*visit)(void *ctx, struct span name,
                                                      const struct packs_files *files),
                                    void *ctx);

enum packs_made { PACKS_NOT_MADE, PACKS_MADE };

/* Something that is made at the first call, under the pack's lock, and how that went. */
struct packs_once {
    atomic_int state; /* enum packs_made */
    enum err err;
    struct why why;
};

struct packs_type {
    struct packs_loaded *loaded;
    const struct pack_type *declared;
    struct packs_once schema_once;
    struct packs_once core_once;
    struct schema *schema;
    struct core_map *core;
};

struct packs_lens {
    struct packs_loaded *loaded;
    const struct pack_content *content;
    struct span from; /* views into the content; empty when it names none */
    struct span to;
    bool both;
    struct packs_once once;
    struct lens *lens;
};

struct packs_vocabulary {
    struct span name;
    struct vocabulary *vocabulary;
};

/* A pack with what was compiled of it; shared by the snapshots that have it. */
struct packs_loaded {
    atomic_uint references;
    struct pack *pack;
    bool built_in;
    pthread_mutex_t lock; /* held while something is compiled */
    struct packs_type *types;
    struct packs_lens *lenses;
    size_t lens_count;
    struct packs_once alias_once;
    struct alias *alias;
    struct packs_once vocabulary_once;
    struct packs_vocabulary *vocabularies;
    size_t vocabulary_count;
};

/* Takes the pack over. NULL: no memory (the pack is freed). */
struct packs_loaded *packs_loaded_new(struct pack *taken, bool built_in);
struct packs_loaded *packs_loaded_hold(struct packs_loaded *loaded);
void packs_loaded_release(struct packs_loaded *loaded);
/* Compiled at the first call. */
MUST_USE enum err packs_lens_compiled(struct packs_lens *lens, const struct lens **out,
                                      struct why *why);

/* ERR_NOT_FOUND: the pack has no vocabulary of this name. */
MUST_USE enum err packs_loaded_vocabulary(struct packs_loaded *loaded, struct span name,
                                          const struct vocabulary **out, struct why *why);

/* A JSON text as a tree of the arena, with the tape that it was read by. */
struct packs_json {
    struct tape tape;
    struct tree *root;
};
MUST_USE enum err packs_json_open(struct packs_json *out, struct arena *arena, struct span json);
void packs_json_close(struct packs_json *json);

/* Labels from the pack's own vocabularies; it outlives them. */
struct lens_vocabularies packs_vocabularies_of(struct packs_loaded *loaded);

struct packs {
    atomic_uint references;
    uint64_t generation;
    struct packs_loaded **loaded; /* those in use, by name; then older versions that still serve */
    size_t count;                 /* in use */
    size_t loaded_count;
    const struct packs_type **types; /* by full name */
    size_t type_count;
};

struct packs_registry {
    char *dir; /* NULL: built-in packs alone */
    struct packs_loaded **built_in;
    size_t built_in_count;
    pthread_mutex_t lock; /* around newest: held for a pointer and a count */
    struct packs *newest;
};

/* Does what held by the old schema hold by the new one? If not, detail says what does not. */
MUST_USE enum err packs_compatible(const struct pack_type *old, const struct pack_type *fresh,
                                   bool *out, struct buf *detail);

/* "1.0.0-0123456789abcdef": the folder of this version. */
void packs_folder_name(const struct pack *pack, char out[128]);

#endif
