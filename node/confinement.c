#include "node/confinement.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "keys/confine.h"
#include "node/net/os.h"

#define FOLDER_PATHS_MAX 32u
#define PATH_BYTES_MAX 4096u

/* In the node's folder. Folders are made when they are missing, so that there is something to give
 * a right to. */
static const struct {
    const char *name;
    enum confine_rights rights;
    bool make;
} own[] = {
    {".", CONFINE_LIST, false},
    {"logs", CONFINE_WRITE, true},
    {"evidence", CONFINE_WRITE, true},
    {"packs", CONFINE_READ, true},
    {"identities", CONFINE_WRITE, true},
    {"state.db", CONFINE_WRITE, false},
    {"state.db-wal", CONFINE_WRITE, false},
    {"state.db-shm", CONFINE_WRITE, false},
    {"run.json", CONFINE_WRITE, false},
    {"lock", CONFINE_WRITE, false},
    {"maillon.ini", CONFINE_READ, false},
    {"tls.crt", CONFINE_READ, false},
    {"tls.key", CONFINE_READ, false},
    {"local.token", CONFINE_READ, false},
};

#define OWN (sizeof(own) / sizeof(own[0]))

/* Of the machine: who the public certificate authorities are, and how names are looked up. */
static const struct confine_path machine[] = {
    {"/etc/ssl", CONFINE_READ},
    {"/etc/pki", CONFINE_READ},
    {"/usr/lib/ssl", CONFINE_READ},
    {"/usr/share/ca-certificates", CONFINE_READ},
    {"/usr/local/share/ca-certificates", CONFINE_READ},
    {"/run/systemd/resolve", CONFINE_READ},
    {"/run/NetworkManager", CONFINE_READ},
    {"/run/resolvconf", CONFINE_READ},
    {"/dev/null", CONFINE_READ},
    {"/dev/urandom", CONFINE_READ},
    {"/sys/devices/system/cpu", CONFINE_READ},
};

#define MACHINE (sizeof(machine) / sizeof(machine[0]))

/* These are replaced by a new file when the network changes, so a right to the one that is there
 * would not last. To root more of /etc is open than to everyone, so it gets the files alone. */
static const struct confine_path names_for_all[] = {{"/etc", CONFINE_READ}};
static const struct confine_path names_for_root[] = {
    {"/etc/resolv.conf", CONFINE_READ},   {"/etc/hosts", CONFINE_READ},
    {"/etc/nsswitch.conf", CONFINE_READ}, {"/etc/host.conf", CONFINE_READ},
    {"/etc/gai.conf", CONFINE_READ},      {"/etc/services", CONFINE_READ}};

static_assert(OWN + MACHINE + sizeof(names_for_root) / sizeof(names_for_root[0]) <=
                  FOLDER_PATHS_MAX,
              "all that is granted fits");

struct grants {
    struct confine_path paths[FOLDER_PATHS_MAX];
    size_t count;
};

static void add(struct grants *grants, const struct confine_path *paths, size_t count)
{
    memcpy(grants->paths + grants->count, paths, count * sizeof(*paths));
    grants->count += count;
}

static enum err restrict_files(const char *dir, struct why *why)
{
    char names[OWN][PATH_BYTES_MAX];
    struct grants grants = {.count = 0};
    for (size_t i = 0; i < OWN; i++) {
        int len = snprintf(names[i], sizeof(names[i]), "%s/%s", dir, own[i].name);
        if (len < 0 || (size_t)len >= sizeof(names[i]))
            return why_set(why, ERR_LIMIT, "the path of the node's folder is too long", 0, NULL,
                           NULL);
        if (own[i].make)
            TRY(os_make_dirs(names[i], 0700, why));
        grants.paths[grants.count++] = (struct confine_path){names[i], own[i].rights};
    }
    add(&grants, machine, MACHINE);
    if (geteuid() == 0)
        add(&grants, names_for_root, sizeof(names_for_root) / sizeof(names_for_root[0]));
    else
        add(&grants, names_for_all, 1);
    return confine_files(grants.paths, grants.count, true, why);
}

enum err confinement_enter(const char *dir, struct why *why)
{
    TRY(confine_any(why));
    TRY(restrict_files(dir, why));
    return confine_calls(CONFINE_NODE, why);
}

enum err confinement_load_config(struct signer *signer, struct config *out, struct why *why)
{
    uint8_t text[CONFIG_FILE_BYTES_MAX + 1];
    size_t len = 0;
    int fd = signer_open_file(signer, CONFIG_FILE);
    if (fd < 0)
        return os_fail(why, CONFIG_FILE, errno);
    ssize_t got = 1;
    while (got > 0 && len < sizeof(text)) {
        got = read(fd, text + len, sizeof(text) - len);
        len += got > 0 ? (size_t)got : 0;
    }
    int number = errno;
    (void)close(fd);
    return got < 0 ? os_fail(why, CONFIG_FILE, number) : config_read(span_of(text, len), out, why);
}
