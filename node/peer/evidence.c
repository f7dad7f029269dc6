#include "node/peer/evidence.h"

#include <stdio.h>

#include "node/net/os.h"
#include "proto/identity/did.h"
#include "proto/log/checkpoint.h"

static enum err keep(const char *dir, const struct follow_evidence *evidence)
{
    char path[4096];
    struct span scid = did_scid(evidence->origin);
    int len = snprintf(path, sizeof(path), "%s/evidence", dir);
    if (len < 0 || (size_t)len + DID_BYTES_MAX + 64 > sizeof(path))
        return ERR_LIMIT;
    TRY(os_make_dirs(path, 0700, NULL));
    struct buf held;
    buf_init(&held, 4096);
    checkpoint_append_text(&held, evidence->origin, &evidence->held);
    char *end = path + len;
    size_t room = sizeof(path) - (size_t)len;
    (void)snprintf(end, room, "/%.*s-%llu.held", (int)scid.len, (const char *)scid.data,
                   (unsigned long long)evidence->held.size);
    enum err err = buf_check(&held);
    if (err == OK)
        err = os_write_file(path, buf_span(&held), 0644, NULL);
    buf_clear(&held);
    TRY(err);
    (void)snprintf(end, room, "/%.*s-%llu.note", (int)scid.len, (const char *)scid.data,
                   (unsigned long long)evidence->held.size);
    return os_write_file(path, evidence->note, 0644, NULL);
}

void evidence_keep(const char *dir, struct follow_evidence evidence)
{
    if (evidence.note.len > 0)
        (void)keep(dir, &evidence);
}
