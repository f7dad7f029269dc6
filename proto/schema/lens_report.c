/* What a conversion could not do, and what it leaves out. */
#include "proto/limits.h"
#include "proto/schema/lens_parts.h"

static void append_place(struct buf *out, const struct lens_place *place)
{
    if (place == NULL)
        return;
    append_place(out, place->parent);
    buf_append_span(out, place->pointer);
    if (place->index != UINT32_MAX) {
        buf_append_byte(out, '/');
        buf_append_u64(out, place->index);
    }
}

/* What is in the second buffer, kept; it is empty again then. */
static struct span keep(struct lens_work *work)
{
    struct span kept = arena_dup(&work->arena, buf_span(&work->second));
    buf_reset(&work->second);
    return kept;
}

static struct span source_path(struct lens_work *work)
{
    buf_reset(&work->second);
    append_place(&work->second, work->source_place);
    buf_append_span(&work->second, work->from);
    return keep(work);
}

static struct span target_path(struct lens_work *work)
{
    buf_reset(&work->second);
    append_place(&work->second, work->target_place);
    return keep(work);
}

static struct span cut(struct span text)
{
    if (text.len <= LENS_FOUND_BYTES_MAX)
        return text;
    size_t len = LENS_FOUND_BYTES_MAX;
    while (len > 0 && (text.data[len] & 0xc0) == 0x80)
        len--;
    return span_of(text.data, len);
}

static struct span found_text(struct lens_work *work, const struct tree *found)
{
    if (tree_is_text(found))
        return cut(found->text);
    buf_reset(&work->second);
    tree_append_canonical(&work->second, found);
    work->second.len = cut(buf_span(&work->second)).len;
    return keep(work);
}

void report_fault(struct lens_work *work, enum lens_fault_kind kind, const struct tree *found,
                  struct span expected)
{
    report_dropped(work);
    work->fault_total++;
    if (work->fault_count == LENS_FAULTS_MAX)
        return;
    if (work->faults == NULL)
        work->faults = arena_alloc_array(&work->arena, LENS_FAULTS_MAX, sizeof(*work->faults));
    if (work->faults == NULL)
        return;
    work->faults[work->fault_count] = (struct lens_fault){.kind = kind,
                                                          .from = source_path(work),
                                                          .to = target_path(work),
                                                          .found = found_text(work, found),
                                                          .expected = expected};
    work->fault_count++;
}

static void add_loss(struct lens_work *work, enum lens_loss_kind kind, struct span path)
{
    work->loss_total++;
    if (work->loss_count == LENS_LOSSES_MAX)
        return;
    if (work->losses == NULL)
        work->losses = arena_alloc_array(&work->arena, LENS_LOSSES_MAX, sizeof(*work->losses));
    if (work->losses == NULL)
        return;
    work->losses[work->loss_count] = (struct lens_loss){.kind = kind, .path = path};
    work->loss_count++;
}

void report_dropped(struct lens_work *work)
{
    if (!work->wants_losses)
        return;
    struct span path = source_path(work);
    for (uint32_t i = 0; i < work->loss_count; i++) {
        if (work->losses[i].kind == LENS_LOSS_DROPPED && span_equal(work->losses[i].path, path))
            return;
    }
    add_loss(work, LENS_LOSS_DROPPED, path);
}

static const struct lens_declared *declared_at(struct lens_work *work, struct span path,
                                               enum lens_direction direction)
{
    struct pointer read;
    if (pointer_read(&work->arena, path, &read) != OK)
        return NULL;
    for (uint32_t i = 0; i < work->lens->declared_count[direction]; i++) {
        const struct lens_declared *declared = &work->lens->declared[direction][i];
        if (pointer_covers(&declared->path, &read))
            return declared;
    }
    return NULL;
}

/* Of what was only looked at the lens knows whether it is lost. */
static void walk(struct lens_work *work, struct tree *value, struct buf *path,
                 enum lens_direction direction)
{
    if (value == NULL || value->is_read || work->scratch.failed != OK)
        return;
    if (value->is_looked_at && declared_at(work, buf_span(path), direction) == NULL)
        return;
    size_t before = path->len;
    bool is_blank = !work->lens->keeps_blank && tree_is_blank(value);
    bool is_container = value->type == TREE_ARRAY || value->type == TREE_OBJECT;
    if (!is_container || value->count == 0) {
        /* A document with nothing in it loses nothing. */
        if (!is_blank && !(is_container && path->len == 0))
            add_loss(work, LENS_LOSS_UNREAD, arena_dup(&work->arena, buf_span(path)));
        return;
    }
    for (uint32_t i = 0; i < value->count; i++) {
        if (value->type == TREE_OBJECT) {
            pointer_append_segment(path, value->members[i].key);
        } else {
            buf_append_byte(path, '/');
            buf_append_u64(path, i);
        }
        walk(work, value->type == TREE_OBJECT ? value->members[i].value : value->items[i], path,
             direction);
        path->len = before;
    }
}

void report_unread(struct lens_work *work, struct tree *source, enum lens_direction direction)
{
    buf_reset(&work->scratch);
    walk(work, source, &work->scratch, direction);
    for (uint32_t i = 0; i < work->loss_count; i++) {
        struct lens_loss *loss = &work->losses[i];
        const struct lens_declared *declared = declared_at(work, loss->path, direction);
        loss->is_declared = declared != NULL;
        loss->why = declared == NULL ? NULL : declared->why;
    }
}

void lens_fault_append(struct buf *out, const struct lens_fault *fault, enum lang lang)
{
    static const char *const sentences[][2] = {
#define LENS_FAULT(name, english, french) {english, french},
#include "proto/schema/lens_faults.def"
#undef LENS_FAULT
    };
    const char *text = sentences[fault->kind][lang == LANG_FR];
    for (; *text != '\0'; text++) {
        if (text[0] == '%' && text[1] == 'f')
            buf_append_span(out, fault->found);
        else if (text[0] == '%' && text[1] == 'e')
            buf_append_span(out, fault->expected);
        else
            buf_append_byte(out, (uint8_t)*text);
        text += *text == '%';
    }
}
