/* A strict HTTP/1.1 message reader (RFC 9112), pure and incremental: what is ambiguous is refused.
 *
 * Refused with the rule named: bare LF, space before a colon, folded lines, missing or double Host,
 * conflicting or odd Content-Length, Content-Length with Transfer-Encoding, any Transfer-Encoding
 * but "chunked", chunk sizes with extensions beyond the limit, control characters, absolute-form
 * other than http(s), heads beyond the limits. */
#ifndef MAILLON_PROTO_HTTP_MESSAGE_H
#define MAILLON_PROTO_HTTP_MESSAGE_H

#include "proto/base/bytes.h"

#define HTTP_HEAD_BYTES_MAX (16u * 1024u)
#define HTTP_FIELDS_MAX 64u

struct http_field {
    struct span name;  /* as sent; compare with http_name_is */
    struct span value; /* without outer white space */
};

enum http_body { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_UNTIL_CLOSE };

struct http_fields {
    unsigned count;
    struct http_field list[HTTP_FIELDS_MAX];
};

/* A request's head. Spans point into the bytes read. */
struct http_head {
    struct span method;
    struct span target; /* as sent */
    struct span path;   /* before '?', still percent-encoded */
    struct span query;  /* after '?', or empty */
    struct span host;
    struct http_fields fields;
    enum http_body body;
    uint64_t content_length;
    bool http10; /* the answer is neither chunked nor kept alive, whatever the request says */
    bool keep_alive;
    bool expects_continue;
};

/* An answer's head. */
struct http_answer {
    int status;
    struct http_fields fields;
    enum http_body body;
    uint64_t content_length;
    bool keep_alive;
};

/* Reads a head at the start of input. *used_out is 0 while it is not whole yet. ERR_BAD_REQUEST,
 * ERR_HEADERS_TOO_LARGE. input must outlive out. */
MUST_USE enum err http_read_request(struct span input, struct http_head *out, size_t *used_out,
                                    struct why *why);
/* method: of the request that is answered (HEAD has no body). */
MUST_USE enum err http_read_answer(struct span input, struct span method, struct http_answer *out,
                                   size_t *used_out, struct why *why);

bool http_name_is(struct span name, const char *lower_case); /* ASCII case-insensitive */
/* The first value of this field, or an empty span with NULL data. */
struct span http_field(const struct http_fields *fields, const char *lower_case_name);
/* Value of a query parameter or path segment, percent-decoded, appended to out. ERR_BAD_REQUEST,
 * ERR_NOT_FOUND. */
MUST_USE enum err http_query_value(struct span query, const char *name, struct buf *out);
MUST_USE enum err http_percent_decode(struct span text, bool plus_is_space, struct buf *out);
/* Appends text percent-encoded, but for what a path, a query's value or a DID may hold as it is:
 * the escapes of a DID itself are encoded once more, so that it comes out as it went in. */
void http_percent_encode(struct span text, struct buf *out);

/* Decodes a chunked body as it comes. */
struct http_chunks {
    uint64_t left; /* of the current chunk */
    unsigned state;
    unsigned line_bytes;
};
/* Reads from input: *used_out bytes were consumed, of which *part_out (into input) is payload;
 * *end_out: the last chunk and trailers are past. Call until used is 0. A zeroed struct starts.
 * ERR_BAD_REQUEST. */
MUST_USE enum err http_chunks_read(struct http_chunks *chunks, struct span input, size_t *used_out,
                                   struct span *part_out, bool *end_out, struct why *why);

#endif
