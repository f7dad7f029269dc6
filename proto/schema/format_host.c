/* Names of hosts. What an internationalised label may hold (tables, contextual and Bidi rules,
 * normalisation, Punycode) is libidn2's to say, as for a label to be registered: RFC 5891, 4. */
#include "proto/schema/format_parts.h"

#include <idn2.h>

#include "proto/base/text.h"

enum {
    LABEL_BYTES_MAX = 63,
    NAME_BYTES_MAX = 253,
    U_LABEL_BYTES_MAX = 63 * 4, /* a code point of a label costs at least a byte of its A-label */
};

/* Letters, digits, and hyphens inside. */
static bool is_ldh(struct span label)
{
    for (size_t i = 0; i < label.len; i++) {
        bool edge = i == 0 || i + 1 == label.len;
        uint8_t c = label.data[i];
        if (!is_letter(c) && !is_digit(c) && (c != '-' || edge))
            return false;
    }
    return label.len > 0 && label.len <= LABEL_BYTES_MAX;
}

static bool has_hyphens_third(struct span label)
{
    return byte_at(label, 2) == '-' && byte_at(label, 3) == '-';
}

static bool is_a_label_form(struct span label)
{
    return has_hyphens_third(label) && (label.data[0] | 0x20) == 'x' &&
           (label.data[1] | 0x20) == 'n';
}

struct label {
    size_t ascii_len; /* of its A-label */
    bool right_to_left;
};

/* The blocks of scripts that are written from right to left, with their digits. */
static bool is_right_to_left(uint32_t c)
{
    return (c >= 0x0590 && c <= 0x08FF) || (c >= 0xFB1D && c <= 0xFDFF) ||
           (c >= 0xFE70 && c <= 0xFEFF) || (c >= 0x10800 && c <= 0x10FFF) ||
           (c >= 0x1E800 && c <= 0x1EFFF);
}

/* RFC 5893, 2, rule 4, which libidn2 does not hold: not both kinds of digits from right to left. */
static bool keeps_digits_apart(struct span u_label, struct label *out)
{
    bool european = false;
    bool arabic = false;
    for (size_t at = 0; at < u_label.len;) {
        size_t bytes = text_sequence(span_part(u_label, at, 4));
        if (bytes == 0)
            return false;
        uint32_t c = text_code_point(u_label.data + at, bytes);
        out->right_to_left |= is_right_to_left(c);
        european |= is_digit(c) || (c >= 0x06F0 && c <= 0x06F9);
        arabic |= c >= 0x0660 && c <= 0x0669;
        at += bytes;
    }
    return !european || !arabic;
}

static bool examine(uint8_t *text, bool is_a_label, struct label *out)
{
    uint8_t *a_label = NULL;
    char *u_label = NULL;
    if (idn2_register_u8(is_a_label ? NULL : text, is_a_label ? text : NULL, &a_label, 0) !=
        IDN2_OK)
        return false;
    out->ascii_len = strlen((const char *)a_label);
    bool holds = out->ascii_len <= LABEL_BYTES_MAX &&
                 idn2_to_unicode_8z8z((const char *)a_label, &u_label, 0) == IDN2_OK &&
                 keeps_digits_apart(span_cstr(u_label), out);
    idn2_free(a_label);
    idn2_free(u_label);
    return holds;
}

/* The label, A or U, may be registered. */
static bool may_be_registered(struct span label, bool is_a_label, struct label *out)
{
    uint8_t text[U_LABEL_BYTES_MAX + 1];
    if (label.len > U_LABEL_BYTES_MAX || memchr(label.data, 0, label.len) != NULL)
        return false;
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = label.data[i];
        text[i] = is_a_label && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
    text[label.len] = 0;
    return examine(text, is_a_label, out);
}

bool format_hostname(struct span text)
{
    if (text.len == 0 || text.len > NAME_BYTES_MAX)
        return false;
    size_t start = 0;
    for (size_t at = 0; at <= text.len; at++) {
        if (at < text.len && text.data[at] != '.')
            continue;
        struct span label = span_part(text, start, at - start);
        struct label ignored = {0};
        if (!is_ldh(label))
            return false;
        if (is_a_label_form(label) && !may_be_registered(label, true, &ignored))
            return false;
        start = at + 1;
    }
    return true;
}

/* Bytes of a dot at a place: RFC 3490, 3.1 has four. 0 where there is none. */
static size_t dot_at(struct span text, size_t at)
{
    static const char *const dots[] = {".", "\xE3\x80\x82", "\xEF\xBC\x8E", "\xEF\xBD\xA1"};
    for (size_t i = 0; i < sizeof(dots) / sizeof(dots[0]); i++)
        if (span_starts_with(span_part(text, at, 3), span_cstr(dots[i])))
            return strlen(dots[i]);
    return 0;
}

static bool has_non_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= 0x80)
            return true;
    return false;
}

/* One label of an internationalised name. */
static bool is_idn_label(struct span label, struct label *out)
{
    if (label.len == 0)
        return false;
    if (has_non_ascii(label))
        return may_be_registered(label, false, out);
    out->ascii_len = label.len;
    if (!is_ldh(label))
        return false;
    return is_a_label_form(label) ? may_be_registered(label, true, out) : !has_hyphens_third(label);
}

bool format_idn_hostname(struct span utf8)
{
    size_t ascii_len = 0;
    size_t start = 0;
    bool right_to_left = false;
    bool digit_first = false;
    for (size_t at = 0;;) {
        size_t dot = dot_at(utf8, at);
        if (dot == 0 && at < utf8.len) {
            at++;
            continue;
        }
        struct span text = span_part(utf8, start, at - start);
        struct label label = {0};
        if (!is_idn_label(text, &label))
            return false;
        right_to_left |= label.right_to_left;
        digit_first |= is_digit(text.data[0]);
        ascii_len += label.ascii_len + (start > 0 ? 1 : 0);
        if (ascii_len > NAME_BYTES_MAX)
            return false;
        if (at == utf8.len)
            break;
        at += dot;
        start = at;
    }
    /* RFC 5893, 2: the rule of each label of a name that has one from right to left; libidn2 asks
     * it of that label alone, and of the others no more is left than how they begin. */
    return !right_to_left || !digit_first;
}
