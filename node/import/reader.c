/* Reading an import file piece by piece. */
#include "node/import/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* windows-1252, 0x80 to 0x9f (WHATWG Encoding, index-windows-1252). */
static const uint16_t western[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

/* A byte of windows-1252 is at most three of UTF-8. */
#define READER_BYTES (READER_RAW_BYTES * 3u)

enum err reader_init(struct reader *reader, int fd, bool latin1)
{
    *reader = (struct reader){.latin1 = latin1};
    reader->bytes = malloc(READER_BYTES);
    if (reader->bytes == NULL)
        return ERR_NO_MEMORY;
    reader_restart(reader, fd);
    return OK;
}

void reader_clear(struct reader *reader)
{
    free(reader->bytes);
    reader->bytes = NULL;
}

void reader_restart(struct reader *reader, int fd)
{
    reader->fd = fd;
    reader->ended = false;
    reader->failed = OK;
    reader->at = 0;
    reader->len = 0;
    reader->offset = 0;
    reader->line = 1;
    reader->raw_read = 0;
}

static size_t read_some(struct reader *reader, uint8_t *out, size_t size)
{
    for (;;) {
        ssize_t got = read(reader->fd, out, size);
        if (got >= 0)
            return (size_t)got;
        if (errno != EINTR) {
            reader->failed = ERR_IO;
            return 0;
        }
    }
}

static size_t append_utf8(uint8_t *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0u | (code >> 6));
        out[1] = (uint8_t)(0x80u | (code & 0x3fu));
        return 2;
    }
    out[0] = (uint8_t)(0xe0u | (code >> 12));
    out[1] = (uint8_t)(0x80u | ((code >> 6) & 0x3fu));
    out[2] = (uint8_t)(0x80u | (code & 0x3fu));
    return 3;
}

/* The first bytes tell a byte order mark: that of UTF-8 is taken off, that of UTF-16 refused. */
static void judge_start(struct reader *reader)
{
    struct span held = reader_held(reader);
    if (span_starts_with(held, SPAN_LITERAL("\xef\xbb\xbf")))
        reader->at += 3;
    else if (span_starts_with(held, SPAN_LITERAL("\xff\xfe")) ||
             span_starts_with(held, SPAN_LITERAL("\xfe\xff"))) {
        reader->failed = ERR_BAD_TEXT;
        reader->len = reader->at;
    }
}

static void take_western(struct reader *reader)
{
    uint8_t raw[4096];
    size_t count = read_some(reader, raw, sizeof(raw));
    reader->raw_read += count;
    for (size_t i = 0; i < count; i++) {
        uint32_t code = raw[i] >= 0x80 && raw[i] < 0xa0 ? western[raw[i] - 0x80] : raw[i];
        reader->len += append_utf8(reader->bytes + reader->len, code);
    }
    reader->ended = count == 0;
}

static void take_utf8(struct reader *reader)
{
    size_t count = read_some(reader, reader->bytes + reader->len, READER_RAW_BYTES - reader->len);
    reader->len += count;
    reader->raw_read += count;
    reader->ended = count == 0;
}

static void take(struct reader *reader)
{
    if (reader->latin1)
        take_western(reader);
    else
        take_utf8(reader);
}

/* Reads on until `enough` bytes are held; a byte order mark may come in pieces from a pipe. */
static void fill_to(struct reader *reader, size_t enough)
{
    bool first = reader->raw_read == 0;
    while (reader->len < enough && !reader->ended && reader->failed == OK)
        take(reader);
    if (first && !reader->latin1 && reader->failed == OK)
        judge_start(reader);
}

bool reader_fill(struct reader *reader)
{
    while (reader->at == reader->len) {
        if (reader->ended || reader->failed != OK)
            return false;
        bool first = reader->raw_read == 0;
        reader->at = 0;
        reader->len = 0;
        fill_to(reader, first ? 3 : 1);
    }
    return reader->failed == OK;
}

void reader_gather(struct reader *reader)
{
    if (reader->raw_read == 0)
        fill_to(reader, reader->latin1 ? READER_RAW_BYTES / 2 : READER_RAW_BYTES);
}

void reader_advance(struct reader *reader, size_t n)
{
    const uint8_t *end = reader->bytes + reader->at + n;
    for (const uint8_t *p = reader->bytes + reader->at; p < end; p++) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (p == NULL)
            break;
        reader->line++;
    }
    reader->at += n;
    reader->offset += n;
}

void reader_skip_space(struct reader *reader)
{
    for (;;) {
        int c = reader_peek(reader);
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return;
        reader_advance(reader, 1);
    }
}

void reader_skip_line(struct reader *reader)
{
    while (reader_peek(reader) >= 0) {
        struct span held = reader_held(reader);
        const uint8_t *newline = memchr(held.data, '\n', held.len);
        if (newline != NULL) {
            reader_advance(reader, (size_t)(newline - held.data) + 1);
            return;
        }
        reader_advance(reader, held.len);
    }
}
