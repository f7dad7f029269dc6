/* zstd (RFC 8878) as a content coding: streams with flush points, and decoding with bounded window
 * and steps. */
#ifndef MAILLON_NODE_NET_ZSTD_H
#define MAILLON_NODE_NET_ZSTD_H

#include "proto/base/bytes.h"

/* RFC 9659: a content coding's window is at most 8 MiB. Ours is smaller: memory per connection is
 * what it costs. */
#define ZSTD_DECODE_WINDOW_LOG 23
#define ZSTD_ENCODE_WINDOW_LOG 20

struct zstd_encoder;
struct zstd_encoder *zstd_encoder_new(void); /* NULL: no memory */
void zstd_encoder_free(struct zstd_encoder *encoder);
/* What the encoder does behind the bytes: holds back, makes all so far decodable, or ends the
 * frame. */
enum zstd_end { ZSTD_MORE, ZSTD_FLUSH, ZSTD_FINISH };
/* Gives encoded bytes to sink in parts of at most 128 KiB. ERR_NO_MEMORY. */
typedef void (*zstd_sink)(void *ctx, struct span encoded);
MUST_USE enum err zstd_encode(struct zstd_encoder *encoder, struct span bytes, enum zstd_end end,
                              zstd_sink sink, void *ctx);

struct zstd_decoder;
struct zstd_decoder *zstd_decoder_new(void); /* NULL: no memory */
void zstd_decoder_free(struct zstd_decoder *decoder);
/* One step: consumes *used_out bytes of input and yields at most 128 KiB (*part_out, valid until
 * the next call). Call until nothing is used and nothing is yielded. ERR_BAD_REQUEST: not zstd, or
 * a window larger than allowed. */
MUST_USE enum err zstd_decode(struct zstd_decoder *decoder, struct span input, size_t *used_out,
                              struct span *part_out, struct why *why);
/* The input so far ends with a whole frame. */
bool zstd_decoder_at_end(const struct zstd_decoder *decoder);

#endif
