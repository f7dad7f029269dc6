/* Control lines, driven by control.def. */
#include "proto/sync/lines.h"

#include "proto/base/hash_text.h"
#include "proto/json/jcs.h"

#define STREAM CONTROL_IN_STREAM
#define SEGMENT CONTROL_IN_SEGMENT
#define BOTH (CONTROL_IN_STREAM | CONTROL_IN_SEGMENT)

struct row {
    const char *name;
    const char *arguments;
    unsigned where;
};

static const struct row rows[CONTROL_COUNT] = {
#define CONTROL(name, text, arguments, where) [CONTROL_##name] = {text, arguments, where},
#include "proto/sync/control.def"
#undef CONTROL
};

static const struct tape_limits line_limits = {.bytes_max = SYNC_CONTROL_LINE_BYTES_MAX,
                                               .depth_max = 2};

static enum err refuse(struct why *why, uint64_t position, const char *expected)
{
    return why_set(why, ERR_BAD_STREAM, "control line (proto/sync/control.def)", position, expected,
                   NULL);
}

/* A walk over the items: token is the next one, end the one after the last. */
struct walk {
    struct control *control;
    uint32_t token;
    uint32_t end;
};

static const struct tape_token *take(struct walk *walk, enum tape_type type)
{
    if (walk->token >= walk->end)
        return NULL;
    const struct tape_token *token = &walk->control->tape->tokens[walk->token];
    if (token->type != (unsigned)type)
        return NULL;
    walk->token = token->next;
    return token;
}

static bool take_plain(struct walk *walk, struct span *out)
{
    const struct tape_token *token = take(walk, TAPE_STRING);
    if (token == NULL || (token->flags & TAPE_ESCAPED) != 0)
        return false;
    *out = span_of(walk->control->line.data + token->offset, token->length);
    return true;
}

static bool take_size(struct walk *walk)
{
    const struct tape_token *token = take(walk, TAPE_NUMBER);
    if (token == NULL)
        return false;
    struct cursor cursor =
        cursor_of(span_of(walk->control->line.data + token->offset, token->length));
    walk->control->size = cursor_u64(&cursor);
    return !cursor.failed && cursor_at_end(&cursor) && walk->control->size <= LINES_SIZE_MAX;
}

static bool take_hash(struct walk *walk, struct hash *out)
{
    struct span text;
    return take_plain(walk, &text) && hash_text_read(text, out);
}

static bool take_hashes(struct walk *walk)
{
    struct hash ignored;
    walk->control->hash_first = walk->token;
    while (walk->token < walk->end) {
        if (!take_hash(walk, &ignored))
            return false;
        walk->control->hash_count++;
    }
    return true;
}

static bool take_array(struct walk *walk)
{
    uint32_t array = walk->token;
    const struct tape_token *token = take(walk, TAPE_ARRAY);
    if (token == NULL || token->count > MERKLE_PROOF_HASHES_MAX)
        return false;
    struct walk inside = {.control = walk->control, .token = array + 1, .end = token->next};
    return take_hashes(&inside);
}

static bool take_note(struct walk *walk)
{
    walk->control->note_token = walk->token;
    return take(walk, TAPE_STRING) != NULL;
}

static bool take_padding(struct walk *walk)
{
    struct span padding;
    if (!take_plain(walk, &padding))
        return false;
    for (size_t i = 0; i < padding.len; i++)
        if (padding.data[i] != ' ')
            return false;
    return true;
}

static bool take_argument(struct walk *walk, char argument)
{
    switch (argument) {
    case 's':
        return take_plain(walk, &walk->control->origin) && walk->control->origin.len > 0 &&
               walk->control->origin.len <= DID_BYTES_MAX;
    case 'n':
        return take_note(walk);
    case 'u':
        return take_size(walk);
    case 'h':
        return take_hash(walk, &walk->control->hash);
    case 'H':
        return walk->token < walk->end && take_hashes(walk);
    case 'A':
        return take_array(walk);
    case 'p':
        return take_padding(walk);
    default:
        BUG("control.def has a letter that lines.c does not know");
    }
}

static bool find_row(struct span name, unsigned allowed, enum control_kind *out)
{
    for (unsigned kind = 0; kind < CONTROL_COUNT; kind++) {
        if ((rows[kind].where & allowed) == 0 || !span_is(name, rows[kind].name))
            continue;
        *out = (enum control_kind)kind;
        return true;
    }
    return false;
}

enum err control_read(struct span line, unsigned allowed, struct tape *tape, struct control *out,
                      struct why *why)
{
    TRY(tape_scan(tape, line, &line_limits, why));
    if (tape->tokens[0].type != TAPE_ARRAY)
        return refuse(why, 0, "an array");
    struct control control = {.line = line, .tape = tape};
    struct walk walk = {.control = &control, .token = 1, .end = tape->tokens[0].next};
    struct span name;
    if (!take_plain(&walk, &name) || !find_row(name, allowed, &control.kind))
        return refuse(why, 1, "the name of a control line known here");
    for (const char *argument = rows[control.kind].arguments; *argument != '\0'; argument++) {
        uint64_t position = walk.token < walk.end ? tape->tokens[walk.token].offset : line.len;
        if (!take_argument(&walk, *argument))
            return refuse(why, position, "the item that control.def names");
    }
    if (walk.token != walk.end)
        return refuse(why, tape->tokens[walk.token].offset, "the end of the line");
    *out = control;
    return OK;
}

struct hash control_hash(const struct control *control, uint32_t i)
{
    /* Strings are one token each. */
    struct hash hash;
    CHECK(i < control->hash_count);
    CHECK(hash_text_read(tape_text(control->tape, control->line, control->hash_first + i), &hash));
    return hash;
}

void control_append_note(const struct control *control, struct buf *out)
{
    CHECK(control->kind == CONTROL_CHECKPOINT);
    tape_append_decoded(control->tape, control->line, control->note_token, out);
}

static void append_name(struct buf *out, enum control_kind kind)
{
    buf_append_cstr(out, "[\"");
    buf_append_cstr(out, rows[kind].name);
    buf_append_byte(out, '"');
}

static void append_end(struct buf *out)
{
    buf_append(out, "]\n", 2);
}

static void append_size(struct buf *out, uint64_t size)
{
    CHECK(size <= LINES_SIZE_MAX);
    buf_append_byte(out, ',');
    buf_append_u64(out, size);
}

static void append_hash(struct buf *out, const struct hash *hash, bool comma)
{
    uint8_t item[3 + HASH_TEXT_BYTES];
    item[0] = ',';
    item[1] = '"';
    hash_text_write(hash, item + 2);
    item[sizeof(item) - 1] = '"';
    buf_append(out, comma ? item : item + 1, comma ? sizeof(item) : sizeof(item) - 1);
}

void lines_append_log(struct buf *out, struct span origin, uint64_t from)
{
    append_name(out, CONTROL_LOG);
    buf_append_byte(out, ',');
    jcs_append_string(out, origin);
    append_size(out, from);
    append_end(out);
}

void lines_append_checkpoint(struct buf *out, struct span note)
{
    append_name(out, CONTROL_CHECKPOINT);
    buf_append_byte(out, ',');
    jcs_append_string(out, note);
    append_end(out);
}

void lines_append_proof(struct buf *out, uint64_t size, const struct merkle_proof *proof)
{
    append_name(out, CONTROL_PROOF);
    append_size(out, size);
    buf_append_cstr(out, ",[");
    for (unsigned i = 0; i < proof->count; i++)
        append_hash(out, &proof->hashes[i], i > 0);
    buf_append_byte(out, ']');
    append_end(out);
}

void lines_append_fill(struct buf *out, uint64_t index)
{
    buf_append_cstr(out, "[\"fill\",");
    buf_append_u64(out, index);
    buf_append_cstr(out, "]\n");
}

void lines_append_filled(struct buf *out, uint64_t count)
{
    buf_append_cstr(out, "[\"filled\",");
    buf_append_u64(out, count);
    buf_append_cstr(out, "]\n");
}

void lines_append_ping(struct buf *out)
{
    append_name(out, CONTROL_PING);
    append_end(out);
}

void lines_append_commit(struct buf *out, const struct merkle_head *head)
{
    append_name(out, CONTROL_COMMIT);
    append_size(out, head->size);
    append_hash(out, &head->root, true);
    append_end(out);
}

void lines_append_erased(struct buf *out, const struct hash *leaf, size_t line_bytes)
{
    CHECK(line_bytes >= LINES_ERASED_BYTES_MIN);
    append_name(out, CONTROL_ERASED);
    append_hash(out, leaf, true);
    buf_append_cstr(out, ",\"");
    uint8_t *padding = buf_reserve(out, line_bytes - LINES_ERASED_BYTES_MIN);
    if (padding == NULL)
        return;
    memset(padding, ' ', line_bytes - LINES_ERASED_BYTES_MIN);
    buf_commit(out, line_bytes - LINES_ERASED_BYTES_MIN);
    buf_append_byte(out, '"');
    append_end(out);
}

void lines_close_withheld(struct buf *out, uint32_t *open)
{
    if (*open > 0)
        append_end(out);
    *open = 0;
}

void lines_append_withheld(struct buf *out, uint32_t *open, const struct hash *leaf)
{
    if (*open == SYNC_WITHHELD_PER_LINE)
        lines_close_withheld(out, open);
    if (*open == 0)
        append_name(out, CONTROL_WITHHELD);
    append_hash(out, leaf, true);
    (*open)++;
}
