/* Mailboxes of RFC 5321, and with UTF-8 of RFC 6531. */
#include "proto/schema/format_parts.h"

enum {
    LOCAL_BYTES_MAX = 64,    /* 4.5.3.1.1 */
    DOMAIN_BYTES_MAX = 255,  /* 4.5.3.1.2 */
    MAILBOX_BYTES_MAX = 254, /* 4.5.3.1.3: a path of 256 with its brackets */
    LABEL_BYTES_MAX = 63,
};

static bool is_atext(uint8_t c, bool utf8)
{
    return is_letter(c) || is_digit(c) || is_among(c, "!#$%&'*+-/=?^_`{|}~") || (utf8 && c >= 0x80);
}

/* Atoms with single dots between. Returns its bytes, 0 where there is none. */
static size_t take_dot_string(struct span text, bool utf8)
{
    size_t at = 0;
    for (;;) {
        size_t start = at;
        while (at < text.len && is_atext(text.data[at], utf8))
            at++;
        if (at == start)
            return 0;
        if (byte_at(text, at) != '.')
            return at;
        at++;
    }
}

static size_t take_quoted_string(struct span text, bool utf8)
{
    size_t at = 1;
    for (; at < text.len; at++) {
        uint8_t c = text.data[at];
        if (c == '"')
            return at + 1;
        if (c == '\\')
            c = byte_at(text, ++at);
        if ((c < ' ' || c > '~') && !(utf8 && c >= 0x80))
            return 0;
    }
    return 0;
}

static bool is_label(struct span label, bool utf8)
{
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = label.data[i];
        bool edge = i == 0 || i + 1 == label.len;
        bool taken = is_letter(c) || is_digit(c) || (c == '-' && !edge) || (utf8 && c >= 0x80);
        if (!taken)
            return false;
    }
    return label.len > 0 && (utf8 || label.len <= LABEL_BYTES_MAX);
}

/* RFC 6531 has any U-label here; whether it could be registered is for idn-hostname. */
static bool is_domain(struct span domain, bool utf8)
{
    size_t start = 0;
    for (size_t at = 0; at <= domain.len; at++) {
        if (at < domain.len && domain.data[at] != '.')
            continue;
        if (!is_label(span_part(domain, start, at - start), utf8))
            return false;
        start = at + 1;
    }
    return domain.len <= DOMAIN_BYTES_MAX;
}

/* [127.0.0.1] and [IPv6:::1]; no other kind of literal is registered. */
static bool is_address_literal(struct span domain)
{
    struct span inner = span_part(domain, 1, domain.len - 2);
    if (domain.len < 3 || domain.data[domain.len - 1] != ']')
        return false;
    bool six = (byte_at(inner, 0) | 0x20) == 'i' && (byte_at(inner, 1) | 0x20) == 'p' &&
               (byte_at(inner, 2) | 0x20) == 'v' && byte_at(inner, 3) == '6' &&
               byte_at(inner, 4) == ':';
    if (six)
        return format_ipv6(span_part(inner, 5, inner.len));
    return format_ipv4(inner);
}

static bool is_mailbox(struct span text, bool utf8)
{
    if (text.len > MAILBOX_BYTES_MAX)
        return false;
    size_t local =
        byte_at(text, 0) == '"' ? take_quoted_string(text, utf8) : take_dot_string(text, utf8);
    if (local == 0 || local > LOCAL_BYTES_MAX || byte_at(text, local) != '@')
        return false;
    struct span domain = span_part(text, local + 1, text.len);
    return byte_at(domain, 0) == '[' ? is_address_literal(domain) : is_domain(domain, utf8);
}

bool format_email(struct span text)
{
    return is_mailbox(text, false);
}

bool format_idn_email(struct span utf8)
{
    return is_mailbox(utf8, true);
}
