/* The book of cosignatures. */
#include "node/peer/witnesses.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "keys/vault.h"
#include "keys/witness.h"
#include "node/api/hub.h"
#include "node/identity/identities.h"
#include "node/net/os.h"
#include "node/peer/faults.h"
#include "node/peer/peers.h"
#include "proto/log/cosignature.h"

#define GATHER_NS 20000000  /* several cosignatures that come together are one transaction */
#define KEYS_OF_ONE_MAX 16u /* of a witness, over the years */
#define SKEW_S 300u         /* clocks of witnesses may be ahead by so much */

struct key_row {
    char did[DID_BYTES_MAX + 1];
    struct public_key key;
};

/* The newest that a witness cosigned of a log. */
struct cosigned {
    char did[DID_BYTES_MAX + 1];
    struct public_key key;
    struct merkle_head head;
    struct buf note; /* the log's signature and this one */
    bool fresh;      /* not durable yet: it replaces what is shown when it is */
};

struct book {
    const struct store_log *log;
    struct cosigned *rows; /* those shown, then fresh ones */
    size_t count;
    size_t cap;
    uint64_t version;
};

struct witnesses {
    struct node *node;
    pthread_mutex_t mutex;     /* what follows */
    struct secret_key *secret; /* NULL: this process cosigns nothing */
    struct ed25519_signer signer;
    struct key_row *keys;
    size_t key_count;
    size_t key_cap;
    struct book *books;
    size_t book_count;
    size_t book_cap;
    bool flush_asked;
    pthread_mutex_t flushing; /* one transaction at a time, in order */
};

/* Room for one more row of an array that doubles. */
static void *grown(void *rows, size_t count, size_t *cap, size_t row_bytes)
{
    if (count < *cap)
        return rows;
    size_t wanted = *cap == 0 ? 8 : *cap * 2;
    void *more = realloc(rows, wanted * row_bytes);
    if (more != NULL)
        *cap = wanted;
    return more;
}

static void copy_did(char out[DID_BYTES_MAX + 1], struct span did)
{
    memcpy(out, did.data, did.len);
    out[did.len] = '\0';
}

/* ---- keys ---- */

/* Mutex held. */
static struct key_row *find_key(struct witnesses *w, struct span did)
{
    for (size_t i = 0; i < w->key_count; i++)
        if (span_is(did, w->keys[i].did))
            return &w->keys[i];
    return NULL;
}

/* Mutex held. */
static enum err put_key(struct witnesses *w, struct span did, const struct public_key *key)
{
    struct key_row *row = find_key(w, did);
    if (row == NULL) {
        struct key_row *rows = grown(w->keys, w->key_count, &w->key_cap, sizeof(*rows));
        if (rows == NULL)
            return ERR_NO_MEMORY;
        w->keys = rows;
        row = &w->keys[w->key_count++];
        copy_did(row->did, did);
    }
    row->key = *key;
    return OK;
}

bool witnesses_own_key(struct witnesses *w, struct public_key *out)
{
    pthread_mutex_lock(&w->mutex);
    bool has = w->secret != NULL;
    if (has)
        *out = w->signer.key;
    pthread_mutex_unlock(&w->mutex);
    return has;
}

enum err witnesses_replace_key(struct witnesses *w, int fd, struct why *why)
{
    struct secret_key *fresh;
    TRY(keyfile_read(fd, &fresh, why));
    pthread_mutex_lock(&w->mutex);
    struct secret_key *old = w->secret;
    w->secret = fresh;
    w->signer = keyfile_signer(fresh);
    pthread_mutex_unlock(&w->mutex);
    vault_free(old);
    return OK;
}

static bool same_key(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* The keys of a witness: those that its history names, now or ever; or the one that it told, where
 * no history names any. */
static unsigned keys_of(struct witnesses *w, const struct key_row *row, bool ever,
                        struct public_key out[KEYS_OF_ONE_MAX])
{
    struct identities *identities = w->node->identities;
    struct span did = span_cstr(row->did);
    unsigned named = identities_witness_keys(identities, did, true, out, KEYS_OF_ONE_MAX);
    if (named > 0)
        return ever ? named : identities_witness_keys(identities, did, false, out, KEYS_OF_ONE_MAX);
    out[0] = row->key;
    return 1;
}

enum err witnesses_learn_key(struct witnesses *w, const char *did, const struct public_key *key)
{
    pthread_mutex_lock(&w->mutex);
    const struct key_row *known = find_key(w, span_cstr(did));
    bool is_known = known != NULL && same_key(&known->key, key);
    pthread_mutex_unlock(&w->mutex);
    if (is_known)
        return OK;
    TRY(state_witness_put(w->node->state, did, key));
    pthread_mutex_lock(&w->mutex);
    enum err err = put_key(w, span_cstr(did), key);
    pthread_mutex_unlock(&w->mutex);
    return err;
}

/* Whose cosignatures of this log are taken: all whose key is known but its author, and the own one,
 * which shows that the author has it. ever: by keys that were replaced since, too. NULL: no memory.
 */
static struct cosigner *cosigners_of(struct witnesses *w, const struct store_log *log, bool ever,
                                     struct key_row **rows_out, size_t *count_out)
{
    struct span origin = store_log_origin(log);
    pthread_mutex_lock(&w->mutex);
    struct key_row *rows = calloc(w->key_count + 1, sizeof(*rows));
    struct cosigner *list = calloc((w->key_count + 1) * KEYS_OF_ONE_MAX, sizeof(*list));
    size_t count = 0;
    for (size_t i = 0; rows != NULL && i < w->key_count; i++)
        if (!span_is(origin, w->keys[i].did))
            rows[count++] = w->keys[i];
    if (rows != NULL && w->secret != NULL && log != w->node->own) {
        copy_did(rows[count].did, span_cstr(w->node->origin));
        rows[count++].key = w->signer.key;
    }
    pthread_mutex_unlock(&w->mutex);
    if (rows == NULL || list == NULL) {
        free(rows);
        free(list);
        return NULL;
    }
    *count_out = 0;
    for (size_t i = 0; i < count; i++) {
        struct public_key keys[KEYS_OF_ONE_MAX];
        unsigned its = keys_of(w, &rows[i], ever, keys);
        for (unsigned k = 0; k < its; k++)
            list[(*count_out)++] =
                (struct cosigner){.name = span_cstr(rows[i].did), .key = keys[k]};
    }
    *rows_out = rows;
    return list;
}

/* ---- the books ---- */

/* Mutex held. NULL: no memory, or none and it is not to be made. */
static struct book *book_of(struct witnesses *w, const struct store_log *log, bool make)
{
    for (size_t i = 0; i < w->book_count; i++)
        if (w->books[i].log == log)
            return &w->books[i];
    struct book *books = make ? grown(w->books, w->book_count, &w->book_cap, sizeof(*books)) : NULL;
    if (books == NULL)
        return NULL;
    w->books = books;
    w->books[w->book_count] = (struct book){.log = log};
    return &w->books[w->book_count++];
}

/* Mutex held. The row of this witness that is shown, or that waits. */
static struct cosigned *row_of(struct book *book, struct span did, bool fresh)
{
    for (size_t i = 0; i < book->count; i++)
        if (book->rows[i].fresh == fresh && span_is(did, book->rows[i].did))
            return &book->rows[i];
    return NULL;
}

static void remove_row(struct book *book, struct cosigned *row)
{
    buf_clear(&row->note);
    *row = book->rows[--book->count];
}

/* Mutex held. Not one that says less than what is known. */
static bool put_row(struct witnesses *w, const struct store_log *log,
                    const struct cosigner *witness, const struct merkle_head *head,
                    struct span note, bool fresh)
{
    struct book *book = book_of(w, log, true);
    if (book == NULL)
        return false;
    const struct cosigned *shown = row_of(book, witness->name, false);
    struct cosigned *row = row_of(book, witness->name, fresh);
    if ((shown != NULL && shown->head.size >= head->size) ||
        (row != NULL && row->head.size >= head->size))
        return false;
    if (row == NULL) {
        struct cosigned *rows = grown(book->rows, book->count, &book->cap, sizeof(*rows));
        if (rows == NULL)
            return false;
        book->rows = rows;
        row = &book->rows[book->count++];
        *row = (struct cosigned){.fresh = fresh};
        buf_init(&row->note, NOTE_BYTES_MAX);
        copy_did(row->did, witness->name);
    }
    row->key = witness->key;
    row->head = *head;
    buf_reset(&row->note);
    buf_append_span(&row->note, note);
    if (buf_check(&row->note) != OK) {
        remove_row(book, row);
        return false;
    }
    book->version++;
    return true;
}

/* ---- taking ---- */

/* The head is that of the entries held. */
static enum err check_head(struct store_log *log, const struct merkle_head *head, struct why *why)
{
    if (head->size == 0 || head->size > store_log_committed(log).size)
        return why_set(why, ERR_NOT_FOUND, "a checkpoint of entries that are held here", head->size,
                       NULL, NULL);
    struct merkle_source source = store_log_source(log);
    struct merkle_range range;
    TRY(merkle_range_load(&source, head->size, &range));
    struct hash root = merkle_range_root(&range);
    return hash_equal(&root, &head->root)
               ? OK
               : why_set(why, ERR_FORK, "the head of the entries that are held here", head->size,
                         NULL, NULL);
}

struct taking {
    struct witnesses *w;
    struct store_log *log;
    struct checkpoint checkpoint;
    struct cosigner author;
    struct note note;
    bool fresh;
    bool any;
    bool news;
    enum err refused; /* by a cosignature of a known witness */
};

/* One witness: its cosignature on the note, if there is one that holds, with the author's. */
static enum err take_one(struct taking *taking, const struct cosigner *cosigner, struct why *why)
{
    uint64_t latest_s = os_wall_ms() / 1000 + SKEW_S;
    uint64_t time_s;
    bool named = false;
    for (unsigned i = 0; i < taking->note.count; i++)
        named = named || span_equal(taking->note.signatures[i].name, cosigner->name);
    if (!named)
        return OK;
    struct why mine = {.rule = NULL};
    enum err err = cosignature_verify(&taking->note, cosigner, latest_s, &time_s, &mine);
    if (err != OK) {
        taking->refused = err;
        if (err == ERR_BAD_SIGNATURE && taking->fresh) /* it may have another key by now */
            (void)peers_want_history(taking->w->node->peers, cosigner->name);
        if (why != NULL)
            *why = mine;
        return err == ERR_NO_MEMORY ? err : OK;
    }
    struct buf alone;
    buf_init(&alone, NOTE_BYTES_MAX);
    err = cosignature_merge(&taking->note, &taking->note, &taking->author, cosigner, 1, latest_s,
                            &alone, why);
    if (err == OK) {
        pthread_mutex_lock(&taking->w->mutex);
        taking->any = true;
        taking->news |= put_row(taking->w, taking->log, cosigner, &taking->checkpoint.head,
                                buf_span(&alone), taking->fresh);
        pthread_mutex_unlock(&taking->w->mutex);
    }
    buf_clear(&alone);
    return err;
}

static enum err take(struct taking *taking, struct span bytes, struct why *why)
{
    struct span origin = store_log_origin(taking->log);
    taking->author.name = origin;
    TRY(identities_open_checkpoint(taking->w->node->identities, origin, bytes, &taking->checkpoint,
                                   &taking->author.key, why));
    TRY(note_read(bytes, &taking->note, why));
    TRY(check_head(taking->log, &taking->checkpoint.head, why));
    struct key_row *rows;
    size_t count;
    struct cosigner *list = cosigners_of(taking->w, taking->log, !taking->fresh, &rows, &count);
    if (list == NULL)
        return ERR_NO_MEMORY;
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++)
        err = take_one(taking, &list[i], why);
    free(list);
    free(rows);
    TRY(err);
    if (taking->any)
        return OK;
    return taking->refused != OK
               ? taking->refused
               : why_set(why, ERR_BAD_SIGNATURE, "a cosignature by a peer that is followed here", 0,
                         NULL, NULL);
}

enum err witnesses_take(struct witnesses *w, struct store_log *log, struct span note,
                        bool *news_out, struct why *why)
{
    struct taking *taking = calloc(1, sizeof(*taking));
    if (taking == NULL)
        return ERR_NO_MEMORY;
    *taking = (struct taking){.w = w, .log = log, .fresh = true};
    enum err err = take(taking, note, why);
    *news_out = taking->news;
    free(taking);
    return err;
}

/* ---- durable, then shown ---- */

/* What waits, as rows for the state; their bytes are copies. */
struct flush {
    struct state_cosigned *rows;
    const struct store_log **logs;
    struct merkle_head *heads;
    struct public_key *keys;
    size_t count;
};

static void flush_clear(struct flush *flush)
{
    for (size_t i = 0; i < flush->count; i++) {
        free((void *)(uintptr_t)flush->rows[i].witness);
        free((void *)(uintptr_t)flush->rows[i].note.data);
    }
    free(flush->rows);
    free(flush->logs);
    free(flush->heads);
    free(flush->keys);
}

/* Mutex held. */
static size_t count_fresh(const struct witnesses *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->book_count; i++)
        for (size_t r = 0; r < w->books[i].count; r++)
            count += w->books[i].rows[r].fresh;
    return count;
}

static enum err copy_row(struct flush *flush, const struct store_log *log,
                         const struct cosigned *row)
{
    struct state_cosigned *copy = &flush->rows[flush->count];
    char *did = strdup(row->did);
    uint8_t *note = malloc(row->note.len);
    if (did == NULL || note == NULL) {
        free(did);
        free(note);
        return ERR_NO_MEMORY;
    }
    memcpy(note, row->note.data, row->note.len);
    *copy = (struct state_cosigned){.origin = (const char *)store_log_origin(log).data,
                                    .witness = did,
                                    .note = span_of(note, row->note.len)};
    flush->logs[flush->count] = log;
    flush->keys[flush->count] = row->key;
    flush->heads[flush->count++] = row->head;
    return OK;
}

/* Mutex held. */
static enum err gather(const struct witnesses *w, struct flush *flush)
{
    size_t fresh = count_fresh(w);
    flush->rows = calloc(fresh + 1, sizeof(*flush->rows));
    flush->logs = calloc(fresh + 1, sizeof(const struct store_log *));
    flush->heads = calloc(fresh + 1, sizeof(*flush->heads));
    flush->keys = calloc(fresh + 1, sizeof(*flush->keys));
    if (flush->rows == NULL || flush->logs == NULL || flush->heads == NULL || flush->keys == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < w->book_count; i++)
        for (size_t r = 0; r < w->books[i].count; r++)
            if (w->books[i].rows[r].fresh)
                TRY(copy_row(flush, w->books[i].log, &w->books[i].rows[r]));
    return OK;
}

static void show(struct witnesses *w, const struct flush *flush)
{
    pthread_mutex_lock(&w->mutex);
    for (size_t i = 0; i < flush->count; i++) {
        const struct state_cosigned *row = &flush->rows[i];
        struct book *book = book_of(w, flush->logs[i], true);
        struct cosigner witness = {.name = span_cstr(row->witness), .key = flush->keys[i]};
        (void)put_row(w, flush->logs[i], &witness, &flush->heads[i], row->note, false);
        struct cosigned *waiting = row_of(book, witness.name, true);
        if (waiting != NULL && waiting->head.size <= flush->heads[i].size)
            remove_row(book, waiting);
    }
    pthread_mutex_unlock(&w->mutex);
}

enum err witnesses_flush(struct witnesses *w)
{
    struct flush flush = {.rows = NULL};
    pthread_mutex_lock(&w->flushing);
    pthread_mutex_lock(&w->mutex);
    w->flush_asked = false;
    enum err err = gather(w, &flush);
    pthread_mutex_unlock(&w->mutex);
    if (err == OK && flush.count > 0)
        err = state_cosigned_put(w->node->state, flush.rows, flush.count);
    if (err == OK && flush.count > 0) {
        show(w, &flush);
        hub_notify(w->node->hub);
    }
    flush_clear(&flush);
    pthread_mutex_unlock(&w->flushing);
    return err;
}

static void flush_now(void *ctx)
{
    const struct timespec pause = {.tv_nsec = GATHER_NS};
    (void)nanosleep(&pause, NULL);
    (void)witnesses_flush(ctx); /* what could not be written waits for the next one */
}

void witnesses_flush_soon(struct witnesses *w)
{
    pthread_mutex_lock(&w->mutex);
    bool ask = !w->flush_asked;
    w->flush_asked = true;
    pthread_mutex_unlock(&w->mutex);
    if (ask && pool_post(w->node->clerk, flush_now, w) != OK) {
        pthread_mutex_lock(&w->mutex);
        w->flush_asked = false;
        pthread_mutex_unlock(&w->mutex);
    }
}

/* ---- told ---- */

/* What one trusted witness has cosigned. */
struct vote {
    char did[DID_BYTES_MAX + 1];
    struct public_key key;
    uint64_t size;
};

static bool is_authors(struct witnesses *w, const struct store_log *log,
                       const struct public_key *key)
{
    struct public_key keys[KEYS_OF_ONE_MAX];
    struct key_row author = {.did = ""};
    if (log == w->node->own)
        return witnesses_own_key(w, &keys[0]) && same_key(&keys[0], key);
    pthread_mutex_lock(&w->mutex);
    const struct key_row *row = find_key(w, store_log_origin(log));
    if (row != NULL)
        author = *row;
    pthread_mutex_unlock(&w->mutex);
    unsigned count = author.did[0] == '\0' ? 0 : keys_of(w, &author, true, keys);
    for (unsigned i = 0; i < count; i++)
        if (same_key(&keys[i], key))
            return true;
    return false;
}

/* A cosignature does not cover the name it is under: a key counts once, whoever claims it, and the
 * author's not at all. */
static bool counts(struct witnesses *w, const struct store_log *log, const struct vote *votes,
                   size_t index)
{
    const struct vote *vote = &votes[index];
    if (span_is(store_log_origin(log), vote->did) || is_authors(w, log, &vote->key))
        return false;
    for (size_t i = 0; i < index; i++)
        if (same_key(&votes[i].key, &vote->key))
            return false;
    return peers_have(w->node->peers, vote->did);
}

/* The sizes that trusted witnesses have cosigned; returns how many. */
static size_t trusted_sizes(struct witnesses *w, const struct store_log *log,
                            uint64_t out[NOTE_SIGNATURES_MAX])
{
    struct vote *votes = calloc(NOTE_SIGNATURES_MAX, sizeof(*votes));
    size_t known = 0;
    if (votes == NULL)
        return 0;
    pthread_mutex_lock(&w->mutex);
    const struct book *book = book_of(w, log, false);
    for (size_t i = 0; book != NULL && i < book->count && known < NOTE_SIGNATURES_MAX; i++) {
        const struct cosigned *row = &book->rows[i];
        if (row->fresh)
            continue;
        memcpy(votes[known].did, row->did, sizeof(row->did));
        votes[known].key = row->key;
        votes[known++].size = row->head.size;
    }
    pthread_mutex_unlock(&w->mutex);
    size_t count = 0;
    for (size_t i = 0; i < known; i++)
        if (counts(w, log, votes, i))
            out[count++] = votes[i].size;
    free(votes);
    return count;
}

unsigned witnesses_count(struct witnesses *w, struct store_log *log, uint64_t size)
{
    uint64_t sizes[NOTE_SIGNATURES_MAX];
    size_t known = trusted_sizes(w, log, sizes);
    unsigned count = 0;
    for (size_t i = 0; i < known; i++)
        count += sizes[i] >= size;
    return count;
}

static int larger_first(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? 1 : left > right ? -1 : 0;
}

uint64_t witnesses_confirmed(struct witnesses *w, struct store_log *log)
{
    uint64_t sizes[NOTE_SIGNATURES_MAX];
    size_t quorum = (size_t)w->node->config.witness.quorum;
    size_t known = trusted_sizes(w, log, sizes);
    if (quorum == 0 || known < quorum)
        return 0;
    qsort(sizes, known, sizeof(sizes[0]), larger_first);
    uint64_t common;
    bool frozen = faults_frozen(w->node->faults, log, &common);
    uint64_t confirmed = sizes[quorum - 1];
    return frozen && common < confirmed ? common : confirmed;
}

/* Of signature lines, those under this name. */
static void append_lines_of(struct buf *out, struct span lines, struct span name)
{
    struct cursor cursor = cursor_of(lines);
    while (!cursor_at_end(&cursor)) {
        struct span line = cursor_until(&cursor, '\n');
        struct cursor inner = cursor_of(line);
        cursor_expect(&inner, "\xe2\x80\x94 ");
        if (cursor.failed || !span_equal(cursor_until(&inner, ' '), name) || inner.failed)
            continue;
        buf_append_span(out, line);
        buf_append_byte(out, '\n');
    }
}

/* Replaces the note at the end of out (from start) by one with the author's signature and those of
 * the rows alone. */
static enum err decorate(struct witnesses *w, struct store_log *log, const struct merkle_head *head,
                         struct buf *out, size_t start)
{
    struct buf all;
    buf_init(&all, NOTE_BYTES_MAX);
    struct note *note = calloc(1, sizeof(*note));
    struct span stored = span_part(buf_span(out), start, out->len);
    enum err err = note == NULL ? ERR_NO_MEMORY : note_read(stored, note, NULL);
    if (err == OK) {
        buf_append_span(&all, note->text);
        buf_append_byte(&all, '\n');
        append_lines_of(&all, span_part(stored, note->text.len + 1, stored.len),
                        store_log_origin(log));
    }
    pthread_mutex_lock(&w->mutex);
    const struct book *book = book_of(w, log, false);
    for (size_t i = 0; err == OK && book != NULL && i < book->count; i++) {
        const struct cosigned *row = &book->rows[i];
        if (row->fresh || row->head.size != head->size)
            continue;
        if (all.len + row->note.len < NOTE_BYTES_MAX)
            append_lines_of(&all,
                            span_part(buf_span(&row->note), note->text.len + 1, row->note.len),
                            span_cstr(row->did));
    }
    pthread_mutex_unlock(&w->mutex);
    if (err == OK)
        err = buf_check(&all);
    if (err == OK) {
        out->len = start;
        buf_append_span(out, buf_span(&all));
    }
    buf_clear(&all);
    free(note);
    return err;
}

struct merkle_head witnesses_checkpoint(struct witnesses *w, struct store_log *log,
                                        struct buf *note_out, uint64_t *version_out)
{
    pthread_mutex_lock(&w->mutex);
    const struct book *book = book_of(w, log, false);
    uint64_t version = book == NULL ? 0 : book->version;
    pthread_mutex_unlock(&w->mutex);
    if (version_out != NULL)
        *version_out = version;
    size_t start = note_out == NULL ? 0 : note_out->len;
    struct merkle_head head = store_log_checkpoint(log, note_out);
    if (note_out != NULL && head.size > 0 && version > 0 && buf_check(note_out) == OK)
        (void)decorate(w, log, &head, note_out, start); /* else the author's alone */
    return head;
}

struct merkle_head witnesses_cosign(struct witnesses *w, struct store_log *log, struct buf *out)
{
    struct merkle_head none = {.size = 0};
    uint64_t common;
    struct public_key own;
    if (!witnesses_own_key(w, &own) || log == w->node->own ||
        faults_frozen(w->node->faults, log, &common))
        return none;
    struct buf note;
    buf_init(&note, NOTE_BYTES_MAX);
    struct merkle_head head = store_log_checkpoint(log, &note);
    pthread_mutex_lock(&w->mutex);
    struct book *book = book_of(w, log, false);
    const struct cosigned *row =
        book == NULL ? NULL : row_of(book, span_cstr(w->node->origin), false);
    bool has = row != NULL && row->head.size >= head.size;
    pthread_mutex_unlock(&w->mutex);
    struct checkpoint checkpoint;
    struct public_key key;
    struct note *read = calloc(1, sizeof(*read));
    size_t start = out->len;
    enum err err = head.size == 0 || has || read == NULL ? ERR_NOT_FOUND : OK;
    if (err == OK)
        err = identities_open_checkpoint(w->node->identities, store_log_origin(log),
                                         buf_span(&note), &checkpoint, &key, NULL);
    if (err == OK)
        err = check_head(log, &checkpoint.head, NULL);
    if (err == OK)
        err = note_read(buf_span(&note), read, NULL);
    if (err == OK) {
        struct cosigner author = {.name = store_log_origin(log), .key = key};
        err = cosignature_merge(read, read, &author, NULL, 0, 0, out, NULL);
    }
    if (err == OK) {
        pthread_mutex_lock(&w->mutex); /* the key is not replaced meanwhile */
        err = cosignature_append(out, read->text, span_cstr(w->node->origin), &w->signer,
                                 os_wall_ms() / 1000);
        pthread_mutex_unlock(&w->mutex);
    }
    if (err != OK)
        out->len = start;
    free(read);
    buf_clear(&note);
    return err == OK ? checkpoint.head : none;
}

/* ---- open and close ---- */

static void load_key(void *ctx, const char *did, const struct public_key *key)
{
    struct witnesses *w = ctx;
    (void)put_key(w, span_cstr(did), key);
}

/* What is not of the entries held now (a log that was begun anew) is left out. */
static void load_cosigned(void *ctx, const struct state_cosigned *row)
{
    struct witnesses *w = ctx;
    struct store_log *log = store_log_find(w->node->store, span_cstr(row->origin));
    struct taking *taking = log == NULL ? NULL : calloc(1, sizeof(*taking));
    if (taking == NULL)
        return;
    *taking = (struct taking){.w = w, .log = log};
    (void)take(taking, row->note, NULL);
    free(taking);
}

enum err witnesses_open(struct node *node, struct witnesses **out, struct why *why)
{
    struct witnesses *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return ERR_NO_MEMORY;
    w->node = node;
    pthread_mutex_init(&w->mutex, NULL);
    pthread_mutex_init(&w->flushing, NULL);
    *out = w;
    if (node->mode == NODE_SERVE) {
        TRY(witness_key_open(node->dir, &w->secret, why));
        w->signer = keyfile_signer(w->secret);
    }
    TRY(state_witnesses(node->state, load_key, w));
    return state_cosigned(node->state, load_cosigned, w);
}

void witnesses_close(struct witnesses *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->book_count; i++) {
        for (size_t r = 0; r < w->books[i].count; r++)
            buf_clear(&w->books[i].rows[r].note);
        free(w->books[i].rows);
    }
    free(w->books);
    free(w->keys);
    vault_free(w->secret);
    pthread_mutex_destroy(&w->flushing);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}
