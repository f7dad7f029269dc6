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
        (void)checkpoint_read(note.text, &checkpoint, &why);
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
    (void)did_url_split(bytes, &origin, &id, &why);
    (void)did_scid(bytes);
    return 0;
}
