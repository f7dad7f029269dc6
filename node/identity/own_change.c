/* The own identity, changed: new keys beside the old ones, and the entry that publishes them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys/keys.h"
#include "keys/vault.h"
#include "node/identity/identities.h"
#include "node/identity/own_parts.h"
#include "node/net/certificate.h"
#include "node/net/os.h"

#define ENTRY_GAP_MS 1000u /* versionTime has seconds, and grows */

/* A change on its way. */
struct work {
    const char *dir;
    const struct own_change *change;
    struct webvh_history *history;
    struct buf text; /* of did.jsonl, the new entry at its end */
    struct buf document;
    struct node_document node;
    struct tape tape;
    struct secret_key *recovery;
    struct secret_key *next_recovery;
    bool recovers; /* a folder that is made anew: keys go to their places */
    struct why *why;
};

static void work_init(struct work *work, const char *dir, const struct own_change *change,
                      struct why *why)
{
    *work = (struct work){.dir = dir, .change = change, .why = why};
    buf_init(&work->text, WEBVH_BYTES_MAX);
    buf_init(&work->document, WEBVH_ENTRY_BYTES_MAX);
    tape_init(&work->tape);
    work->history = webvh_history_new();
}

static void work_clear(struct work *work)
{
    vault_free(work->recovery);
    vault_free(work->next_recovery);
    tape_clear(&work->tape);
    buf_clear(&work->document);
    buf_clear(&work->text);
    webvh_history_free(work->history);
}

static enum err make_key(const struct work *work, const char *name, const char *next,
                         struct public_key *keys, unsigned *count)
{
    bool is_sealed = strcmp(name, KEYS_WITNESS_KEY) != 0;
    *count = 1;
    return keys_make(work->dir, work->recovers && strcmp(name, KEYS_LOG_KEY) != 0 ? name : next,
                     is_sealed ? work->change->passphrase : NULL, &keys[0], work->why);
}

/* First the new key beside the old one, so that peers learn of it before they see it; the second
 * time the new one alone. */
static enum err change_pins(struct work *work)
{
    struct node_document *node = &work->node;
    if (work->recovers) {
        node->pin_count = 1;
        return certificate_pin(work->dir, node->pins[0].bytes, work->why);
    }
    if (own_exists(work->dir, CERTIFICATE_FILE CERTIFICATE_NEXT)) {
        node->pin_count = 1;
        return certificate_pin_next(work->dir, node->pins[0].bytes, work->why);
    }
    char url[URL_BYTES_MAX + 1];
    (void)snprintf(url, sizeof(url), "%.*s", (int)node->url.len, (const char *)node->url.data);
    TRY(certificate_make_next(work->dir, url, work->why));
    TRY(certificate_pin(work->dir, node->pins[0].bytes, work->why));
    TRY(certificate_pin_next(work->dir, node->pins[1].bytes, work->why));
    node->pin_count = 2;
    return OK;
}

static enum err change_node(struct work *work)
{
    const struct own_change *change = work->change;
    struct node_document *node = &work->node;
    struct webvh_version current = webvh_current(work->history);
    TRY(node_document_read(current.document, current.did, &work->tape, node, work->why));
    if (change->url != NULL) {
        struct span url = span_cstr(change->url);
        bool is_open = url.len > 2 && span_is(span_part(url, url.len - 2, 2), ":0");
        node->url = span_part(url, 0, url.len - (is_open ? 2 : 0));
    }
    if (change->request)
        TRY(make_key(work, KEYS_REQUEST_KEY, KEYS_REQUEST_KEY KEYS_NEXT, node->request_keys,
                     &node->request_key_count));
    if (change->assertion)
        TRY(make_key(work, KEYS_ASSERT_KEY, KEYS_ASSERT_KEY KEYS_NEXT, node->assert_keys,
                     &node->assert_key_count));
    if (change->witness)
        TRY(make_key(work, KEYS_WITNESS_KEY, KEYS_WITNESS_KEY KEYS_NEXT, node->witness_keys,
                     &node->witness_key_count));
    if (change->log)
        TRY(make_key(work, KEYS_LOG_KEY, KEYS_LOG_KEY KEYS_NEXT, node->log_keys,
                     &node->log_key_count));
    if (change->tls)
        TRY(change_pins(work));
    if (change->public_ca)
        node->pin_count = 0;
    return node_document_append(&work->document, node, work->why);
}

static enum err append_entry(struct work *work)
{
    const struct public_key key = keyfile_public(work->recovery);
    const struct ed25519_signer signer = keyfile_signer(work->recovery);
    struct public_key next;
    uint64_t now = os_wall_ms() / 1000 * 1000;
    uint64_t after = webvh_current(work->history).time_ms + ENTRY_GAP_MS;
    struct webvh_change change = {.document = buf_span(&work->document),
                                  .update_keys = &key,
                                  .update_key_count = 1,
                                  .time_ms = now > after ? now : after};
    if (work->change->deactivate) {
        change.deactivates = true;
        change.ends_prerotation = true;
    } else {
        next = keyfile_public(work->next_recovery);
        change.next_keys = &next;
        change.next_key_count = 1;
    }
    enum err err = webvh_update(work->history, &change, &signer, &work->text, work->why);
    if (err != ERR_BAD_HISTORY)
        return err;
    return why_set(work->why, err,
                   "the recovery key is the one to which the last entry of did.jsonl commits: take "
                   "the newest recovery file",
                   webvh_count(work->history), NULL, NULL);
}

static enum err check_key(struct work *work)
{
    struct buf hash;
    if (webvh_is_deactivated(work->history))
        return why_set(work->why, ERR_DEACTIVATED, "a deactivated identity cannot be changed", 0,
                       NULL, NULL);
    const struct public_key key = keyfile_public(work->recovery);
    buf_init(&hash, 100);
    webvh_append_key_hash(&hash, &key);
    /* The last entry of the text alone speaks of the next one. */
    size_t start = work->text.len > 0 ? work->text.len - 1 : 0;
    while (start > 0 && work->text.data[start - 1] != '\n')
        start--;
    bool committed =
        buf_check(&hash) == OK &&
        memmem(work->text.data + start, work->text.len - start, hash.data, hash.len) != NULL;
    buf_clear(&hash);
    if (committed)
        return OK;
    return why_set(work->why, ERR_BAD_HISTORY,
                   "the recovery key is the one to which the last entry of did.jsonl commits: take "
                   "the newest recovery file",
                   webvh_count(work->history), NULL, NULL);
}

static enum err run(struct work *work)
{
    const struct own_change *change = work->change;
    TRY(keyfile_load(change->recovery_file, NULL, &work->recovery, work->why));
    TRY(check_key(work));
    if (!change->deactivate)
        TRY(own_make_recovery(change->new_recovery_file, &work->next_recovery, work->why));
    if (!change->deactivate)
        TRY(change_node(work));
    TRY(append_entry(work));
    return own_store(work->dir, buf_span(&work->text), work->why);
}

/* The identity is as before, and so are the files. */
static void undo(struct work *work)
{
    static const char *const names[] = {KEYS_LOG_KEY KEYS_NEXT, KEYS_REQUEST_KEY KEYS_NEXT,
                                        KEYS_ASSERT_KEY KEYS_NEXT, KEYS_WITNESS_KEY KEYS_NEXT};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        own_remove(work->dir, names[i]);
    if (work->next_recovery != NULL)
        (void)unlink(work->change->new_recovery_file);
}

static enum err change_locked(struct work *work)
{
    TRY(own_load(work->dir, work->history, &work->text, work->why));
    enum err err = run(work);
    if (err != OK)
        undo(work);
    return err;
}

enum err own_change(const char *dir, const struct own_change *change, struct why *why)
{
    int lock;
    struct work work;
    if (!own_exists(dir, IDENTITIES_OWN_FILE))
        return why_set(why, ERR_NOT_FOUND, "a did:key is its key: it cannot be changed", 0,
                       "a did:webvh", NULL);
    TRY(own_settle(dir, why)); /* what an earlier change has left */
    TRY(own_lock(dir, &lock, why));
    work_init(&work, dir, change, why);
    enum err err = work.history == NULL ? ERR_NO_MEMORY : change_locked(&work);
    work_clear(&work);
    (void)close(lock);
    return err;
}

static enum err recover(struct work *work, struct span did, struct span history)
{
    const struct webvh_clock clock = {.now_ms = os_wall_ms(), .tolerance_ms = 5u * 60u * 1000u};
    TRY(webvh_history_read(work->history, did, history, span_of(NULL, 0), &clock, work->why));
    buf_append_span(&work->text, history);
    TRY(buf_check(&work->text));
    char folder[4096];
    (void)snprintf(folder, sizeof(folder), "%s/" KEYS_FOLDER, work->dir);
    TRY(os_make_dirs(folder, 0700, work->why));
    TRY(keys_write_origin(work->dir, did, work->why));
    TRY(run(work));
    return keys_adopt(work->dir, KEYS_LOG_KEY, work->why);
}

enum err own_recover(const char *dir, struct span did, struct span history,
                     const struct own_change *change, struct why *why)
{
    struct own_change all = *change;
    struct work work;
    all.log = all.request = all.assertion = all.witness = all.tls = true;
    if (own_exists(dir, KEYS_LOG_KEY) || own_exists(dir, IDENTITIES_OWN_FILE))
        return why_set(why, ERR_CONFLICT, "recover makes a folder anew", 0, "an empty folder",
                       "a node");
    work_init(&work, dir, &all, why);
    work.recovers = true;
    enum err err = work.history == NULL ? ERR_NO_MEMORY : recover(&work, did, history);
    if (err != OK && work.next_recovery != NULL && !own_exists(dir, IDENTITIES_OWN_FILE))
        undo(&work);
    work_clear(&work);
    return err;
}
