/* Any bytes: the scanner and the writer agree on what is canonical, and nothing else happens. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/json/jcs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    struct tape tape;
    struct buf out;
    struct jcs *jcs = jcs_new();
    tape_init(&tape);
    buf_init(&out, 8u << 20);
    enum err scanned = tape_scan(&tape, text, &tape_record_limits, NULL);
    enum err written = jcs_canonicalise(jcs, text, &tape_record_limits, &out, NULL);
    if (written == OK && (scanned == OK) != span_equal(buf_span(&out), text))
        abort();
    if (scanned == OK && written != OK)
        abort();
    if (written == OK &&
        tape_scan(&tape, buf_span(&out), &tape_record_limits, NULL) == ERR_NOT_CANONICAL)
        abort();
    for (uint32_t i = 0; scanned == OK && i < tape.count; i++) {
        buf_reset(&out);
        if (tape.tokens[i].type == TAPE_STRING)
            tape_append_decoded(&tape, text, i, &out);
        if (tape.tokens[i].next <= i || tape.tokens[i].offset + tape.tokens[i].length > size)
            abort();
    }
    buf_clear(&out);
    tape_clear(&tape);
    jcs_free(jcs);
    return 0;
}
