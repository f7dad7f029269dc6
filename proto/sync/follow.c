/* The receiving end of a sync stream. What a peer says is believed when a checkpoint signed by the
 * log's origin, and a consistency proof from what was received to it, say the same. */
#include "proto/sync/follow.h"

#include <stdlib.h>

#include "proto/json/jcs.h"
#include "proto/sync/lines.h"

/* One log of this stream. range is what was held when the stream opened the log, and grows with
 * what the stream delivers; only batches that were proved leave for the driver. */
struct follow_state {
    uint8_t origin[DID_BYTES_MAX];
    size_t origin_len;
    struct log_keys keys;
    bool taken;     /* false: refused or not verifiable, its lines are skipped */
    bool stale;     /* until the next log line: its checkpoint is by a retired key */
    bool own;       /* only checkpoints may come */
    bool has_noted; /* a note for `noted` was handed out */
    uint64_t noted;
    struct merkle_head announced; /* newest by signature; size 0: none */
    struct merkle_range range;
};

struct follow {
    struct follow_options options;
    uint8_t origin_peer[DID_BYTES_MAX];
    struct follow_state **logs; /* sorted by origin */
    size_t log_count;
    size_t log_cap;
    struct buf partial; /* the beginning of a line whose end has not come */
    struct tape tape;

    struct follow_state *log;  /* the log of the lines at hand, or NULL */
    uint64_t from;             /* where the log line began */
    uint64_t position;         /* index of the next entry of the stream */
    bool has_checkpoint;       /* since the log line */
    struct merkle_head target; /* the checkpoint's */
    struct buf note;
    struct batch *batch; /* entries not proved yet; NULL: none */
    uint32_t unproved;   /* entries since the last proof, those passed over included */
    struct batch *fills; /* lines of entries held as leaves; NULL: none */
    bool fill_expected;  /* the next line is the record of entry fill_index */
    uint64_t fill_index;

    struct batch *spare[SYNC_BATCHES_IN_FLIGHT_MAX];
    unsigned spare_count;
    unsigned in_flight;
    uint64_t last_line_ms;
    uint64_t line_number;
    uint64_t skipped;
    enum err failed; /* final */
    struct follow_evidence evidence;
};

static struct span state_origin(const struct follow_state *state)
{
    return span_of(state->origin, state->origin_len);
}

struct follow *follow_new(const struct follow_options *options)
{
    struct follow *follow = calloc(1, sizeof(*follow));
    if (follow == NULL)
        return NULL;
    CHECK(options->open_log != NULL && options->origin_peer.len <= DID_BYTES_MAX);
    follow->options = *options;
    if (options->origin_peer.len > 0)
        memcpy(follow->origin_peer, options->origin_peer.data, options->origin_peer.len);
    follow->options.origin_peer = span_of(follow->origin_peer, options->origin_peer.len);
    buf_init(&follow->partial, LINE_BYTES_MAX);
    buf_init(&follow->note, NOTE_BYTES_MAX);
    tape_init(&follow->tape);
    follow->last_line_ms = options->now_ms;
    return follow;
}

static void state_free(struct follow_state *state)
{
    log_keys_clear(&state->keys);
    free(state);
}

void follow_free(struct follow *follow)
{
    if (follow == NULL)
        return;
    for (size_t i = 0; i < follow->log_count; i++)
        state_free(follow->logs[i]);
    free(follow->logs);
    for (unsigned i = 0; i < follow->spare_count; i++)
        batch_free(follow->spare[i]);
    batch_free(follow->batch);
    batch_free(follow->fills);
    buf_clear(&follow->partial);
    buf_clear(&follow->note);
    tape_clear(&follow->tape);
    free(follow);
}

static int compare_origins(const void *a, const void *b)
{
    const struct follow_log *const *left = a;
    const struct follow_log *const *right = b;
    return jcs_compare_keys((*left)->origin, (*right)->origin);
}

/* "want":{"<origin>":[begin,end,...],...}, for the logs where something is wanted. */
static void append_wanted(struct buf *out, const struct follow_log *const *sorted, size_t count)
{
    size_t ranges = 0;
    const char *before = ",\"want\":{";
    for (size_t i = 0; i < count; i++) {
        if (sorted[i]->own || sorted[i]->wanted_count == 0)
            continue;
        buf_append_cstr(out, before);
        before = ",";
        jcs_append_string(out, sorted[i]->origin);
        for (size_t w = 0; w < sorted[i]->wanted_count; w++) {
            buf_append_cstr(out, w == 0 ? ":[" : ",");
            buf_append_u64(out, sorted[i]->wanted[w].begin);
            buf_append_byte(out, ',');
            buf_append_u64(out, sorted[i]->wanted[w].end);
        }
        buf_append_byte(out, ']');
        ranges += sorted[i]->wanted_count;
    }
    CHECK(ranges <= SYNC_WANTED_RANGES_MAX);
    if (ranges > 0)
        buf_append_byte(out, '}');
}

enum err follow_write_request(const struct follow_log *logs, size_t count, bool follow,
                              struct buf *out)
{
    /* Canonical, so that one state vector has one text: keys in order. */
    const struct follow_log **sorted = calloc(count + 1, sizeof(const struct follow_log *));
    if (sorted == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &logs[i];
    if (count > 1)
        qsort(sorted, count, sizeof(const struct follow_log *), compare_origins);
    buf_append_cstr(out, follow ? "{\"follow\":true,\"logs\":{" : "{\"follow\":false,\"logs\":{");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_append_byte(out, ',');
        jcs_append_string(out, sorted[i]->origin);
        buf_append_byte(out, ':');
        buf_append_u64(out, sorted[i]->own ? LINES_SIZE_MAX : sorted[i]->range.size);
    }
    buf_append_byte(out, '}');
    append_wanted(out, sorted, count);
    buf_append_byte(out, '}');
    free(sorted);
    return buf_check(out);
}

/* The place of an origin among the logs: its own, or where it would stand. */
static size_t place_of(const struct follow *follow, struct span origin, bool *found_out)
{
    size_t low = 0;
    size_t high = follow->log_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct span at = state_origin(follow->logs[middle]);
        size_t common = at.len < origin.len ? at.len : origin.len;
        int order = memcmp(at.data, origin.data, common);
        if (order == 0 && at.len == origin.len) {
            *found_out = true;
            return middle;
        }
        if (order < 0 || (order == 0 && at.len < origin.len))
            low = middle + 1;
        else
            high = middle;
    }
    *found_out = false;
    return low;
}

bool follow_announced(const struct follow *follow, struct span origin, struct merkle_head *out)
{
    bool found;
    size_t place = place_of(follow, origin, &found);
    if (!found || follow->logs[place]->announced.size == 0)
        return false;
    *out = follow->logs[place]->announced;
    return true;
}

struct span follow_origin(const struct follow *follow)
{
    return follow->log == NULL ? span_of(NULL, 0) : state_origin(follow->log);
}

uint64_t follow_skipped(const struct follow *follow)
{
    return follow->skipped;
}

struct follow_evidence follow_evidence(const struct follow *follow)
{
    return follow->evidence;
}

static enum err refuse(struct follow *follow, struct why *why, const char *rule)
{
    return why_set(why, ERR_BAD_STREAM, rule, follow->line_number, NULL, NULL);
}

static bool is_did_key(struct span origin)
{
    return span_starts_with(origin, SPAN_LITERAL("did:key:"));
}

/* The keys as they are known now; those of a did:key never change. */
static enum err refresh_keys(const struct follow *follow, struct follow_state *state,
                             struct why *why)
{
    struct span origin = state_origin(state);
    if (is_did_key(origin))
        return state->keys.version > 0 ? OK : log_keys_of_did_key(origin, &state->keys, why);
    if (follow->options.find_keys == NULL)
        return ERR_NOT_FOUND;
    return follow->options.find_keys(follow->options.ctx, origin, state->keys.version,
                                     &state->keys);
}

static enum err ask_for_log(struct follow *follow, struct follow_state *state, struct why *why)
{
    struct span origin = state_origin(state);
    enum err err = refresh_keys(follow, state, why);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK)
        return is_did_key(origin) ? err : OK;
    err = follow->options.open_log(follow->options.ctx, origin, &state->range, &state->own);
    if (err == ERR_LIMIT || err == ERR_FORBIDDEN)
        return OK;
    if (err != OK)
        return why_set(why, err, "opening the log that the stream names", follow->line_number, NULL,
                       NULL);
    state->taken = true;
    return OK;
}

static enum err add_log(struct follow *follow, struct span origin, size_t place, struct why *why)
{
    if (follow->log_count == SYNC_LOGS_MAX)
        return why_set(why, ERR_LIMIT, "a stream has at most SYNC_LOGS_MAX logs",
                       follow->line_number, NULL, NULL);
    if (follow->log_count == follow->log_cap) {
        size_t cap = follow->log_cap == 0 ? 8 : follow->log_cap * 2;
        struct follow_state **logs = realloc(follow->logs, cap * sizeof(struct follow_state *));
        if (logs == NULL)
            return ERR_NO_MEMORY;
        follow->logs = logs;
        follow->log_cap = cap;
    }
    struct follow_state *state = calloc(1, sizeof(*state));
    if (state == NULL)
        return ERR_NO_MEMORY;
    memcpy(state->origin, origin.data, origin.len);
    state->origin_len = origin.len;
    enum err err = ask_for_log(follow, state, why);
    if (err != OK) {
        state_free(state);
        return err;
    }
    memmove(follow->logs + place + 1, follow->logs + place,
            (follow->log_count - place) * sizeof(struct follow_state *));
    follow->logs[place] = state;
    follow->log_count++;
    return OK;
}

static enum err on_log(struct follow *follow, const struct control *control, struct why *why)
{
    if (follow->unproved > 0 || follow->fills != NULL)
        return refuse(follow, why, "sync: entries are proved before another log begins");
    bool found;
    size_t place = place_of(follow, control->origin, &found);
    if (!found)
        TRY(add_log(follow, control->origin, place, why));
    follow->log = follow->logs[place];
    follow->log->stale = false;
    follow->from = control->size;
    follow->position = control->size;
    follow->has_checkpoint = false;
    if (follow->log->taken && !follow->log->own && control->size > follow->log->range.size)
        return refuse(follow, why, "sync: a log begins at or below the entries held");
    return OK;
}

static struct batch *take_spare(struct follow *follow)
{
    if (follow->spare_count == 0)
        return batch_new();
    struct batch *batch = follow->spare[--follow->spare_count];
    batch_reset(batch);
    return batch;
}

static enum err need_batch(struct follow *follow)
{
    if (follow->batch != NULL)
        return OK;
    follow->batch = take_spare(follow);
    if (follow->batch == NULL)
        return ERR_NO_MEMORY;
    follow->batch->first = follow->log->range.size;
    return OK;
}

/* The batch leaves, with the head it was proved to reach, and with the note where it reaches its
 * end. */
static enum err hand_out(struct follow *follow, const struct merkle_head *head,
                         struct follow_effects *effects)
{
    struct follow_state *log = follow->log;
    TRY(need_batch(follow));
    TRY(batch_seal(follow->batch));
    follow->batch->head = *head;
    if (head->size == follow->target.size) {
        buf_append_span(&follow->batch->note, buf_span(&follow->note));
        TRY(buf_check(&follow->batch->note));
        log->has_noted = true;
        log->noted = head->size;
    }
    effects->batch = follow->batch;
    effects->origin = state_origin(log);
    follow->batch = NULL;
    follow->in_flight++;
    return OK;
}

static enum err contradiction(struct follow *follow, const struct merkle_head *held, enum err err,
                              const char *rule, struct why *why)
{
    follow->evidence = (struct follow_evidence){
        .origin = state_origin(follow->log), .held = *held, .note = buf_span(&follow->note)};
    return why_set(why, err, rule, follow->line_number, NULL, NULL);
}

/* A thief of an old key must not lengthen the log, nor make it look forked. */
static enum err judge_retired(struct follow *follow, const struct merkle_head *head,
                              struct why *why)
{
    struct follow_state *log = follow->log;
    struct merkle_head held = merkle_range_head(&log->range);
    bool agrees =
        head->size < held.size || (head->size == held.size && hash_equal(&head->root, &held.root));
    if (agrees)
        return OK;
    if (head->size > held.size && !span_equal(state_origin(log), follow->options.origin_peer)) {
        log->stale = true;
        follow->skipped++;
        return OK;
    }
    return why_set(why, ERR_BAD_SIGNATURE,
                   "a key that the origin's history has retired signs nothing beyond what is held",
                   follow->line_number, NULL, NULL);
}

static enum err on_checkpoint(struct follow *follow, const struct control *control,
                              struct follow_effects *effects, struct why *why)
{
    struct follow_state *log = follow->log;
    if (follow->has_checkpoint)
        return refuse(follow, why, "sync: one checkpoint for each log line");
    buf_reset(&follow->note);
    control_append_note(control, &follow->note);
    if (buf_check(&follow->note) != OK)
        return why_set(why, buf_check(&follow->note), "a note is at most NOTE_BYTES_MAX",
                       follow->line_number, NULL, NULL);
    struct checkpoint checkpoint;
    const struct log_key *by;
    TRY(refresh_keys(follow, log, why));
    TRY(log_keys_open(&log->keys, state_origin(log), buf_span(&follow->note), &checkpoint, &by,
                      why));
    if (checkpoint.head.size > LINES_SIZE_MAX)
        return refuse(follow, why, "sync: sizes stay below 2^53");
    bool retired = !log_key_is_current(&log->keys, by);
    if (!retired && follow->options.checkpoint != NULL)
        follow->options.checkpoint(follow->options.ctx, state_origin(log), &checkpoint.head,
                                   buf_span(&follow->note));
    if (retired && !log->own && !follow->options.takes_retired)
        TRY(judge_retired(follow, &checkpoint.head, why));
    if (log->stale)
        return OK;
    follow->has_checkpoint = true;
    follow->target = checkpoint.head;
    if (checkpoint.head.size > log->announced.size)
        log->announced = checkpoint.head;
    struct merkle_head held = merkle_range_head(&log->range);
    if (checkpoint.head.size == held.size) {
        if (!hash_equal(&checkpoint.head.root, &held.root))
            return contradiction(follow, &held, ERR_FORK,
                                 "RFC 9162, 2.1.4: one size of a log has one root", why);
        bool is_news =
            held.size > 0 && !log->own && !retired && !(log->has_noted && log->noted == held.size);
        return is_news ? hand_out(follow, &held, effects) : OK;
    }
    if (!log->own && checkpoint.head.size < follow->from &&
        span_equal(state_origin(log), follow->options.origin_peer))
        return contradiction(follow, &held, ERR_SHRUNKEN,
                             "sync: the origin of a log holds what it has signed", why);
    return OK;
}

/* The next entry of the stream may come: into *wanted_out whether it is new here. */
static enum err admit_entry(struct follow *follow, bool *wanted_out, struct why *why)
{
    if (follow->log->own)
        return refuse(follow, why, "sync: a log's writer is sent no entries of it");
    if (!follow->has_checkpoint)
        return refuse(follow, why, "sync: a checkpoint is announced before its entries");
    if (follow->position >= follow->target.size)
        return refuse(follow, why, "sync: no entries beyond the checkpoint announced");
    if (follow->unproved == SYNC_BATCH_ENTRIES_MAX)
        return why_set(why, ERR_LIMIT, "sync: a proof after at most SYNC_BATCH_ENTRIES_MAX entries",
                       follow->line_number, NULL, NULL);
    follow->unproved++;
    *wanted_out = follow->position == follow->log->range.size;
    follow->position++;
    return *wanted_out ? need_batch(follow) : OK;
}

static enum err too_large(const struct follow *follow, enum err err, struct why *why)
{
    return err == OK ? OK
                     : why_set(why, err, "sync: a batch is at most SYNC_BATCH_BYTES_MAX",
                               follow->line_number, NULL, NULL);
}

static enum err on_fill(struct follow *follow, const struct control *control, struct why *why)
{
    if (follow->log->own || !follow->has_checkpoint || follow->unproved > 0)
        return refuse(follow, why, "sync: entries are filled in before those that are new");
    if (control->size >= follow->log->range.size)
        return refuse(follow, why, "sync: only entries that are held as leaves are filled in");
    if (follow->fills != NULL && follow->fills->count == SYNC_BATCH_ENTRIES_MAX)
        return why_set(why, ERR_LIMIT,
                       "sync: at most SYNC_BATCH_ENTRIES_MAX entries are filled in "
                       "at once",
                       follow->line_number, NULL, NULL);
    follow->fill_expected = true;
    follow->fill_index = control->size;
    return OK;
}

static enum err on_filled(struct follow *follow, const struct control *control,
                          struct follow_effects *effects, struct why *why)
{
    if (follow->fills == NULL || control->size != follow->fills->count)
        return refuse(follow, why, "sync: filled counts the entries that were filled in");
    TRY(batch_seal(follow->fills));
    effects->batch = follow->fills;
    effects->origin = state_origin(follow->log);
    follow->fills = NULL;
    follow->in_flight++;
    return OK;
}

static enum err on_filling_record(struct follow *follow, struct span line, struct why *why)
{
    struct record record;
    follow->fill_expected = false;
    TRY(record_read(line, &follow->tape, &record, why));
    if (follow->fills == NULL && (follow->fills = take_spare(follow)) == NULL)
        return ERR_NO_MEMORY;
    struct hash leaf = merkle_leaf_hash(line);
    return too_large(follow, batch_append_fill(follow->fills, follow->fill_index, &record, &leaf),
                     why);
}

static enum err on_record(struct follow *follow, struct span line, struct why *why)
{
    bool wanted;
    TRY(admit_entry(follow, &wanted, why));
    if (!wanted)
        return OK;
    struct record record;
    TRY(record_read(line, &follow->tape, &record, why));
    struct hash leaf = merkle_leaf_hash(line);
    TRY(too_large(follow, batch_append(follow->batch, &record, &leaf), why));
    merkle_range_append(&follow->log->range, &leaf);
    return OK;
}

static enum err on_withheld(struct follow *follow, const struct control *control, struct why *why)
{
    for (uint32_t i = 0; i < control->hash_count; i++) {
        bool wanted;
        TRY(admit_entry(follow, &wanted, why));
        if (!wanted)
            continue;
        struct hash leaf = control_hash(control, i);
        TRY(too_large(follow, batch_append_withheld(follow->batch, &leaf), why));
        merkle_range_append(&follow->log->range, &leaf);
    }
    return OK;
}

static void read_proof(const struct control *control, struct merkle_proof *out)
{
    out->count = control->hash_count;
    for (uint32_t i = 0; i < control->hash_count; i++)
        out->hashes[i] = control_hash(control, i);
}

static enum err on_proof(struct follow *follow, const struct control *control,
                         struct follow_effects *effects, struct why *why)
{
    if (!follow->has_checkpoint || control->size != follow->position)
        return refuse(follow, why, "sync: a proof is for the entries sent so far");
    follow->unproved = 0;
    /* Nothing new: held already, and so verified on another way. */
    if (follow->batch == NULL)
        return OK;
    struct merkle_head head = merkle_range_head(&follow->log->range);
    struct merkle_proof proof;
    read_proof(control, &proof);
    if (merkle_check_consistency(&head, &follow->target, &proof) != OK)
        return why_set(why, ERR_BAD_PROOF, "RFC 9162, 2.1.4.2: consistency with the checkpoint",
                       follow->line_number, NULL, NULL);
    return hand_out(follow, &head, effects);
}

static enum err on_control(struct follow *follow, struct span line, struct follow_effects *effects,
                           struct why *why)
{
    struct control control;
    TRY(control_read(line, CONTROL_IN_STREAM, &follow->tape, &control, why));
    if (control.kind == CONTROL_PING)
        return OK;
    if (control.kind == CONTROL_LOG)
        return on_log(follow, &control, why);
    if (follow->log == NULL)
        return refuse(follow, why, "sync: a stream begins with a log line");
    if (!follow->log->taken || follow->log->stale) {
        follow->skipped++;
        return OK;
    }
    switch (control.kind) {
    case CONTROL_CHECKPOINT:
        return on_checkpoint(follow, &control, effects, why);
    case CONTROL_WITHHELD:
        return on_withheld(follow, &control, why);
    case CONTROL_PROOF:
        return on_proof(follow, &control, effects, why);
    case CONTROL_FILL:
        return on_fill(follow, &control, why);
    case CONTROL_FILLED:
        return on_filled(follow, &control, effects, why);
    case CONTROL_LOG:
    case CONTROL_PING:
    case CONTROL_COMMIT:
    case CONTROL_ERASED:
    case CONTROL_COUNT:
        break;
    }
    BUG("control_read let a line through that no stream has");
}

static enum err on_line(struct follow *follow, struct span line, struct follow_effects *effects,
                        struct why *why)
{
    follow->line_number++;
    if (follow->fill_expected && (line.len == 0 || line.data[0] != '{'))
        return refuse(follow, why, "sync: a record follows the line that says whose it is");
    if (line.len > 0 && line.data[0] == '[')
        return on_control(follow, line, effects, why);
    if (line.len == 0 || line.data[0] != '{')
        return refuse(follow, why, "sync: a line begins with { or [");
    if (follow->log == NULL)
        return refuse(follow, why, "sync: a stream begins with a log line");
    if (!follow->log->taken || follow->log->stale) {
        follow->skipped++;
        return OK;
    }
    return follow->fill_expected ? on_filling_record(follow, line, why)
                                 : on_record(follow, line, why);
}

static enum err line_too_long(const struct follow *follow, enum err err, struct why *why)
{
    return why_set(why, err, "sync: a line is at most LINE_BYTES_MAX", follow->line_number + 1,
                   NULL, NULL);
}

/* The next whole line of bytes, without copying where it lies whole in them. *used_out counts its
 * newline; a line begun earlier is completed in `partial`. false: the line's end is not there yet,
 * and all bytes are used. */
static enum err next_line(struct follow *follow, struct span bytes, struct span *line_out,
                          bool *found_out, size_t *used_out, struct why *why)
{
    size_t room = LINE_BYTES_MAX - follow->partial.len;
    size_t window = bytes.len <= room ? bytes.len : room + 1;
    const uint8_t *end = memchr(bytes.data, '\n', window);
    size_t len = end == NULL ? bytes.len : (size_t)(end - bytes.data);
    if (len > room)
        return line_too_long(follow, ERR_LIMIT, why);
    *found_out = end != NULL;
    *used_out = len + (end != NULL ? 1 : 0);
    if (end != NULL && follow->partial.len == 0) {
        *line_out = span_of(bytes.data, len);
        return OK;
    }
    buf_append(&follow->partial, bytes.data, len);
    *line_out = buf_span(&follow->partial);
    return buf_check(&follow->partial);
}

static void set_effects(const struct follow *follow, struct follow_effects *effects)
{
    effects->pause = follow->in_flight >= SYNC_BATCHES_IN_FLIGHT_MAX;
    effects->wake_ms = effects->pause ? UINT64_MAX : follow->last_line_ms + SYNC_SILENCE_MS;
}

static enum err feed(struct follow *follow, struct span bytes, uint64_t now_ms, size_t *used,
                     struct follow_effects *effects, struct why *why)
{
    while (*used < bytes.len && effects->batch == NULL) {
        struct span line = span_of(NULL, 0);
        bool found = false;
        size_t taken = 0;
        struct span rest = span_part(bytes, *used, bytes.len);
        TRY(next_line(follow, rest, &line, &found, &taken, why));
        *used += taken;
        if (!found)
            break;
        follow->last_line_ms = now_ms;
        TRY(on_line(follow, line, effects, why));
        buf_reset(&follow->partial);
    }
    return OK;
}

enum err follow_feed(struct follow *follow, struct span bytes, uint64_t now_ms, size_t *used_out,
                     struct follow_effects *effects, struct why *why)
{
    *effects = (struct follow_effects){.batch = NULL};
    *used_out = 0;
    if (follow->failed != OK)
        return why_set(why, follow->failed, "sync: this stream was given up", follow->line_number,
                       NULL, NULL);
    if (follow->in_flight < SYNC_BATCHES_IN_FLIGHT_MAX)
        follow->failed = feed(follow, bytes, now_ms, used_out, effects, why);
    set_effects(follow, effects);
    return follow->failed;
}

void follow_persisted(struct follow *follow, struct batch *taken, uint64_t now_ms,
                      struct follow_effects *effects)
{
    CHECK(follow->in_flight > 0);
    if (follow->in_flight == SYNC_BATCHES_IN_FLIGHT_MAX)
        follow->last_line_ms = now_ms;
    follow->in_flight--;
    if (taken != NULL && follow->spare_count < SYNC_BATCHES_IN_FLIGHT_MAX)
        follow->spare[follow->spare_count++] = taken;
    else
        batch_free(taken);
    *effects = (struct follow_effects){.batch = NULL};
    set_effects(follow, effects);
}

enum err follow_tick(struct follow *follow, uint64_t now_ms, struct follow_effects *effects)
{
    *effects = (struct follow_effects){.batch = NULL};
    set_effects(follow, effects);
    if (follow->failed == OK && now_ms >= effects->wake_ms)
        follow->failed = ERR_STALLED;
    return follow->failed;
}
