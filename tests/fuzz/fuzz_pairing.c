/* The pairing string: what is read is written the same. */
#include <stdlib.h>

#include "node/peer/pairing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pairing pairing;
    if (pairing_read(span_of(data, size), &pairing, NULL) != OK)
        return 0;
    struct buf again;
    buf_init(&again, PAIRING_BYTES_MAX);
    if (pairing_write(&pairing, &again, NULL) != OK ||
        !span_equal(buf_span(&again), span_of(data, size)))
        abort();
    buf_clear(&again);
    return 0;
}
