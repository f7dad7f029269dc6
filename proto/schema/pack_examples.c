/* The examples of a pack: valid ones hold, invalid ones fail first where and by what they say. */
#include "proto/limits.h"
#include "proto/schema/pack_checks.h"
#include "proto/schema/pack_judge.h"

struct examples {
    struct pack_check *check;
    struct pack_judge *judge;
};

bool pack_example_split(struct span path, struct span *type_out, bool *valid_out)
{
    struct cursor cursor = cursor_of(path);
    cursor_expect(&cursor, "examples/");
    *type_out = cursor_until(&cursor, '/');
    struct span kind = cursor_until(&cursor, '/');
    *valid_out = span_is(kind, "valid");
    return !cursor.failed && (*valid_out || span_is(kind, "invalid")) &&
           memchr(path.data + cursor.position, '/', path.len - cursor.position) == NULL;
}

static size_t type_index(const struct pack *pack, struct span name)
{
    size_t i = 0;
    while (i < pack->type_count && !span_equal(pack->types[i].name, name))
        i++;
    return i;
}

static void report(struct pack_check *check, enum pack_rule rule,
                   const struct pack_content *content, struct span pointer, struct span detail)
{
    pack_find(check->findings, rule, content->path, pointer, detail);
    check->refused = check->refused || pack_rule_kind(rule) == PACK_REFUSAL;
}

static void check_valid(struct examples *examples, const struct pack_reading *reading, size_t type,
                        const struct pack_content *content)
{
    struct pack_check *check = examples->check;
    struct pack_first_error first;
    if (check->schemas[type] == NULL)
        return;
    enum pack_verdict verdict = pack_judge_body(examples->judge, check->schemas[type], check->alias,
                                                &reading->tape, reading->text, 0);
    if (verdict == PACK_HOLDS || verdict == PACK_HOLDS_RENAMED)
        return;
    pack_first_error(examples->judge, check->schemas[type], &reading->tape, reading->text, 0,
                     &first);
    report(check, PACK_RULE_EXAMPLE_FAILS, content, span_cstr(first.pointer),
           span_cstr(verdict == PACK_CANNOT_TELL ? "limit" : first.keyword));
}

/* The text of a member, decoded; false when it is no string. */
static bool text_member(const struct pack_reading *reading, const char *key, struct buf *out)
{
    uint32_t token = tape_member(&reading->tape, reading->text, 0, span_cstr(key));
    if (token == TAPE_NONE || reading->tape.tokens[token].type != TAPE_STRING)
        return false;
    tape_append_decoded(&reading->tape, reading->text, token, out);
    return buf_check(out) == OK;
}

static void check_first(struct examples *examples, const struct pack_content *content,
                        const struct pack_first_error *first, struct span at, struct span keyword)
{
    if (span_is(at, first->pointer) && span_is(keyword, first->keyword))
        return;
    struct buf detail;
    buf_init(&detail, 2048);
    buf_append_cstr(&detail, first->pointer[0] == '\0' ? "(/)" : first->pointer);
    buf_append_byte(&detail, ' ');
    buf_append_cstr(&detail, first->keyword);
    report(examples->check, PACK_RULE_EXAMPLE_OTHERWISE, content,
           span_is(at, first->pointer) ? SPAN_LITERAL("/keyword") : SPAN_LITERAL("/at"),
           buf_span(&detail));
    buf_clear(&detail);
}

static void check_invalid(struct examples *examples, const struct pack_reading *reading,
                          size_t type, const struct pack_content *content)
{
    struct pack_check *check = examples->check;
    struct span none = span_of(NULL, 0);
    struct pack_first_error first;
    struct buf why;
    struct buf at;
    struct buf keyword;
    bool object = reading->tape.tokens[0].type == TAPE_OBJECT;
    uint32_t body =
        object ? tape_member(&reading->tape, reading->text, 0, SPAN_LITERAL("body")) : TAPE_NONE;
    buf_init(&why, PACK_FILE_BYTES_MAX);
    buf_init(&at, PACK_FILE_BYTES_MAX);
    buf_init(&keyword, PACK_FILE_BYTES_MAX);
    if (body == TAPE_NONE || !text_member(reading, "why", &why) ||
        !text_member(reading, "at", &at) || !text_member(reading, "keyword", &keyword)) {
        report(check, PACK_RULE_EXAMPLE_SHAPE, content, none, none);
    } else if (check->schemas[type] != NULL) {
        enum pack_verdict verdict =
            pack_judge_body(examples->judge, check->schemas[type], check->alias, &reading->tape,
                            reading->text, body);
        pack_first_error(examples->judge, check->schemas[type], &reading->tape, reading->text, body,
                         &first);
        if (verdict == PACK_FAILS)
            check_first(examples, content, &first, buf_span(&at), buf_span(&keyword));
        else
            report(check, PACK_RULE_EXAMPLE_HOLDS, content, none, none);
    }
    buf_clear(&why);
    buf_clear(&at);
    buf_clear(&keyword);
}

static enum err check_example(struct examples *examples, const struct pack_content *content,
                              unsigned *seen)
{
    struct pack_check *check = examples->check;
    struct span none = span_of(NULL, 0);
    struct span name;
    bool valid;
    struct pack_reading reading;
    if (!pack_example_split(content->path, &name, &valid)) {
        report(check, PACK_RULE_UNUSED_FILE, content, none, content->path);
        return OK;
    }
    size_t type = type_index(check->pack, name);
    if (type == check->pack->type_count) {
        report(check, PACK_RULE_EXAMPLE_TYPE, content, none, name);
        return OK;
    }
    seen[type] |= valid ? 1u : 2u;
    TRY(pack_reading_init(&reading, check->pack, content, NULL));
    if (valid)
        check_valid(examples, &reading, type, content);
    else
        check_invalid(examples, &reading, type, content);
    pack_reading_clear(&reading);
    return OK;
}

enum err pack_check_examples(struct pack_check *check)
{
    struct pack *pack = check->pack;
    struct examples examples = {.check = check, .judge = pack_judge_new()};
    unsigned *seen = pack_allocate(pack, pack->type_count + 1, sizeof(*seen));
    enum err err = examples.judge == NULL || seen == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; err == OK && i < pack->content_count; i++)
        if (pack_content_folder(&pack->contents[i]) == PACK_EXAMPLES)
            err = check_example(&examples, &pack->contents[i], seen);
    for (size_t i = 0; err == OK && i < pack->type_count; i++) {
        struct span manifest = SPAN_LITERAL("pack.json");
        if ((seen[i] & 1u) == 0) {
            pack_find(check->findings, PACK_RULE_NO_EXAMPLE, manifest, span_of(NULL, 0),
                      pack->types[i].name);
            check->refused = true;
        }
        if ((seen[i] & 2u) == 0)
            pack_find(check->findings, PACK_RULE_NO_COUNTEREXAMPLE, manifest, span_of(NULL, 0),
                      pack->types[i].name);
    }
    pack_judge_free(examples.judge);
    return err;
}
