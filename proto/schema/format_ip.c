/* Addresses of IPv4 and IPv6 as text. */
#include "proto/schema/format_parts.h"

bool format_ipv4(struct span text)
{
    size_t at = 0;
    for (unsigned part = 0; part < 4; part++) {
        if (part > 0 && byte_at(text, at++) != '.')
            return false;
        size_t start = at;
        unsigned value = 0;
        while (is_digit(byte_at(text, at)) && at - start < 3)
            value = value * 10 + (unsigned)(text.data[at++] - '0');
        bool leading_zero = at - start > 1 && text.data[start] == '0';
        if (at == start || leading_zero || value > 255)
            return false;
    }
    return at == text.len;
}

bool format_ipv6(struct span text)
{
    size_t at = 0;
    unsigned groups = 0;
    bool compressed = false;
    if (byte_at(text, 0) == ':' && byte_at(text, 1) != ':')
        return false;
    while (at < text.len) {
        if (byte_at(text, at) == ':' && byte_at(text, at + 1) == ':') {
            if (compressed)
                return false;
            compressed = true;
            at += 2;
            continue;
        }
        if (groups > 0 && byte_at(text, at - 1) != ':' && byte_at(text, at++) != ':')
            return false;
        size_t start = at;
        while (is_hex(byte_at(text, at)) && at - start < 5)
            at++;
        if (at == start || at - start > 4)
            return false;
        if (byte_at(text, at) == '.') {
            groups += 2;
            if (!format_ipv4(span_part(text, start, text.len)))
                return false;
            at = text.len;
        } else {
            groups++;
        }
    }
    return compressed ? groups < 8 : groups == 8;
}
