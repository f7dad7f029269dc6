/* What the keeper answers, and what it refuses to sign. */
#include "keys/keeper.h"

#include <sodium.h>

#include "keys/refusal.h"
#include "keys/vault.h"
#include "proto/log/checkpoint.h"

static void append_u32(struct buf *out, uint32_t number)
{
    for (unsigned shift = 32; shift > 0; shift -= 8)
        buf_append_byte(out, (uint8_t)(number >> (shift - 8)));
}

static uint64_t read_number(struct cursor *cursor, size_t bytes)
{
    struct span in = cursor_take(cursor, bytes);
    uint64_t number = 0;
    for (size_t i = 0; i < in.len; i++)
        number = number << 8 | in.data[i];
    return number;
}

void keeper_append_request(struct buf *out, enum keeper_request type, uint32_t serial)
{
    buf_append_byte(out, (uint8_t)type);
    append_u32(out, serial);
}

void keeper_append_head(struct buf *out, const struct merkle_head *head)
{
    append_u32(out, (uint32_t)(head->size >> 32));
    append_u32(out, (uint32_t)head->size);
    buf_append(out, head->root.bytes, sizeof(head->root.bytes));
}

struct merkle_head keeper_read_head(struct cursor *cursor)
{
    struct merkle_head head = {.size = read_number(cursor, 8)};
    struct span root = cursor_take(cursor, sizeof(head.root.bytes));
    if (!cursor->failed)
        memcpy(head.root.bytes, root.data, root.len);
    return head;
}

void keeper_append_proof(struct buf *out, const struct merkle_proof *proof)
{
    CHECK(proof->count <= MERKLE_PROOF_HASHES_MAX);
    buf_append_byte(out, (uint8_t)proof->count);
    buf_append(out, proof->hashes, proof->count * sizeof(proof->hashes[0]));
}

static void read_proof(struct cursor *cursor, struct merkle_proof *out)
{
    uint64_t count = read_number(cursor, 1);
    if (count > MERKLE_PROOF_HASHES_MAX)
        cursor->failed = true;
    struct span hashes = cursor_take(cursor, (size_t)count * sizeof(out->hashes[0]));
    if (cursor->failed)
        return;
    out->count = (unsigned)count;
    if (count > 0)
        memcpy(out->hashes, hashes.data, hashes.len);
}

static enum err refuse_head(struct why *why, enum refusal refusal, const struct merkle_head *last,
                            const struct merkle_head *head)
{
    uint8_t text[2][24];
    for (unsigned i = 0; i < 2; i++) {
        struct buf number = {.data = text[i], .cap = sizeof(text[i]), .max = sizeof(text[i])};
        buf_append_u64(&number, i == 0 ? last->size : head->size);
        buf_append_byte(&number, '\0');
    }
    return refuse(why, refusal, (char *)text[0], (char *)text[1]);
}

enum err keeper_check(const struct merkle_head *last, const struct merkle_head *head,
                      const struct merkle_proof *proof, struct why *why)
{
    if (head->size < last->size)
        return refuse_head(why, REFUSAL_HEAD_SMALLER, last, head);
    bool same_root = hash_equal(&head->root, &last->root);
    if (head->size == last->size && !same_root)
        return refuse_head(why, REFUSAL_HEAD_FORKED, last, head);
    if (head->size == last->size && proof->count == 0)
        return OK;
    if (merkle_check_consistency(last, head, proof) != OK)
        return refuse_head(why, REFUSAL_HEAD_UNPROVEN, last, head);
    return OK;
}

enum err keeper_write_note(const struct keeper_key *key, const struct merkle_head *head,
                           struct buf *out, struct why *why)
{
    struct span origin = span_cstr(key->origin);
    size_t start = out->len;
    checkpoint_append_text(out, origin, head);
    if (buf_check(out) != OK)
        return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
    struct signature signature;
    (void)crypto_sign_detached(signature.bytes, NULL, out->data + start, out->len - start,
                               key->secret->bytes);
    buf_append_byte(out, '\n');
    note_append_signature(out, origin, &key->key, &signature);
    return buf_check(out) == OK ? OK : refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
}

enum needs { NOTHING, KEY };
enum times { ONCE, MANY };

struct request_row {
    enum keeper_request type;
    enum needs needs;
    enum times times;
    size_t body_min;
    size_t body_max;
};

static const struct request_row rows[] = {
#define REQUEST(name, number, needs, times, body_min, body_max, sentence)                          \
    {KEEPER_##name, needs, times, body_min, body_max},
#include "keys/requests.def"
#undef REQUEST
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct request_row *row_of(uint64_t type, size_t body_len)
{
    for (size_t i = 0; i < ROWS; i++)
        if ((uint64_t)rows[i].type == type && body_len >= rows[i].body_min &&
            body_len <= rows[i].body_max)
            return &rows[i];
    return NULL;
}

static enum err open_key(struct keeper *keeper, struct span body, struct buf *answer,
                         struct why *why)
{
    char *passphrase = NULL;
    if (body.len > 0) {
        passphrase = vault_new(body.len + 1);
        if (passphrase == NULL)
            return refuse(why, REFUSAL_NO_MEMORY, NULL, NULL);
        memcpy(passphrase, body.data, body.len);
        passphrase[body.len] = '\0';
    }
    enum err err = keeper->host.open(keeper->host.ctx, passphrase, &keeper->key, why);
    vault_free(passphrase);
    if (err != OK)
        return err;
    if (!note_name_is_valid(span_cstr(keeper->key.origin)))
        return refuse(why, REFUSAL_ORIGIN, NULL, NULL);
    keeper->open = true;
    buf_append(answer, keeper->key.key.bytes, sizeof(keeper->key.key.bytes));
    keeper_append_head(answer, &keeper->key.last);
    buf_append_cstr(answer, keeper->key.origin);
    return OK;
}

static enum err sign(struct keeper *keeper, struct span body, struct buf *answer, struct why *why)
{
    struct cursor cursor = cursor_of(body);
    struct merkle_head head = keeper_read_head(&cursor);
    struct merkle_proof proof = {0};
    read_proof(&cursor, &proof);
    if (cursor.failed || !cursor_at_end(&cursor))
        return refuse(why, REFUSAL_FRAME, NULL, NULL);
    struct merkle_head *last = &keeper->key.last;
    TRY(keeper_check(last, &head, &proof, why));
    if (head.size != last->size)
        TRY(keeper->host.remember(keeper->host.ctx, &head, why));
    *last = head;
    return keeper_write_note(&keeper->key, &head, answer, why);
}

/* What is answered once is what opens the key. */
static enum err dispatch(struct keeper *keeper, const struct request_row *row, struct span body,
                         struct buf *answer, struct why *why)
{
    if (row == NULL)
        return refuse(why, REFUSAL_FRAME, NULL, NULL);
    if (row->times == ONCE && keeper->open)
        return refuse(why, REFUSAL_ASKED_TWICE, NULL, NULL);
    if (row->needs == KEY && !keeper->open)
        return refuse(why, REFUSAL_NOT_OPEN, NULL, NULL);
    switch (row->type) {
    case KEEPER_OPEN:
        return open_key(keeper, body, answer, why);
    case KEEPER_LAST_HEAD:
        keeper_append_head(answer, &keeper->key.last);
        return OK;
    case KEEPER_SIGN_CHECKPOINT:
        return sign(keeper, body, answer, why);
    }
    BUG("a request without an answer");
}

static void append_padded(struct buf *out, const char *text)
{
    uint8_t field[KEEPER_REFUSAL_BYTES / 2] = {0};
    memcpy(field, text, strnlen(text, sizeof(field) - 1));
    buf_append(out, field, sizeof(field));
}

void keeper_answer(struct keeper *keeper, struct span request, struct buf *answer)
{
    struct cursor cursor = cursor_of(request);
    uint64_t type = read_number(&cursor, 1);
    uint64_t serial = read_number(&cursor, 4);
    struct span body = cursor_rest(&cursor);
    buf_reset(answer);
    buf_append_byte(answer, (uint8_t)type);
    append_u32(answer, (uint32_t)serial);
    buf_append_byte(answer, REFUSAL_NONE);
    struct why why = {0};
    const struct request_row *row = cursor.failed ? NULL : row_of(type, body.len);
    enum err err = dispatch(keeper, row, body, answer, &why);
    if (err == OK && buf_check(answer) == OK)
        return;
    if (err == OK)
        (void)refuse(&why, REFUSAL_NO_MEMORY, NULL, NULL);
    buf_reset(answer);
    buf_append_byte(answer, (uint8_t)type);
    append_u32(answer, (uint32_t)serial);
    buf_append_byte(answer, (uint8_t)refusal_of(&why));
    append_padded(answer, why.expected);
    append_padded(answer, why.found);
}
