/* Rights given up: limits, capabilities, users. */
#include "keys/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keys/refusal.h"

#define KEEPER_DESCRIPTORS_MAX 16u
#define KEEPER_FILE_BYTES_MAX 65536u /* the state has 4,224 */

static enum err limit(__rlimit_resource_t resource, const char *name, rlim_t most, struct why *why)
{
    if (setrlimit(resource, &(struct rlimit){most, most}) != 0)
        return refuse_errno(why, REFUSAL_CONFINE, name);
    return OK;
}

/* The capabilities of this thread, of both halves: these, permitted and effective. */
static bool set_capabilities(uint32_t low)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = low, .permitted = low}};
    return syscall(SYS_capset, &header, data) == 0;
}

static enum err drop_capabilities(struct why *why)
{
    /* The bounding set counts at exec alone, which no profile has; taking from it needs rights. */
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
        (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return set_capabilities(0) ? OK : refuse_errno(why, REFUSAL_CONFINE, "capset");
}

enum err confine_any(struct why *why)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return refuse_errno(why, REFUSAL_CONFINE, "no_new_privs");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return refuse_errno(why, REFUSAL_CONFINE, "PR_SET_DUMPABLE");
    TRY(limit(RLIMIT_CORE, "RLIMIT_CORE", 0, why));
    return drop_capabilities(why);
}

enum err confine_keeper_limits(struct why *why)
{
    TRY(limit(RLIMIT_NOFILE, "RLIMIT_NOFILE", KEEPER_DESCRIPTORS_MAX, why));
    TRY(limit(RLIMIT_FSIZE, "RLIMIT_FSIZE", KEEPER_FILE_BYTES_MAX, why));
    return limit(RLIMIT_NPROC, "RLIMIT_NPROC", 0, why);
}

/* ---- another user than root ---- */

struct target {
    const char *name; /* NULL: a number without a name */
    uid_t uid;
    gid_t gid;
};

static enum err become(const struct target *target, struct why *why)
{
    int groups = target->name != NULL ? initgroups(target->name, target->gid) : setgroups(0, NULL);
    if (groups != 0 || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 ||
        setresgid(target->gid, target->gid, target->gid) != 0 ||
        setresuid(target->uid, target->uid, target->uid) != 0 ||
        !set_capabilities(1u << CAP_NET_BIND_SERVICE) || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0)
        return refuse_errno(why, REFUSAL_CONFINE, "another user than root");
    return OK;
}

enum err confine_become(const char *user, const char *dir, bool *still_root_out, struct why *why)
{
    struct stat info;
    *still_root_out = false;
    if (geteuid() != 0)
        return OK;
    if (stat(dir, &info) != 0)
        return refuse_errno(why, REFUSAL_FILE_IO, dir);
    bool by_owner = strcmp(user, "owner") == 0;
    const struct passwd *found = by_owner ? getpwuid(info.st_uid) : getpwnam(user);
    if (found == NULL && !by_owner)
        return refuse(why, REFUSAL_USER, NULL, user);
    struct target target = {.uid = info.st_uid, .gid = info.st_gid};
    if (found != NULL)
        target = (struct target){found->pw_name, found->pw_uid, found->pw_gid};
    if (target.uid != info.st_uid)
        return refuse(why, REFUSAL_USER_FOLDER, user, dir);
    *still_root_out = target.uid == 0;
    return target.uid == 0 ? OK : become(&target, why);
}
