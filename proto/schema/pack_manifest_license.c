/* "licenses" of pack.json: what a pack's own licences grant, to whom, and what they ask. */
#include "proto/limits.h"
#include "proto/schema/pack_parts.h"

static const char *const readers[PACK_READER_COUNT] = {
    [PACK_EVERYONE] = "everyone",
    [PACK_INDIVIDUAL] = "individual",
    [PACK_NON_PROFIT] = "non-profit",
    [PACK_PUBLIC_BODY] = "public-body",
    [PACK_COMPANY] = "company",
    [PACK_COOPERATIVE] = "cooperative",
    [PACK_WORKER_COOPERATIVE] = "worker-cooperative",
    [PACK_COMMONS_MEMBER] = "commons-member",
    [PACK_CONTRIBUTOR] = "contributor",
};

const char *pack_reader_name(enum pack_reader reader)
{
    return readers[reader];
}

static void take_reader(struct pack_reading *reading, const struct pack_place *place,
                        struct span key, uint32_t value, void *more)
{
    unsigned *to = more;
    struct span name;
    (void)key;
    if (!pack_take_text(reading, place, value, &name))
        return;
    for (unsigned i = 0; i < PACK_READER_COUNT; i++) {
        if (span_is(name, readers[i])) {
            *to |= 1u << i;
            return;
        }
    }
    pack_report_span(reading, place, PACK_RULE_READER, name);
}

static void take_grant_member(struct pack_reading *reading, const struct pack_place *place,
                              struct span key, uint32_t value, void *more)
{
    struct pack_grant *grant = more;
    if (span_is(key, "to"))
        pack_each_item(reading, place, value, take_reader, &grant->to);
    else if (span_is(key, "allows"))
        (void)pack_take_list(reading, place, value, &grant->allows);
    else if (span_is(key, "conditions"))
        (void)pack_take_list(reading, place, value, &grant->conditions);
    else if (span_is(key, "as"))
        (void)pack_take_text(reading, place, value, &grant->as);
    else
        pack_report_span(reading, place, PACK_RULE_UNKNOWN_MEMBER, key);
}

static void take_grant(struct pack_reading *reading, const struct pack_place *place,
                       struct span key, uint32_t value, void *more)
{
    struct pack_grant **next = more;
    (void)key;
    struct pack_grant *grant = (*next)++;
    pack_each_member(reading, place, value, take_grant_member, grant);
    if (grant->to == 0)
        pack_report(reading, place, PACK_RULE_MISSING_MEMBER, "to");
}

static void take_grants(struct pack_reading *reading, const struct pack_place *place,
                        uint32_t value, struct pack_license *license)
{
    if (pack_token_type(reading, value) != TAPE_ARRAY || pack_token_count(reading, value) == 0) {
        pack_report(reading, place, PACK_RULE_WRONG_VALUE, "[{\"to\":[...],...}]");
        return;
    }
    size_t count = pack_token_count(reading, value);
    struct pack_grant *grants = pack_allocate(reading->pack, count, sizeof(*grants));
    if (grants == NULL)
        return;
    struct pack_grant *next = grants;
    pack_each_item(reading, place, value, take_grant, &next);
    license->grants = grants;
    license->grant_count = count;
}

static bool id_is_valid(struct span id)
{
    struct span prefix = SPAN_LITERAL("LicenseRef-");
    if (!span_starts_with(id, prefix) || id.len == prefix.len || id.len > LICENSE_BYTES_MAX)
        return false;
    for (size_t i = prefix.len; i < id.len; i++) {
        uint8_t c = id.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '.'))
            return false;
    }
    return true;
}

static void take_license_member(struct pack_reading *reading, const struct pack_place *place,
                                struct span key, uint32_t value, void *more)
{
    struct pack_license *license = more;
    if (span_is(key, "id")) {
        if (pack_take_text(reading, place, value, &license->id) && !id_is_valid(license->id))
            pack_report_span(reading, place, PACK_RULE_LICENSE_ID, license->id);
    } else if (span_is(key, "name")) {
        (void)pack_take_text(reading, place, value, &license->name);
    } else if (span_is(key, "url")) {
        (void)pack_take_text(reading, place, value, &license->url);
    } else if (span_is(key, "title")) {
        pack_take_words(reading, place, value, &license->title);
    } else if (span_is(key, "owed")) {
        pack_take_words(reading, place, value, &license->owed);
    } else if (span_is(key, "grants")) {
        take_grants(reading, place, value, license);
    } else {
        pack_report_span(reading, place, PACK_RULE_UNKNOWN_MEMBER, key);
    }
}

static void take_license(struct pack_reading *reading, const struct pack_place *place,
                         struct span key, uint32_t value, void *more)
{
    struct pack *pack = reading->pack;
    (void)key;
    (void)more;
    struct pack_license *license = &pack->licenses[pack->license_count++];
    pack_each_member(reading, place, value, take_license_member, license);
    if (license->id.len == 0)
        pack_report(reading, place, PACK_RULE_MISSING_MEMBER, "id");
    if (license->grant_count == 0)
        pack_report(reading, place, PACK_RULE_MISSING_MEMBER, "grants");
    for (const struct pack_license *other = pack->licenses; other < license; other++)
        if (span_equal(other->id, license->id))
            pack_report_span(reading, place, PACK_RULE_LICENSE_TWICE, license->id);
}

void pack_manifest_licenses(struct pack_reading *reading, const struct pack_place *place,
                            uint32_t value)
{
    struct pack *pack = reading->pack;
    bool is_array = pack_token_type(reading, value) == TAPE_ARRAY;
    size_t count = is_array ? pack_token_count(reading, value) : 0;
    pack->licenses = pack_allocate(pack, count + 1, sizeof(*pack->licenses));
    if (pack->licenses != NULL)
        pack_each_item(reading, place, value, take_license, NULL);
}
