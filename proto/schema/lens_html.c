/* Tags go, text stays. */
#include "proto/schema/lens_html.h"

#include "proto/base/text.h"

#define ENTITY_BYTES_MAX 10u

static const struct {
    const char *name;
    const char *text;
} entities[] = {
    {"amp", "&"},    {"lt", "<"},     {"gt", ">"},     {"quot", "\""},  {"apos", "'"},
    {"nbsp", " "},   {"eacute", "é"}, {"egrave", "è"}, {"ecirc", "ê"},  {"euml", "ë"},
    {"agrave", "à"}, {"acirc", "â"},  {"ccedil", "ç"}, {"ugrave", "ù"}, {"ucirc", "û"},
    {"ocirc", "ô"},  {"icirc", "î"},  {"iuml", "ï"},   {"oelig", "œ"},  {"Eacute", "É"},
    {"Egrave", "È"}, {"Agrave", "À"}, {"Ccedil", "Ç"}, {"laquo", "«"},  {"raquo", "»"},
    {"rsquo", "’"},  {"lsquo", "‘"},  {"ldquo", "“"},  {"rdquo", "”"},  {"hellip", "…"},
    {"ndash", "–"},  {"mdash", "—"},  {"euro", "€"},   {"deg", "°"},    {"middot", "·"},
};

/* Elements that begin and end a line. */
static const char *const blocks[] = {"br", "p",  "div", "li", "ul",  "ol",         "tr",
                                     "h1", "h2", "h3",  "h4", "h5",  "h6",         "table",
                                     "hr", "dt", "dd",  "dl", "pre", "blockquote", "section"};

static uint8_t small(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 0x20) : c;
}

static bool is_letter(uint8_t c)
{
    return small(c) >= 'a' && small(c) <= 'z';
}

/* A `<` begins a tag only before a letter, a slash, `!` or `?`, and only when it is closed. The
 * bytes up to and with its `>`; 0 for none. */
static size_t tag_bytes(struct span text)
{
    if (text.len < 3 || text.data[0] != '<')
        return 0;
    uint8_t c = text.data[1];
    if (!is_letter(c) && c != '/' && c != '!' && c != '?')
        return 0;
    const uint8_t *end = memchr(text.data, '>', text.len);
    return end == NULL ? 0 : (size_t)(end - text.data) + 1;
}

/* "br" of "<BR/>", "p" of "</p>", up to room - 1 letters and digits. */
static void tag_name(struct span tag, char *out, size_t room)
{
    size_t at = tag.data[1] == '/' ? 2 : 1;
    size_t len = 0;
    while (at < tag.len && len + 1 < room &&
           (is_letter(tag.data[at]) || (tag.data[at] >= '0' && tag.data[at] <= '9')))
        out[len++] = (char)small(tag.data[at++]);
    out[len] = '\0';
}

/* The bytes of the entity at `&`, and what it means; 0 for none. */
static size_t entity_bytes(struct span text, uint8_t out[4], size_t *out_len)
{
    struct span window = span_part(text, 0, ENTITY_BYTES_MAX);
    const uint8_t *end = window.len < 3 ? NULL : memchr(window.data, ';', window.len);
    if (end == NULL)
        return 0;
    struct span name = span_part(window, 1, (size_t)(end - window.data) - 1);
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (span_is(name, entities[i].name)) {
            *out_len = strlen(entities[i].text);
            memcpy(out, entities[i].text, *out_len);
            return name.len + 2;
        }
    }
    if (name.len < 2 || name.data[0] != '#')
        return 0;
    bool is_hex = small(name.data[1]) == 'x';
    uint32_t value = 0;
    for (size_t i = is_hex ? 2 : 1; i < name.len; i++) {
        uint8_t c = small(name.data[i]);
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && !(is_hex && c >= 'a' && c <= 'f'))
            return 0;
        value = value * (is_hex ? 16 : 10) + (uint32_t)(is_digit ? c - '0' : c - 'a' + 10);
    }
    if (value < 0x20 || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *out_len = text_encode(value == 0xa0 ? ' ' : value, out);
    return name.len + 2;
}

bool html_is_marked(struct span utf8)
{
    uint8_t meant[4];
    size_t len;
    for (size_t i = 0; i < utf8.len; i++) {
        struct span rest = span_part(utf8, i, utf8.len);
        if (utf8.data[i] == '<' && tag_bytes(rest) > 0)
            return true;
        if (utf8.data[i] == '&' && entity_bytes(rest, meant, &len) > 0)
            return true;
    }
    return false;
}

struct html_writer {
    struct buf *out;
    size_t start; /* of our part of out */
    uint8_t owed; /* a space or a new line before the next text, or 0 */
};

static void owe(struct html_writer *writer, uint8_t byte)
{
    if (writer->owed != '\n')
        writer->owed = byte;
}

static void write_text(struct html_writer *writer, const uint8_t *bytes, size_t len)
{
    if (writer->owed != 0 && writer->out->len > writer->start)
        buf_append_byte(writer->out, writer->owed);
    writer->owed = 0;
    buf_append(writer->out, bytes, len);
}

/* Bytes to skip for the tag: with its content for scripts and styles. */
static size_t skip_tag(struct html_writer *writer, struct span rest, size_t bytes)
{
    char name[12];
    struct span tag = span_of(rest.data, bytes);
    if (span_starts_with(rest, SPAN_LITERAL("<!--"))) {
        const uint8_t *end = memmem(rest.data, rest.len, "-->", 3);
        return end == NULL ? rest.len : (size_t)(end - rest.data) + 3;
    }
    tag_name(tag, name, sizeof(name));
    bool is_script = strcmp(name, "script") == 0;
    if (tag.data[1] != '/' && (is_script || strcmp(name, "style") == 0)) {
        const char *closing = is_script ? "</script" : "</style";
        const uint8_t *end = memmem(rest.data, rest.len, closing, strlen(closing));
        return end == NULL ? rest.len : (size_t)(end - rest.data);
    }
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        if (strcmp(name, blocks[i]) == 0)
            owe(writer, '\n');
    }
    return bytes;
}

void html_append_text(struct buf *out, struct span utf8)
{
    struct html_writer writer = {.out = out, .start = out->len};
    for (size_t at = 0; at < utf8.len;) {
        uint8_t c = utf8.data[at];
        struct span rest = span_part(utf8, at, utf8.len);
        uint8_t meant[4];
        size_t meant_len;
        size_t bytes = c == '<' ? tag_bytes(rest) : 0;
        if (bytes > 0) {
            at += skip_tag(&writer, rest, bytes);
            continue;
        }
        bytes = c == '&' ? entity_bytes(rest, meant, &meant_len) : 0;
        if (bytes > 0 && meant[0] == ' ') {
            owe(&writer, ' ');
        } else if (bytes > 0) {
            write_text(&writer, meant, meant_len);
        } else if (c <= ' ') {
            owe(&writer, ' ');
            bytes = 1;
        } else {
            write_text(&writer, &c, 1);
            bytes = 1;
        }
        at += bytes;
    }
}
