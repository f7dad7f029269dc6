/* The bytes of an import, from a file or a pipe, in bounded memory: with the place of each, the
 * byte order mark taken off, and old Western encodings turned into UTF-8 on the way. */
#ifndef MAILLON_NODE_IMPORT_READER_H
#define MAILLON_NODE_IMPORT_READER_H

#include "proto/base/bytes.h"

#define READER_RAW_BYTES 65536u

struct reader {
    int fd;
    bool latin1; /* windows-1252, which is what files called Latin-1 are (WHATWG Encoding, 4.2) */
    bool ended;  /* the file has no more */
    enum err failed;   /* OK, ERR_IO, or ERR_BAD_TEXT for UTF-16 */
    size_t at;         /* next byte in bytes */
    size_t len;        /* bytes held */
    uint64_t offset;   /* of the next byte, counted in UTF-8 */
    uint64_t line;     /* of the next byte, from 1 */
    uint64_t raw_read; /* bytes taken from the file */
    uint8_t *bytes;
};

/* fd is borrowed. ERR_NO_MEMORY. */
MUST_USE enum err reader_init(struct reader *reader, int fd, bool latin1);
void reader_clear(struct reader *reader);
/* Starts again with another (or the same, rewound) file; the memory is kept. */
void reader_restart(struct reader *reader, int fd);

/* Makes at least one byte available at bytes[at]; false at the end or on failure (see failed). */
bool reader_fill(struct reader *reader);
/* Waits until the buffer is full or the file ends, so that its beginning can be looked at. Before
 * anything was stepped over. */
void reader_gather(struct reader *reader);
/* Steps over n bytes of those held. */
void reader_advance(struct reader *reader, size_t n);

/* The next byte, or -1. */
static inline int reader_peek(struct reader *reader)
{
    if (reader->at == reader->len && !reader_fill(reader))
        return -1;
    return reader->bytes[reader->at];
}

static inline struct span reader_held(const struct reader *reader)
{
    return span_of(reader->bytes + reader->at, reader->len - reader->at);
}

/* Steps over JSON white space (RFC 8259, 2). */
void reader_skip_space(struct reader *reader);
/* Steps over the rest of the line and its newline. */
void reader_skip_line(struct reader *reader);

#endif
