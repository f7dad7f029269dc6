/* The keys of a log, collected over the versions of a history. */
#include "proto/identity/log_keys.h"

#include <stdlib.h>

#include "proto/identity/did.h"
#include "proto/log/note.h"

void log_keys_init(struct log_keys *keys)
{
    *keys = (struct log_keys){.version = 0};
}

void log_keys_clear(struct log_keys *keys)
{
    free(keys->list);
    log_keys_init(keys);
}

static void empty(struct log_keys *keys)
{
    keys->version = 0;
    keys->ended = false;
    keys->count = 0;
}

static enum err need(struct log_keys *keys, unsigned count)
{
    if (count <= keys->cap)
        return OK;
    unsigned cap = keys->cap * 2 > count ? keys->cap * 2 : count;
    struct log_key *grown = realloc(keys->list, cap * sizeof(*grown));
    if (grown == NULL)
        return ERR_NO_MEMORY;
    keys->list = grown;
    keys->cap = cap;
    return OK;
}

/* The key is one of this version: it goes on, or begins anew. */
static enum err add(struct log_keys *keys, const struct public_key *key, unsigned version)
{
    for (unsigned i = keys->count; i > 0; i--) {
        struct log_key *known = &keys->list[i - 1];
        if (known->last + 1 >= version && memcmp(&known->key, key, sizeof(*key)) == 0) {
            known->last = version;
            return OK;
        }
    }
    TRY(need(keys, keys->count + 1));
    keys->list[keys->count++] = (struct log_key){.key = *key, .first = version, .last = version};
    return OK;
}

enum err log_keys_of_did_key(struct span did, struct log_keys *out, struct why *why)
{
    struct public_key key;
    empty(out);
    TRY(did_key_read(did, &key, why));
    TRY(add(out, &key, 1));
    out->version = 1;
    return OK;
}

static enum err add_version(const struct webvh_history *history, unsigned number, bool witness,
                            struct tape *tape, struct log_keys *out)
{
    struct webvh_version version = webvh_version(history, number);
    struct node_document node;
    if (version.deactivated)
        return OK;
    enum err err = node_document_read(version.document, version.did, tape, &node, NULL);
    if (err != OK)
        return err == ERR_NO_MEMORY ? err : OK;
    const struct public_key *keys = witness ? node.witness_keys : node.log_keys;
    unsigned count = witness ? node.witness_key_count : node.log_key_count;
    for (unsigned i = 0; i < count; i++)
        TRY(add(out, &keys[i], number));
    return OK;
}

static enum err collect(const struct webvh_history *history, bool witness, struct log_keys *out)
{
    struct tape tape;
    empty(out);
    tape_init(&tape);
    unsigned count = webvh_count(history);
    enum err err = OK;
    for (unsigned number = 1; number <= count && err == OK; number++)
        err = add_version(history, number, witness, &tape, out);
    tape_clear(&tape);
    if (err != OK) {
        empty(out);
        return err;
    }
    out->version = count;
    out->ended = webvh_is_deactivated(history);
    return OK;
}

enum err log_keys_of_history(const struct webvh_history *history, struct log_keys *out)
{
    return collect(history, false, out);
}

enum err log_keys_of_witness(const struct webvh_history *history, struct log_keys *out)
{
    return collect(history, true, out);
}

enum err log_keys_copy(const struct log_keys *keys, struct log_keys *out)
{
    TRY(need(out, keys->count));
    if (keys->count > 0)
        memcpy(out->list, keys->list, keys->count * sizeof(*out->list));
    out->count = keys->count;
    out->version = keys->version;
    out->ended = keys->ended;
    return OK;
}

bool log_key_is_current(const struct log_keys *keys, const struct log_key *key)
{
    return !keys->ended && key->last == keys->version;
}

enum err log_keys_open(const struct log_keys *keys, struct span origin, struct span bytes,
                       struct checkpoint *out, const struct log_key **by_out, struct why *why)
{
    struct note note;
    struct checkpoint read;
    TRY(note_read(bytes, &note, why));
    TRY(checkpoint_read(note.text, &read, why));
    if (!span_equal(read.origin, origin))
        return why_set(why, ERR_BAD_NOTE,
                       "C2SP tlog-checkpoint: the first line is the log's origin", 0, NULL, NULL);
    enum err err = why_set(why, ERR_BAD_SIGNATURE,
                           "a checkpoint is signed by a log key of its origin", 0, NULL, NULL);
    const struct log_key *by = NULL;
    for (unsigned i = 0; i < keys->count; i++) {
        const struct log_key *key = &keys->list[i];
        if ((by == NULL || key->last > by->last) &&
            note_verify(&note, origin, &key->key, by == NULL ? why : NULL) == OK)
            by = key;
    }
    if (by == NULL)
        return err;
    *out = read;
    *by_out = by;
    return OK;
}
