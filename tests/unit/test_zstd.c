/* zstd as a stream: every flush can be read, nothing is read without bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zstd.h>

#include "node/net/zstd.h"

#define MIB (1024u * 1024u)
#define STEP_BYTES_MAX (128u * 1024u)

static void append(void *ctx, struct span encoded)
{
    assert_in_range(encoded.len, 1, STEP_BYTES_MAX);
    buf_append_span(ctx, encoded);
}

/* Decodes in pieces of so many bytes. */
static enum err decode(struct zstd_decoder *decoder, struct span input, size_t piece,
                       struct buf *out)
{
    for (;;) {
        size_t used;
        struct span part;
        TRY(zstd_decode(decoder, span_part(input, 0, piece), &used, &part, NULL));
        assert_true(part.len <= STEP_BYTES_MAX);
        buf_append_span(out, part);
        input = span_part(input, used, input.len);
        if (used == 0 && part.len == 0)
            return OK;
    }
}

/* Text that repeats itself, but not at once. */
static void make_text(struct buf *out, size_t len)
{
    uint32_t random = 1;
    buf_init(out, len);
    while (out->len < len) {
        random = random * 1664525u + 1013904223u;
        buf_append_byte(out, (uint8_t)('a' + (random >> 24) % 8));
    }
}

static void every_flush_can_be_decoded(void **state)
{
    (void)state;
    struct zstd_encoder *encoder = zstd_encoder_new();
    struct zstd_decoder *decoder = zstd_decoder_new();
    struct buf text;
    struct buf encoded;
    struct buf decoded;
    make_text(&text, 3 * MIB);
    buf_init(&encoded, 8 * MIB);
    buf_init(&decoded, 8 * MIB);
    static const size_t bursts[] = {1, 10, 1000, 100000, 1, 1, 131072, 131073, 1000000, 0, 7};
    size_t at = 0;
    for (size_t i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
        struct span burst = span_part(buf_span(&text), at, bursts[i]);
        at += burst.len;
        buf_reset(&encoded);
        assert_int_equal(zstd_encode(encoder, burst, ZSTD_MORE, append, &encoded), OK);
        assert_int_equal(zstd_encode(encoder, span_of(NULL, 0), ZSTD_FLUSH, append, &encoded), OK);
        assert_int_equal(decode(decoder, buf_span(&encoded), i % 2 == 0 ? 1 : SIZE_MAX, &decoded),
                         OK);
        assert_true(span_equal(buf_span(&decoded), span_part(buf_span(&text), 0, at)));
        assert_false(zstd_decoder_at_end(decoder));
    }
    buf_reset(&encoded);
    assert_int_equal(zstd_encode(encoder, span_of(NULL, 0), ZSTD_FINISH, append, &encoded), OK);
    assert_int_equal(decode(decoder, buf_span(&encoded), SIZE_MAX, &decoded), OK);
    assert_true(zstd_decoder_at_end(decoder));
    zstd_encoder_free(encoder);
    zstd_decoder_free(decoder);
    buf_clear(&text);
    buf_clear(&encoded);
    buf_clear(&decoded);
}

/* RFC 9659: more than 8 MiB is refused, in the frame's first bytes. */
static void refuses_a_window_beyond_8_mib(void **state)
{
    (void)state;
    struct buf text;
    make_text(&text, MIB);
    uint8_t *encoded = malloc(2 * MIB);
    assert_non_null(encoded);
    for (int log = 22; log <= 25; log++) {
        ZSTD_CCtx *context = ZSTD_createCCtx();
        (void)ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, log);
        ZSTD_inBuffer in = {.src = text.data, .size = text.len};
        ZSTD_outBuffer out = {.dst = encoded, .size = 2 * MIB};
        size_t left = 1;
        while (in.pos < in.size)
            left = ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue);
        left = ZSTD_compressStream2(context, &out, &in, ZSTD_e_end);
        assert_int_equal(left, 0);
        ZSTD_freeCCtx(context);
        struct zstd_decoder *decoder = zstd_decoder_new();
        struct buf decoded;
        buf_init(&decoded, 2 * MIB);
        enum err err = decode(decoder, span_of(encoded, out.pos), SIZE_MAX, &decoded);
        assert_int_equal(err, log <= ZSTD_DECODE_WINDOW_LOG ? OK : ERR_BAD_REQUEST);
        assert_int_equal(decoded.len, err == OK ? MIB : 0);
        zstd_decoder_free(decoder);
        buf_clear(&decoded);
    }
    free(encoded);
    buf_clear(&text);
}

static void knows_whether_a_frame_is_whole(void **state)
{
    (void)state;
    struct zstd_encoder *encoder = zstd_encoder_new();
    struct buf encoded;
    buf_init(&encoded, MIB);
    assert_int_equal(
        zstd_encode(encoder, SPAN_LITERAL("hello hello hello"), ZSTD_FINISH, append, &encoded), OK);
    zstd_encoder_free(encoder);
    for (size_t len = 0; len <= encoded.len; len++) {
        struct zstd_decoder *decoder = zstd_decoder_new();
        struct buf decoded;
        buf_init(&decoded, MIB);
        assert_int_equal(decode(decoder, span_part(buf_span(&encoded), 0, len), 3, &decoded), OK);
        assert_int_equal(zstd_decoder_at_end(decoder), len == 0 || len == encoded.len);
        zstd_decoder_free(decoder);
        buf_clear(&decoded);
    }
    buf_clear(&encoded);
}

static void refuses_what_is_no_zstd(void **state)
{
    (void)state;
    struct zstd_decoder *decoder = zstd_decoder_new();
    struct why why = {.rule = NULL};
    size_t used;
    struct span part;
    assert_int_equal(zstd_decode(decoder, SPAN_LITERAL("{\"records\":[]}"), &used, &part, &why),
                     ERR_BAD_REQUEST);
    assert_non_null(why.rule);
    zstd_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flush_can_be_decoded),
        cmocka_unit_test(refuses_a_window_beyond_8_mib),
        cmocka_unit_test(knows_whether_a_frame_is_whole),
        cmocka_unit_test(refuses_what_is_no_zstd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
