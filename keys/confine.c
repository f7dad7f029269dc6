/* Rights given up. */
#include "keys/confine.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "keys/refusal.h"

#define KEEPER_DESCRIPTORS_MAX 16u
#define KEEPER_FILE_BYTES_MAX 65536u /* the state has 4,224 */

static enum err limit(__rlimit_resource_t resource, const char *name, rlim_t most, struct why *why)
{
    if (setrlimit(resource, &(struct rlimit){most, most}) != 0)
        return refuse_errno(why, REFUSAL_CONFINE, name);
    return OK;
}

enum err confine_any(struct why *why)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return refuse_errno(why, REFUSAL_CONFINE, "no_new_privs");
    return limit(RLIMIT_CORE, "RLIMIT_CORE", 0, why);
}

enum err confine_keeper(struct why *why)
{
    TRY(confine_any(why));
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return refuse_errno(why, REFUSAL_CONFINE, "PR_SET_DUMPABLE");
    TRY(limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", KEEPER_DESCRIPTORS_MAX, why));
    TRY(limit(RLIMIT_FSIZE, "RLIMIT_FSIZE", KEEPER_FILE_BYTES_MAX, why));
    return limit(RLIMIT_NPROC, "RLIMIT_NPROC", 0, why);
}
