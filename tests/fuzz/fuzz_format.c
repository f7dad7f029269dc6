/* Any bytes as every format: no crash, and what the formats imply of one another. */
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/schema/format.h"
#include "proto/schema/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool implies(bool a, bool b)
{
    return !a || b;
}

static void check_implications(const bool *holds, struct span text)
{
    CHECK(implies(holds[FORMAT_DATE], text.len == 10));
    CHECK(implies(holds[FORMAT_DATE_TIME],
                  text.len >= 20 && format_holds(FORMAT_DATE, span_part(text, 0, 10)) &&
                      format_holds(FORMAT_TIME, span_part(text, 11, text.len))));
    CHECK(implies(holds[FORMAT_UUID], text.len == 36));
    CHECK(implies(holds[FORMAT_IPV4], text.len >= 7 && text.len <= 15));
    CHECK(implies(holds[FORMAT_IPV4], holds[FORMAT_HOSTNAME]));
    CHECK(implies(holds[FORMAT_IPV6], text.len >= 2 && text.len <= 45));
    CHECK(implies(holds[FORMAT_EMAIL], holds[FORMAT_IDN_EMAIL]));
    CHECK(implies(holds[FORMAT_URI], holds[FORMAT_IRI] && holds[FORMAT_URI_REFERENCE]));
    CHECK(implies(holds[FORMAT_IRI], holds[FORMAT_IRI_REFERENCE]));
    CHECK(implies(holds[FORMAT_URI_REFERENCE], holds[FORMAT_IRI_REFERENCE]));
    CHECK(implies(holds[FORMAT_HOSTNAME], text.len <= 253));
    CHECK(implies(holds[FORMAT_RELATIVE_JSON_POINTER], text.len >= 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    bool holds[FORMAT_COUNT];
    for (enum format format = FORMAT_UNKNOWN; format < FORMAT_COUNT; format++) {
        holds[format] = format_holds(format, text);
        CHECK(implies(holds[format] && format != FORMAT_UNKNOWN, text_is_utf8(text)));
        CHECK(format_find(span_cstr(format_name(format))) == format);
    }
    check_implications(holds, text);
    return 0;
}
