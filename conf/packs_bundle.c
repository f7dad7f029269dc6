/* The built-in packs: conf/packs, bundled by scripts/bundle.sh and laid into the program. */
#include <stdlib.h>

#include "conf/packs_parts.h"
#include "proto/limits.h"

__asm__(".section .rodata\n"
        ".balign 16\n"
        "packs_bundle_start:\n"
        ".incbin \"build/packs.bundle\"\n"
        "packs_bundle_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const uint8_t packs_bundle_start[] __attribute__((visibility("hidden")));
extern const uint8_t packs_bundle_end[] __attribute__((visibility("hidden")));

/* One file at the cursor: "PATH BYTES\n", the bytes, "\n". */
static struct pack_file next_file(struct cursor *cursor)
{
    struct pack_file file = {.path = cursor_until(cursor, ' ')};
    size_t bytes = (size_t)cursor_u64(cursor);
    cursor_expect(cursor, "\n");
    file.text = cursor_take(cursor, bytes);
    cursor_expect(cursor, "\n");
    CHECK(!cursor->failed);
    return file;
}

static struct span first_segment(struct span path)
{
    struct cursor cursor = cursor_of(path);
    struct span name = cursor_until(&cursor, '/');
    return cursor.failed ? path : name;
}

enum err packs_bundle_each(enum err (*visit)(void *ctx, struct span name,
                                             const struct packs_files *files),
                           void *ctx)
{
    struct cursor cursor =
        cursor_of(span_of(packs_bundle_start, (size_t)(packs_bundle_end - packs_bundle_start)));
    struct pack_file *items = calloc(PACK_FILES_MAX + 1, sizeof(*items));
    enum err err = items == NULL ? ERR_NO_MEMORY : OK;
    while (err == OK && !cursor_at_end(&cursor)) {
        struct packs_files files = {.items = items};
        struct span name = span_of(NULL, 0);
        while (!cursor_at_end(&cursor) && files.count <= PACK_FILES_MAX) {
            struct cursor before = cursor;
            struct pack_file file = next_file(&cursor);
            struct span pack = first_segment(file.path);
            if (files.count > 0 && !span_equal(pack, name)) {
                cursor = before;
                break;
            }
            name = pack;
            file.path = span_part(file.path, name.len + 1, file.path.len);
            items[files.count++] = file;
        }
        err = visit(ctx, name, &files);
    }
    free(items);
    return err;
}
