/* The inner loop of every string: skips what stands for itself. */
#ifndef MAILLON_PROTO_JSON_PLAIN_H
#define MAILLON_PROTO_JSON_PLAIN_H

#include "proto/base/bytes.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static inline bool plain_is(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* The first byte at or after `at` that is a quote, a backslash, a control character or not ASCII;
 * end when there is none. Reads nothing at or beyond end. */
static inline const uint8_t *plain_skip(const uint8_t *at, const uint8_t *end)
{
#if defined(__SSE2__)
    while (end - at >= 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* Signed: bytes of 0x80 and above are negative, so one comparison finds them and controls.
         */
        __m128i special = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
        special = _mm_or_si128(special, _mm_cmpeq_epi8(block, _mm_set1_epi8('"')));
        special = _mm_or_si128(special, _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
        unsigned mask = (unsigned)_mm_movemask_epi8(special);
        if (mask != 0)
            return at + __builtin_ctz(mask);
        at += 16;
    }
#else
    while (end - at >= 8) {
        uint64_t block;
        memcpy(&block, at, sizeof(block));
        const uint64_t ones = UINT64_C(0x0101010101010101);
        const uint64_t highs = ones << 7;
        uint64_t quotes = block ^ ones * '"';
        uint64_t slashes = block ^ ones * '\\';
        uint64_t special = block | (block - ones * 0x20) | (quotes - ones) | (slashes - ones);
        if ((special & highs) != 0)
            break;
        at += 8;
    }
#endif
    while (at < end && plain_is(*at))
        at++;
    return at;
}

#endif
