/* Items of a file, as lines for the node. */
#include "node/cli/publish_source.h"

#include <stdio.h>

#include "node/import/id.h"
#include "proto/json/jcs.h"

struct publication {
    const struct publish_options *options;
    const struct publish_transport *transport;
    struct publish_report *report;
    struct publish_outbox *outbox;
    struct jcs *jcs;
    struct tape tape;
    struct buf item; /* as written */
    struct buf body; /* canonical */
    struct buf id;
    struct buf line;
};

static void refuse_item(struct publication *p, const struct import_place *place, enum err err,
                        const struct why *why)
{
    struct publish_fault *fault = publish_report_refuse(p->report, place);
    if (fault == NULL)
        return;
    (void)snprintf(fault->slug, sizeof(fault->slug), "%s", err_slug(err));
    (void)snprintf(fault->id, sizeof(fault->id), "%.*s", (int)p->id.len, (const char *)p->id.data);
    publish_reason(fault->reason, sizeof(fault->reason), err, why, p->options->lines.lang);
}

/* The place of a fault inside an item, where the item's text is the file's. */
static void sharpen_place(const struct publication *p, struct import_place *place,
                          uint64_t position)
{
    if (place->format == IMPORT_CSV || place->format == IMPORT_JSONLD || position > p->item.len)
        return;
    for (uint64_t i = 0; i < position; i++)
        place->line += p->item.data[i] == '\n';
    place->offset += position;
}

/* p->item -> p->line. */
static enum err make_line(struct publication *p, struct import_place *place, struct why *why)
{
    static const struct tape_limits limits = {.bytes_max = IMPORT_ITEM_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX - 1};
    enum err err = jcs_canonicalise(p->jcs, buf_span(&p->item), &limits, &p->body, why);
    if (err != OK) {
        sharpen_place(p, place, why->position);
        return err;
    }
    TRY(tape_scan(&p->tape, buf_span(&p->body), &limits, why));
    TRY(import_id(buf_span(&p->body), &p->tape, p->options->id_from, &p->id, why));
    const struct publish_draft draft = {.id = buf_span(&p->id),
                                        .body = buf_span(&p->body),
                                        .schema = p->options->schema,
                                        .license = p->options->license,
                                        .audience = p->options->audience};
    buf_reset(&p->line);
    return publish_line_write(&p->line, &draft, why);
}

/* Is the item refused by its judge? */
static enum err judge_item(struct publication *p, const struct import_place *place, bool *holds_out)
{
    struct publish_fault found = {.slug = ""};
    *holds_out = true;
    if (p->options->judge == NULL)
        return OK;
    TRY(p->options->judge(p->options->judge_ctx, buf_span(&p->body), &p->tape, &found, holds_out));
    struct publish_fault *fault = *holds_out ? NULL : publish_report_refuse(p->report, place);
    if (fault == NULL)
        return OK;
    found.place = *place;
    *fault = found;
    (void)snprintf(fault->id, sizeof(fault->id), "%.*s", (int)p->id.len, (const char *)p->id.data);
    return OK;
}

/* One item. ERR_NOT_FOUND at the end; other errors end the publication: what is wrong with the item
 * alone goes into the report. */
static enum err take_item(struct publication *p, struct import_source *source, struct why *why)
{
    struct publish_mark mark = {.is_waiting = p->options->is_waiting,
                                .is_personal = p->options->is_personal,
                                .is_exposed = p->options->is_personal &&
                                              publish_is_public(p->options->audience)};
    struct why fault = {.rule = NULL};
    buf_reset(&p->item);
    buf_reset(&p->body);
    buf_reset(&p->id);
    enum err err = import_next(source, &p->item, &mark.place, &fault);
    if (err == ERR_NOT_FOUND)
        return err;
    p->report->items++;
    if (err == OK)
        err = make_line(p, &mark.place, &fault);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK) {
        refuse_item(p, &mark.place, err, &fault);
        return OK;
    }
    bool holds;
    TRY(judge_item(p, &mark.place, &holds));
    if (!holds)
        return OK;
    return publish_outbox_add(p->outbox, buf_span(&p->line), &mark, why);
}

static enum err run(struct publication *p, struct import_source *source, struct why *why)
{
    enum err err;
    do {
        err = take_item(p, source, why);
        if (p->transport->progress != NULL)
            p->transport->progress(p->transport->ctx, source);
    } while (err == OK);
    p->report->cut_short = import_is_cut_short(source);
    return err == ERR_NOT_FOUND ? publish_outbox_finish(p->outbox, why) : err;
}

enum err publish_source(struct import_source *source, const struct publish_options *options,
                        const struct publish_transport *transport, struct publish_report *report,
                        struct why *why)
{
    *report = (struct publish_report){.items = 0};
    struct publication p = {.options = options, .transport = transport, .report = report};
    buf_init(&p.item, IMPORT_ITEM_BYTES_MAX);
    buf_init(&p.body, IMPORT_ITEM_BYTES_MAX);
    buf_init(&p.id, ID_BYTES_MAX);
    buf_init(&p.line, IMPORT_ITEM_BYTES_MAX + LINE_BYTES_MAX);
    tape_init(&p.tape);
    p.jcs = jcs_new();
    p.outbox = publish_outbox_new(&options->lines, transport, report);
    bool made = p.jcs != NULL && p.outbox != NULL;
    enum err err = made ? run(&p, source, why) : ERR_NO_MEMORY;
    publish_outbox_free(p.outbox);
    buf_clear(&p.item);
    buf_clear(&p.body);
    buf_clear(&p.id);
    buf_clear(&p.line);
    tape_clear(&p.tape);
    jcs_free(p.jcs);
    return err;
}
