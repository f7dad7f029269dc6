#include "node/cli/declared_licenses.h"

#include <stdlib.h>

#include "node/cli/schema_cli.h"

static void *need(void *memory)
{
    if (memory == NULL)
        BUG("no memory for the licences of the packs");
    return memory;
}

static unsigned uses_of(const struct pack_list *words)
{
    unsigned bits = 0;
    for (size_t i = 0; i < words->count; i++) {
        enum license_use use;
        if (license_use_read(words->items[i], &use))
            bits |= 1u << use;
    }
    return bits;
}

static unsigned conditions_of(const struct pack_list *words)
{
    unsigned bits = 0;
    for (size_t i = 0; i < words->count; i++) {
        enum license_condition condition;
        if (license_condition_read(words->items[i], &condition))
            bits |= 1u << condition;
    }
    return bits;
}

static unsigned readers_of(unsigned to)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < PACK_READER_COUNT; i++) {
        enum license_reader reader;
        if ((to & (1u << i)) != 0 &&
            license_reader_read(span_cstr(pack_reader_name((enum pack_reader)i)), &reader))
            bits |= 1u << reader;
    }
    return bits;
}

static struct license_declared declared_of(const struct pack_license *license)
{
    struct license_grant *grants = need(calloc(license->grant_count + 1, sizeof(*grants)));
    for (size_t i = 0; i < license->grant_count; i++) {
        const struct pack_grant *grant = &license->grants[i];
        grants[i] = (struct license_grant){.to = readers_of(grant->to),
                                           .allows = uses_of(&grant->allows),
                                           .conditions = conditions_of(&grant->conditions),
                                           .as = grant->as};
    }
    return (struct license_declared){
        .id = license->id, .grants = grants, .grant_count = license->grant_count, .of = license};
}

bool declared_licenses_open(const struct cli *cli, struct declared_licenses *out)
{
    struct packs_registry *registry = schema_cli_open(cli);
    if (registry == NULL)
        return false;
    struct packs *held = packs_take(registry);
    size_t count = 0;
    for (size_t i = 0; i < packs_count(held); i++)
        count += pack_license_count(packs_at(held, i));
    struct license_declared *items = need(calloc(count + 1, sizeof(*items)));
    char **packs = need(calloc(count + 1, sizeof(*packs)));
    size_t at = 0;
    for (size_t i = 0; i < packs_count(held); i++) {
        const struct pack *pack = packs_at(held, i);
        for (size_t j = 0; j < pack_license_count(pack); j++, at++) {
            struct span name = pack_name(pack);
            items[at] = declared_of(pack_license_at(pack, j));
            packs[at] = need(strndup((const char *)name.data, name.len));
        }
    }
    *out = (struct declared_licenses){.set = {.items = items, .count = count},
                                      .packs = packs,
                                      .registry = registry,
                                      .held = held};
    return true;
}

void declared_licenses_close(struct declared_licenses *declared)
{
    for (size_t i = 0; i < declared->set.count; i++) {
        free((void *)(uintptr_t)declared->set.items[i].grants);
        free(declared->packs[i]);
    }
    free((void *)(uintptr_t)declared->set.items);
    free(declared->packs);
    packs_release(declared->held);
    packs_close(declared->registry);
}
