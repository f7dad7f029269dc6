/* Items of a file, as lines for the node. */
#include "node/cli/publish_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/import/id.h"
#include "proto/json/jcs.h"
#include "proto/record/record.h"

/* What the node adds to a line: nonce, op and time with their keys. */
#define ADDED_BYTES 80u

/* The places of a chunk's lines, and which were refused. */
struct publish_lines {
    struct import_place places[PUBLISH_CHUNK_LINES_MAX];
    bool refused[PUBLISH_CHUNK_LINES_MAX];
    size_t refused_count;
    struct publish_report *report;
    enum lang lang;
};

struct outbox {
    struct buf lines;
    struct publish_lines *inside;
    struct publish_chunk chunk;
    size_t count;
};

struct publication {
    const struct publish_options *options;
    const struct publish_transport *transport;
    struct publish_report *report;
    struct jcs *jcs;
    struct tape tape;
    struct buf item; /* as written */
    struct buf body; /* canonical */
    struct buf id;
    struct buf line;
    struct outbox boxes[2]; /* one is filled while the other is on its way */
    struct outbox *filling;
    struct outbox *sending; /* started and not answered, or NULL */
    uint64_t sent;
    FILE *spool;
};

static void write_reason(char *out, size_t size, enum err err, const struct why *why,
                         enum lang lang)
{
    const char *expected = lang == LANG_FR ? "attendu : " : "expected ";
    const char *found = lang == LANG_FR ? "trouvé : " : "found ";
    const char *sentence = err_sentence(err, lang);
    if (why->rule == NULL) {
        (void)snprintf(out, size, "%s", sentence);
        return;
    }
    bool both = why->expected[0] != '\0' && why->found[0] != '\0';
    bool any = why->expected[0] != '\0' || why->found[0] != '\0';
    (void)snprintf(out, size, "%s (%s%s%s%s%s%s%s)", sentence, why->rule, any ? ": " : "",
                   why->expected[0] == '\0' ? "" : expected, why->expected, both ? ", " : "",
                   why->found[0] == '\0' ? "" : found, why->found);
}

/* The next free fault, counted; NULL when the list is full (or there is no memory for it). */
static struct publish_fault *new_fault(struct publish_report *report,
                                       const struct import_place *place)
{
    report->refused++;
    if (report->faults == NULL)
        report->faults = calloc(IMPORT_FAULTS_MAX, sizeof(*report->faults));
    if (report->faults == NULL || report->fault_count == IMPORT_FAULTS_MAX)
        return NULL;
    struct publish_fault *fault = &report->faults[report->fault_count++];
    fault->place = *place;
    return fault;
}

static void refuse_item(struct publication *p, const struct import_place *place, enum err err,
                        const struct why *why)
{
    struct publish_fault *fault = new_fault(p->report, place);
    if (fault == NULL)
        return;
    (void)snprintf(fault->slug, sizeof(fault->slug), "%s", err_slug(err));
    (void)snprintf(fault->id, sizeof(fault->id), "%.*s", (int)p->id.len, (const char *)p->id.data);
    write_reason(fault->reason, sizeof(fault->reason), err, why, p->options->lang);
}

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
    if (line == 0 || line > chunk->count || inside->refused[line - 1])
        return;
    size_t index = (size_t)line - 1;
    inside->refused[index] = true;
    inside->refused_count++;
    struct publish_fault *fault = new_fault(inside->report, &inside->places[index]);
    if (fault == NULL)
        return;
    const char *sentence = err_sentence(ERR_BAD_RECORD, inside->lang);
    (void)snprintf(fault->slug, sizeof(fault->slug), "%s",
                   slug == NULL ? err_slug(ERR_BAD_RECORD) : slug);
    (void)snprintf(fault->reason, sizeof(fault->reason), "%s", reason == NULL ? sentence : reason);
    find_id(chunk, index, fault);
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

static void append_member(struct buf *line, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buf_append_cstr(line, name);
    jcs_append_string(line, span_cstr(value));
}

static enum err write_line(struct publication *p, struct why *why)
{
    const struct publish_options *options = p->options;
    struct buf *line = &p->line;
    buf_reset(line);
    buf_append_byte(line, '{');
    if (options->audience != NULL) {
        append_member(line, "\"audience\":", options->audience);
        buf_append_byte(line, ',');
    }
    buf_append_cstr(line, "\"body\":");
    buf_append_span(line, buf_span(&p->body));
    buf_append_cstr(line, ",\"id\":");
    jcs_append_string(line, buf_span(&p->id));
    append_member(line, ",\"license\":", options->license);
    append_member(line, ",\"schema\":", options->schema);
    buf_append_cstr(line, "}\n");
    if (line->failed == ERR_NO_MEMORY)
        return ERR_NO_MEMORY;
    if (line->failed != OK || line->len + ADDED_BYTES > LINE_BYTES_MAX) {
        char found[48];
        (void)snprintf(found, sizeof(found), "a body of %zu bytes", p->body.len);
        return why_set(why, ERR_LIMIT, "DESIGN, 4: a record is a line of at most 256 KiB", 0, NULL,
                       found);
    }
    return OK;
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
    return write_line(p, why);
}

/* Waits for the answer to a chunk, which send has begun or begins now, and empties its box. */
static enum err finish_chunk(struct publication *p, struct outbox *box, struct why *why)
{
    enum err err = p->transport->send(p->transport->ctx, &box->chunk, why);
    if (err == OK && !box->chunk.none_taken)
        p->report->accepted += box->count - box->inside->refused_count;
    box->count = 0;
    buf_reset(&box->lines);
    return err;
}

static enum err finish_sending(struct publication *p, struct why *why)
{
    struct outbox *box = p->sending;
    p->sending = NULL;
    return box == NULL ? OK : finish_chunk(p, box, why);
}

/* Chunks are answered in their order: what is published later is later in the log. */
static enum err send_chunk(struct publication *p, struct why *why)
{
    struct outbox *box = p->filling;
    TRY(finish_sending(p, why));
    if (box->count == 0)
        return OK;
    box->chunk = (struct publish_chunk){.lines = buf_span(&box->lines),
                                        .count = box->count,
                                        .first = p->sent,
                                        .inside = box->inside};
    memset(box->inside->refused, 0, sizeof(box->inside->refused));
    box->inside->refused_count = 0;
    p->sent += box->count;
    if (p->transport->start == NULL || p->options->all_or_nothing)
        return finish_chunk(p, box, why);
    p->transport->start(p->transport->ctx, &box->chunk);
    p->sending = box;
    p->filling = box == &p->boxes[0] ? &p->boxes[1] : &p->boxes[0];
    return OK;
}

static enum err add_line(struct publication *p, struct span line, const struct import_place *place,
                         struct why *why)
{
    bool whole = p->options->all_or_nothing;
    size_t count_max = whole ? PUBLISH_WHOLE_LINES_MAX : PUBLISH_CHUNK_LINES_MAX;
    size_t bytes_max = whole ? PUBLISH_WHOLE_BYTES_MAX : PUBLISH_CHUNK_BYTES_MAX;
    if (p->filling->count == count_max || p->filling->lines.len + line.len > bytes_max)
        TRY(send_chunk(p, why));
    p->filling->inside->places[p->filling->count++] = *place;
    buf_append_span(&p->filling->lines, line);
    return buf_check(&p->filling->lines);
}

struct spooled {
    struct import_place place;
    size_t len;
};

static enum err spool_failed(struct why *why)
{
    enum err err = errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
    return why_set(why, err, "publish: a temporary file", 0, NULL, strerror(errno));
}

static enum err spool_line(struct publication *p, const struct import_place *place, struct why *why)
{
    struct spooled head = {.place = *place, .len = p->line.len};
    if (p->spool == NULL)
        p->spool = tmpfile();
    if (p->spool == NULL || fwrite(&head, sizeof(head), 1, p->spool) != 1 ||
        fwrite(p->line.data, 1, p->line.len, p->spool) != p->line.len)
        return spool_failed(why);
    return OK;
}

static enum err send_spooled(struct publication *p, struct why *why)
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
        TRY(add_line(p, buf_span(&p->line), &head.place, why));
    }
    return ferror(p->spool) ? spool_failed(why) : OK;
}

/* One item. ERR_NOT_FOUND at the end; other errors end the publication: what is wrong with the item
 * alone goes into the report. */
static enum err take_item(struct publication *p, struct import_source *source, struct why *why)
{
    struct import_place place;
    struct why fault = {.rule = NULL};
    buf_reset(&p->item);
    buf_reset(&p->body);
    buf_reset(&p->id);
    enum err err = import_next(source, &p->item, &place, &fault);
    if (err == ERR_NOT_FOUND)
        return err;
    p->report->items++;
    if (err == OK)
        err = make_line(p, &place, &fault);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK) {
        refuse_item(p, &place, err, &fault);
        return OK;
    }
    return p->options->all_or_nothing ? spool_line(p, &place, why)
                                      : add_line(p, buf_span(&p->line), &place, why);
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
    if (err != ERR_NOT_FOUND)
        return err;
    if (p->options->all_or_nothing && p->report->refused > 0)
        return why_set(why, ERR_CONFLICT, "--all-or-nothing", 0, "a file without faults", NULL);
    TRY(send_spooled(p, why));
    TRY(send_chunk(p, why));
    return finish_sending(p, why);
}

static bool make_box(struct outbox *box, struct publish_report *report, enum lang lang)
{
    buf_init(&box->lines, PUBLISH_CHUNK_BYTES_MAX);
    box->inside = calloc(1, sizeof(*box->inside));
    if (box->inside == NULL)
        return false;
    box->inside->report = report;
    box->inside->lang = lang;
    return true;
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
    p.filling = &p.boxes[0];
    bool made = make_box(&p.boxes[0], report, options->lang);
    made = make_box(&p.boxes[1], report, options->lang) && made && p.jcs != NULL;
    enum err err = made ? run(&p, source, why) : ERR_NO_MEMORY;
    if (p.sending != NULL) { /* run has failed: what is on its way is waited for, and counted */
        struct why late;
        enum err lost = finish_sending(&p, &late);
        err = err == OK ? lost : err;
    }
    buf_clear(&p.item);
    buf_clear(&p.body);
    buf_clear(&p.id);
    buf_clear(&p.line);
    tape_clear(&p.tape);
    jcs_free(p.jcs);
    for (size_t i = 0; i < 2; i++) {
        buf_clear(&p.boxes[i].lines);
        free(p.boxes[i].inside);
    }
    if (p.spool != NULL)
        (void)fclose(p.spool);
    return err;
}

void publish_report_clear(struct publish_report *report)
{
    free(report->faults);
    *report = (struct publish_report){.items = 0};
}

static const char *item_name(const struct cli *cli, enum import_format format)
{
    const char *english = import_item_name(format);
    if (cli->lang == LANG_EN)
        return english;
    if (strcmp(english, "row") == 0 || strcmp(english, "line") == 0)
        return "ligne";
    return strcmp(english, "feature") == 0 ? "objet" : "élément";
}

static void print_fault(const struct cli *cli, const char *name, const struct publish_fault *fault)
{
    const struct import_place *place = &fault->place;
    (void)fprintf(stderr, "%s:%llu: %s %llu%s%s: %s\n", name, (unsigned long long)place->line,
                  item_name(cli, place->format), (unsigned long long)place->number,
                  fault->id[0] == '\0' ? "" : " ", fault->id, fault->reason);
}

int publish_report_print(const struct cli *cli, const char *name,
                         const struct publish_report *report)
{
    for (size_t i = 0; i < report->fault_count; i++)
        print_fault(cli, name, &report->faults[i]);
    if (report->refused > report->fault_count)
        (void)fprintf(stderr, cli_text(cli, "... and %llu more\n", "... et %llu autres\n"),
                      (unsigned long long)(report->refused - report->fault_count));
    if (report->cut_short)
        (void)fprintf(stderr,
                      cli_text(cli, "%s: The rest of the file could not be read.\n",
                               "%s : Le reste du fichier n'a pas pu être lu.\n"),
                      name);
    (void)printf(cli_text(cli, "%llu published, %llu refused, of %llu\n",
                          "%llu publiées, %llu refusées, sur %llu\n"),
                 (unsigned long long)report->accepted, (unsigned long long)report->refused,
                 (unsigned long long)report->items);
    return report->refused > 0 || report->cut_short ? CLI_FAILED : CLI_OK;
}

json_t *publish_report_json(const struct publish_report *report)
{
    json_t *faults = json_array();
    for (size_t i = 0; i < report->fault_count; i++) {
        const struct publish_fault *fault = &report->faults[i];
        (void)json_array_append_new(
            faults,
            json_pack("{s:s, s:I, s:I, s:I, s:s, s:s?, s:s}", "kind",
                      import_item_name(fault->place.format), "number",
                      (json_int_t)fault->place.number, "line", (json_int_t)fault->place.line,
                      "offset", (json_int_t)fault->place.offset, "problem", fault->slug, "id",
                      fault->id[0] == '\0' ? NULL : fault->id, "reason", fault->reason));
    }
    return json_pack("{s:I, s:I, s:I, s:b, s:o}", "items", (json_int_t)report->items, "accepted",
                     (json_int_t)report->accepted, "refused", (json_int_t)report->refused,
                     "complete", !report->cut_short, "faults", faults);
}
