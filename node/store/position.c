#include "node/store/position.h"

#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/net/os.h"
#include "proto/base/base64.h"

#define PATH_BYTES_MAX 4096u
#define POSITION_FILE "position"
#define LEVEL_FILE "level8"
#define FORMAT 1

static bool make_path(const struct store_log *log, const char *name, char out[PATH_BYTES_MAX])
{
    return (size_t)snprintf(out, PATH_BYTES_MAX, "%s/%s", log->segments.dir, name) < PATH_BYTES_MAX;
}

/* ---- writing ---- */

static bool write_level(const struct store_log *log, uint64_t begin, uint64_t end)
{
    char path[PATH_BYTES_MAX];
    if (begin == end)
        return true;
    if (!make_path(log, LEVEL_FILE, path))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool fine = fd >= 0;
    for (uint64_t i = begin; i < end && fine; i++) {
        struct hash node = nodes_get(&log->nodes, &log->index, NODES_LEVEL, i);
        fine = pwrite(fd, node.bytes, sizeof(node.bytes), (off_t)(i * sizeof(node.bytes))) ==
               (ssize_t)sizeof(node.bytes);
    }
    fine = fine && fdatasync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return fine;
}

static json_t *base64_json(const void *data, size_t len)
{
    struct buf text;
    buf_init(&text, 128);
    base64_append(&text, span_of(data, len));
    json_t *json = json_stringn((const char *)text.data, text.len);
    buf_clear(&text);
    return json;
}

static json_t *describe(struct store_log *log)
{
    pthread_mutex_lock(&log->mutex);
    json_t *json = json_pack(
        "{s:i, s:I, s:I, s:I, s:I, s:o, s:o, s:s%}", "format", FORMAT, "entries",
        (json_int_t)log->committed.size, "segment", (json_int_t)log->end_segment, "offset",
        (json_int_t)log->end_offset, "checkpoint", (json_int_t)log->checkpoint.size, "root",
        base64_json(log->committed.root.bytes, sizeof(log->committed.root.bytes)), "key",
        base64_json(log->id_key, sizeof(log->id_key)), "note",
        log->note.len == 0 ? "" : (const char *)log->note.data, log->note.len);
    pthread_mutex_unlock(&log->mutex);
    return json;
}

void position_write(struct store_log *log)
{
    char path[PATH_BYTES_MAX];
    uint64_t size = log->range.size;
    if (size == 0 || log->broken != OK || !make_path(log, POSITION_FILE, path) ||
        index_sync(&log->index, log->settled, size) != OK ||
        !write_level(log, log->settled >> NODES_LEVEL, size >> NODES_LEVEL))
        return;
    json_t *json = describe(log);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    if (text != NULL && os_write_file(path, span_cstr(text), 0600, NULL) == OK)
        log->settled = size;
    free(text);
    json_decref(json);
}

/* ---- reading ---- */

static uint64_t number(const json_t *json, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(json, key));
    return value < 0 ? 0 : (uint64_t)value;
}

static bool read_bytes(const json_t *json, const char *key, uint8_t *out, size_t len)
{
    const char *text = json_string_value(json_object_get(json, key));
    struct buf bytes;
    buf_init(&bytes, 64);
    bool fine = text != NULL && base64_decode(span_cstr(text), &bytes) == OK && bytes.len == len;
    if (fine)
        memcpy(out, bytes.data, len);
    buf_clear(&bytes);
    return fine;
}

static bool restore_nodes(struct store_log *log, uint64_t count)
{
    char path[PATH_BYTES_MAX];
    struct buf level;
    buf_init(&level, SIZE_MAX / 2);
    bool fine = count == 0 || (make_path(log, LEVEL_FILE, path) &&
                               os_read_file(path, SIZE_MAX / 4, &level, NULL) == OK &&
                               level.len >= count * sizeof(struct hash));
    for (uint64_t i = 0; i < count && fine; i++) {
        struct hash node;
        memcpy(node.bytes, level.data + i * sizeof(node.bytes), sizeof(node.bytes));
        fine = nodes_restore(&log->nodes, i, &node) == OK;
    }
    buf_clear(&level);
    return fine;
}

static bool map_index(struct store_log *log, uint64_t size)
{
    /* One part after the other, each twice the one before; a file that is too short is not this
     * position's. */
    int fd = open(log->index.path, O_RDONLY | O_CLOEXEC);
    bool long_enough =
        fd >= 0 && lseek(fd, 0, SEEK_END) >= (off_t)(size * sizeof(struct index_entry));
    if (fd >= 0)
        (void)close(fd);
    for (uint64_t at = 0; at < size && long_enough; at += growing_place(at, INDEX_FIRST).count)
        long_enough = index_make_room(&log->index, at, NULL) == OK;
    return long_enough;
}

/* The committed bytes end with a line, in a segment that is there; what lies behind is read by who
 * opens the log. */
static bool end_fits(const struct store_log *log)
{
    if (log->end_segment >= log->segments.count)
        return false;
    const struct segment *segment = segments_at(&log->segments, log->end_segment);
    return log->end_offset > 0 && log->end_offset <= segment->bytes &&
           segment->map[log->end_offset - 1] == '\n';
}

static bool entries_fit(const struct store_log *log, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        const struct index_entry *entry = index_at(&log->index, i);
        if (entry->length == 0)
            continue;
        if (entry->segment > log->end_segment ||
            entry->id_offset + entry->id_length > entry->length ||
            (uint64_t)entry->offset + entry->length >
                segments_at(&log->segments, entry->segment)->bytes)
            return false;
    }
    return true;
}

static bool restore(struct store_log *log, const json_t *json)
{
    uint64_t size = number(json, "entries");
    const char *note = json_string_value(json_object_get(json, "note"));
    struct merkle_head head = {.size = size};
    log->end_segment = (uint32_t)number(json, "segment");
    log->end_offset = number(json, "offset");
    if (number(json, "format") != FORMAT || size == 0 || note == NULL || !end_fits(log) ||
        !read_bytes(json, "root", head.root.bytes, sizeof(head.root.bytes)) ||
        !read_bytes(json, "key", log->id_key, sizeof(log->id_key)) || !map_index(log, size) ||
        !entries_fit(log, size) || !restore_nodes(log, size >> NODES_LEVEL))
        return false;
    struct merkle_head found = log_head_at(log, size);
    if (!hash_equal(&found.root, &head.root))
        return false;
    struct merkle_source source = store_log_source(log);
    if (merkle_range_load(&source, size, &log->range) != OK)
        return false;
    log->committed = head;
    atomic_store(&log->size, size);
    log->settled = size;
    uint64_t checkpoint = number(json, "checkpoint");
    if (checkpoint > 0 && checkpoint <= size) {
        struct merkle_head signed_head = log_head_at(log, checkpoint);
        log_adopt_note(log, &signed_head, span_cstr(note));
    }
    return true;
}

bool position_read(struct store_log *log)
{
    char path[PATH_BYTES_MAX];
    json_t *json = make_path(log, POSITION_FILE, path)
                       ? json_load_file(path, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    bool fits = json != NULL && restore(log, json);
    json_decref(json);
    if (fits)
        return true;
    randombytes_buf(log->id_key, sizeof(log->id_key));
    log->range = (struct merkle_range){.size = 0};
    log->committed = (struct merkle_head){.size = 0, .root = merkle_empty_root()};
    log->end_segment = 0;
    log->end_offset = 0;
    log->settled = 0;
    return false;
}
