/* What the parts of pack_check share; nobody else includes this. */
#ifndef MAILLON_PROTO_SCHEMA_PACK_CHECKS_H
#define MAILLON_PROTO_SCHEMA_PACK_CHECKS_H

#include "proto/schema/alias.h"
#include "proto/schema/compile.h"
#include "proto/schema/lens.h"
#include "proto/schema/pack_lenses.h"
#include "proto/schema/pack_parts.h"
#include "proto/schema/pack_reach.h"

struct pack_check {
    struct pack *pack;
    struct pack_findings *findings;
    struct pack_reach *reach;
    struct library *library;
    struct schema **schemas; /* by type; NULL: it did not compile */
    struct alias *alias;     /* NULL: none */
    bool refused;
};

/* pack_examples.c: every type has a valid example; each holds or fails as it says. */
MUST_USE enum err pack_check_examples(struct pack_check *check);
/* "plant" and "valid" of "examples/plant/valid/oak.json"; false: it lies elsewhere. */
bool pack_example_split(struct span path, struct span *type_out, bool *valid_out);

#endif
