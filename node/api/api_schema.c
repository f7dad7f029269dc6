/* POST /admin/schema/try: what share of the records held would fail another version of their
 * schema. */
#include <stdlib.h>

#include "node/api/router.h"
#include "proto/schema/validate.h"

#define FIRST_MAX 20u /* failing records named */

struct trial {
    json_t *request;
    struct schema *schema;
    struct validator *validator;
    struct tape tape;
    json_t *first;
    uint64_t records;
    uint64_t failing;
    enum err err;
    struct why why;
};

static struct span text_member(json_t *object, const char *name)
{
    json_t *member = json_object_get(object, name);
    return json_is_string(member) ? span_of(json_string_value(member), json_string_length(member))
                                  : span_of(NULL, 0);
}

static enum err add_documents(struct trial *t, struct library *library)
{
    const char *uri;
    json_t *document;
    json_object_foreach(json_object_get(t->request, "documents"), uri, document)
    {
        char *text = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY);
        if (text == NULL)
            return ERR_NO_MEMORY;
        enum err err = library_add(library, span_cstr(uri), span_cstr(text), &t->why);
        free(text);
        TRY(err);
    }
    return OK;
}

static enum err compile(struct trial *t)
{
    struct schema_refusal refusal = {.rule = NULL};
    const struct schema_options options = {
        .assert_formats = json_is_true(json_object_get(t->request, "formats"))};
    struct library *library = library_new();
    if (library == NULL)
        return ERR_NO_MEMORY;
    enum err err = add_documents(t, library);
    if (err == OK)
        err =
            schema_compile(library, text_member(t->request, "uri"), &options, &t->schema, &refusal);
    if (err != OK && refusal.rule != NULL)
        (void)why_set(&t->why, err, refusal.rule, 0, refusal.expected, refusal.found);
    library_free(library);
    return err;
}

static void judge(struct trial *t, const struct log_entry *entry, struct span origin)
{
    struct record record;
    if (record_read(entry->line, &t->tape, &record, NULL) != OK ||
        !span_equal(record.schema, text_member(t->request, "type")))
        return;
    t->records++;
    if (schema_holds(t->schema, t->validator, &t->tape, record.line, record.body_token) ==
        SCHEMA_VALID)
        return;
    t->failing++;
    if (json_array_size(t->first) < FIRST_MAX)
        (void)json_array_append_new(
            t->first, json_sprintf("%.*s/%.*s", (int)origin.len, (const char *)origin.data,
                                   (int)record.id.len, (const char *)record.id.data));
}

static void judge_all(struct trial *t, struct store *store)
{
    struct store_log *log;
    for (size_t i = 0; (log = store_log_at(store, i)) != NULL; i++) {
        struct log_reader reader = store_log_reader(log);
        uint64_t size = store_log_committed(log).size;
        for (uint64_t index = 0; index < size; index++) {
            struct log_entry entry;
            if (store_log_is_newest(log, index) && reader.entry(reader.ctx, index, &entry) == OK &&
                entry.line.len > 0 && entry.op == RECORD_PUT)
                judge(t, &entry, store_log_origin(log));
        }
    }
}

static void work(struct call *call)
{
    struct trial *t = call->own;
    t->request = json_loadb((const char *)call->body.data, call->body.len,
                            JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    t->validator = validator_new();
    t->first = json_array();
    if (t->request == NULL || text_member(t->request, "type").len == 0) {
        t->err = why_set(&t->why, ERR_BAD_REQUEST,
                         "the body is {\"type\",\"uri\",\"documents\":{uri:schema},\"formats\"}", 0,
                         NULL, NULL);
        return;
    }
    t->err = t->validator == NULL ? ERR_NO_MEMORY : compile(t);
    if (t->err == OK)
        judge_all(t, call->node->store);
}

static void finish(struct call *call)
{
    const struct trial *t = call->own;
    if (t->err != OK)
        call_problem(call, t->err, t->why.rule == NULL ? NULL : &t->why);
    else
        call_reply_json(call, 200,
                        json_pack("{s:I, s:I, s:O}", "records", (json_int_t)t->records, "failing",
                                  (json_int_t)t->failing, "first", t->first));
}

static void dispose(struct call *call)
{
    struct trial *t = call->own;
    json_decref(t->request);
    json_decref(t->first);
    schema_free(t->schema);
    validator_free(t->validator);
    tape_clear(&t->tape);
    free(t);
}

void api_schema_try(struct call *call)
{
    struct trial *t = calloc(1, sizeof(*t));
    if (t == NULL) {
        call_problem(call, ERR_NO_MEMORY, NULL);
        return;
    }
    tape_init(&t->tape);
    call->own = t;
    call->dispose = dispose;
    call_in_pool(call, work, finish);
}
