/* Files and ports by Landlock (Linux 5.13 and later), by its system calls: the C library has none.
 */
#include "keys/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keys/refusal.h"

/* Of versions that the header of this machine may not have. */
#define FS_TRUNCATE (UINT64_C(1) << 14)   /* 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15)  /* 5 */
#define NET_BIND_TCP UINT64_C(1)          /* 4 */
#define NET_CONNECT_TCP UINT64_C(2)       /* 4 */
#define SCOPE_ABSTRACT_SOCKET UINT64_C(1) /* 6 */
#define SCOPE_SIGNAL UINT64_C(2)          /* 6 */

struct ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

#define OF_A_FILE                                                                                  \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |   \
     FS_TRUNCATE | FS_IOCTL_DEV)

static const uint64_t rights_of[] = {
    [CONFINE_READ] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    [CONFINE_WRITE] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                      LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                      LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                      LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER,
    [CONFINE_LIST] = LANDLOCK_ACCESS_FS_READ_DIR,
};

/* What a sanitizer that watches this build reads: maps and threads, for its reports. */
static const struct confine_path for_sanitizers = {"/proc", CONFINE_READ};
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

/* 0: none. */
static unsigned version(void)
{
    long found =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    return found < 0 ? 0 : (unsigned)found;
}

bool confine_has_files(void)
{
    return version() > 0;
}

/* All that this kernel can refuse. */
static struct ruleset everything(unsigned have, bool network, size_t *size_out)
{
    struct ruleset rules = {.files = (UINT64_C(1) << 13) - 1};
    if (have >= 2)
        rules.files |= LANDLOCK_ACCESS_FS_REFER;
    if (have >= 3)
        rules.files |= FS_TRUNCATE;
    if (have >= 4)
        rules.network = NET_BIND_TCP | (network ? 0 : NET_CONNECT_TCP);
    if (have >= 5)
        rules.files |= FS_IOCTL_DEV;
    if (have >= 6)
        rules.scopes = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
    *size_out = have >= 6 ? sizeof(rules) : have >= 4 ? 16 : 8;
    return rules;
}

static enum err grant(int set, const struct confine_path *path, uint64_t known, struct why *why)
{
    struct stat info;
    int fd = open(path->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES
                   ? OK
                   : refuse_errno(why, REFUSAL_CONFINE, path->path);
    struct landlock_path_beneath_attr rule = {.parent_fd = fd,
                                              .allowed_access = rights_of[path->rights] & known};
    bool failed = fstat(fd, &info) != 0;
    if (!failed && !S_ISDIR(info.st_mode))
        rule.allowed_access &= OF_A_FILE;
    if (!failed && rule.allowed_access != 0)
        failed = syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0u) != 0;
    enum err err = failed ? refuse_errno(why, REFUSAL_CONFINE, path->path) : OK;
    close(fd);
    return err;
}

enum err confine_files(const struct confine_path *paths, size_t count, bool network,
                       struct why *why)
{
    size_t size;
    unsigned have = version();
    if (have == 0)
        return OK;
    struct ruleset rules = everything(have, network, &size);
    int set = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0u);
    if (set < 0)
        return refuse_errno(why, REFUSAL_CONFINE, "landlock");
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++)
        err = grant(set, &paths[i], rules.files, why);
    if (err == OK && IS_SANITIZED)
        err = grant(set, &for_sanitizers, rules.files, why);
    if (err == OK && syscall(SYS_landlock_restrict_self, set, 0u) != 0)
        err = refuse_errno(why, REFUSAL_CONFINE, "landlock");
    close(set);
    return err;
}
