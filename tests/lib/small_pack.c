#include "tests/lib/small_pack.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "tests/lib/folder.h"

static const char manifest[] =
    "{\"name\":\"garden\",\"version\":\"1.0.0\","
    "\"title\":{\"en\":\"Garden\",\"fr\":\"Jardin\"},\"license\":\"AGPL-3.0-or-later\","
    "\"languages\":[\"fr\",\"en\"],\"default_license\":\"CC0-1.0\","
    "\"aliases\":{\"terms\":{\"nmae\":\"name\"}},"
    "\"types\":{\"plant\":{\"major\":1,\"title\":{\"en\":\"Plant\",\"fr\":\"Plante\"},"
    "\"personal\":[\"/owner/name\"],\"facets\":[\"/kind\"],"
    "\"identifiers\":[{\"scheme\":\"SEED\",\"from\":\"/code\",\"normalise\":\"upper\"}],"
    "\"dates\":[{\"path\":\"/sown\",\"format\":\"date\"}],"
    "\"vocabularies\":{\"/kind\":\"kinds\"},"
    "\"projections\":{\"public\":[{\"drop\":\"/owner\"}]},"
    "\"split\":{\"table\":true,\"id\":[\"/code\"]}}}}";

static const char schema[] =
    "{\"type\":\"object\",\"required\":[\"name\"],\"additionalProperties\":false,\"properties\":{"
    "\"name\":{\"type\":\"string\",\"minLength\":1},\"kind\":{\"type\":\"string\"},"
    "\"code\":{\"type\":\"string\"},\"sown\":{\"type\":\"string\",\"format\":\"date\"},"
    "\"owner\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}},"
    "\"additionalProperties\":false}}}";

struct small_pack small_pack_make(void)
{
    struct small_pack pack = {.count = 0};
    small_pack_put(&pack, "pack.json", manifest);
    small_pack_put(&pack, "core.json", "{\"plant\":{\"title\":{\"from\":\"/name\"}}}");
    small_pack_put(&pack, "types/plant.json", schema);
    small_pack_put(&pack, "vocabularies/kinds.json",
                   "{\"title\":{\"en\":\"Kinds\",\"fr\":\"Sortes\"},\"languages\":[\"fr\",\"en\"],"
                   "\"concepts\":{\"tree\":{\"labels\":{\"en\":\"Tree\",\"fr\":\"Arbre\"}}}}");
    small_pack_put(&pack, "lenses/to-schema-org.json",
                   "{\"from\":\"garden/plant@1\",\"to\":\"schema.org/Thing\",\"both\":true,"
                   "\"title\":{\"en\":\"Thing\",\"fr\":\"Chose\"},"
                   "\"rules\":[{\"to\":\"/name\",\"from\":\"/name\"},"
                   "{\"to\":\"/category\",\"from\":\"/kind\"},"
                   "{\"to\":\"/sku\",\"from\":\"/code\"}]}");
    small_pack_put(&pack, "examples/plant/valid/oak.json",
                   "{\"name\":\"Oak\",\"kind\":\"tree\",\"code\":\"q1\"}");
    small_pack_put(&pack, "examples/plant/invalid/nameless.json",
                   "{\"why\":\"no name\",\"at\":\"\",\"keyword\":\"required\",\"body\":{}}");
    return pack;
}

void small_pack_put(struct small_pack *pack, const char *path, const char *text)
{
    size_t i = 0;
    while (i < pack->count && !span_is(pack->files[i].path, path))
        i++;
    CHECK(i < SMALL_PACK_FILES_MAX);
    pack->files[i] = (struct pack_file){.path = span_cstr(path), .text = span_cstr(text)};
    pack->count = i == pack->count ? i + 1 : pack->count;
}

void small_pack_drop(struct small_pack *pack, const char *path)
{
    size_t i = 0;
    while (i < pack->count && !span_is(pack->files[i].path, path))
        i++;
    CHECK(i < pack->count);
    pack->files[i] = pack->files[--pack->count];
}

char *small_pack_edit(struct small_pack *pack, const char *path, const char *old, const char *with)
{
    size_t i = 0;
    while (i < pack->count && !span_is(pack->files[i].path, path))
        i++;
    CHECK(i < pack->count);
    struct span text = pack->files[i].text;
    const uint8_t *at = memmem(text.data, text.len, old, strlen(old));
    CHECK(at != NULL);
    struct buf out;
    buf_init(&out, 65536);
    size_t before = (size_t)(at - text.data);
    buf_append(&out, text.data, before);
    buf_append_cstr(&out, with);
    buf_append_span(&out, span_part(text, before + strlen(old), text.len));
    CHECK(buf_check(&out) == OK);
    pack->files[i].text = buf_span(&out);
    return (char *)out.data;
}

void small_pack_write(const struct small_pack *pack, const char *folder)
{
    (void)mkdir(folder, 0755);
    for (size_t i = 0; i < pack->count; i++) {
        char name[256];
        CHECK(pack->files[i].path.len < sizeof(name));
        memcpy(name, pack->files[i].path.data, pack->files[i].path.len);
        name[pack->files[i].path.len] = '\0';
        char *path = folder_path(folder, name);
        for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL;
             slash++) {
            *slash = '\0';
            (void)mkdir(path, 0755);
            *slash = '/';
        }
        folder_write(path, pack->files[i].text.data, pack->files[i].text.len, 0644);
        free(path);
    }
}
