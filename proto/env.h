/* What the protocol is given instead of taking it: randomness. Time comes with each event. */
#ifndef MAILLON_PROTO_ENV_H
#define MAILLON_PROTO_ENV_H

#include <stddef.h>
#include <stdint.h>

/* Production fills it from libsodium, the simulator from a seed. Used by one thread at a time. */
struct env {
    void *ctx;
    void (*random)(void *ctx, uint8_t *out, size_t len);
};

#endif
