/* What the fuzz targets of imports share: read everything, and hold what must hold. */
#ifndef MAILLON_TESTS_FUZZ_IMPORT_INPUT_H
#define MAILLON_TESTS_FUZZ_IMPORT_INPUT_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node/import/id.h"
#include "node/import/source.h"
#include "proto/json/jcs.h"
#include "proto/record/record.h"

/* A body that is taken as JSON has canonical bytes and an id, and the id is valid. */
static inline void fuzz_check_item(struct span item, bool must_be_json)
{
    static const struct tape_limits limits = {.bytes_max = IMPORT_ITEM_BYTES_MAX,
                                              .depth_max = JSON_DEPTH_MAX - 1};
    struct jcs *jcs = jcs_new();
    struct tape tape;
    struct buf body;
    struct buf id;
    buf_init(&body, IMPORT_ITEM_BYTES_MAX);
    buf_init(&id, ID_BYTES_MAX);
    tape_init(&tape);
    enum err err = jcs_canonicalise(jcs, item, &limits, &body, NULL);
    /* Only two columns of one name may be left of what a row could do wrong. */
    if (must_be_json && err != OK && err != ERR_DUPLICATE_KEY && err != ERR_LIMIT)
        abort();
    if (err == OK) {
        if (tape_scan(&tape, buf_span(&body), &limits, NULL) != OK)
            abort();
        if (import_id(buf_span(&body), &tape, NULL, &id, NULL) != OK ||
            !record_id_is_valid(buf_span(&id)))
            abort();
    }
    tape_clear(&tape);
    buf_clear(&id);
    buf_clear(&body);
    jcs_free(jcs);
}

static inline void fuzz_import(const uint8_t *data, size_t size, enum import_format format)
{
    struct import_options options = {.format = format, .containers = true};
    struct import_source *source;
    struct import_place place;
    struct buf item;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
        abort();
    buf_init(&item, IMPORT_ITEM_BYTES_MAX);
    if (import_open(fd, &options, &source, NULL) == OK) {
        enum err err;
        uint64_t number = 0;
        while ((err = import_next(source, &item, &place, NULL)) != ERR_NOT_FOUND) {
            /* Items are numbered without a gap; a refused one leaves nothing behind. */
            if (place.number != ++number || number > size + 1)
                abort();
            if (err != OK && item.len != 0)
                abort();
            if (err == OK)
                fuzz_check_item(buf_span(&item), format == IMPORT_CSV);
            buf_reset(&item);
        }
        import_close(source);
    }
    buf_clear(&item);
    (void)close(fd);
}

#endif
