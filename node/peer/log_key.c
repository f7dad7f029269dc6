#include "node/peer/log_key.h"

#include "proto/identity/did.h"

enum err log_key_open(struct node *node, struct span origin, struct span note,
                      struct checkpoint *out, struct public_key *key_out, struct why *why)
{
    (void)node;
    TRY(did_key_read(origin, key_out, why));
    return checkpoint_open(note, origin, key_out, out, why);
}

bool log_key_is_of(struct node *node, struct span origin, const struct public_key *key)
{
    struct public_key own;
    (void)node;
    return did_key_read(origin, &own, NULL) == OK && memcmp(&own, key, sizeof(own)) == 0;
}
