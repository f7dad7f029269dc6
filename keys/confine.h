/* How a process gives up what it does not need, in its first lines: one profile each. */
#ifndef MAILLON_KEYS_CONFINE_H
#define MAILLON_KEYS_CONFINE_H

#include "proto/err.h"

/* The keeper's: never dumped or traced, no new privileges, no core, no child processes, few
 * descriptors, no file beyond its own. Cannot be taken back. ERR_IO. */
MUST_USE enum err confine_keeper(struct why *why);
/* Every process of ours: no new privileges and no core file. ERR_IO. */
MUST_USE enum err confine_any(struct why *why);

#endif
