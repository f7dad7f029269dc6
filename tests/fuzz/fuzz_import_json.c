/* JSON documents, lines, GeoJSON and JSON-LD: the first byte chooses. */
#include "tests/fuzz/import_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum import_format formats[] = {IMPORT_JSON, IMPORT_NDJSON, IMPORT_GEOJSON,
                                                 IMPORT_JSONLD, IMPORT_AUTO};
    if (size > 0)
        fuzz_import(data + 1, size - 1, formats[data[0] % 5]);
    return 0;
}
