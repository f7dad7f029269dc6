/* What is special inside a string of canonical JSON (RFC 8785, 3.2.2.2). */
#ifndef MAILLON_PROTO_JSON_STRING_H
#define MAILLON_PROTO_JSON_STRING_H

#include "proto/base/text.h"

struct string_fault {
    enum err err;
    const uint8_t *at;
    const char *rule;
    const char *expected;
};

/* at is where plain_skip stopped, and neither a quote nor a byte above ASCII: the end, a control
 * character or a backslash. The bytes of the canonical escape there (2 or 6), or 0 and *fault. */
size_t string_escape(const uint8_t *at, const uint8_t *end, struct string_fault *fault);

/* The value of the four hexadecimal digits at `at` in either case, or UINT32_MAX. */
uint32_t string_hex4(const uint8_t *at, const uint8_t *end);

/* Appends a byte below 0x20, a quote or a backslash as its canonical escape. */
void string_append_escape(struct buf *out, uint8_t byte);

#endif
