/* The histories held: a list sorted by SCID, each as text and as what it says. */
#include "node/identity/identities.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/net/os.h"
#include "proto/identity/did.h"

#define CLOCK_TOLERANCE_MS (5u * 60u * 1000u) /* did:webvh 1.0 */
#define END_OF_TIME_MS 253402300799000ull     /* what was verified once may be read on any day */

struct identity {
    struct webvh_history *history;
    struct buf text;
    struct log_keys keys;
    struct log_keys witness_keys;
};

struct identities {
    char *dir; /* NULL: memory alone */
    pthread_mutex_t mutex;
    struct identity **list; /* sorted by SCID */
    size_t count;
    size_t cap;
    struct identity *own; /* one of them, or NULL */
};

static void identity_free(struct identity *identity)
{
    if (identity == NULL)
        return;
    webvh_history_free(identity->history);
    buf_clear(&identity->text);
    log_keys_clear(&identity->keys);
    log_keys_clear(&identity->witness_keys);
    free(identity);
}

static enum err fill(struct identity *identity, struct span did, struct span text, uint64_t now_ms,
                     struct why *why)
{
    struct webvh_clock clock = {.now_ms = now_ms, .tolerance_ms = CLOCK_TOLERANCE_MS};
    TRY(webvh_history_read(identity->history, did, text, span_of(NULL, 0), &clock, why));
    TRY(log_keys_of_history(identity->history, &identity->keys));
    TRY(log_keys_of_witness(identity->history, &identity->witness_keys));
    buf_append_span(&identity->text, text);
    return buf_check(&identity->text);
}

static enum err identity_read(struct span did, struct span text, uint64_t now_ms,
                              struct identity **out, struct why *why)
{
    struct identity *identity = calloc(1, sizeof(*identity));
    if (identity == NULL)
        return ERR_NO_MEMORY;
    identity->history = webvh_history_new();
    buf_init(&identity->text, WEBVH_BYTES_MAX);
    log_keys_init(&identity->keys);
    log_keys_init(&identity->witness_keys);
    enum err err =
        identity->history == NULL ? ERR_NO_MEMORY : fill(identity, did, text, now_ms, why);
    if (err == OK)
        *out = identity;
    else
        identity_free(identity);
    return err;
}

/* ---- the list; all with the mutex held ---- */

static size_t place_of(const struct identities *identities, struct span scid, bool *found_out)
{
    size_t low = 0;
    size_t high = identities->count;
    *found_out = false;
    if (scid.len != WEBVH_SCID_BYTES)
        return 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct span at = webvh_scid(identities->list[middle]->history);
        int order = memcmp(at.data, scid.data, WEBVH_SCID_BYTES);
        if (order == 0) {
            *found_out = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* That of this very DID: another host with the same SCID is somebody else's claim. */
static struct identity *find(const struct identities *identities, struct span did)
{
    struct webvh_did parts;
    bool found;
    if (webvh_did_read(did, &parts, NULL) != OK)
        return NULL;
    size_t place = place_of(identities, parts.scid, &found);
    if (!found)
        return NULL;
    struct identity *identity = identities->list[place];
    for (unsigned number = webvh_count(identity->history); number > 0; number--)
        if (span_equal(webvh_version(identity->history, number).did, did))
            return identity;
    return NULL;
}

/* Puts it in, in place of what is there with the same SCID. */
static enum err put(struct identities *identities, struct identity *taken)
{
    bool found;
    size_t place = place_of(identities, webvh_scid(taken->history), &found);
    if (found) {
        if (identities->own == identities->list[place])
            identities->own = taken;
        identity_free(identities->list[place]);
        identities->list[place] = taken;
        return OK;
    }
    if (identities->count == SYNC_LOGS_MAX)
        return ERR_LIMIT;
    if (identities->count == identities->cap) {
        size_t cap = identities->cap == 0 ? 8 : identities->cap * 2;
        struct identity **grown = realloc(identities->list, cap * sizeof(struct identity *));
        if (grown == NULL)
            return ERR_NO_MEMORY;
        identities->list = grown;
        identities->cap = cap;
    }
    memmove(identities->list + place + 1, identities->list + place,
            (identities->count - place) * sizeof(struct identity *));
    identities->list[place] = taken;
    identities->count++;
    return OK;
}

/* ---- opening ---- */

static enum err load(struct identities *identities, const char *path, struct identity **out,
                     struct why *why)
{
    struct buf text;
    buf_init(&text, WEBVH_BYTES_MAX);
    enum err err = os_read_file(path, WEBVH_BYTES_MAX, &text, why);
    if (err == OK)
        err = identity_read(span_of(NULL, 0), buf_span(&text), END_OF_TIME_MS, out, why);
    if (err == OK && (err = put(identities, *out)) != OK)
        identity_free(*out);
    buf_clear(&text);
    return err;
}

static enum err load_own(struct identities *identities, struct why *why)
{
    char *path = NULL;
    if (asprintf(&path, "%s/" IDENTITIES_OWN_FILE, identities->dir) < 0)
        return ERR_NO_MEMORY;
    enum err err = load(identities, path, &identities->own, why);
    free(path);
    if (err == ERR_NOT_FOUND)
        return OK; /* a did:key */
    if (err == OK || err == ERR_NO_MEMORY || err == ERR_IO)
        return err;
    return why_set(why, ERR_DAMAGED, "did.jsonl is this node's own history and holds", 0, NULL,
                   err_slug(err));
}

static enum err load_others(struct identities *identities)
{
    char *path = NULL;
    if (asprintf(&path, "%s/" IDENTITIES_FOLDER, identities->dir) < 0)
        return ERR_NO_MEMORY;
    DIR *dir = opendir(path);
    const struct dirent *entry;
    enum err err = OK;
    while (dir != NULL && err == OK && (entry = readdir(dir)) != NULL) {
        char *file = NULL;
        struct identity *identity;
        if (strlen(entry->d_name) != WEBVH_SCID_BYTES + strlen(".jsonl"))
            continue;
        if (asprintf(&file, "%s/%s", path, entry->d_name) < 0)
            err = ERR_NO_MEMORY;
        else if (load(identities, file, &identity, NULL) == ERR_NO_MEMORY)
            err = ERR_NO_MEMORY;
        free(file);
    }
    if (dir != NULL)
        (void)closedir(dir);
    free(path);
    return err;
}

enum err identities_open(const char *dir, struct identities **out, struct why *why)
{
    struct identities *identities = calloc(1, sizeof(*identities));
    if (identities == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&identities->mutex, NULL);
    enum err err = OK;
    if (dir != NULL) {
        identities->dir = strdup(dir);
        err = identities->dir == NULL ? ERR_NO_MEMORY : load_own(identities, why);
    }
    if (err == OK && dir != NULL)
        err = load_others(identities);
    if (err == OK)
        *out = identities;
    else
        identities_free(identities);
    return err;
}

enum err identities_open_copy(const char *dir, struct identities **out, struct why *why)
{
    TRY(identities_open(dir, out, why));
    free((*out)->dir);
    (*out)->dir = NULL;
    return OK;
}

void identities_free(struct identities *identities)
{
    if (identities == NULL)
        return;
    for (size_t i = 0; i < identities->count; i++)
        identity_free(identities->list[i]);
    free(identities->list);
    pthread_mutex_destroy(&identities->mutex);
    free(identities->dir);
    free(identities);
}

/* ---- taking ---- */

static enum err write_file(const struct identities *identities, const char *folder,
                           struct span scid, const char *ending, struct span text, struct why *why)
{
    if (identities->dir == NULL)
        return OK;
    char *path = NULL;
    if (asprintf(&path, "%s/%s", identities->dir, folder) < 0)
        return ERR_NO_MEMORY;
    enum err err = os_make_dirs(path, 0700, why);
    free(path);
    path = NULL;
    if (err == OK && asprintf(&path, "%s/%s/%.*s%s", identities->dir, folder, (int)scid.len,
                              (const char *)scid.data, ending) < 0)
        return ERR_NO_MEMORY;
    if (err == OK)
        err = os_write_file(path, text, 0644, why);
    free(path);
    return err;
}

/* For the operator, and for others: the history held lies beside it. */
static void keep_evidence(const struct identities *identities, const struct identity *fresh,
                          enum err err, bool by_owner)
{
    struct span scid = webvh_scid(fresh->history);
    if (err == ERR_FORK)
        (void)!write_file(identities, "evidence", scid, "-history-fork.jsonl",
                          buf_span(&fresh->text), NULL);
    else if (err == ERR_SHRUNKEN && by_owner)
        (void)!write_file(identities, "evidence", scid, "-history-shrunken.jsonl",
                          buf_span(&fresh->text), NULL);
}

/* *taken_out: the list has it now. */
static enum err take(struct identities *identities, struct identity *fresh, bool by_owner,
                     bool is_own, bool *taken_out, struct why *why)
{
    bool found;
    struct span scid = webvh_scid(fresh->history);
    size_t place = place_of(identities, scid, &found);
    if (found) {
        const struct identity *held = identities->list[place];
        enum err err = webvh_history_check_extends(held->history, fresh->history, why);
        if (err != OK) {
            keep_evidence(identities, fresh, err, by_owner);
            return err;
        }
        if (webvh_count(held->history) == webvh_count(fresh->history))
            return OK;
        if (held == identities->own && !is_own)
            return why_set(why, ERR_CONFLICT,
                           "this node's own history goes on elsewhere: its folder is an old copy",
                           webvh_count(fresh->history), NULL, NULL);
    }
    if (!is_own)
        TRY(write_file(identities, IDENTITIES_FOLDER, scid, ".jsonl", buf_span(&fresh->text), why));
    TRY(put(identities, fresh));
    *taken_out = true;
    return OK;
}

static enum err take_text(struct identities *identities, struct span did, struct span text,
                          bool by_owner, bool is_own, bool *news_out, struct why *why)
{
    struct identity *fresh;
    bool taken = false;
    TRY(identity_read(did, text, is_own ? END_OF_TIME_MS : os_wall_ms(), &fresh, why));
    pthread_mutex_lock(&identities->mutex);
    enum err err = take(identities, fresh, by_owner, is_own, &taken, why);
    pthread_mutex_unlock(&identities->mutex);
    if (!taken)
        identity_free(fresh);
    *news_out = taken;
    return err;
}

enum err identities_take(struct identities *identities, struct span did, struct span text,
                         bool by_owner, bool *news_out, struct why *why)
{
    return take_text(identities, did, text, by_owner, false, news_out, why);
}

enum err identities_take_own(struct identities *identities, struct span text, struct why *why)
{
    bool news;
    return take_text(identities, span_of(NULL, 0), text, true, true, &news, why);
}

/* ---- asking ---- */

static bool is_did_key(struct span did)
{
    return span_starts_with(did, SPAN_LITERAL("did:key:"));
}

enum err identities_log_keys(struct identities *identities, struct span did, unsigned known_version,
                             struct log_keys *out)
{
    if (is_did_key(did))
        return known_version > 0 ? OK : log_keys_of_did_key(did, out, NULL);
    pthread_mutex_lock(&identities->mutex);
    const struct identity *identity = find(identities, did);
    enum err err = ERR_NOT_FOUND;
    if (identity != NULL)
        err = identity->keys.version == known_version ? OK : log_keys_copy(&identity->keys, out);
    pthread_mutex_unlock(&identities->mutex);
    return err;
}

enum err identities_open_checkpoint(struct identities *identities, struct span origin,
                                    struct span bytes, struct checkpoint *out,
                                    struct public_key *by_out, struct why *why)
{
    struct log_keys keys;
    const struct log_key *by;
    log_keys_init(&keys);
    enum err err = identities_log_keys(identities, origin, 0, &keys);
    if (err == OK)
        err = log_keys_open(&keys, origin, bytes, out, &by, why);
    if (err == OK && by_out != NULL)
        *by_out = by->key;
    log_keys_clear(&keys);
    return err;
}

bool identities_is_log_key(struct identities *identities, struct span origin,
                           const struct public_key *key, bool ever)
{
    struct log_keys keys;
    bool is = false;
    log_keys_init(&keys);
    if (identities_log_keys(identities, origin, 0, &keys) == OK)
        for (unsigned i = 0; i < keys.count && !is; i++)
            is = memcmp(&keys.list[i].key, key, sizeof(*key)) == 0 &&
                 (ever || log_key_is_current(&keys, &keys.list[i]));
    log_keys_clear(&keys);
    return is;
}

enum err identities_find_key(struct identities *identities, struct span url,
                             enum document_role role, uint64_t time_ms, struct public_key *out,
                             struct why *why)
{
    if (is_did_key(url))
        return did_key_url_read(url, out, why);
    const uint8_t *mark = url.len == 0 ? NULL : memchr(url.data, '#', url.len);
    if (mark == NULL)
        return why_set(why, ERR_BAD_DID, "a key is named by a DID URL with a fragment", 0, NULL,
                       NULL);
    struct span did = span_part(url, 0, (size_t)(mark - url.data));
    pthread_mutex_lock(&identities->mutex);
    const struct identity *identity = find(identities, did);
    enum err err =
        identity == NULL
            ? why_set(why, ERR_NOT_FOUND, "the history of this DID is held here", 0, NULL, "none")
            : webvh_find_key(identity->history, url, role, time_ms, out, why);
    pthread_mutex_unlock(&identities->mutex);
    return err;
}

unsigned identities_witness_keys(struct identities *identities, struct span did, bool ever,
                                 struct public_key *out, unsigned max)
{
    unsigned count = 0;
    pthread_mutex_lock(&identities->mutex);
    const struct identity *identity = find(identities, did);
    for (unsigned i = 0; identity != NULL && i < identity->witness_keys.count; i++) {
        const struct log_key *key = &identity->witness_keys.list[i];
        if (count < max && (ever || log_key_is_current(&identity->witness_keys, key)))
            out[count++] = key->key;
    }
    pthread_mutex_unlock(&identities->mutex);
    return count;
}

unsigned identities_version(struct identities *identities, struct span did)
{
    pthread_mutex_lock(&identities->mutex);
    const struct identity *identity = find(identities, did);
    unsigned version = identity == NULL ? 0 : webvh_count(identity->history);
    pthread_mutex_unlock(&identities->mutex);
    return version;
}

static enum err read_node(const struct identity *identity, struct identity_node *out)
{
    struct webvh_version current = webvh_current(identity->history);
    struct node_document node;
    struct tape tape;
    *out = (struct identity_node){.version = current.number, .changed_ms = current.time_ms};
    out->deactivated = webvh_is_deactivated(identity->history);
    if (out->deactivated)
        return OK;
    tape_init(&tape);
    enum err err = node_document_read(current.document, current.did, &tape, &node, NULL);
    if (err == OK && node.url.len >= sizeof(out->url))
        err = ERR_LIMIT;
    if (err == OK) {
        memcpy(out->url, node.url.data, node.url.len);
        memcpy(out->trust.pins, node.pins, node.pin_count * sizeof(node.pins[0]));
        out->trust.count = node.pin_count;
        out->log_keys = node.log_key_count;
    }
    tape_clear(&tape);
    return err;
}

enum err identities_node(struct identities *identities, struct span did, struct identity_node *out)
{
    pthread_mutex_lock(&identities->mutex);
    const struct identity *identity = find(identities, did);
    enum err err = identity == NULL ? ERR_NOT_FOUND : read_node(identity, out);
    pthread_mutex_unlock(&identities->mutex);
    return err;
}

enum err identities_did(struct identities *identities, struct span scid, struct buf *out)
{
    bool found;
    pthread_mutex_lock(&identities->mutex);
    size_t place = place_of(identities, scid, &found);
    if (found)
        buf_append_span(out, webvh_current(identities->list[place]->history).did);
    pthread_mutex_unlock(&identities->mutex);
    return found ? buf_check(out) : ERR_NOT_FOUND;
}

enum err identities_history(struct identities *identities, struct span scid, struct buf *out)
{
    bool found;
    pthread_mutex_lock(&identities->mutex);
    size_t place = place_of(identities, scid, &found);
    if (found)
        buf_append_span(out, buf_span(&identities->list[place]->text));
    pthread_mutex_unlock(&identities->mutex);
    return found ? buf_check(out) : ERR_NOT_FOUND;
}

enum err identities_own_web(struct identities *identities, struct buf *out, struct why *why)
{
    pthread_mutex_lock(&identities->mutex);
    enum err err = identities->own == NULL
                       ? why_set(why, ERR_NOT_FOUND,
                                 "this node is a did:key, which needs no document", 0, NULL, NULL)
                       : webvh_append_did_web(identities->own->history, out, why);
    pthread_mutex_unlock(&identities->mutex);
    return err;
}
