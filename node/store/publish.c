/* Drafts become records: canonicalised, written as lines, batched, handed to the writer, and waited
 * for. */
#include "node/store/publish.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "node/net/os.h"
#include "proto/json/jcs.h"

struct publisher {
    struct store *store;
    struct store_log *own;
    struct publish_check check; /* begin is NULL: there is none */
    struct guard *guard;        /* NULL: none */
    /* Publications of public records go side by side (readers of this lock). One that narrows an
     * audience must see every earlier version of its ids, so it goes alone. */
    pthread_rwlock_t order;
};

#define ID_SLOTS (2u * SYNC_BATCH_ENTRIES_MAX) /* a power of two, never more than half full */
static_assert(SYNC_BATCH_ENTRIES_MAX < UINT16_MAX, "an entry's number fits a slot");

/* A batch on its way, and which item each of its entries answers. */
struct shipment {
    struct batch *batch;
    uint32_t items[SYNC_BATCH_ENTRIES_MAX];
    uint16_t newest[ID_SLOTS]; /* by id, open addressing: 0 is free, else entry + 1 */
    enum err err;
    struct why why;
    uint64_t first;
    bool closed; /* handed over; only run's thread */
    bool done;   /* durable or refused; under run's mutex */
};

#define SHIPMENTS_MAX 64u
#define NO_ITEM UINT32_MAX

/* One publication under way. */
struct run {
    struct publisher *publisher;
    const struct publication_options *options;
    struct publication *out;
    struct jcs *jcs;
    struct tape tape;
    struct tape line_tape;
    void *session; /* of the publisher's check */
    struct buf canonical;
    struct buf line;
    struct shipment *shipments[SHIPMENTS_MAX];
    size_t shipment_count;
    pthread_mutex_t mutex;
    pthread_cond_t shipped;
    bool alone;
    uint8_t id_key[crypto_shorthash_KEYBYTES]; /* ids come from outside: none chooses its slot */
    struct os_random random;
    struct env env;
};

struct publisher *publisher_new(struct store *store, struct store_log *own,
                                const struct publish_check *check)
{
    struct publisher *publisher = calloc(1, sizeof(*publisher));
    if (publisher == NULL)
        return NULL;
    publisher->store = store;
    publisher->own = own;
    if (check != NULL)
        publisher->check = *check;
    pthread_rwlock_init(&publisher->order, NULL);
    return publisher;
}

void publisher_guard(struct publisher *publisher, struct guard *guard)
{
    publisher->guard = guard;
}

void publisher_free(struct publisher *publisher)
{
    if (publisher == NULL)
        return;
    pthread_rwlock_destroy(&publisher->order);
    free(publisher);
}

void publication_clear(struct publication *publication)
{
    for (size_t i = 0; i < publication->count; i++)
        free(publication->items[i].errors);
    free(publication->items);
    *publication = (struct publication){0};
}

static struct publish_item *new_item(struct publication *out, uint32_t line)
{
    if (out->count == PUBLISH_ITEMS_MAX) {
        out->err =
            why_set(&out->why, ERR_LIMIT, "a request holds at most 100000 records: send several",
                    line, NULL, NULL);
        return NULL;
    }
    if (out->count == out->cap) {
        size_t cap = out->cap == 0 ? 16 : out->cap * 2;
        struct publish_item *items = realloc(out->items, cap * sizeof(*items));
        if (items == NULL) {
            out->err = ERR_NO_MEMORY;
            return NULL;
        }
        out->items = items;
        out->cap = cap;
    }
    struct publish_item *item = &out->items[out->count++];
    *item = (struct publish_item){.line = line};
    return item;
}

static void refuse(struct run *run, size_t item, enum err err, const struct why *why)
{
    struct publish_item *refused = &run->out->items[item];
    refused->err = err;
    refused->why = *why;
    run->out->refused++;
}

/* ---- shipping ---- */

struct shipping {
    struct run *run;
    struct shipment *shipment;
};

static void on_stored(void *ctx, const struct store_result *result)
{
    struct shipping *shipping = ctx;
    struct run *run = shipping->run;
    pthread_mutex_lock(&run->mutex);
    shipping->shipment->err = result->err;
    shipping->shipment->why = result->why;
    shipping->shipment->first = result->first;
    shipping->shipment->done = true;
    pthread_cond_signal(&run->shipped);
    pthread_mutex_unlock(&run->mutex);
    free(shipping);
}

static void settle(struct run *run, struct shipment *shipment)
{
    for (uint32_t i = 0; i < shipment->batch->count; i++) {
        if (shipment->items[i] == NO_ITEM)
            continue;
        struct publish_item *item = &run->out->items[shipment->items[i]];
        if (shipment->err != OK) {
            refuse(run, shipment->items[i], shipment->err, &shipment->why);
        } else {
            item->index = shipment->first + i;
            item->leaf = shipment->batch->entries[i].leaf;
        }
    }
    if (shipment->err != OK && run->out->err == OK) {
        run->out->err = shipment->err;
        run->out->why = shipment->why;
    }
    batch_free(shipment->batch);
    free(shipment);
}

/* Waits until every closed shipment is durable or refused, and notes what became of its items. */
static void wait_for_shipments(struct run *run)
{
    for (size_t i = 0; i < run->shipment_count; i++) {
        pthread_mutex_lock(&run->mutex);
        while (!run->shipments[i]->done)
            pthread_cond_wait(&run->shipped, &run->mutex);
        pthread_mutex_unlock(&run->mutex);
        settle(run, run->shipments[i]);
    }
    run->shipment_count = 0;
}

static void ship(struct run *run, struct shipment *shipment)
{
    shipment->closed = true;
    enum err err = batch_seal(shipment->batch);
    struct shipping *shipping = malloc(sizeof(*shipping));
    if (shipping == NULL || err != OK || run->options->dry_run) {
        shipment->err = shipping == NULL ? ERR_NO_MEMORY : err;
        shipment->done = true;
        free(shipping);
        return;
    }
    *shipping = (struct shipping){.run = run, .shipment = shipment};
    struct publisher *publisher = run->publisher;
    if (store_submit(publisher->store, publisher->own, shipment->batch, on_stored, shipping) == OK)
        return;
    /* The writer's queue is full: wait for room, which holds back this publisher alone. */
    free(shipping);
    struct store_result result;
    store_write(publisher->store, publisher->own, shipment->batch, &result);
    shipment->err = result.err;
    shipment->why = result.why;
    shipment->first = result.first;
    shipment->done = true;
}

static struct shipment *open_shipment(struct run *run)
{
    if (run->shipment_count == SHIPMENTS_MAX)
        wait_for_shipments(run);
    struct shipment *shipment = calloc(1, sizeof(*shipment));
    struct batch *batch = batch_new();
    if (shipment == NULL || batch == NULL) {
        free(shipment);
        batch_free(batch);
        return NULL;
    }
    shipment->batch = batch;
    run->shipments[run->shipment_count++] = shipment;
    return shipment;
}

static bool is_full(const struct batch *batch)
{
    return batch->count >= SYNC_BATCH_ENTRIES_MAX || batch->lines.len >= SYNC_BATCH_BYTES_SOFT;
}

/* Writes the line of a draft and reads it back. */
static enum err write_line(struct run *run, const struct record_draft *draft, struct record *out,
                           struct why *why)
{
    buf_reset(&run->line);
    TRY(record_write(draft, &run->env, os_wall_ms(), &run->line, why));
    return record_read(buf_span(&run->line), &run->line_tape, out, why);
}

static struct span id_of(const struct batch *batch, uint32_t index)
{
    const struct batch_entry *entry = &batch->entries[index];
    return span_of(batch->lines.data + entry->id_offset, entry->id_length);
}

/* The slot of this id in a shipment: of its newest entry, or a free one. */
static uint16_t *slot_of(const struct run *run, struct shipment *shipment, struct span id)
{
    uint64_t hash;
    static_assert(sizeof(hash) == crypto_shorthash_BYTES, "SipHash-2-4");
    (void)crypto_shorthash((uint8_t *)&hash, id.data, id.len, run->id_key);
    size_t at = (size_t)hash & (ID_SLOTS - 1);
    while (shipment->newest[at] != 0 &&
           !span_equal(id_of(shipment->batch, shipment->newest[at] - 1u), id))
        at = (at + 1) & (ID_SLOTS - 1);
    return &shipment->newest[at];
}

/* Appends the line of a record to the open shipment; closes it when it is full. */
static enum err load(struct run *run, const struct record *record, uint32_t item)
{
    struct shipment *open =
        run->shipment_count == 0 ? NULL : run->shipments[run->shipment_count - 1];
    if (open == NULL || open->closed || is_full(open->batch)) {
        if (open != NULL && run->options->all_or_nothing) {
            run->out->err = why_set(
                &run->out->why, ERR_LIMIT,
                "all or nothing holds at most 4096 records or 4 MiB: send less, or without it", 0,
                NULL, NULL);
            return ERR_LIMIT;
        }
        if (open != NULL && !open->closed)
            ship(run, open);
        open = open_shipment(run);
        if (open == NULL)
            return ERR_NO_MEMORY;
    }
    struct hash leaf = merkle_leaf_hash(record->line);
    TRY(batch_append(open->batch, record, &leaf));
    open->items[open->batch->count - 1] = item;
    *slot_of(run, open, record->id) = (uint16_t)open->batch->count;
    return OK;
}

/* Closes the open shipment and waits for all. */
static void ship_all(struct run *run)
{
    if (run->shipment_count > 0 && !run->shipments[run->shipment_count - 1]->closed)
        ship(run, run->shipments[run->shipment_count - 1]);
    wait_for_shipments(run);
}

/* ---- drafts ---- */

static struct span token_text(const struct tape *tape, struct span text, uint32_t token)
{
    struct span inside = tape_text(tape, text, token);
    if (tape->tokens[token].type != TAPE_STRING)
        return inside;
    return span_of(inside.data - 1, inside.len + 2); /* with its quotes */
}

static enum err read_op(struct span text, enum record_op *out, struct why *why)
{
    if (span_is(text, "put"))
        *out = RECORD_PUT;
    else if (span_is(text, "delete"))
        *out = RECORD_DELETE;
    else if (span_is(text, "erase"))
        *out = RECORD_ERASE;
    else
        return why_set(why, ERR_BAD_RECORD, "op: put, delete or erase", 0, "put", NULL);
    return OK;
}

/* Reads the object that the local API takes. Spans of the draft point into text. */
static enum err read_draft(const struct tape *tape, struct span text, struct record_draft *draft,
                           struct why *why)
{
    if (tape->tokens[0].type != TAPE_OBJECT)
        return why_set(why, ERR_BAD_RECORD, "a record is posted as one JSON object", 0,
                       "{\"id\":...}", NULL);
    for (uint32_t key = 1; key < tape->tokens[0].next; key = tape->tokens[key + 1].next) {
        struct span name = tape_text(tape, text, key);
        uint32_t value = key + 1;
        struct span inside = tape_text(tape, text, value);
        if (span_is(name, "body")) {
            draft->body = token_text(tape, text, value);
            continue;
        }
        if (tape->tokens[value].type != TAPE_STRING)
            return why_set(why, ERR_BAD_RECORD, "every member but body is a string",
                           tape->tokens[value].offset, "a string", NULL);
        if (span_is(name, "id"))
            draft->id = inside;
        else if (span_is(name, "schema"))
            draft->schema = inside;
        else if (span_is(name, "license"))
            draft->license = inside;
        else if (span_is(name, "audience"))
            draft->audience = inside;
        else if (span_is(name, "op"))
            TRY(read_op(inside, &draft->op, why));
        else {
            char found[64];
            size_t len = name.len < sizeof(found) - 1 ? name.len : sizeof(found) - 1;
            memcpy(found, name.data, len);
            found[len] = '\0';
            return why_set(why, ERR_BAD_RECORD, "a member that a record does not have",
                           tape->tokens[key].offset, "id, schema, license, audience, op, body",
                           found);
        }
    }
    return OK;
}

static bool is_narrower(enum record_audience now, enum record_audience before)
{
    return now > before;
}

/* The newest version of this id in the open shipment, or NULL. */
static const struct batch_entry *find_on_its_way(const struct run *run, struct span id)
{
    if (run->shipment_count == 0)
        return NULL;
    struct shipment *open = run->shipments[run->shipment_count - 1];
    uint16_t newest = *slot_of(run, open, id);
    return newest == 0 ? NULL : &open->batch->entries[newest - 1u];
}

/* Finds the newest version of this id that is on its way in this run, or held. false: none. */
static bool newest_version(struct run *run, struct span id, struct buf *line_out)
{
    const struct batch_entry *entry_on_its_way = find_on_its_way(run, id);
    if (entry_on_its_way != NULL) {
        const struct batch *batch = run->shipments[run->shipment_count - 1]->batch;
        buf_append(line_out, batch->lines.data + entry_on_its_way->offset,
                   entry_on_its_way->length);
        return true;
    }
    uint64_t index;
    if (!store_log_newest(run->publisher->own, id, &index))
        return false;
    struct log_reader reader = store_log_reader(run->publisher->own);
    struct log_entry entry;
    if (reader.entry(reader.ctx, index, &entry) != OK || entry.line.len == 0)
        return false;
    buf_append_span(line_out, entry.line);
    return true;
}

/* DESIGN 4, narrowing: those outside the new, smaller audience see of it a leaf hash only, so they
 * are first told that the version they hold is no longer offered. */
static enum err load_farewell(struct run *run, const struct record_draft *draft,
                              enum record_audience audience, struct why *why)
{
    struct buf old_line;
    buf_init(&old_line, LINE_BYTES_MAX);
    enum err err = OK;
    struct record old;
    if (newest_version(run, draft->id, &old_line) && buf_check(&old_line) == OK &&
        record_read(buf_span(&old_line), &run->line_tape, &old, NULL) == OK &&
        old.op == RECORD_PUT && is_narrower(audience, old.audience)) {
        struct record_draft farewell = {.id = draft->id,
                                        .audience = old.audience_text,
                                        .schema = old.schema,
                                        .op = RECORD_DELETE};
        struct record record;
        err = write_line(run, &farewell, &record, why);
        if (err == OK)
            err = load(run, &record, NO_ITEM);
    }
    buf_clear(&old_line);
    return err;
}

/* From here on this run sees all that was published before it. */
static void go_alone(struct run *run)
{
    ship_all(run);
    pthread_rwlock_unlock(&run->publisher->order);
    pthread_rwlock_wrlock(&run->publisher->order);
    run->alone = true;
}

/* Only the open shipment is searched for earlier versions, so the ones before it must be held. */
static void hold_closed_shipments(struct run *run)
{
    if (run->shipment_count < 2)
        return;
    struct shipment *open = run->shipments[--run->shipment_count];
    wait_for_shipments(run);
    run->shipments[run->shipment_count++] = open;
}

/* Does the newest version held say the same as the draft, in all but nonce and time? */
static bool is_held(struct run *run, const struct record_draft *draft, uint64_t *index_out)
{
    struct log_reader reader = store_log_reader(run->publisher->own);
    struct log_entry entry;
    struct record old;
    struct span audience = draft->audience.len > 0 ? draft->audience : SPAN_LITERAL("public");
    return draft->op == RECORD_PUT && store_log_newest(run->publisher->own, draft->id, index_out) &&
           reader.entry(reader.ctx, *index_out, &entry) == OK && entry.line.len > 0 &&
           record_read(entry.line, &run->line_tape, &old, NULL) == OK && old.op == RECORD_PUT &&
           span_equal(old.schema, draft->schema) && span_equal(old.license, draft->license) &&
           span_equal(old.audience_text, audience) && span_equal(old.body, draft->body);
}

/* Is there nothing new in the draft? What is answered so is durable: a version that is on its way
 * is waited for. */
static bool is_unchanged(struct run *run, const struct record_draft *draft,
                         struct publish_item *item)
{
    if (!run->alone)
        go_alone(run);
    hold_closed_shipments(run);
    if (find_on_its_way(run, draft->id) != NULL) {
        if (run->options->all_or_nothing)
            return false;
        ship_all(run);
    }
    uint64_t index;
    if (!is_held(run, draft, &index))
        return false;
    item->unchanged = true;
    item->index = index;
    return true;
}

/* Before anything is done for it: a refusal leaves what is held as it was. */
static enum err check_record(struct run *run, const struct record *record,
                             struct publish_item *item, struct why *why)
{
    const struct publish_check *check = &run->publisher->check;
    if (check->put == NULL || record->op != RECORD_PUT)
        return OK;
    return check->put(run->session, &run->line_tape, record, item, why);
}

static enum err add_draft(struct run *run, const struct record_draft *draft, size_t item,
                          struct why *why)
{
    struct publish_item *named = &run->out->items[item];
    size_t len = draft->id.len < sizeof(named->id) ? draft->id.len : 0;
    if (len > 0)
        memcpy(named->id, draft->id.data, len);
    named->id[len] = '\0';
    enum record_audience audience = AUDIENCE_PUBLIC;
    if (draft->audience.len > 0)
        TRY(record_audience_read(draft->audience, &audience));
    struct record record;
    TRY(write_line(run, draft, &record, why));
    TRY(check_record(run, &record, named, why));
    if (run->options->unless_unchanged && is_unchanged(run, draft, named))
        return OK;
    if (audience != AUDIENCE_PUBLIC && draft->op == RECORD_PUT) {
        if (!run->alone && !run->options->all_or_nothing)
            go_alone(run);
        hold_closed_shipments(run);
        TRY(load_farewell(run, draft, audience, why));
        TRY(write_line(run, draft, &record, why));
    }
    return load(run, &record, (uint32_t)item);
}

/* Larger than a line: the envelope's own spelling may take more than its canonical form. */
static const struct tape_limits draft_limits = {.bytes_max = 2 * LINE_BYTES_MAX,
                                                .depth_max = JSON_DEPTH_MAX + 1};

static enum err add_text(struct run *run, struct span text, const struct record_draft *given,
                         size_t item, struct why *why)
{
    buf_reset(&run->canonical);
    TRY(jcs_canonicalise(run->jcs, text, &draft_limits, &run->canonical, why));
    struct span canonical = buf_span(&run->canonical);
    TRY(tape_scan(&run->tape, canonical, &draft_limits, why));
    struct record_draft draft = *given;
    TRY(read_draft(&run->tape, canonical, &draft, why));
    if (given->id.len > 0 && !span_equal(given->id, draft.id))
        return why_set(why, ERR_BAD_RECORD, "the id in the body is not the one in the address", 0,
                       NULL, NULL);
    return add_draft(run, &draft, item, why);
}

static void add_item(struct run *run, struct span text, const struct record_draft *given,
                     uint32_t line)
{
    if (new_item(run->out, line) == NULL)
        return;
    size_t item = run->out->count - 1;
    struct why why = {0};
    enum err err = text.data == NULL ? add_draft(run, given, item, &why)
                                     : add_text(run, text, given, item, &why);
    if (err != OK)
        refuse(run, item, err, &why);
}

/* ---- a run ---- */

static bool run_begin(struct run *run, struct publisher *publisher,
                      const struct publication_options *options, struct publication *out)
{
    *out = (struct publication){0};
    if (publisher->guard != NULL)
        out->err = guard_wait(publisher->guard, &out->why);
    if (out->err != OK)
        return false;
    *run = (struct run){.publisher = publisher, .options = options, .out = out, .jcs = jcs_new()};
    if (run->jcs == NULL) {
        out->err = ERR_NO_MEMORY;
        return false;
    }
    crypto_shorthash_keygen(run->id_key);
    os_random_init(&run->random);
    run->env = os_random_env(&run->random);
    const struct publish_check *check = &publisher->check;
    run->session = check->begin == NULL ? NULL : check->begin(check->ctx, options->lang);
    if (check->begin != NULL && run->session == NULL) {
        os_random_clear(&run->random);
        jcs_free(run->jcs);
        out->err = ERR_NO_MEMORY;
        return false;
    }
    tape_init(&run->tape);
    tape_init(&run->line_tape);
    buf_init(&run->canonical, draft_limits.bytes_max);
    buf_init(&run->line, LINE_BYTES_MAX);
    pthread_mutex_init(&run->mutex, NULL);
    pthread_cond_init(&run->shipped, NULL);
    /* What is all or nothing may turn out to narrow an audience when it is half built. */
    if (options->all_or_nothing) {
        pthread_rwlock_wrlock(&publisher->order);
        run->alone = true;
    } else {
        pthread_rwlock_rdlock(&publisher->order);
    }
    return true;
}

static void drop_shipments(struct run *run)
{
    for (size_t i = 0; i < run->shipment_count; i++) {
        batch_free(run->shipments[i]->batch);
        free(run->shipments[i]);
    }
    run->shipment_count = 0;
}

static void run_end(struct run *run)
{
    if (run->options->all_or_nothing && (run->out->refused > 0 || run->out->err != OK))
        drop_shipments(run);
    else
        ship_all(run);
    pthread_rwlock_unlock(&run->publisher->order);
    pthread_cond_destroy(&run->shipped);
    pthread_mutex_destroy(&run->mutex);
    buf_clear(&run->line);
    buf_clear(&run->canonical);
    tape_clear(&run->line_tape);
    tape_clear(&run->tape);
    if (run->session != NULL)
        run->publisher->check.end(run->session);
    jcs_free(run->jcs);
    os_random_clear(&run->random);
}

static bool is_blank(struct span line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

static void add_lines(struct run *run, struct span text)
{
    const struct record_draft none = {0};
    uint32_t number = 0;
    while (text.len > 0 && run->out->err == OK) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data);
        struct span line = span_of(text.data, len);
        number++;
        if (!is_blank(line))
            add_item(run, line, &none, number);
        text = span_part(text, len + 1, text.len);
    }
}

void publish_text(struct publisher *publisher, struct span text,
                  const struct publication_options *options, struct publication *out)
{
    struct run run;
    if (!run_begin(&run, publisher, options, out))
        return;
    const struct record_draft none = {0};
    if (options->one_value)
        add_item(&run, text, &none, 1);
    else
        add_lines(&run, text);
    run_end(&run);
}

void publish_at(struct publisher *publisher, struct span id, enum record_op op, struct span text,
                enum lang lang, struct publication *out)
{
    struct run run;
    const struct publication_options options = {.lang = lang};
    if (!run_begin(&run, publisher, &options, out))
        return;
    struct record_draft given = {.id = id, .op = op};
    struct buf old_line;
    buf_init(&old_line, LINE_BYTES_MAX);
    struct record old = {0};
    if (op != RECORD_PUT) {
        bool held = newest_version(&run, id, &old_line) &&
                    record_read(buf_span(&old_line), &run.line_tape, &old, NULL) == OK &&
                    old.op != RECORD_ERASE && (old.op == RECORD_PUT || op == RECORD_ERASE);
        if (!held) {
            out->err = why_set(&out->why, ERR_NOT_FOUND, "no record with this id is offered", 0,
                               NULL, NULL);
        } else {
            given.audience = old.audience_text;
            given.schema = old.schema;
            add_item(&run, span_of(NULL, 0), &given, 1);
        }
    } else {
        add_item(&run, text, &given, 1);
    }
    run_end(&run);
    buf_clear(&old_line);
}
