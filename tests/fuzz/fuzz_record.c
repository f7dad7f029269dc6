/* Any line: refused, or a record whose parts lie in the line and are what they should be. */
#include "proto/record/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct span line, struct span part)
{
    CHECK(part.len == 0 ||
          (part.data >= line.data && part.data + part.len <= line.data + line.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tape tape;
    struct record record;
    struct why why;
    tape_init(&tape);
    struct span line = span_of(data, size);
    if (record_read(line, &tape, &record, &why) == OK) {
        check_inside(line, record.id);
        check_inside(line, record.audience_text);
        check_inside(line, record.schema);
        check_inside(line, record.license);
        check_inside(line, record.time_text);
        check_inside(line, record.body);
        CHECK(record_id_is_valid(record.id));
        CHECK((record.body.len > 0) == (record.op == RECORD_PUT));
        CHECK(record.op != RECORD_PUT || record_schema_is_valid(record.schema));
    }
    tape_clear(&tape);
    return 0;
}
