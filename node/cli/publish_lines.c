/* Two boxes: one is filled while the other is on its way. */
#include "node/cli/publish_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json/jcs.h"
#include "proto/limits.h"

/* What the node adds to a line: nonce, op and time with their keys. */
#define ADDED_BYTES 80u

enum fate { TAKEN, REFUSED, UNCHANGED };

/* The places of a chunk's lines, and what became of each. */
struct publish_lines {
    struct publish_mark marks[PUBLISH_CHUNK_LINES_MAX];
    uint8_t fate[PUBLISH_CHUNK_LINES_MAX]; /* enum fate */
    struct publish_report *report;
    enum lang lang;
};

struct box {
    struct buf lines;
    struct publish_lines *inside;
    struct publish_chunk chunk;
    size_t count;
};

struct publish_outbox {
    const struct publish_lines_options *options;
    const struct publish_transport *transport;
    struct publish_report *report;
    struct buf line; /* of the temporary file, read back */
    struct box boxes[2];
    struct box *filling;
    struct box *sending; /* started and not answered, or NULL */
    uint64_t sent;
    FILE *spool;
};

/* The id in line number `index` of the chunk, for the report. */
static void find_id(const struct publish_chunk *chunk, size_t index, struct publish_fault *fault)
{
    struct cursor cursor = cursor_of(chunk->lines);
    for (size_t i = 0; i < index; i++)
        (void)cursor_until(&cursor, '\n');
    struct span line = cursor_until(&cursor, '\n');
    struct tape tape;
    tape_init(&tape);
    if (tape_scan(&tape, line, &tape_record_limits, NULL) == OK) {
        uint32_t id = tape_member(&tape, line, 0, SPAN_LITERAL("id"));
        struct span text = id == TAPE_NONE ? span_of(NULL, 0) : tape_text(&tape, line, id);
        (void)snprintf(fault->id, sizeof(fault->id), "%.*s", (int)text.len,
                       (const char *)text.data);
    }
    tape_clear(&tape);
}

void publish_chunk_refuse(struct publish_chunk *chunk, uint64_t line, const char *slug,
                          const char *reason)
{
    struct publish_lines *inside = chunk->inside;
    if (line == 0 || line > chunk->count || inside->fate[line - 1] == REFUSED)
        return;
    size_t index = (size_t)line - 1;
    inside->fate[index] = REFUSED;
    struct publish_fault *fault =
        publish_report_refuse(inside->report, &inside->marks[index].place);
    if (fault == NULL)
        return;
    const char *sentence = err_sentence(ERR_BAD_RECORD, inside->lang);
    (void)snprintf(fault->slug, sizeof(fault->slug), "%s",
                   slug == NULL ? err_slug(ERR_BAD_RECORD) : slug);
    (void)snprintf(fault->reason, sizeof(fault->reason), "%s", reason == NULL ? sentence : reason);
    find_id(chunk, index, fault);
}

void publish_chunk_unchanged(struct publish_chunk *chunk, uint64_t line)
{
    if (line > 0 && line <= chunk->count && chunk->inside->fate[line - 1] == TAKEN)
        chunk->inside->fate[line - 1] = UNCHANGED;
}

bool publish_is_public(const char *audience)
{
    return audience == NULL || strcmp(audience, "public") == 0;
}

static void append_member(struct buf *line, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buf_append_cstr(line, name);
    jcs_append_string(line, span_cstr(value));
}

enum err publish_line_write(struct buf *line, const struct publish_draft *draft, struct why *why)
{
    size_t from = line->len;
    buf_append_byte(line, '{');
    if (draft->audience != NULL) {
        append_member(line, "\"audience\":", draft->audience);
        buf_append_byte(line, ',');
    }
    buf_append_cstr(line, "\"body\":");
    buf_append_span(line, draft->body);
    buf_append_cstr(line, ",\"id\":");
    jcs_append_string(line, draft->id);
    append_member(line, ",\"license\":", draft->license);
    append_member(line, ",\"schema\":", draft->schema);
    buf_append_cstr(line, "}\n");
    if (line->failed == ERR_NO_MEMORY)
        return ERR_NO_MEMORY;
    if (line->failed != OK || line->len - from + ADDED_BYTES > LINE_BYTES_MAX) {
        char found[48];
        (void)snprintf(found, sizeof(found), "a body of %zu bytes", draft->body.len);
        return why_set(why, ERR_LIMIT, "DESIGN, 4: a record is a line of at most 256 KiB", 0, NULL,
                       found);
    }
    return OK;
}

static void count_taken(struct publish_report *report, const struct box *box)
{
    for (size_t i = 0; i < box->count; i++) {
        const struct publish_mark *mark = &box->inside->marks[i];
        bool is_taken = box->inside->fate[i] == TAKEN;
        if (mark->is_rendering) {
            report->renderings += is_taken;
            continue;
        }
        report->accepted += is_taken;
        report->unchanged += box->inside->fate[i] == UNCHANGED;
        report->waiting += is_taken && mark->is_waiting;
        report->personal += is_taken && mark->is_personal;
        report->exposed += is_taken && mark->is_exposed;
    }
}

/* Waits for the answer to a chunk, which send has begun or begins now, and empties its box. */
static enum err finish_chunk(struct publish_outbox *p, struct box *box, struct why *why)
{
    enum err err = p->transport->send(p->transport->ctx, &box->chunk, why);
    if (err == OK && !box->chunk.none_taken)
        count_taken(p->report, box);
    box->count = 0;
    buf_reset(&box->lines);
    return err;
}

static enum err finish_sending(struct publish_outbox *p, struct why *why)
{
    struct box *box = p->sending;
    p->sending = NULL;
    return box == NULL ? OK : finish_chunk(p, box, why);
}

/* Chunks are answered in their order: what is published later is later in the log. */
static enum err send_chunk(struct publish_outbox *p, struct why *why)
{
    struct box *box = p->filling;
    TRY(finish_sending(p, why));
    if (box->count == 0)
        return OK;
    box->chunk = (struct publish_chunk){.lines = buf_span(&box->lines),
                                        .count = box->count,
                                        .first = p->sent,
                                        .inside = box->inside};
    memset(box->inside->fate, 0, sizeof(box->inside->fate));
    p->sent += box->count;
    if (p->transport->start == NULL || p->options->all_or_nothing)
        return finish_chunk(p, box, why);
    p->transport->start(p->transport->ctx, &box->chunk);
    p->sending = box;
    p->filling = box == &p->boxes[0] ? &p->boxes[1] : &p->boxes[0];
    return OK;
}

static enum err add_line(struct publish_outbox *p, struct span line,
                         const struct publish_mark *mark, struct why *why)
{
    bool whole = p->options->all_or_nothing;
    size_t count_max = whole ? PUBLISH_WHOLE_LINES_MAX : PUBLISH_CHUNK_LINES_MAX;
    size_t bytes_max = whole ? PUBLISH_WHOLE_BYTES_MAX : PUBLISH_CHUNK_BYTES_MAX;
    if (p->filling->count == count_max || p->filling->lines.len + line.len > bytes_max)
        TRY(send_chunk(p, why));
    p->filling->inside->marks[p->filling->count++] = *mark;
    buf_append_span(&p->filling->lines, line);
    return buf_check(&p->filling->lines);
}

struct spooled {
    struct publish_mark mark;
    size_t len;
};

static enum err spool_failed(struct why *why)
{
    enum err err = errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
    return why_set(why, err, "publish: a temporary file", 0, NULL, strerror(errno));
}

static enum err spool_line(struct publish_outbox *p, struct span line,
                           const struct publish_mark *mark, struct why *why)
{
    struct spooled head = {.mark = *mark, .len = line.len};
    if (p->spool == NULL)
        p->spool = tmpfile();
    if (p->spool == NULL || fwrite(&head, sizeof(head), 1, p->spool) != 1 ||
        fwrite(line.data, 1, line.len, p->spool) != line.len)
        return spool_failed(why);
    return OK;
}

static enum err send_spooled(struct publish_outbox *p, struct why *why)
{
    if (p->spool == NULL)
        return OK;
    if (fflush(p->spool) != 0 || fseeko(p->spool, 0, SEEK_SET) != 0)
        return spool_failed(why);
    struct spooled head;
    while (fread(&head, sizeof(head), 1, p->spool) == 1) {
        buf_reset(&p->line);
        uint8_t *room = buf_reserve(&p->line, head.len);
        if (room == NULL)
            return p->line.failed;
        if (fread(room, 1, head.len, p->spool) != head.len)
            return spool_failed(why);
        buf_commit(&p->line, head.len);
        TRY(add_line(p, buf_span(&p->line), &head.mark, why));
    }
    return ferror(p->spool) ? spool_failed(why) : OK;
}

enum err publish_outbox_add(struct publish_outbox *outbox, struct span line,
                            const struct publish_mark *mark, struct why *why)
{
    return outbox->options->all_or_nothing ? spool_line(outbox, line, mark, why)
                                           : add_line(outbox, line, mark, why);
}

enum err publish_outbox_finish(struct publish_outbox *outbox, struct why *why)
{
    if (outbox->options->all_or_nothing && outbox->report->refused > 0)
        return why_set(why, ERR_CONFLICT, "--all-or-nothing", 0, "a file without faults", NULL);
    TRY(send_spooled(outbox, why));
    TRY(send_chunk(outbox, why));
    return finish_sending(outbox, why);
}

static bool make_box(struct box *box, struct publish_report *report, enum lang lang)
{
    buf_init(&box->lines, PUBLISH_CHUNK_BYTES_MAX);
    box->inside = calloc(1, sizeof(*box->inside));
    if (box->inside == NULL)
        return false;
    box->inside->report = report;
    box->inside->lang = lang;
    return true;
}

struct publish_outbox *publish_outbox_new(const struct publish_lines_options *options,
                                          const struct publish_transport *transport,
                                          struct publish_report *report)
{
    struct publish_outbox *outbox = calloc(1, sizeof(*outbox));
    if (outbox == NULL)
        return NULL;
    outbox->options = options;
    outbox->transport = transport;
    outbox->report = report;
    outbox->filling = &outbox->boxes[0];
    buf_init(&outbox->line, LINE_BYTES_MAX + 1024u);
    bool made = make_box(&outbox->boxes[0], report, options->lang);
    made = make_box(&outbox->boxes[1], report, options->lang) && made;
    if (!made) {
        publish_outbox_free(outbox);
        return NULL;
    }
    return outbox;
}

void publish_outbox_free(struct publish_outbox *outbox)
{
    if (outbox == NULL)
        return;
    if (outbox->sending != NULL) { /* the publication has failed: what is on its way is counted */
        struct why late;
        enum err lost = finish_sending(outbox, &late);
        (void)lost;
    }
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&outbox->boxes[i].lines);
        free(outbox->boxes[i].inside);
    }
    buf_clear(&outbox->line);
    if (outbox->spool != NULL)
        (void)fclose(outbox->spool);
    free(outbox);
}
