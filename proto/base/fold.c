/* Folding of Latin text, letter by letter. */
#include "proto/base/fold.h"

#include <assert.h>

/* U+00C0..U+017F, the letters of the languages of Europe: what each folds to; "" for signs. */
static const char folded[][3] = {
    "a", "a", "a",  "a",  "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",  /* C0 */
    "d", "n", "o",  "o",  "o", "o", "o",  "",  "o", "u", "u", "u", "u", "y", "th", "ss", /* D0 */
    "a", "a", "a",  "a",  "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i",  "i",  /* E0 */
    "d", "n", "o",  "o",  "o", "o", "o",  "",  "o", "u", "u", "u", "u", "y", "th", "y",  /* F0 */
    "a", "a", "a",  "a",  "a", "a", "c",  "c", "c", "c", "c", "c", "c", "c", "d",  "d",  /* 100 */
    "d", "d", "e",  "e",  "e", "e", "e",  "e", "e", "e", "e", "e", "g", "g", "g",  "g",  /* 110 */
    "g", "g", "g",  "g",  "h", "h", "h",  "h", "i", "i", "i", "i", "i", "i", "i",  "i",  /* 120 */
    "i", "i", "ij", "ij", "j", "j", "k",  "k", "k", "l", "l", "l", "l", "l", "l",  "l",  /* 130 */
    "l", "l", "l",  "n",  "n", "n", "n",  "n", "n", "n", "n", "n", "o", "o", "o",  "o",  /* 140 */
    "o", "o", "oe", "oe", "r", "r", "r",  "r", "r", "r", "s", "s", "s", "s", "s",  "s",  /* 150 */
    "s", "s", "t",  "t",  "t", "t", "t",  "t", "u", "u", "u", "u", "u", "u", "u",  "u",  /* 160 */
    "u", "u", "u",  "u",  "w", "w", "y",  "y", "y", "z", "z", "z", "z", "z", "z",  "s",  /* 170 */
};
#define FOLDED_FIRST 0xc0u
#define FOLDED_LAST 0x17fu
static_assert(sizeof(folded) / sizeof(folded[0]) == FOLDED_LAST - FOLDED_FIRST + 1,
              "one row per letter");

static void append_space(struct buf *out)
{
    if (out->len > 0 && out->data[out->len - 1] != ' ')
        buf_append_byte(out, ' ');
}

static void append_ascii(struct buf *out, uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        buf_append_byte(out, (uint8_t)(c + ('a' - 'A')));
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        buf_append_byte(out, c);
    else
        append_space(out);
}

static size_t sequence_bytes(uint8_t lead)
{
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Combining accents (U+0300..U+036F) vanish, general punctuation (U+2000..U+206F) and no-break
 * space part words, and letters of other scripts stay as they are. */
static void append_sequence(struct buf *out, const uint8_t *at, size_t bytes)
{
    unsigned two = bytes == 2 ? (unsigned)(at[0] & 0x1f) << 6 | (at[1] & 0x3fu) : 0;
    if (two >= FOLDED_FIRST && two <= FOLDED_LAST) {
        if (folded[two - FOLDED_FIRST][0] == '\0')
            append_space(out);
        buf_append_cstr(out, folded[two - FOLDED_FIRST]);
    } else if (two >= 0x300 && two <= 0x36f) {
        return;
    } else if ((two > 0 && two < FOLDED_FIRST) || (bytes == 3 && at[0] == 0xe2 && at[1] <= 0x81)) {
        append_space(out);
    } else {
        buf_append(out, at, bytes);
    }
}

void fold_append(struct buf *out, struct span utf8)
{
    for (size_t i = 0; i < utf8.len;) {
        uint8_t c = utf8.data[i];
        size_t bytes = c < 0x80 ? 1 : sequence_bytes(c);
        if (bytes == 1)
            append_ascii(out, c);
        else if (bytes <= utf8.len - i)
            append_sequence(out, utf8.data + i, bytes);
        i += bytes;
    }
}

/* The ASCII character that stands for this one of general punctuation, or 0. */
static char plain_punctuation(const uint8_t *at, size_t bytes)
{
    if (bytes == 2 && at[0] == 0xc2 && at[1] == 0xa0)
        return ' ';
    if (bytes != 3 || at[0] != 0xe2 || at[1] != 0x80)
        return 0;
    if (at[2] <= 0x8b || at[2] == 0xaf)
        return ' ';
    if (at[2] <= 0x95)
        return '-';
    if (at[2] >= 0x98 && at[2] <= 0x9b)
        return '\'';
    return at[2] >= 0x9c && at[2] <= 0x9f ? '"' : 0;
}

static void append_text_sequence(struct buf *out, const uint8_t *at, size_t bytes)
{
    unsigned two = bytes == 2 ? (unsigned)(at[0] & 0x1f) << 6 | (at[1] & 0x3fu) : 0;
    char plain = plain_punctuation(at, bytes);
    if (plain == ' ')
        append_space(out);
    else if (plain != 0)
        buf_append_byte(out, (uint8_t)plain);
    else if (two >= FOLDED_FIRST && two <= FOLDED_LAST && folded[two - FOLDED_FIRST][0] != '\0')
        buf_append_cstr(out, folded[two - FOLDED_FIRST]);
    else if (two < 0x300 || two > 0x36f)
        buf_append(out, at, bytes);
}

void fold_append_text(struct buf *out, struct span utf8)
{
    for (size_t i = 0; i < utf8.len;) {
        uint8_t c = utf8.data[i];
        size_t bytes = c < 0x80 ? 1 : sequence_bytes(c);
        if (c >= 'A' && c <= 'Z')
            buf_append_byte(out, (uint8_t)(c + ('a' - 'A')));
        else if (c <= ' ')
            append_space(out);
        else if (bytes == 1)
            buf_append_byte(out, c);
        else if (bytes <= utf8.len - i)
            append_text_sequence(out, utf8.data + i, bytes);
        i += bytes;
    }
}

bool fold_has_prefix(struct span text, struct span word)
{
    while (text.len >= word.len) {
        const uint8_t *found = memmem(text.data, text.len, word.data, word.len);
        if (found == NULL)
            return false;
        size_t at = (size_t)(found - text.data);
        if (at == 0 || text.data[at - 1] == ' ')
            return true;
        /* Keep one byte before the next candidate, to see whether a word begins there. */
        text = span_part(text, at, text.len);
        const uint8_t *space = memchr(text.data, ' ', text.len);
        if (space == NULL)
            return false;
        text = span_part(text, (size_t)(space - text.data) + 1, text.len);
    }
    return false;
}
