/* The core model: what every sector's records have in common, and a search looks at. How a type
 * maps to it is said by its pack's core.json, in expressions of lenses (docs/packs.md, "Core
 * model"). */
#ifndef MAILLON_PROTO_SCHEMA_CORE_H
#define MAILLON_PROTO_SCHEMA_CORE_H

#include "proto/schema/lens.h"

struct core_map;

/* Compiles one type's member of core.json: {"title":EXPRESSION,...}. Errors as lens_compile; title
 * is required. Keeps nothing of json. Any thread. */
MUST_USE enum err core_map_compile(struct span json, const struct lens_neighbours *neighbours,
                                   struct core_map **out, struct lens_refusal *refusal);
void core_map_free(struct core_map *map);

struct core_place {
    bool has_point;
    double lat;
    double lon;
    struct span address;
    struct span locality;
    struct span postcode;
    struct span region;
    struct span country;
};

struct core_moment {
    bool is_set;
    int64_t unix_ms;
};

/* An empty text is one that is not there; so is a NULL list. Lists hold texts, identifiers objects
 * {"scheme","value"} of texts. All of it lives in the work's arena, or is borrowed from the source
 * and the map. */
struct core {
    struct span title;
    struct span summary;
    struct span text; /* without HTML */
    struct span image;
    struct span license;
    struct span url;
    const struct tree *language;
    const struct tree *categories;
    const struct tree *identifiers;
    const struct tree *who;
    struct core_place place;
    struct core_moment start;
    struct core_moment end;
    struct core_moment updated;
    struct tree *value; /* the same as one object, dates as RFC 3339: what is shown as "core" */
    /* What could not be read. */
    const struct lens_fault *faults;
    uint32_t fault_count;
    uint64_t fault_total;
};

/* Reads a body. Texts in several languages: the first of `languages` that is there, then any other.
 * ERR_LIMIT, ERR_NO_MEMORY. */
MUST_USE enum err core_map_apply(const struct core_map *map, struct lens_work *work,
                                 struct tree *body, const struct span *languages,
                                 uint32_t language_count, struct core *out);

#endif
