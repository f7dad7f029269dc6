/* Numbers with units, addresses, URLs, language tags. */
#include "conf/value.h"

#include <arpa/inet.h>

const struct value_unit value_bytes[] = {
    {"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"", 1}};
const struct value_unit value_duration[] = {{"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}};
const struct value_unit value_count[] = {{"", 1}};

static const struct value_unit *unit_named(const struct value_unit *units, struct span name)
{
    for (;; units++) {
        if (span_is(name, units->name))
            return units;
        if (units->factor == 1)
            return NULL;
    }
}

bool value_read_number(struct span text, const struct value_unit *units, uint64_t *out)
{
    struct cursor cursor = cursor_of(text);
    uint64_t number = cursor_u64(&cursor);
    if (cursor.failed)
        return false;
    struct span rest = cursor_rest(&cursor);
    if (rest.len > 1 && rest.data[0] == ' ')
        rest = span_part(rest, 1, rest.len);
    const struct value_unit *unit = unit_named(units, rest);
    if (unit == NULL || number > UINT64_MAX / unit->factor)
        return false;
    *out = number * unit->factor;
    return true;
}

void value_append_number(struct buf *out, uint64_t number, const struct value_unit *units)
{
    while (units->factor > 1 && (number == 0 || number % units->factor != 0))
        units++;
    buf_append_u64(out, number / units->factor);
    if (units->name[0] != '\0')
        buf_append_byte(out, ' ');
    buf_append_cstr(out, units->name);
}

static bool is_port(struct span text)
{
    struct cursor cursor = cursor_of(text);
    uint64_t port = cursor_u64(&cursor);
    return !cursor.failed && cursor_at_end(&cursor) && port <= UINT16_MAX;
}

static bool is_number_address(struct span text, int family)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t address[16];
    if (text.len == 0 || text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return inet_pton(family, copy, address) == 1;
}

bool value_is_address(struct span text)
{
    struct cursor cursor = cursor_of(text);
    bool six = text.len > 0 && text.data[0] == '[';
    if (six)
        cursor_expect(&cursor, "[");
    struct span address = cursor_until(&cursor, six ? ']' : ':');
    if (six)
        cursor_expect(&cursor, ":");
    return !cursor.failed && is_number_address(address, six ? AF_INET6 : AF_INET) &&
           is_port(cursor_rest(&cursor));
}

static bool is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool has_only(struct span text, const char *others)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_alphanumeric(text.data[i]) &&
            (text.data[i] == '\0' || strchr(others, text.data[i]) == NULL))
            return false;
    return text.len > 0;
}

static bool is_host(struct span text)
{
    if (text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
        return is_number_address(span_part(text, 1, text.len - 2), AF_INET6);
    return has_only(text, ".-");
}

bool value_is_url(struct span text)
{
    struct cursor cursor = cursor_of(text);
    cursor_expect(&cursor, "https://");
    struct span rest = cursor_rest(&cursor);
    if (cursor.failed || rest.len == 0)
        return false;
    const uint8_t *slash = memchr(rest.data, '/', rest.len);
    size_t host_len = slash == NULL ? rest.len : (size_t)(slash - rest.data);
    struct span host = span_part(rest, 0, host_len);
    struct span path = span_part(rest, host_len, rest.len);
    if (path.len > 0 && !has_only(path, "/-._~%"))
        return false;
    const uint8_t *colon = memrchr(host.data, ':', host.len);
    if (colon != NULL && host.data[host.len - 1] != ']') {
        size_t at = (size_t)(colon - host.data);
        if (!is_port(span_part(host, at + 1, host.len)))
            return false;
        host = span_part(host, 0, at);
    }
    return is_host(host);
}

bool value_is_languages(struct span text)
{
    while (text.len > 0) {
        const uint8_t *comma = memchr(text.data, ',', text.len);
        size_t len = comma == NULL ? text.len : (size_t)(comma - text.data);
        struct span tag = span_part(text, 0, len);
        if (tag.len < 2 || tag.len > 35 || !has_only(tag, "-") || tag.data[0] == '-')
            return false;
        if (comma == NULL)
            return true;
        text = span_part(text, len + 1, text.len);
        while (text.len > 0 && text.data[0] == ' ')
            text = span_part(text, 1, text.len);
    }
    return false;
}

/* Length of the UTF-8 sequence at the start (RFC 3629), 0 when it is none. */
static size_t utf8_len(struct span text)
{
    static const struct {
        uint8_t first, last, second_min, second_max;
        size_t len;
    } forms[] = {
        {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (text.data[0] < forms[i].first || text.data[0] > forms[i].last)
            continue;
        if (text.len < forms[i].len)
            return 0;
        if (forms[i].len > 1 &&
            (text.data[1] < forms[i].second_min || text.data[1] > forms[i].second_max))
            return 0;
        for (size_t at = 2; at < forms[i].len; at++)
            if ((text.data[at] & 0xc0) != 0x80)
                return 0;
        return forms[i].len;
    }
    return 0;
}

bool value_is_text(struct span text)
{
    if (text.len == 0 || text.data[0] == ' ' || text.data[text.len - 1] == ' ')
        return false;
    while (text.len > 0) {
        size_t len = utf8_len(text);
        if (len == 0 || text.data[0] == ';')
            return false;
        text = span_part(text, len, text.len);
    }
    return true;
}
