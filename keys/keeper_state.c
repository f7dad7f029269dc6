/* The last signed head in two slots. A slot: magic, sequence number, size, root, key, SHA-256 of
 * those. A head is synced into one slot and then copied into the other, so that at rest both hold
 * it: a sector that rots later does not send the keeper back to the head before, from where it
 * could fork the log. */
#include "keys/keeper_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "keys/file.h"
#include "keys/refusal.h"

#define MAGIC "maillon-keeper 1" /* 16 bytes without its end */
#define LOCK_STEP_MS 5u

struct slot {
    uint64_t sequence;
    struct merkle_head head;
    struct public_key key;
};

struct keeper_state {
    int fd;
    struct slot slot; /* the newest; sequence & 1 is where it was synced */
    bool broken;
};

static void put_u64(uint8_t *out, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

static uint64_t get_u64(const uint8_t *in)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < 8; i++)
        number = number << 8 | in[i];
    return number;
}

static void slot_write(const struct slot *slot, uint8_t out[KEEPER_STATE_SLOT_BYTES])
{
    memcpy(out, MAGIC, 16);
    put_u64(out + 16, slot->sequence);
    put_u64(out + 24, slot->head.size);
    memcpy(out + 32, slot->head.root.bytes, 32);
    memcpy(out + 64, slot->key.bytes, 32);
    struct hash sum = sha256(span_of(out, 96));
    memcpy(out + 96, sum.bytes, 32);
}

static bool slot_read(const uint8_t in[KEEPER_STATE_SLOT_BYTES], struct slot *out)
{
    struct hash sum = sha256(span_of(in, 96));
    if (memcmp(in, MAGIC, 16) != 0 || memcmp(in + 96, sum.bytes, 32) != 0)
        return false;
    out->sequence = get_u64(in + 16);
    out->head.size = get_u64(in + 24);
    memcpy(out->head.root.bytes, in + 32, 32);
    memcpy(out->key.bytes, in + 64, 32);
    return true;
}

enum err keeper_state_create(const char *path, const struct public_key *key, struct why *why)
{
    struct merkle_head none = {.size = 0, .root = merkle_empty_root()};
    return keeper_state_rebuild(path, key, &none, why);
}

enum err keeper_state_rebuild(const char *path, const struct public_key *key,
                              const struct merkle_head *head, struct why *why)
{
    uint8_t bytes[KEEPER_STATE_FILE_BYTES] = {0};
    struct slot slot = {.head = *head, .key = *key};
    for (slot.sequence = 0; slot.sequence < 2; slot.sequence++)
        slot_write(&slot, bytes + slot.sequence * KEEPER_STATE_SLOT_STRIDE);
    return file_write_private(path, span_of(bytes, sizeof(bytes)), true, why);
}

static enum err lock(int fd, unsigned wait_ms, struct why *why)
{
    for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK)
            return refuse_errno(why, REFUSAL_FILE_IO, "keys/keeper.state");
        if (waited >= wait_ms)
            return refuse(why, REFUSAL_STATE_LOCKED, NULL, NULL);
        nanosleep(&(struct timespec){.tv_nsec = LOCK_STEP_MS * 1000000L}, NULL);
    }
    return OK;
}

/* False: the slot is torn. A failing disk must not look like a torn slot. */
static enum err load_slot(int fd, unsigned place, struct slot *out, bool *whole_out,
                          struct why *why)
{
    uint8_t bytes[KEEPER_STATE_SLOT_BYTES];
    ssize_t got = pread(fd, bytes, sizeof(bytes), (off_t)place * KEEPER_STATE_SLOT_STRIDE);
    if (got < 0)
        return refuse_errno(why, REFUSAL_FILE_IO, "keys/keeper.state");
    *whole_out = got == (ssize_t)sizeof(bytes) && slot_read(bytes, out);
    return OK;
}

static enum err load(int fd, const struct public_key *key, struct slot *out, struct why *why)
{
    struct slot slots[2];
    bool whole[2];
    for (unsigned place = 0; place < 2; place++)
        TRY(load_slot(fd, place, &slots[place], &whole[place], why));
    if (!whole[0] && !whole[1])
        return refuse(why, REFUSAL_STATE_DAMAGED, NULL, NULL);
    unsigned newest = !whole[0] || (whole[1] && slots[1].sequence > slots[0].sequence);
    const struct slot *other = &slots[!newest];
    if (whole[!newest] && other->head.size > slots[newest].head.size)
        return refuse(why, REFUSAL_STATE_DAMAGED, "slots in order", NULL);
    if (memcmp(slots[newest].key.bytes, key->bytes, sizeof(key->bytes)) != 0)
        return refuse(why, REFUSAL_STATE_OTHER_KEY, NULL, NULL);
    *out = slots[newest];
    return OK;
}

static enum err store(struct keeper_state *state, struct merkle_head head, struct why *why)
{
    struct slot next = state->slot;
    next.sequence++;
    next.head = head;
    uint8_t bytes[KEEPER_STATE_SLOT_BYTES];
    slot_write(&next, bytes);
    unsigned place = next.sequence & 1;
    if (!file_pwrite_all(state->fd, span_of(bytes, sizeof(bytes)),
                         place * KEEPER_STATE_SLOT_STRIDE) ||
        fdatasync(state->fd) != 0) {
        state->broken = true;
        return refuse_errno(why, REFUSAL_FILE_IO, "keys/keeper.state");
    }
    state->slot = next;
    /* The copy needs no sync: it is the place that the next write tears, if one tears. */
    (void)!file_pwrite_all(state->fd, span_of(bytes, sizeof(bytes)),
                           !place * KEEPER_STATE_SLOT_STRIDE);
    return OK;
}

enum err keeper_state_open(const char *path, const struct public_key *key, unsigned wait_ms,
                           struct keeper_state **out, struct why *why)
{
    int fd;
    enum err err = file_open_private(path, true, &fd, why);
    if (err == ERR_NOT_FOUND)
        return refuse(why, REFUSAL_STATE_MISSING, NULL, NULL);
    if (err != OK)
        return err;
    struct keeper_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        close(fd);
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    }
    state->fd = fd;
    err = lock(fd, wait_ms, why);
    if (err == OK)
        err = load(fd, key, &state->slot, why);
    if (err == OK)
        err = store(state, state->slot.head, why);
    if (err != OK) {
        keeper_state_close(state);
        return err;
    }
    *out = state;
    return OK;
}

enum err keeper_state_read(const char *path, const struct public_key *key, struct merkle_head *out,
                           struct why *why)
{
    int fd;
    struct slot slot;
    enum err err = file_open_private(path, false, &fd, why);
    if (err == ERR_NOT_FOUND)
        return refuse(why, REFUSAL_STATE_MISSING, NULL, NULL);
    if (err != OK)
        return err;
    err = load(fd, key, &slot, why);
    close(fd);
    if (err == OK)
        *out = slot.head;
    return err;
}

enum err keeper_state_rekey(const char *path, const struct public_key *old,
                            const struct public_key *fresh, unsigned wait_ms, struct why *why)
{
    struct keeper_state *state;
    enum err err = keeper_state_open(path, fresh, wait_ms, &state, NULL);
    if (err != OK)
        TRY(keeper_state_open(path, old, wait_ms, &state, why));
    state->slot.key = *fresh;
    err = store(state, state->slot.head, why);
    if (err == OK) /* into the other slot, too: none names the old key any more */
        err = store(state, state->slot.head, why);
    keeper_state_close(state);
    return err;
}

struct merkle_head keeper_state_last(const struct keeper_state *state)
{
    return state->slot.head;
}

enum err keeper_state_store(struct keeper_state *state, const struct merkle_head *head,
                            struct why *why)
{
    if (state->broken)
        return refuse(why, REFUSAL_STATE_BROKEN, NULL, NULL);
    return store(state, *head, why);
}

void keeper_state_close(struct keeper_state *state)
{
    if (state == NULL)
        return;
    close(state->fd);
    free(state);
}
