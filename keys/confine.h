/* How a process gives up what it does not need, after opening what it needs: one profile each. What
 * is given up cannot be taken back, and children do not get it either. Which system calls a profile
 * leaves is the table keys/syscalls.def; any other ends the process (SIGSYS). Which files it
 * leaves is for Landlock, where the kernel has it. */
#ifndef MAILLON_KEYS_CONFINE_H
#define MAILLON_KEYS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/err.h"

enum confine_profile {
    CONFINE_NODE,   /* network, threads, the files granted; no other process, no code from files */
    CONFINE_WARDEN, /* forks keepers; no network, no exec, the keys folder alone */
    CONFINE_KEEPER, /* opens its key */
    CONFINE_OPENED  /* has it open: one socket, one state file, no other file */
};

enum confine_rights {
    CONFINE_READ,  /* a file, or all in a folder */
    CONFINE_WRITE, /* the same, read and written; in a folder also made, renamed and removed */
    CONFINE_LIST   /* the names in a folder alone */
};

struct confine_path {
    const char *path; /* one that is missing is passed over */
    enum confine_rights rights;
};

/* What each process of ours gives up first: new privileges, core files, being traced or dumped,
 * and every capability. Call before other threads are there. ERR_IO. */
MUST_USE enum err confine_any(struct why *why);
/* Few descriptors, small files, no children: the keeper's. ERR_IO. */
MUST_USE enum err confine_keeper_limits(struct why *why);
/* Leaves the calls of the profile, for all threads, and those of the sanitizer that watches this
 * build. ERR_IO. */
MUST_USE enum err confine_calls(enum confine_profile profile, struct why *why);
/* Leaves these files and no others, and as `network` says: connecting but not listening, or none at
 * all (TCP). For this thread and those it starts. OK also where the kernel has no Landlock: see
 * confine_has_files. ERR_IO. */
MUST_USE enum err confine_files(const struct confine_path *paths, size_t count, bool network,
                                struct why *why);
bool confine_has_files(void);

/* When root has started this process: becomes the user of this name ("owner": the owner of dir),
 * and keeps of root's rights that of listening below port 1024, until confine_any. Does nothing
 * when another user has started it. *still_root_out: the user is root itself, so that rights alone
 * can be given up. Before other threads are there. ERR_BAD_SETTING (no such user, not the
 * folder's owner), ERR_IO. */
MUST_USE enum err confine_become(const char *user, const char *dir, bool *still_root_out,
                                 struct why *why);

#endif
