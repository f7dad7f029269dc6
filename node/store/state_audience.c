#include "node/store/state_audience.h"

#include <stdio.h>

#include "node/store/state_db.h"

/* Runs a statement without rows: ?1, ?2 are the texts (NULL: none), ?3 the number. */
static enum err run(struct state *state, const char *sql, const char *first, const char *second,
                    int number, int *changes_out)
{
    sqlite3 *db = state_lock(state);
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        (void)sqlite3_bind_text(statement, 1, first, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(statement, 2, second, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int(statement, 3, number);
        code = sqlite3_step(statement);
        if (changes_out != NULL)
            *changes_out = sqlite3_changes(db);
    }
    (void)sqlite3_finalize(statement);
    state_unlock(state);
    return state_err_of(code);
}

/* ---- callers ---- */

enum err state_caller_put_request(struct state *state, const char *did, const char *request)
{
    return run(state,
               "INSERT INTO caller(did,request,member) VALUES(?1,?2,0)"
               " ON CONFLICT(did) DO UPDATE SET request=?2",
               did, request, 0, NULL);
}

enum err state_caller_set_member(struct state *state, const char *did, bool member)
{
    return run(state,
               "INSERT INTO caller(did,request,member) VALUES(?1,'',?3)"
               " ON CONFLICT(did) DO UPDATE SET member=?3",
               did, NULL, member, NULL);
}

enum err state_caller_remove(struct state *state, const char *did)
{
    return run(state, "DELETE FROM caller WHERE did=?1", did, NULL, 0, NULL);
}

static const char *text_of(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text == NULL ? "" : (const char *)text;
}

enum err state_callers(struct state *state,
                       void (*each)(void *ctx, const struct state_caller *caller), void *ctx)
{
    sqlite3 *db = state_lock(state);
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "SELECT did,request,member FROM caller ORDER BY did", -1,
                                  &statement, NULL);
    while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        struct state_caller caller = {.member = sqlite3_column_int(statement, 2) != 0};
        (void)snprintf(caller.did, sizeof(caller.did), "%s", text_of(statement, 0));
        (void)snprintf(caller.request, sizeof(caller.request), "%s", text_of(statement, 1));
        each(ctx, &caller);
    }
    int end = sqlite3_finalize(statement);
    state_unlock(state);
    return state_err_of(code == SQLITE_OK ? end : code);
}

/* ---- circles ---- */

enum err state_circle_add(struct state *state, const char *name, const char *did)
{
    int changes = 0;
    TRY(run(state,
            "INSERT INTO circle(name,did) SELECT ?1,?2 WHERE (SELECT count(*) FROM circle)<?3"
            " ON CONFLICT DO UPDATE SET did=did",
            name, did, (int)CIRCLE_ROWS_MAX, &changes));
    return changes == 0 ? ERR_LIMIT : OK;
}

enum err state_circle_remove(struct state *state, const char *name, const char *did)
{
    int changes = 0;
    TRY(run(state, "DELETE FROM circle WHERE name=?1 AND (?2 IS NULL OR did=?2)", name, did, 0,
            &changes));
    return changes == 0 ? ERR_NOT_FOUND : OK;
}

enum err state_circles(struct state *state,
                       void (*each)(void *ctx, const char *name, const char *did), void *ctx)
{
    sqlite3 *db = state_lock(state);
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, "SELECT name,did FROM circle ORDER BY did,name", -1,
                                  &statement, NULL);
    while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        each(ctx, text_of(statement, 0), text_of(statement, 1));
    int end = sqlite3_finalize(statement);
    state_unlock(state);
    return state_err_of(code == SQLITE_OK ? end : code);
}
