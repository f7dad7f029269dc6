/* Any bytes as a signed note, a checkpoint, a tile path, a DID. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/identity/did.h"
#include "proto/log/checkpoint.h"
#include "proto/log/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct why why;
    struct note note;
    struct checkpoint checkpoint;
    struct public_key key = {{1}};
    if (note_read(bytes, &note, &why) == OK) {
        if (checkpoint_read(note.text, &checkpoint, &why) == OK && checkpoint.origin.len == 0)
            abort();
        if (note.count == 0 || note_verify(&note, note.signatures[0].name, &key, &why) == OK)
            abort();
    }
    struct tile tile;
    struct buf back;
    buf_init(&back, 4096);
    if (tile_read(bytes, &tile, &why) == OK) {
        tile_append_path(&back, &tile);
        if (!span_equal(buf_span(&back), bytes))
            abort();
    }
    buf_reset(&back);
    if (did_key_read(bytes, &key, &why) == OK) {
        did_key_append(&back, &key);
        if (!span_equal(buf_span(&back), bytes))
            abort();
    }
    buf_clear(&back);
    struct span origin;
    struct span id;
    if (did_url_split(bytes, &origin, &id, &why) == OK && origin.len + 1 + id.len != size)
        abort();
    if (did_scid(bytes).len > size)
        abort();
    return 0;
}
