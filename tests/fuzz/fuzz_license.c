/* Any bytes as a licence: refused, or written and read to the same again, and every question about
 * it has an answer. */
#include "proto/record/license.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct license *license)
{
    struct license_set none = {.items = NULL, .count = 0};
    for (unsigned reader = 0; reader < LICENSE_READER_COUNT; reader++) {
        struct license_terms terms;
        struct license_mix mix;
        license_terms(license, (enum license_reader)reader, LICENSE_SHARE, none, &terms);
        CHECK(terms.count > 0 && terms.count <= LICENSE_TERMS_MAX);
        license_mix(license, license, (enum license_reader)reader, none, &mix);
        CHECK(mix.reason < LICENSE_REASON_COUNT && mix.from.len > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct license license;
    struct why why;
    if (license_parse(span_of(data, size), &license, &why) != OK) {
        CHECK(why.position <= size && why.expected[0] != '\0');
        return 0;
    }
    struct buf once;
    struct buf again;
    struct license back;
    buf_init(&once, 4096);
    buf_init(&again, 4096);
    license_append(&license, &once);
    /* One space around operators may make it longer than an expression may be. */
    if (once.len <= LICENSE_BYTES_MAX) {
        CHECK(license_parse(buf_span(&once), &back, NULL) == OK);
        license_append(&back, &again);
        CHECK(span_equal(buf_span(&once), buf_span(&again)));
    }
    ask(&license);
    buf_clear(&once);
    buf_clear(&again);
    return 0;
}
