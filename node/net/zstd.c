#include "node/net/zstd.h"

#include <stdlib.h>
#include <zstd.h>

#define LEVEL 3
#define STEP_BYTES (128u * 1024u)

struct zstd_encoder {
    ZSTD_CCtx *context;
    uint8_t out[STEP_BYTES];
};

struct zstd_encoder *zstd_encoder_new(void)
{
    struct zstd_encoder *encoder = malloc(sizeof(*encoder));
    if (encoder == NULL)
        return NULL;
    encoder->context = ZSTD_createCCtx();
    if (encoder->context == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(encoder->context, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(
            ZSTD_CCtx_setParameter(encoder->context, ZSTD_c_windowLog, ZSTD_ENCODE_WINDOW_LOG))) {
        zstd_encoder_free(encoder);
        return NULL;
    }
    return encoder;
}

void zstd_encoder_free(struct zstd_encoder *encoder)
{
    if (encoder == NULL)
        return;
    (void)ZSTD_freeCCtx(encoder->context);
    free(encoder);
}

enum err zstd_encode(struct zstd_encoder *encoder, struct span bytes, enum zstd_end end,
                     zstd_sink sink, void *ctx)
{
    static const ZSTD_EndDirective directives[] = {
        [ZSTD_MORE] = ZSTD_e_continue, [ZSTD_FLUSH] = ZSTD_e_flush, [ZSTD_FINISH] = ZSTD_e_end};
    ZSTD_inBuffer in = {.src = bytes.data, .size = bytes.len};
    for (;;) {
        ZSTD_outBuffer out = {.dst = encoder->out, .size = sizeof(encoder->out)};
        size_t left = ZSTD_compressStream2(encoder->context, &out, &in, directives[end]);
        if (ZSTD_isError(left))
            return ERR_NO_MEMORY;
        if (out.pos > 0)
            sink(ctx, span_of(encoder->out, out.pos));
        if (in.pos == in.size && (end == ZSTD_MORE || left == 0))
            return OK;
    }
}

struct zstd_decoder {
    ZSTD_DCtx *context;
    bool at_end;
    uint8_t out[STEP_BYTES];
};

struct zstd_decoder *zstd_decoder_new(void)
{
    struct zstd_decoder *decoder = malloc(sizeof(*decoder));
    if (decoder == NULL)
        return NULL;
    decoder->at_end = true;
    decoder->context = ZSTD_createDCtx();
    if (decoder->context == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(decoder->context, ZSTD_d_windowLogMax,
                                            ZSTD_DECODE_WINDOW_LOG))) {
        zstd_decoder_free(decoder);
        return NULL;
    }
    return decoder;
}

void zstd_decoder_free(struct zstd_decoder *decoder)
{
    if (decoder == NULL)
        return;
    (void)ZSTD_freeDCtx(decoder->context);
    free(decoder);
}

enum err zstd_decode(struct zstd_decoder *decoder, struct span input, size_t *used_out,
                     struct span *part_out, struct why *why)
{
    ZSTD_inBuffer in = {.src = input.data, .size = input.len};
    ZSTD_outBuffer out = {.dst = decoder->out, .size = sizeof(decoder->out)};
    size_t left = ZSTD_decompressStream(decoder->context, &out, &in);
    *used_out = in.pos;
    *part_out = span_of(decoder->out, out.pos);
    if (ZSTD_isError(left))
        return why_set(why, ERR_BAD_REQUEST,
                       "RFC 8878: a zstd frame with a window of at most 8 MiB", 0, NULL,
                       ZSTD_getErrorName(left));
    if (in.pos > 0 || out.pos > 0)
        decoder->at_end = left == 0;
    return OK;
}

bool zstd_decoder_at_end(const struct zstd_decoder *decoder)
{
    return decoder->at_end;
}
