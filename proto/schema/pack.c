/* A pack's files: their places, their canonical bytes, their hash; and what is asked of a pack. */
#include "proto/schema/pack.h"

#include <stdlib.h>

#include "proto/json/jcs.h"
#include "proto/limits.h"
#include "proto/schema/pack_parts.h"

#define BLOCK_BYTES (64u * 1024u)

struct pack_block {
    struct pack_block *next;
    size_t used;
    size_t size;
    _Alignas(max_align_t) uint8_t bytes[];
};

void *pack_allocate(struct pack *pack, size_t count, size_t size)
{
    size_t bytes = (count * size + 15) & ~(size_t)15;
    struct pack_block *block = pack->blocks;
    if (block == NULL || block->size - block->used < bytes) {
        size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = malloc(sizeof(*block) + room);
        if (block == NULL) {
            pack->no_memory = true;
            return NULL;
        }
        *block = (struct pack_block){.next = pack->blocks, .used = 0, .size = room};
        pack->blocks = block;
    }
    void *out = block->bytes + block->used;
    block->used += bytes;
    memset(out, 0, bytes);
    return out;
}

struct span pack_copy(struct pack *pack, struct span bytes)
{
    if (bytes.len == 0)
        return span_of(NULL, 0);
    uint8_t *copy = pack_allocate(pack, bytes.len, 1);
    if (copy == NULL)
        return span_of(NULL, 0);
    memcpy(copy, bytes.data, bytes.len);
    return span_of(copy, bytes.len);
}

void pack_free(struct pack *pack)
{
    if (pack == NULL)
        return;
    while (pack->blocks != NULL) {
        struct pack_block *next = pack->blocks->next;
        free(pack->blocks);
        pack->blocks = next;
    }
    free(pack);
}

/* ---- Names and places. */

bool pack_name_is_valid(struct span name)
{
    if (name.len == 0 || name.len > PACK_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

static const char *const folder_names[] = {[PACK_MANIFEST] = "",
                                           [PACK_TYPES] = "types/",
                                           [PACK_LENSES] = "lenses/",
                                           [PACK_VOCABULARIES] = "vocabularies/",
                                           [PACK_CONTEXTS] = "contexts/",
                                           [PACK_EXAMPLES] = "examples/",
                                           [PACK_OTHER] = ""};

static enum pack_folder folder_of(struct span path)
{
    if (span_is(path, "pack.json") || span_is(path, "core.json"))
        return PACK_MANIFEST;
    for (unsigned i = PACK_TYPES; i < PACK_OTHER; i++)
        if (span_starts_with(path, span_cstr(folder_names[i])))
            return (enum pack_folder)i;
    return PACK_OTHER;
}

static struct span without_json(struct span path)
{
    return span_part(path, 0, path.len - strlen(".json"));
}

static bool ends_with(struct span text, const char *end)
{
    size_t len = strlen(end);
    return text.len > len && memcmp(text.data + text.len - len, end, len) == 0;
}

static bool plain_path_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '/';
}

/* Relative, without empty segments and none that begins with a dot. */
static bool plain_path(struct span path)
{
    if (path.len == 0 || path.len > PACK_PATH_BYTES_MAX || !ends_with(path, ".json"))
        return false;
    uint8_t before = '/';
    for (size_t i = 0; i < path.len; i++) {
        uint8_t c = path.data[i];
        if (!plain_path_byte(c) || (before == '/' && (c == '/' || c == '.')))
            return false;
        before = c;
    }
    return true;
}

bool pack_path_is_valid(struct span path)
{
    if (!plain_path(path))
        return false;
    enum pack_folder folder = folder_of(path);
    if (folder != PACK_TYPES && folder != PACK_LENSES && folder != PACK_VOCABULARIES)
        return true;
    size_t skip = strlen(folder_names[folder]);
    return pack_name_is_valid(without_json(span_part(path, skip, path.len - skip)));
}

enum pack_folder pack_content_folder(const struct pack_content *content)
{
    return folder_of(content->path);
}

/* ---- Reading the files. */

static int compare_spans(struct span a, struct span b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_path(const void *a, const void *b)
{
    const struct pack_content *left = a;
    const struct pack_content *right = b;
    return compare_spans(left->path, right->path);
}

static bool sizes_fit(const struct pack_file *files, size_t count, struct pack_findings *findings)
{
    struct span none = span_of(NULL, 0);
    if (count > PACK_FILES_MAX) {
        pack_find(findings, PACK_RULE_TOO_MANY_FILES, none, none, SPAN_LITERAL("512"));
        return false;
    }
    size_t total = 0;
    bool fit = true;
    for (size_t i = 0; i < count; i++) {
        total += files[i].text.len;
        if (files[i].text.len <= PACK_FILE_BYTES_MAX)
            continue;
        pack_find(findings, PACK_RULE_FILE_TOO_LARGE, files[i].path, none, SPAN_LITERAL("1048576"));
        fit = false;
    }
    if (total > PACK_BYTES_MAX) {
        pack_find(findings, PACK_RULE_PACK_TOO_LARGE, none, none, SPAN_LITERAL("16777216"));
        fit = false;
    }
    return fit;
}

static void say_no_json(struct pack_findings *findings, struct span file, enum err err,
                        const struct why *why)
{
    struct buf detail;
    buf_init(&detail, 512);
    buf_append_cstr(&detail, err_slug(err));
    if (why->rule != NULL) {
        buf_append_cstr(&detail, ", ");
        buf_append_cstr(&detail, why->rule);
    }
    buf_append_cstr(&detail, ", byte ");
    buf_append_u64(&detail, why->position);
    pack_find(findings, PACK_RULE_NO_JSON, file, span_of(NULL, 0), buf_span(&detail));
    buf_clear(&detail);
}

/* A canonical form may be longer than what was written: 1e300 becomes digits. */
static const struct tape_limits file_limits = {.bytes_max = PACK_FILE_BYTES_MAX,
                                               .depth_max = JSON_DEPTH_MAX};
#define CANONICAL_BYTES_MAX (8u * PACK_FILE_BYTES_MAX)

static enum err take_file(struct pack *pack, struct jcs *jcs, struct buf *canonical,
                          const struct pack_file *file, struct pack_findings *findings)
{
    struct why why = {.rule = NULL};
    if (!pack_path_is_valid(file->path)) {
        pack_find(findings, PACK_RULE_PATH, file->path, span_of(NULL, 0), file->path);
        return ERR_BAD_PACK;
    }
    buf_reset(canonical);
    enum err err = jcs_canonicalise(jcs, file->text, &file_limits, canonical, &why);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK) {
        say_no_json(findings, file->path, err, &why);
        return ERR_BAD_PACK;
    }
    struct pack_content *content = &pack->contents[pack->content_count++];
    content->path = pack_copy(pack, file->path);
    content->json = pack_copy(pack, buf_span(canonical));
    content->hash = sha256(content->json);
    if (pack->no_memory)
        return ERR_NO_MEMORY;
    size_t skip = strlen(folder_names[folder_of(content->path)]);
    content->name = without_json(span_part(content->path, skip, content->path.len - skip));
    return OK;
}

static enum err take_files(struct pack *pack, const struct pack_file *files, size_t count,
                           struct pack_findings *findings)
{
    pack->contents = pack_allocate(pack, count + 1, sizeof(*pack->contents));
    struct jcs *jcs = jcs_new();
    struct buf canonical;
    buf_init(&canonical, CANONICAL_BYTES_MAX);
    enum err worst = pack->contents == NULL || jcs == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; i < count && worst != ERR_NO_MEMORY; i++) {
        enum err err = take_file(pack, jcs, &canonical, &files[i], findings);
        worst = err == OK ? worst : err;
    }
    buf_clear(&canonical);
    jcs_free(jcs);
    if (worst == OK)
        qsort(pack->contents, pack->content_count, sizeof(*pack->contents), by_path);
    for (size_t i = 1; worst == OK && i < pack->content_count; i++) {
        if (!span_equal(pack->contents[i - 1].path, pack->contents[i].path))
            continue;
        pack_find(findings, PACK_RULE_PATH, pack->contents[i].path, span_of(NULL, 0),
                  pack->contents[i].path);
        worst = ERR_BAD_PACK;
    }
    return worst;
}

static void append_hex(struct buf *out, const struct hash *hash)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof(hash->bytes); i++) {
        buf_append_byte(out, (uint8_t)digits[hash->bytes[i] >> 4]);
        buf_append_byte(out, (uint8_t)digits[hash->bytes[i] & 15]);
    }
}

/* Paths are ASCII and sorted by bytes, which is the order of canonical keys. */
static enum err hash_files(struct pack *pack)
{
    struct buf text;
    buf_init(&text, PACK_FILES_MAX * (PACK_PATH_BYTES_MAX + 80u));
    buf_append_byte(&text, '{');
    for (size_t i = 0; i < pack->content_count; i++) {
        buf_append_cstr(&text, i == 0 ? "\"" : ",\"");
        buf_append_span(&text, pack->contents[i].path);
        buf_append_cstr(&text, "\":\"");
        append_hex(&text, &pack->contents[i].hash);
        buf_append_byte(&text, '"');
    }
    buf_append_byte(&text, '}');
    enum err err = buf_check(&text);
    if (err == OK)
        pack->hash = sha256(buf_span(&text));
    buf_clear(&text);
    return err;
}

enum err pack_read(const struct pack_file *files, size_t count, struct pack_findings *findings,
                   struct pack **out)
{
    if (!sizes_fit(files, count, findings))
        return ERR_BAD_PACK;
    struct pack *pack = calloc(1, sizeof(*pack));
    if (pack == NULL)
        return ERR_NO_MEMORY;
    enum err err = take_files(pack, files, count, findings);
    if (err == OK)
        err = hash_files(pack);
    if (err == OK)
        err = pack_manifest_read(pack, findings);
    if (err == OK && pack->no_memory)
        err = ERR_NO_MEMORY;
    if (err != OK) {
        pack_free(pack);
        return err;
    }
    *out = pack;
    return OK;
}

/* ---- Answers. */

struct span pack_name(const struct pack *pack)
{
    return pack->name;
}

struct span pack_version(const struct pack *pack)
{
    return pack->version;
}

struct pack_words pack_title(const struct pack *pack)
{
    return pack->title;
}

struct pack_words pack_description(const struct pack *pack)
{
    return pack->description;
}

struct span pack_license_text(const struct pack *pack)
{
    return pack->license;
}

struct pack_list pack_languages(const struct pack *pack)
{
    return pack->languages;
}

struct pack_list pack_sources(const struct pack *pack)
{
    return pack->sources;
}

bool pack_asserts_formats(const struct pack *pack)
{
    return pack->formats;
}

struct span pack_aliases_json(const struct pack *pack)
{
    return pack->aliases_json;
}

struct span pack_inverses_json(const struct pack *pack)
{
    return pack->inverses_json;
}

struct hash pack_hash(const struct pack *pack)
{
    return pack->hash;
}

size_t pack_type_count(const struct pack *pack)
{
    return pack->type_count;
}

const struct pack_type *pack_type_at(const struct pack *pack, size_t index)
{
    CHECK(index < pack->type_count);
    return &pack->types[index];
}

const struct pack_type *pack_type_find(const struct pack *pack, struct span name)
{
    for (size_t i = 0; i < pack->type_count; i++)
        if (span_equal(pack->types[i].name, name))
            return &pack->types[i];
    return NULL;
}

size_t pack_license_count(const struct pack *pack)
{
    return pack->license_count;
}

const struct pack_license *pack_license_at(const struct pack *pack, size_t index)
{
    CHECK(index < pack->license_count);
    return &pack->licenses[index];
}

size_t pack_content_count(const struct pack *pack)
{
    return pack->content_count;
}

const struct pack_content *pack_content_at(const struct pack *pack, size_t index)
{
    CHECK(index < pack->content_count);
    return &pack->contents[index];
}

const struct pack_content *pack_content_find(const struct pack *pack, struct span path)
{
    size_t low = 0;
    size_t high = pack->content_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_spans(path, pack->contents[middle].path);
        if (order == 0)
            return &pack->contents[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct pack_content *pack_content_named(const struct pack *pack, enum pack_folder folder,
                                              struct span name)
{
    for (size_t i = 0; i < pack->content_count; i++)
        if (folder_of(pack->contents[i].path) == folder && span_equal(pack->contents[i].name, name))
            return &pack->contents[i];
    return NULL;
}

bool pack_type_split(struct span full, struct span *pack_out, struct span *type_out,
                     uint32_t *major_out)
{
    if (full.len > SCHEMA_NAME_BYTES_MAX)
        return false;
    struct cursor cursor = cursor_of(full);
    struct span pack = cursor_until(&cursor, '/');
    struct span type = cursor_until(&cursor, '@');
    uint64_t major = cursor_u64(&cursor);
    if (cursor.failed || !cursor_at_end(&cursor) || major == 0 || major > PACK_MAJOR_MAX ||
        !pack_name_is_valid(pack) || !pack_name_is_valid(type))
        return false;
    *pack_out = pack;
    *type_out = type;
    *major_out = (uint32_t)major;
    return true;
}
