/* The in-memory logs and node of the sync tests. */
#include "tests/lib/memlog.h"

#include <sodium.h>
#include <stdlib.h>

#include "proto/identity/did.h"
#include "proto/log/checkpoint.h"

#define LEVELS 40

struct entry {
    uint8_t *line;
    size_t len;
    enum record_op op;
    enum record_audience audience;
};

struct memlog {
    struct public_key key;
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    struct buf origin;
    struct buf note;
    struct merkle_head note_head;
    struct tape tape;
    struct entry *entries;
    size_t entry_cap;
    struct hash *nodes[LEVELS]; /* complete subtrees */
    size_t node_counts[LEVELS];
    size_t node_caps[LEVELS];
    struct merkle_range range;
    uint64_t random;
};

static struct memlog *new_log(void)
{
    struct memlog *log = calloc(1, sizeof(*log));
    CHECK(log != NULL);
    buf_init(&log->origin, DID_BYTES_MAX);
    buf_init(&log->note, NOTE_BYTES_MAX);
    tape_init(&log->tape);
    return log;
}

struct memlog *memlog_new(unsigned seed)
{
    struct memlog *log = new_log();
    uint8_t seed_bytes[crypto_sign_SEEDBYTES] = {(uint8_t)seed, (uint8_t)(seed >> 8)};
    CHECK(sodium_init() >= 0);
    CHECK(crypto_sign_seed_keypair(log->key.bytes, log->secret, seed_bytes) == 0);
    did_key_append(&log->origin, &log->key);
    log->random = seed;
    return log;
}

struct memlog *memlog_replica(struct span origin)
{
    struct memlog *log = new_log();
    buf_append_span(&log->origin, origin);
    return log;
}

void memlog_free(struct memlog *log)
{
    if (log == NULL)
        return;
    for (uint64_t i = 0; i < log->range.size; i++)
        free(log->entries[i].line);
    for (unsigned level = 0; level < LEVELS; level++)
        free(log->nodes[level]);
    free(log->entries);
    buf_clear(&log->origin);
    buf_clear(&log->note);
    tape_clear(&log->tape);
    free(log);
}

struct span memlog_origin(const struct memlog *log)
{
    return buf_span(&log->origin);
}

struct merkle_head memlog_head(const struct memlog *log)
{
    return merkle_range_head(&log->range);
}

struct merkle_range memlog_range(const struct memlog *log)
{
    return log->range;
}

struct span memlog_line(const struct memlog *log, uint64_t index)
{
    CHECK(index < log->range.size);
    return span_of(log->entries[index].line, log->entries[index].len);
}

static void push_node(struct memlog *log, unsigned level, const struct hash *hash)
{
    CHECK(level < LEVELS);
    if (log->node_counts[level] == log->node_caps[level]) {
        log->node_caps[level] = log->node_caps[level] == 0 ? 16 : log->node_caps[level] * 2;
        log->nodes[level] = realloc(log->nodes[level], log->node_caps[level] * sizeof(struct hash));
        CHECK(log->nodes[level] != NULL);
    }
    log->nodes[level][log->node_counts[level]++] = *hash;
}

static void push_entry(struct memlog *log, const struct entry *entry, const struct hash *leaf)
{
    if (log->range.size == log->entry_cap) {
        log->entry_cap = log->entry_cap == 0 ? 16 : log->entry_cap * 2;
        log->entries = realloc(log->entries, log->entry_cap * sizeof(*log->entries));
        CHECK(log->entries != NULL);
    }
    log->entries[log->range.size] = *entry;
    struct hash node = *leaf;
    uint64_t index = log->range.size;
    merkle_range_append(&log->range, leaf);
    for (unsigned level = 0;; level++, index /= 2) {
        push_node(log, level, &node);
        if (index % 2 == 0)
            return;
        node = merkle_node_hash(&log->nodes[level][index - 1], &log->nodes[level][index]);
    }
}

void memlog_append(struct memlog *log, struct span line)
{
    struct record record;
    CHECK(record_read(line, &log->tape, &record, NULL) == OK);
    struct hash leaf = merkle_leaf_hash(line);
    struct entry entry = {
        .line = malloc(line.len), .len = line.len, .op = record.op, .audience = record.audience};
    CHECK(entry.line != NULL);
    memcpy(entry.line, line.data, line.len);
    push_entry(log, &entry, &leaf);
}

static void next_random(void *ctx, uint8_t *out, size_t len)
{
    /* splitmix64: the same seed gives the same log. */
    uint64_t *state = ctx;
    for (size_t i = 0; i < len; i++) {
        uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        out[i] = (uint8_t)(z >> 56);
    }
}

void memlog_put(struct memlog *log, const char *id, const char *audience, const char *body)
{
    struct env env = {.ctx = &log->random, .random = next_random};
    struct record_draft draft = {
        .id = span_cstr(id),
        .audience = audience == NULL ? span_of(NULL, 0) : span_cstr(audience),
        .schema = SPAN_LITERAL("test/thing@1"),
        .license = SPAN_LITERAL("CC-BY-SA-4.0"),
        .body = span_cstr(body),
        .op = RECORD_PUT,
    };
    struct buf line;
    buf_init(&line, LINE_BYTES_MAX);
    CHECK(record_write(&draft, &env, 1764000000000 + log->range.size, &line, NULL) == OK);
    memlog_append(log, buf_span(&line));
    buf_clear(&line);
}

void memlog_drop(struct memlog *log, uint64_t index)
{
    CHECK(index < log->range.size);
    free(log->entries[index].line);
    log->entries[index].line = NULL;
    log->entries[index].len = 0;
}

void memlog_sign_head(const struct memlog *log, const struct merkle_head *head, struct buf *out)
{
    size_t start = out->len;
    checkpoint_append_text(out, memlog_origin(log), head);
    struct signature signature;
    CHECK(crypto_sign_detached(signature.bytes, NULL, out->data + start, out->len - start,
                               log->secret) == 0);
    buf_append_byte(out, '\n');
    note_append_signature(out, memlog_origin(log), &log->key, &signature);
    CHECK(buf_check(out) == OK);
}

struct span memlog_sign(struct memlog *log)
{
    log->note_head = memlog_head(log);
    buf_reset(&log->note);
    memlog_sign_head(log, &log->note_head, &log->note);
    return buf_span(&log->note);
}

static enum err read_entry(void *ctx, uint64_t index, struct log_entry *out)
{
    struct memlog *log = ctx;
    CHECK(index < log->range.size);
    const struct entry *entry = &log->entries[index];
    *out = (struct log_entry){.line = span_of(entry->line, entry->len),
                              .leaf = log->nodes[0][index],
                              .op = entry->op,
                              .audience = entry->audience};
    return OK;
}

static enum err read_node(void *ctx, unsigned level, uint64_t index, struct hash *out)
{
    struct memlog *log = ctx;
    CHECK(level < LEVELS && index < log->node_counts[level]);
    *out = log->nodes[level][index];
    return OK;
}

struct log_reader memlog_reader(struct memlog *log)
{
    return (struct log_reader){.ctx = log, .entry = read_entry, .node = read_node};
}

struct serve_log memlog_offer(struct memlog *log)
{
    return (struct serve_log){.origin = memlog_origin(log),
                              .reader = memlog_reader(log),
                              .head = log->note_head,
                              .note = buf_span(&log->note),
                              .log = log};
}

bool memlog_has_prefix(const struct memlog *log, const struct memlog *prefix)
{
    if (prefix->range.size > log->range.size)
        return false;
    for (uint64_t i = 0; i < prefix->range.size; i++) {
        if (!hash_equal(&prefix->nodes[0][i], &log->nodes[0][i]))
            return false;
        if (prefix->entries[i].len > 0 && !span_equal(memlog_line(prefix, i), memlog_line(log, i)))
            return false;
    }
    return true;
}

/* ---- a node ---- */

void memnode_clear(struct memnode *node)
{
    for (size_t i = 0; i < node->count; i++)
        memlog_free(node->logs[i]);
    for (size_t i = 0; i < node->waiting_count; i++)
        batch_free(node->waiting[i]);
    *node = (struct memnode){.count = 0};
}

struct memlog *memnode_log(struct memnode *node, struct span origin)
{
    for (size_t i = 0; i < node->count; i++)
        if (span_equal(memlog_origin(node->logs[i]), origin))
            return node->logs[i];
    return NULL;
}

static enum err open_log(void *ctx, struct span origin, struct merkle_range *range_out,
                         bool *own_out)
{
    struct memnode *node = ctx;
    struct memlog *log = memnode_log(node, origin);
    if (log == NULL && node->refuse_new)
        return ERR_FORBIDDEN;
    if (log == NULL) {
        if (node->count == sizeof(node->logs) / sizeof(node->logs[0]))
            return ERR_LIMIT;
        log = memlog_replica(origin);
        node->logs[node->count++] = log;
    }
    *range_out = log->range;
    *own_out = !sodium_is_zero(log->secret, sizeof(log->secret));
    return OK;
}

struct follow *memnode_follow(struct memnode *node, struct span origin_peer)
{
    struct follow_options options = {.origin_peer = origin_peer, .open_log = open_log, .ctx = node};
    struct follow *follow = follow_new(&options);
    CHECK(follow != NULL);
    return follow;
}

void memnode_request(struct memnode *node, bool follow, struct buf *out)
{
    struct follow_log logs[8];
    for (size_t i = 0; i < node->count; i++)
        logs[i] = (struct follow_log){
            .origin = memlog_origin(node->logs[i]),
            .range = node->logs[i]->range,
            .own = !sodium_is_zero(node->logs[i]->secret, sizeof(node->logs[i]->secret))};
    CHECK(follow_write_request(logs, node->count, follow, out) == OK);
}

static void take_batch(struct memlog *log, const struct batch *batch)
{
    CHECK(batch->open_withheld == 0 && batch->first <= log->range.size);
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_entry *entry = &batch->entries[i];
        uint64_t index = batch->first + i;
        if (index < log->range.size) {
            CHECK(hash_equal(&entry->leaf, &log->nodes[0][index]));
            continue;
        }
        struct span line = span_of(batch->lines.data + entry->offset, entry->length);
        if (line.len > 0)
            memlog_append(log, line);
        else
            push_entry(log, &(struct entry){.line = NULL}, &entry->leaf);
        CHECK(hash_equal(&entry->leaf, &log->nodes[0][index]));
    }
    if (batch->note.len == 0)
        return;
    struct merkle_head head = memlog_head(log);
    if (head.size != batch->head.size)
        return;
    CHECK(hash_equal(&head.root, &batch->head.root));
    log->note_head = head;
    buf_reset(&log->note);
    buf_append_span(&log->note, buf_span(&batch->note));
}

void memnode_persist(struct memnode *node, struct follow *follow, uint64_t now_ms)
{
    CHECK(node->waiting_count > 0);
    struct batch *batch = node->waiting[0];
    struct memlog *log = memnode_log(node, node->waiting_origins[0]);
    node->waiting_count--;
    for (size_t i = 0; i < node->waiting_count; i++) {
        node->waiting[i] = node->waiting[i + 1];
        node->waiting_origins[i] = node->waiting_origins[i + 1];
    }
    take_batch(log, batch);
    follow_persisted(follow, batch, now_ms, &node->effects);
}

enum err memnode_feed(struct memnode *node, struct follow *follow, struct span bytes,
                      size_t *used_out, struct why *why)
{
    size_t used = 0;
    enum err err = OK;
    while (used < bytes.len && err == OK) {
        size_t taken;
        err =
            follow_feed(follow, span_part(bytes, used, bytes.len), 0, &taken, &node->effects, why);
        used += taken;
        struct batch *batch = node->effects.batch;
        if (batch != NULL) {
            node->batches++;
            node->notes += batch->note.len > 0;
            CHECK(node->waiting_count < SYNC_BATCHES_IN_FLIGHT_MAX);
            node->waiting_origins[node->waiting_count] =
                memlog_origin(memnode_log(node, node->effects.origin));
            node->waiting[node->waiting_count++] = batch;
            if (!node->hold_back)
                memnode_persist(node, follow, 0);
        }
        if (node->effects.pause)
            break;
    }
    if (used_out != NULL)
        *used_out = used;
    return err;
}

struct serve *memserve_new(struct span request, struct memlog *const *logs, size_t count)
{
    struct serve *serve = NULL;
    CHECK(serve_new(request, 0, NULL, NULL, &serve, NULL) == OK);
    for (size_t i = 0; i < count; i++) {
        struct serve_log offer = memlog_offer(logs[i]);
        CHECK(serve_offer(serve, &offer) == OK);
    }
    return serve;
}

void memserve_pull_all(struct serve *serve, size_t bytes_soft, struct buf *out)
{
    bool idle = false;
    while (!idle)
        CHECK(serve_pull(serve, 0, bytes_soft, out, &idle) == OK);
}
