/* The inside of a pack, for the files that read and check it; nobody else includes this. */
#ifndef MAILLON_PROTO_SCHEMA_PACK_PARTS_H
#define MAILLON_PROTO_SCHEMA_PACK_PARTS_H

#include "proto/json/tape.h"
#include "proto/schema/pack.h"

struct pack {
    struct pack_block *blocks; /* every text and array below */
    bool no_memory;
    struct pack_content *contents;
    size_t content_count;
    struct hash hash;

    struct span name;
    struct span version;
    struct pack_words title;
    struct pack_words description;
    struct span license;
    struct span default_license;
    struct pack_list languages;
    struct pack_list sources;
    bool formats;
    struct span aliases_json;
    struct span inverses_json;
    struct pack_type *types;
    size_t type_count;
    struct pack_license *licenses;
    size_t license_count;
};

/* Zeroed memory of the pack's, aligned for anything; NULL (and pack->no_memory) when there is none.
 */
void *pack_allocate(struct pack *pack, size_t count, size_t size);
/* A copy of the bytes; empty without memory. */
struct span pack_copy(struct pack *pack, struct span bytes);

/* Where the reader stands in a JSON file: a chain of frames on the C stack. */
struct pack_place {
    const struct pack_place *up; /* NULL: the whole file */
    uint32_t key;                /* token of the member's key, or TAPE_NONE: an item */
    uint32_t index;              /* of the item */
};

/* One canonical JSON file under the reader's eyes. */
struct pack_reading {
    struct pack *pack;
    struct span file; /* its path */
    struct span text;
    struct tape tape;
    struct pack_findings *findings;
    bool refused;
};

/* Scans the text, which is known to be canonical. ERR_NO_MEMORY alone (or a BUG). */
MUST_USE enum err pack_reading_init(struct pack_reading *reading, struct pack *pack,
                                    const struct pack_content *content,
                                    struct pack_findings *findings);
void pack_reading_clear(struct pack_reading *reading);

/* Reports at this place; a refusal is remembered in the reading. detail may be NULL. */
void pack_report(struct pack_reading *reading, const struct pack_place *place, enum pack_rule rule,
                 const char *detail);
void pack_report_span(struct pack_reading *reading, const struct pack_place *place,
                      enum pack_rule rule, struct span detail);

/* Called for each member or item; value is its token. */
typedef void pack_visit(struct pack_reading *reading, const struct pack_place *place,
                        struct span key, uint32_t value, void *more);
/* Visits the members of an object; refuses another type. key is decoded (borrowed for the call). */
void pack_each_member(struct pack_reading *reading, const struct pack_place *place, uint32_t object,
                      pack_visit *visit, void *more);
/* Visits the items of an array; refuses another type. */
void pack_each_item(struct pack_reading *reading, const struct pack_place *place, uint32_t array,
                    pack_visit *visit, void *more);

enum tape_type pack_token_type(const struct pack_reading *reading, uint32_t token);
uint32_t pack_token_count(const struct pack_reading *reading, uint32_t token);
/* The text of a string, copied into the pack; refuses another type and an empty one. */
bool pack_take_text(struct pack_reading *reading, const struct pack_place *place, uint32_t token,
                    struct span *out);
/* An array of texts. */
bool pack_take_list(struct pack_reading *reading, const struct pack_place *place, uint32_t token,
                    struct pack_list *out);
/* {"en":...,"fr":...}. */
void pack_take_words(struct pack_reading *reading, const struct pack_place *place, uint32_t token,
                     struct pack_words *out);
/* The canonical text of a value, a view into the file. */
struct span pack_take_json(const struct pack_reading *reading, uint32_t token);
/* A path: RFC 6901 in its syntax. */
bool pack_take_path(struct pack_reading *reading, const struct pack_place *place, uint32_t token,
                    struct span *out);

/* RFC 6901, 3. */
bool pack_pointer_is_valid(struct span pointer);
/* A file's place in a pack. */
bool pack_path_is_valid(struct span path);

/* pack_manifest.c: reads pack.json into the pack, whose contents are sorted in already. */
MUST_USE enum err pack_manifest_read(struct pack *pack, struct pack_findings *findings);
/* pack_manifest_type.c: one member of "types". */
void pack_manifest_type(struct pack_reading *reading, const struct pack_place *place,
                        uint32_t value, struct pack_type *type);
/* pack_manifest_license.c: "licenses". */
void pack_manifest_licenses(struct pack_reading *reading, const struct pack_place *place,
                            uint32_t value);

#endif
