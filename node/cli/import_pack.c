/* Rows and features one by one; graphs as a whole, for their nodes refer to each other. */
#include "node/cli/import_pack.h"

#include <stdlib.h>

#include "node/cli/import_record.h"
#include "proto/json/jcs.h"
#include "proto/limits.h"

static const struct tape_limits item_limits = {.bytes_max = IMPORT_ITEM_BYTES_MAX,
                                               .depth_max = JSON_DEPTH_MAX};

struct importing {
    const struct import_pack_options *options;
    const struct import_types *types;
    struct publish_report *report;
    struct publish_outbox *outbox;
    struct import_record *record;
    struct jcs *jcs;
    struct tape tape;
    struct buf item;      /* as written */
    struct buf canonical; /* the same */
    size_t row_type;      /* that takes rows and features */
    /* A graph: */
    struct graph *graph;
    struct arena arena; /* its items */
    struct import_place *places;
    size_t place_count;
    size_t place_room;
    struct span context; /* of the last item, canonical */
    struct tree *context_tree;
};

/* ---- which type takes rows ---- */

static bool takes(const struct split *split, enum import_format format)
{
    return format == IMPORT_GEOJSON ? split->geojson : split->table;
}

static enum err choose_row_type(struct importing *in, enum import_format format, struct why *why)
{
    size_t found = in->types->count;
    for (size_t i = 0; in->types->count > 1 && i < in->types->count; i++) {
        if (!takes(&in->types->items[i].split, format))
            continue;
        if (found < in->types->count)
            return why_set(
                why, ERR_BAD_REQUEST,
                "several types of the pack take such a file: name one, --pack PACK/TYPE@N", 0,
                in->types->items[found].name, in->types->items[i].name);
        found = i;
    }
    if (in->types->count > 1 && found == in->types->count)
        return why_set(
            why, ERR_BAD_REQUEST,
            "no type of the pack takes such a file by itself: name one, --pack PACK/TYPE@N", 0,
            in->types->items[0].name, NULL);
    in->row_type = in->types->count > 1 ? found : 0;
    return OK;
}

/* ---- reading ---- */

/* The next item that is JSON, canonical in in->canonical. ERR_NOT_FOUND at the end. */
static enum err next_item(struct importing *in, struct import_source *source,
                          struct import_place *place, struct why *why)
{
    for (;;) {
        struct why fault = {.rule = NULL};
        buf_reset(&in->item);
        buf_reset(&in->canonical);
        enum err err = import_next(source, &in->item, place, &fault);
        if (in->options->transport->progress != NULL)
            in->options->transport->progress(in->options->transport->ctx, source);
        if (err == ERR_NOT_FOUND)
            return err;
        in->report->items++;
        if (err == OK)
            err = jcs_canonicalise(in->jcs, buf_span(&in->item), &item_limits, &in->canonical,
                                   &fault);
        if (err == OK)
            err = tape_scan(&in->tape, buf_span(&in->canonical), &item_limits, &fault);
        if (err == OK || err == ERR_NO_MEMORY)
            return err == OK ? OK : why_set(why, err, fault.rule, 0, NULL, NULL);
        import_record_refuse(in->record, place, err, &fault);
    }
}

static enum err take_row(struct importing *in, const struct import_place *place, struct why *why)
{
    import_record_reset(in->record);
    struct arena *arena = import_record_arena(in->record);
    struct tree *source = tree_from_tape(arena, &in->tape, buf_span(&in->canonical), 0);
    if (source == NULL) {
        enum err err = arena_check(arena);
        if (err == ERR_NO_MEMORY)
            return err;
        import_record_refuse(in->record, place, ERR_LIMIT, &(struct why){.rule = NULL});
        return OK;
    }
    return import_record_take(in->record, in->row_type, source, false, place, why);
}

static enum err take_rows(struct importing *in, struct import_source *source,
                          struct import_place *place, struct why *why)
{
    TRY(choose_row_type(in, import_source_format(source), why));
    enum err err = OK;
    while (err == OK) {
        TRY(take_row(in, place, why));
        err = next_item(in, source, place, why);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- graphs ---- */

/* Would a type that was asked for take nodes? */
static bool takes_nodes(const struct import_types *types)
{
    for (size_t i = 0; i < types->kind_count; i++)
        if (!types->kinds[i].embed && types->kinds[i].claim < types->count)
            return true;
    return false;
}

static bool has_member(const struct importing *in, const char *name)
{
    return in->tape.tokens[0].type == TAPE_OBJECT &&
           tape_member(&in->tape, buf_span(&in->canonical), 0, span_cstr(name)) != TAPE_NONE;
}

/* Are the items to be read as nodes? Not where they were called plain JSON; nor one document by
 * itself for which there is a lens, unless it was called JSON-LD. */
static bool may_be_graph(const struct importing *in, const struct import_source *source)
{
    enum import_format asked = in->options->format;
    enum import_format format = import_source_format(source);
    if (asked == IMPORT_JSON || asked == IMPORT_NDJSON || format == IMPORT_CSV ||
        format == IMPORT_GEOJSON || !takes_nodes(in->types))
        return false;
    bool is_one = in->types->lens != NULL && import_is_single(source) && !has_member(in, "@graph");
    return asked == IMPORT_JSONLD || !is_one;
}

static bool is_graph(const struct importing *in, const struct import_source *source)
{
    return may_be_graph(in, source) &&
           (import_source_format(source) == IMPORT_JSONLD || has_member(in, "@graph") ||
            has_member(in, "@context") || has_member(in, "@type"));
}

/* Takes the @context out of the item's text where it is the last item's: a reader of JSON-LD gives
 * each member of @graph the document's own, which may be larger than the member. */
static enum err share_context(struct importing *in, bool *shared_out)
{
    struct span text = buf_span(&in->canonical);
    *shared_out = false;
    if (in->tape.tokens[0].type != TAPE_OBJECT)
        return OK;
    uint32_t value = tape_member(&in->tape, text, 0, SPAN_LITERAL("@context"));
    if (value == TAPE_NONE)
        return OK;
    const struct tape_token *key = &in->tape.tokens[value - 1];
    const struct tape_token *token = &in->tape.tokens[value];
    bool is_text = token->type == TAPE_STRING;
    size_t from = key->offset - 1;
    size_t to = token->offset + token->length + is_text;
    struct span context = span_part(text, token->offset, token->length);
    if (in->context_tree == NULL || !span_equal(context, in->context)) {
        in->context = arena_dup(&in->arena, context);
        in->context_tree = NULL; /* taken from the item's tree */
        return arena_check(&in->arena);
    }
    if (text.data[to] == ',')
        to++;
    else if (text.data[from - 1] == ',')
        from--;
    memmove(in->canonical.data + from, in->canonical.data + to, in->canonical.len - to);
    in->canonical.len -= to - from;
    *shared_out = true;
    return tape_scan(&in->tape, buf_span(&in->canonical), &item_limits, NULL);
}

static enum err keep_place(struct importing *in, const struct import_place *place)
{
    if (in->place_count == in->place_room) {
        size_t room = in->place_room == 0 ? 256 : in->place_room * 2;
        struct import_place *places = realloc(in->places, room * sizeof(*places));
        if (places == NULL)
            return ERR_NO_MEMORY;
        in->places = places;
        in->place_room = room;
    }
    in->places[in->place_count++] = *place;
    return OK;
}

static enum err add_to_graph(struct importing *in, const struct import_place *place)
{
    bool shared;
    TRY(share_context(in, &shared));
    struct span text = arena_dup(&in->arena, buf_span(&in->canonical));
    TRY(arena_check(&in->arena));
    struct tree *item = tree_from_tape(&in->arena, &in->tape, text, 0);
    TRY(arena_check(&in->arena));
    if (shared)
        tree_put(&in->arena, item, SPAN_LITERAL("@context"), in->context_tree);
    else if (tree_get(item, "@context") != NULL)
        in->context_tree = tree_get(item, "@context");
    in->report->aliases += alias_apply(in->types->items[0].alias, &in->arena, item);
    TRY(arena_check(&in->arena));
    TRY(keep_place(in, place));
    return graph_add(in->graph, item, in->place_count - 1);
}

static enum err take_node(struct importing *in, size_t index, struct why *why)
{
    struct graph_record node = graph_record(in->graph, index);
    const struct import_place *place = &in->places[node.row];
    struct tree *body;
    struct why fault = {.rule = NULL};
    import_record_reset(in->record);
    enum err err = graph_body(in->graph, index, in->types->items[0].alias,
                              import_record_arena(in->record), &body, &fault);
    if (err == ERR_LIMIT) {
        import_record_refuse(in->record, place, err, &fault);
        return OK;
    }
    TRY(err);
    return import_record_take(in->record, node.claim, body, true, place, why);
}

/* A record of a type that was not asked for. */
static void leave_out(struct importing *in, size_t index)
{
    uint32_t claim = graph_record(in->graph, index).claim;
    struct span kind = SPAN_LITERAL("-");
    for (size_t i = 0; i < in->types->kind_count; i++)
        if (in->types->kinds[i].claim == claim && !in->types->kinds[i].embed)
            kind = in->types->kinds[i].type;
    in->report->left_out++;
    publish_tally_add(&in->report->left,
                      &(struct publish_tally_row){kind, "", "", UINT64_MAX - index, 1});
}

static enum err tell_left_out(struct importing *in)
{
    struct graph_left left[64];
    size_t kinds;
    uint64_t total;
    TRY(graph_left_out(in->graph, left, 64, &kinds, &total));
    in->report->left_out += total;
    for (size_t i = 0; i < kinds; i++)
        publish_tally_add(
            &in->report->left,
            &(struct publish_tally_row){left[i].type.len > 0 ? left[i].type : SPAN_LITERAL("-"), "",
                                        "", i, left[i].count});
    return OK;
}

static enum err take_graph(struct importing *in, struct import_source *source,
                           struct import_place *place, struct why *why)
{
    enum err err = OK;
    while (err == OK) {
        err = add_to_graph(in, place);
        if (err == OK)
            err = next_item(in, source, place, why);
    }
    if (err == ERR_NOT_FOUND)
        err = graph_close(in->graph, in->types->kinds, in->types->kind_count);
    if (err == ERR_LIMIT)
        return why_set(why, err, "a graph is held whole, in at most 1 GiB: import it in parts", 0,
                       NULL, NULL);
    TRY(err);
    for (size_t i = 0; i < graph_count(in->graph); i++) {
        if (graph_record(in->graph, i).claim < in->types->count)
            TRY(take_node(in, i, why));
        else
            leave_out(in, i);
    }
    return tell_left_out(in);
}

/* ---- the whole ---- */

static enum err run(struct importing *in, struct import_source *source, struct why *why)
{
    struct import_place place;
    enum err err = next_item(in, source, &place, why);
    if (err == OK)
        err = is_graph(in, source) ? take_graph(in, source, &place, why)
                                   : take_rows(in, source, &place, why);
    in->report->cut_short = import_is_cut_short(source);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    return publish_outbox_finish(in->outbox, why);
}

enum err import_pack(struct import_source *source, const struct import_pack_options *options,
                     struct publish_report *report, struct why *why)
{
    *report = (struct publish_report){.items = 0};
    struct importing in = {.options = options, .types = options->types, .report = report};
    buf_init(&in.item, IMPORT_ITEM_BYTES_MAX);
    buf_init(&in.canonical, IMPORT_ITEM_BYTES_MAX);
    tape_init(&in.tape);
    arena_init(&in.arena, IMPORT_GRAPH_BYTES_MAX);
    in.jcs = jcs_new();
    in.graph = graph_new();
    in.outbox = publish_outbox_new(&options->lines, options->transport, report);
    in.record = import_record_new(options->types, report, in.outbox, options->lines.lang);
    bool made = in.jcs != NULL && in.graph != NULL && in.outbox != NULL && in.record != NULL;
    enum err err = made ? run(&in, source, why) : ERR_NO_MEMORY;
    import_record_free(in.record);
    publish_outbox_free(in.outbox);
    graph_free(in.graph);
    free(in.places);
    arena_clear(&in.arena);
    buf_clear(&in.item);
    buf_clear(&in.canonical);
    tape_clear(&in.tape);
    jcs_free(in.jcs);
    return err;
}
