/* Any bytes as pack.json beside sound files: refused with a reason, or a pack whose answers hold
 * together. The bytes before a first NUL are the manifest, those after it a core.json. */
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/schema/pack.h"
#include "proto/schema/pack_reach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct pack *pack)
{
    struct span name;
    struct span type_name;
    uint32_t major;
    CHECK(pack_name_is_valid(pack_name(pack)) && pack_version_is_valid(pack_version(pack)));
    struct pack_reach *reach = pack_reach_new(pack);
    for (size_t i = 0; i < pack_type_count(pack); i++) {
        const struct pack_type *type = pack_type_at(pack, i);
        CHECK(pack_type_split(type->full, &name, &type_name, &major) && major == type->major);
        CHECK(type->schema_json.len > 0 && pack_type_find(pack, type->name) == type);
        const struct pack_content *schema = pack_content_find(pack, type->schema_path);
        for (size_t j = 0; reach != NULL && j < type->facets.count; j++)
            (void)pack_reach_possible(reach, schema, type->facets.items[j]);
    }
    pack_reach_free(reach);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size == 0 ? NULL : memchr(data, 0, size);
    size_t first = zero == NULL ? size : (size_t)(zero - data);
    struct span core = zero == NULL ? SPAN_LITERAL("{}") : span_of(zero + 1, size - first - 1);
    const struct pack_file files[] = {
        {SPAN_LITERAL("pack.json"), span_of(data, first)},
        {SPAN_LITERAL("core.json"), core},
        {SPAN_LITERAL("types/plant.json"),
         SPAN_LITERAL("{\"properties\":{\"a\":{\"$ref\":\"#\"},\"b\":{\"items\":false}},"
                      "\"unevaluatedProperties\":false}")},
        {SPAN_LITERAL("vocabularies/kinds.json"), SPAN_LITERAL("{\"concepts\":{}}")},
    };
    struct pack_findings findings;
    struct pack *pack = NULL;
    pack_findings_init(&findings);
    enum err err = pack_read(files, 4, &findings, &pack);
    CHECK(err == OK || (err == ERR_BAD_PACK && findings.refusals > 0));
    if (err == OK) {
        CHECK(findings.refusals == 0);
        use(pack);
    }
    struct buf text;
    buf_init(&text, 65536);
    for (size_t i = 0; i < findings.count; i++) {
        pack_finding_reason(&findings.items[i], LANG_FR, &text);
        pack_finding_remedy(&findings.items[i], LANG_EN, &text);
    }
    buf_clear(&text);
    pack_free(pack);
    pack_findings_clear(&findings);
    return 0;
}
