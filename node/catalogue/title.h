/* What a record is called: its title in the core model, as the pack of its type reads it. */
#ifndef MAILLON_NODE_CATALOGUE_TITLE_H
#define MAILLON_NODE_CATALOGUE_TITLE_H

#include "conf/packs.h"
#include "node/store/store.h"

struct titles; /* one thread's means */

struct titles *titles_new(struct packs_registry *registry, enum lang lang); /* NULL: no memory */
void titles_free(struct titles *titles);                                    /* NULL is fine */
/* The title of a line, valid until the next call; empty where its pack is not known or gives none.
 */
struct span titles_of(struct titles *titles, struct span line);

#endif
