#include "node/store/state.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/store/state_db.h"

#define KEPT_MS (24u * 60u * 60u * 1000u)
#define FORMAT 1
#define ANSWER_BYTES_KEPT                                                                          \
    (4u * 1024u * 1024u) /* a longer answer is forgotten, as if it had no key */

struct state {
    sqlite3 *db;
    pthread_mutex_t mutex;
};

static const char schema[] = "CREATE TABLE IF NOT EXISTS peer(did TEXT PRIMARY KEY, url TEXT NOT "
                             "NULL, cert TEXT NOT NULL, added_ms INTEGER NOT NULL,"
                             " place INTEGER NOT NULL) STRICT;"
                             "CREATE TABLE IF NOT EXISTS idempotency(key BLOB PRIMARY KEY, body "
                             "BLOB NOT NULL, begun_ms INTEGER NOT NULL,"
                             " status INTEGER NOT NULL, answer BLOB) STRICT, WITHOUT ROWID;"
                             "CREATE INDEX IF NOT EXISTS idempotency_age ON idempotency(begun_ms);"
                             "CREATE TABLE IF NOT EXISTS caller(did TEXT PRIMARY KEY, request TEXT "
                             "NOT NULL, member INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
                             "CREATE TABLE IF NOT EXISTS circle(did TEXT NOT NULL, name TEXT NOT "
                             "NULL, PRIMARY KEY(did, name)) STRICT, WITHOUT ROWID;"
                             "CREATE TABLE IF NOT EXISTS witness(did TEXT PRIMARY KEY, key BLOB "
                             "NOT NULL) STRICT;"
                             "CREATE TABLE IF NOT EXISTS cosigned(origin TEXT NOT NULL, witness "
                             "TEXT NOT NULL, note BLOB NOT NULL,"
                             " PRIMARY KEY(origin, witness)) STRICT, WITHOUT ROWID;";

static enum err err_of(int code)
{
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return OK;
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_DAMAGED;
    default:
        return ERR_IO;
    }
}

static enum err execute(struct state *state, const char *sql)
{
    return err_of(sqlite3_exec(state->db, sql, NULL, NULL, NULL));
}

static enum err prepare(struct state *state, const char *sql, sqlite3_stmt **out)
{
    return err_of(sqlite3_prepare_v2(state->db, sql, -1, out, NULL));
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    (void)sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

static void bind_span(sqlite3_stmt *statement, int place, struct span bytes)
{
    (void)sqlite3_bind_blob64(statement, place, bytes.len == 0 ? (const void *)"" : bytes.data,
                              bytes.len, SQLITE_STATIC);
}

/* Runs a statement that gives no rows. */
static enum err finish(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    (void)sqlite3_finalize(statement);
    return err_of(code);
}

static enum err check_format(struct state *state, struct why *why)
{
    sqlite3_stmt *statement;
    TRY(prepare(state, "PRAGMA user_version", &statement));
    int version = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int(statement, 0) : 0;
    (void)sqlite3_finalize(statement);
    if (version > FORMAT)
        return why_set(why, ERR_NEWER_FORMAT, "state.db", 0, NULL, NULL);
    TRY(execute(state, schema));
    return version == FORMAT ? OK : execute(state, "PRAGMA user_version=1");
}

static enum err prepare_database(struct state *state, const char *dir, struct why *why)
{
    char *path = NULL;
    if (asprintf(&path, "%s/state.db", dir) < 0)
        return ERR_NO_MEMORY;
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    enum err err = err_of(sqlite3_open_v2(path, &state->db, flags, NULL));
    free(path);
    if (err == OK)
        err = execute(state,
                      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-256");
    if (err == OK)
        err = check_format(state, why);
    /* What was under way when the process ended was not answered: whoever asks again is told anew.
     */
    if (err == OK)
        err = execute(state, "DELETE FROM idempotency WHERE status=0");
    if (err != OK && (why == NULL || why->rule == NULL))
        (void)why_set(why, err, "opening state.db", 0, NULL,
                      state->db == NULL ? NULL : sqlite3_errmsg(state->db));
    return err;
}

enum err state_open(const char *dir, struct state **out, struct why *why)
{
    struct state *state = calloc(1, sizeof(*state));
    if (state == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&state->mutex, NULL);
    enum err err = prepare_database(state, dir, why);
    if (err == OK)
        *out = state;
    else
        state_close(state);
    return err;
}

void state_close(struct state *state)
{
    if (state == NULL)
        return;
    (void)sqlite3_close(state->db);
    pthread_mutex_destroy(&state->mutex);
    free(state);
}

sqlite3 *state_lock(struct state *state)
{
    pthread_mutex_lock(&state->mutex);
    return state->db;
}

void state_unlock(struct state *state)
{
    pthread_mutex_unlock(&state->mutex);
}

enum err state_err_of(int sqlite_code)
{
    return err_of(sqlite_code);
}

/* ---- peers ---- */

static enum err put_peer(struct state *state, const struct state_peer *peer)
{
    sqlite3_stmt *statement;
    TRY(prepare(state,
                "INSERT INTO peer(did,url,cert,added_ms,place) VALUES(?1,?2,?3,?4,(SELECT "
                "coalesce(max(place),0)+1 FROM peer))"
                " ON CONFLICT(did) DO UPDATE SET url=?2, cert=?3",
                &statement));
    bind_text(statement, 1, peer->did);
    bind_text(statement, 2, peer->url);
    bind_text(statement, 3, peer->cert);
    (void)sqlite3_bind_int64(statement, 4, (sqlite3_int64)peer->added_ms);
    return finish(statement);
}

enum err state_peer_put(struct state *state, const struct state_peer *peer)
{
    pthread_mutex_lock(&state->mutex);
    enum err err = put_peer(state, peer);
    pthread_mutex_unlock(&state->mutex);
    return err;
}

static enum err remove_peer(struct state *state, const char *did)
{
    sqlite3_stmt *statement;
    TRY(prepare(state, "DELETE FROM peer WHERE did=?1", &statement));
    bind_text(statement, 1, did);
    TRY(finish(statement));
    return sqlite3_changes(state->db) == 0 ? ERR_NOT_FOUND : OK;
}

enum err state_peer_remove(struct state *state, const char *did)
{
    pthread_mutex_lock(&state->mutex);
    enum err err = remove_peer(state, did);
    pthread_mutex_unlock(&state->mutex);
    return err;
}

static void copy_column(sqlite3_stmt *statement, int column, char *out, size_t room)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    (void)snprintf(out, room, "%s", text == NULL ? "" : (const char *)text);
}

static enum err list_peers(struct state *state,
                           void (*each)(void *ctx, const struct state_peer *peer), void *ctx)
{
    sqlite3_stmt *statement;
    TRY(prepare(state, "SELECT did,url,cert,added_ms FROM peer ORDER BY place", &statement));
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct state_peer peer = {.added_ms = (uint64_t)sqlite3_column_int64(statement, 3)};
        copy_column(statement, 0, peer.did, sizeof(peer.did));
        copy_column(statement, 1, peer.url, sizeof(peer.url));
        copy_column(statement, 2, peer.cert, sizeof(peer.cert));
        each(ctx, &peer);
    }
    (void)sqlite3_finalize(statement);
    return err_of(code);
}

enum err state_peers(struct state *state, void (*each)(void *ctx, const struct state_peer *peer),
                     void *ctx)
{
    pthread_mutex_lock(&state->mutex);
    enum err err = list_peers(state, each, ctx);
    pthread_mutex_unlock(&state->mutex);
    return err;
}

/* ---- idempotency ---- */

static enum err forget_old(struct state *state, uint64_t now_ms)
{
    sqlite3_stmt *statement;
    TRY(prepare(state, "DELETE FROM idempotency WHERE begun_ms<?1", &statement));
    (void)sqlite3_bind_int64(statement, 1,
                             (sqlite3_int64)(now_ms > KEPT_MS ? now_ms - KEPT_MS : 0));
    return finish(statement);
}

static enum err insert_key(struct state *state, struct span key, const uint8_t body_hash[32],
                           uint64_t now_ms)
{
    sqlite3_stmt *statement;
    TRY(prepare(state,
                "INSERT OR IGNORE INTO idempotency(key,body,begun_ms,status) VALUES(?1,?2,?3,0)",
                &statement));
    bind_span(statement, 1, key);
    bind_span(statement, 2, span_of(body_hash, 32));
    (void)sqlite3_bind_int64(statement, 3, (sqlite3_int64)now_ms);
    return finish(statement);
}

static enum err read_key(struct state *state, struct span key, const uint8_t body_hash[32],
                         int *status_out, struct buf *answer_out)
{
    sqlite3_stmt *statement;
    TRY(prepare(state, "SELECT body,status,answer FROM idempotency WHERE key=?1", &statement));
    bind_span(statement, 1, key);
    enum err err = sqlite3_step(statement) == SQLITE_ROW ? OK : ERR_IO;
    if (err == OK) {
        struct span body =
            span_of(sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
        int status = sqlite3_column_int(statement, 1);
        if (!span_equal(body, span_of(body_hash, 32))) {
            err = ERR_CONFLICT;
        } else if (status == 0) {
            err = ERR_BUSY;
        } else {
            *status_out = status;
            buf_append(answer_out, sqlite3_column_blob(statement, 2),
                       (size_t)sqlite3_column_bytes(statement, 2));
            err = buf_check(answer_out);
        }
    }
    (void)sqlite3_finalize(statement);
    return err;
}

static enum err begin(struct state *state, struct span key, const uint8_t body_hash[32],
                      uint64_t now_ms, int *status_out, struct buf *answer_out)
{
    TRY(forget_old(state, now_ms));
    TRY(insert_key(state, key, body_hash, now_ms));
    return sqlite3_changes(state->db) == 1
               ? OK
               : read_key(state, key, body_hash, status_out, answer_out);
}

enum err state_idempotency_begin(struct state *state, struct span key, const uint8_t body_hash[32],
                                 uint64_t now_ms, int *status_out, struct buf *answer_out)
{
    pthread_mutex_lock(&state->mutex);
    enum err err = begin(state, key, body_hash, now_ms, status_out, answer_out);
    pthread_mutex_unlock(&state->mutex);
    return err;
}

static enum err end(struct state *state, struct span key, int status, struct span answer)
{
    sqlite3_stmt *statement;
    if (answer.len > ANSWER_BYTES_KEPT)
        return ERR_LIMIT;
    TRY(prepare(state, "UPDATE idempotency SET status=?2, answer=?3 WHERE key=?1", &statement));
    bind_span(statement, 1, key);
    (void)sqlite3_bind_int(statement, 2, status);
    bind_span(statement, 3, answer);
    return finish(statement);
}

enum err state_idempotency_end(struct state *state, struct span key, int status, struct span answer)
{
    pthread_mutex_lock(&state->mutex);
    enum err err = end(state, key, status, answer);
    pthread_mutex_unlock(&state->mutex);
    return err;
}

void state_idempotency_cancel(struct state *state, struct span key)
{
    sqlite3_stmt *statement;
    pthread_mutex_lock(&state->mutex);
    if (prepare(state, "DELETE FROM idempotency WHERE key=?1", &statement) == OK) {
        bind_span(statement, 1, key);
        (void)finish(statement); /* failing, it is forgotten after a day or at the next start */
    }
    pthread_mutex_unlock(&state->mutex);
}

/* ---- witnesses ---- */

static enum err put_witness(struct state *state, const char *did, const struct public_key *key)
{
    sqlite3_stmt *statement;
    TRY(prepare(state,
                "INSERT INTO witness(did,key) VALUES(?1,?2) ON CONFLICT(did) DO UPDATE SET key=?2",
                &statement));
    bind_text(statement, 1, did);
    bind_span(statement, 2, span_of(key->bytes, sizeof(key->bytes)));
    return finish(statement);
}

enum err state_witness_put(struct state *state, const char *did, const struct public_key *key)
{
    pthread_mutex_lock(&state->mutex);
    enum err err = put_witness(state, did, key);
    pthread_mutex_unlock(&state->mutex);
    return err;
}

static enum err list_witnesses(struct state *state, state_witness_fn each, void *ctx)
{
    sqlite3_stmt *statement;
    TRY(prepare(state, "SELECT did,key FROM witness", &statement));
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct public_key key;
        if (sqlite3_column_bytes(statement, 1) != (int)sizeof(key.bytes))
            continue;
        memcpy(key.bytes, sqlite3_column_blob(statement, 1), sizeof(key.bytes));
        each(ctx, (const char *)sqlite3_column_text(statement, 0), &key);
    }
    (void)sqlite3_finalize(statement);
    return err_of(code);
}

enum err state_witnesses(struct state *state, state_witness_fn each, void *ctx)
{
    pthread_mutex_lock(&state->mutex);
    enum err err = list_witnesses(state, each, ctx);
    pthread_mutex_unlock(&state->mutex);
    return err;
}

static enum err put_cosigned(struct state *state, const struct state_cosigned *row)
{
    sqlite3_stmt *statement;
    TRY(prepare(state, "INSERT OR REPLACE INTO cosigned(origin,witness,note) VALUES(?1,?2,?3)",
                &statement));
    bind_text(statement, 1, row->origin);
    bind_text(statement, 2, row->witness);
    bind_span(statement, 3, row->note);
    return finish(statement);
}

enum err state_cosigned_put(struct state *state, const struct state_cosigned *rows, size_t count)
{
    pthread_mutex_lock(&state->mutex);
    enum err err = execute(state, "BEGIN IMMEDIATE");
    for (size_t i = 0; i < count && err == OK; i++)
        err = put_cosigned(state, &rows[i]);
    if (err == OK)
        err = execute(state, "COMMIT");
    if (err != OK)
        (void)execute(state, "ROLLBACK");
    pthread_mutex_unlock(&state->mutex);
    return err;
}

static enum err list_cosigned(struct state *state, state_cosigned_fn each, void *ctx)
{
    sqlite3_stmt *statement;
    TRY(prepare(state, "SELECT origin,witness,note FROM cosigned", &statement));
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct state_cosigned row = {.origin = (const char *)sqlite3_column_text(statement, 0),
                                     .witness = (const char *)sqlite3_column_text(statement, 1),
                                     .note = span_of(sqlite3_column_blob(statement, 2),
                                                     (size_t)sqlite3_column_bytes(statement, 2))};
        each(ctx, &row);
    }
    (void)sqlite3_finalize(statement);
    return err_of(code);
}

enum err state_cosigned(struct state *state, state_cosigned_fn each, void *ctx)
{
    pthread_mutex_lock(&state->mutex);
    enum err err = list_cosigned(state, each, ctx);
    pthread_mutex_unlock(&state->mutex);
    return err;
}
