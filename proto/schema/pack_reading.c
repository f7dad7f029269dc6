/* Walking through one JSON file of a pack, with a pointer at hand for whatever is wrong. */
#include "proto/json/jcs.h"
#include "proto/json/pointer.h"
#include "proto/limits.h"
#include "proto/schema/pack_parts.h"

enum err pack_reading_init(struct pack_reading *reading, struct pack *pack,
                           const struct pack_content *content, struct pack_findings *findings)
{
    static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX};
    *reading = (struct pack_reading){
        .pack = pack, .file = content->path, .text = content->json, .findings = findings};
    tape_init(&reading->tape);
    enum err err = tape_scan(&reading->tape, reading->text, &limits, NULL);
    if (err != OK)
        tape_clear(&reading->tape);
    CHECK(err == OK || err == ERR_NO_MEMORY);
    return err;
}

void pack_reading_clear(struct pack_reading *reading)
{
    tape_clear(&reading->tape);
}

static void append_place(const struct pack_reading *reading, const struct pack_place *place,
                         struct buf *out)
{
    if (place == NULL)
        return;
    append_place(reading, place->up, out);
    if (place->key == TAPE_NONE) {
        buf_append_byte(out, '/');
        buf_append_u64(out, place->index);
        return;
    }
    struct buf key;
    buf_init(&key, PACK_FILE_BYTES_MAX);
    tape_append_decoded(&reading->tape, reading->text, place->key, &key);
    pointer_append_segment(out, buf_span(&key));
    buf_clear(&key);
}

void pack_report_span(struct pack_reading *reading, const struct pack_place *place,
                      enum pack_rule rule, struct span detail)
{
    struct buf pointer;
    buf_init(&pointer, PACK_FILE_BYTES_MAX * 2u);
    append_place(reading, place, &pointer);
    pack_find(reading->findings, rule, reading->file, buf_span(&pointer), detail);
    buf_clear(&pointer);
    if (pack_rule_kind(rule) == PACK_REFUSAL)
        reading->refused = true;
}

void pack_report(struct pack_reading *reading, const struct pack_place *place, enum pack_rule rule,
                 const char *detail)
{
    pack_report_span(reading, place, rule, span_cstr(detail == NULL ? "" : detail));
}

enum tape_type pack_token_type(const struct pack_reading *reading, uint32_t token)
{
    return (enum tape_type)reading->tape.tokens[token].type;
}

uint32_t pack_token_count(const struct pack_reading *reading, uint32_t token)
{
    return reading->tape.tokens[token].count;
}

void pack_each_member(struct pack_reading *reading, const struct pack_place *place, uint32_t object,
                      pack_visit *visit, void *more)
{
    if (pack_token_type(reading, object) != TAPE_OBJECT) {
        pack_report(reading, place, PACK_RULE_WRONG_VALUE, "{...}");
        return;
    }
    struct buf key;
    buf_init(&key, PACK_FILE_BYTES_MAX);
    uint32_t at = object + 1;
    for (uint32_t i = 0; i < pack_token_count(reading, object); i++) {
        struct pack_place here = {.up = place, .key = at};
        buf_reset(&key);
        tape_append_decoded(&reading->tape, reading->text, at, &key);
        if (buf_check(&key) != OK) {
            reading->pack->no_memory = true;
            break;
        }
        visit(reading, &here, buf_span(&key), at + 1, more);
        at = reading->tape.tokens[at + 1].next;
    }
    buf_clear(&key);
}

void pack_each_item(struct pack_reading *reading, const struct pack_place *place, uint32_t array,
                    pack_visit *visit, void *more)
{
    if (pack_token_type(reading, array) != TAPE_ARRAY) {
        pack_report(reading, place, PACK_RULE_WRONG_VALUE, "[...]");
        return;
    }
    uint32_t at = array + 1;
    for (uint32_t i = 0; i < pack_token_count(reading, array); i++) {
        struct pack_place here = {.up = place, .key = TAPE_NONE, .index = i};
        visit(reading, &here, span_of(NULL, 0), at, more);
        at = reading->tape.tokens[at].next;
    }
}

bool pack_take_text(struct pack_reading *reading, const struct pack_place *place, uint32_t token,
                    struct span *out)
{
    if (pack_token_type(reading, token) != TAPE_STRING || reading->tape.tokens[token].length == 0) {
        pack_report(reading, place, PACK_RULE_WRONG_VALUE, "\"...\"");
        return false;
    }
    if ((reading->tape.tokens[token].flags & TAPE_ESCAPED) == 0) {
        *out = tape_text(&reading->tape, reading->text, token);
        return true;
    }
    struct buf text;
    buf_init(&text, PACK_FILE_BYTES_MAX);
    tape_append_decoded(&reading->tape, reading->text, token, &text);
    bool whole = buf_check(&text) == OK;
    if (whole)
        *out = pack_copy(reading->pack, buf_span(&text));
    else
        reading->pack->no_memory = true;
    buf_clear(&text);
    return whole && !reading->pack->no_memory;
}

struct list_building {
    struct span *items;
    size_t count;
};

static void take_item(struct pack_reading *reading, const struct pack_place *place, struct span key,
                      uint32_t value, void *more)
{
    struct list_building *building = more;
    (void)key;
    if (pack_take_text(reading, place, value, &building->items[building->count]))
        building->count++;
}

bool pack_take_list(struct pack_reading *reading, const struct pack_place *place, uint32_t token,
                    struct pack_list *out)
{
    if (pack_token_type(reading, token) != TAPE_ARRAY) {
        pack_report(reading, place, PACK_RULE_WRONG_VALUE, "[\"...\"]");
        return false;
    }
    size_t count = pack_token_count(reading, token);
    struct list_building building = {
        .items = pack_allocate(reading->pack, count + 1, sizeof(struct span))};
    if (building.items == NULL)
        return false;
    pack_each_item(reading, place, token, take_item, &building);
    *out = (struct pack_list){.items = building.items, .count = building.count};
    return building.count == count;
}

static void take_word(struct pack_reading *reading, const struct pack_place *place, struct span key,
                      uint32_t value, void *more)
{
    struct pack_words *words = more;
    if (span_is(key, "en"))
        (void)pack_take_text(reading, place, value, &words->text[LANG_EN]);
    else if (span_is(key, "fr"))
        (void)pack_take_text(reading, place, value, &words->text[LANG_FR]);
}

void pack_take_words(struct pack_reading *reading, const struct pack_place *place, uint32_t token,
                     struct pack_words *out)
{
    struct pack_words words = {.text = {span_of(NULL, 0), span_of(NULL, 0)}};
    if (pack_token_type(reading, token) != TAPE_OBJECT) {
        pack_report(reading, place, PACK_RULE_NO_WORDS, NULL);
        return;
    }
    pack_each_member(reading, place, token, take_word, &words);
    bool missing[2] = {words.text[LANG_EN].len == 0, words.text[LANG_FR].len == 0};
    if (missing[LANG_EN] && missing[LANG_FR]) {
        pack_report(reading, place, PACK_RULE_NO_WORDS, NULL);
        return;
    }
    if (missing[LANG_EN]) {
        words.text[LANG_EN] = words.text[LANG_FR];
        pack_report(reading, place, PACK_RULE_ONE_LANGUAGE, "en");
    }
    if (missing[LANG_FR]) {
        words.text[LANG_FR] = words.text[LANG_EN];
        pack_report(reading, place, PACK_RULE_ONE_LANGUAGE, "fr");
    }
    *out = words;
}

struct span pack_take_json(const struct pack_reading *reading, uint32_t token)
{
    const struct tape_token *value = &reading->tape.tokens[token];
    bool quoted = value->type == TAPE_STRING;
    return span_of(reading->text.data + value->offset - quoted, value->length + (quoted ? 2u : 0u));
}

bool pack_take_path(struct pack_reading *reading, const struct pack_place *place, uint32_t token,
                    struct span *out)
{
    if (pack_token_type(reading, token) != TAPE_STRING) {
        pack_report(reading, place, PACK_RULE_WRONG_VALUE, "\"/...\"");
        return false;
    }
    struct span path;
    if (reading->tape.tokens[token].length == 0 || !pack_take_text(reading, place, token, &path)) {
        pack_report(reading, place, PACK_RULE_POINTER, "\"\"");
        return false;
    }
    if (!pack_pointer_is_valid(path)) {
        pack_report_span(reading, place, PACK_RULE_POINTER, path);
        return false;
    }
    *out = path;
    return true;
}

bool pack_pointer_is_valid(struct span pointer)
{
    if (pointer.len > 0 && pointer.data[0] != '/')
        return false;
    for (size_t i = 0; i < pointer.len; i++) {
        if (pointer.data[i] != '~')
            continue;
        if (i + 1 == pointer.len || (pointer.data[i + 1] != '0' && pointer.data[i + 1] != '1'))
            return false;
    }
    return true;
}
