/* Any bytes as a did:key, as a record's URL, as base58: refused, or written back as they were. */
#include <stdlib.h>

#include "proto/base/base58.h"
#include "proto/identity/did.h"
#include "proto/record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct span whole, struct span part)
{
    CHECK(part.len == 0 ||
          (part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct why why;
    struct public_key key;
    struct buf out;
    struct buf back;
    buf_init(&out, 200);
    buf_init(&back, 200);
    if (did_key_read(bytes, &key, &why) == OK) {
        did_key_append(&back, &key);
        CHECK(span_equal(buf_span(&back), bytes));
    }
    buf_reset(&back);
    if (base58_decode(bytes, &out) == OK) {
        base58_append(&back, buf_span(&out));
        CHECK(span_equal(buf_span(&back), bytes));
    } else {
        CHECK(out.len == 0);
    }
    buf_clear(&out);
    buf_clear(&back);
    struct span origin;
    struct span id;
    if (did_url_split(bytes, &origin, &id, &why) == OK) {
        CHECK(origin.len + 1 + id.len == size && origin.data == data);
        CHECK(origin.len <= DID_BYTES_MAX && record_id_is_valid(id));
        CHECK(did_scid(origin).len > 0 || memmem(data, origin.len, "::", 2) != NULL);
    }
    check_inside(bytes, did_scid(bytes));
    return 0;
}
