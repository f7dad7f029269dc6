/* The database behind struct state, for the files of the store room that keep tables in it. */
#ifndef MAILLON_NODE_STORE_STATE_DB_H
#define MAILLON_NODE_STORE_STATE_DB_H

#include <sqlite3.h>

#include "node/store/state.h"

/* Between the two the database is this thread's. */
sqlite3 *state_lock(struct state *state);
void state_unlock(struct state *state);
enum err state_err_of(int sqlite_code);

#endif
