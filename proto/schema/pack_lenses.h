/* What the lens compiler may know of a pack. */
#ifndef MAILLON_PROTO_SCHEMA_PACK_LENSES_H
#define MAILLON_PROTO_SCHEMA_PACK_LENSES_H

#include "proto/schema/lens.h"
#include "proto/schema/pack.h"

/* Its lens files and the names of its vocabularies. The pack outlives it. */
struct lens_neighbours pack_lens_neighbours(const struct pack *pack);

#endif
