#include "tests/lib/schema_suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "proto/limits.h"
#include "tests/lib/vectors.h"

#define PACKAGED "/usr/share/perl5/auto/share/dist/Test-JSON-Schema-Acceptance"

static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX, .depth_max = 1000};

static void must(bool holds, const char *what, const char *path)
{
    if (holds)
        return;
    (void)fprintf(stderr, "%s: %s\n", path, what);
    abort();
}

bool suite_is_shared(void)
{
    struct stat info;
    char path[512];
    const char *shared = vectors_shared();
    (void)snprintf(path, sizeof(path), "%s/vectors/json-schema/tests", shared ? shared : "");
    return shared != NULL && stat(path, &info) == 0;
}

const char *suite_folder(void)
{
    static char path[512];
    struct stat info;
    if (!suite_is_shared())
        return stat(PACKAGED "/tests/draft2020-12", &info) == 0 ? PACKAGED : NULL;
    (void)snprintf(path, sizeof(path), "%s/vectors/json-schema", vectors_shared());
    return path;
}

void suite_read(const char *path, struct suite_file *out)
{
    struct buf raw;
    struct jcs *jcs = jcs_new();
    buf_init(&raw, limits.bytes_max);
    buf_init(&out->text, limits.bytes_max);
    tape_init(&out->tape);
    vectors_read("", path, &raw);
    must(jcs_canonicalise(jcs, buf_span(&raw), &limits, &out->text, NULL) == OK, "JSON", path);
    must(tape_scan(&out->tape, buf_span(&out->text), &limits, NULL) == OK, "tape", path);
    buf_clear(&raw);
    jcs_free(jcs);
}

void suite_clear(struct suite_file *file)
{
    buf_clear(&file->text);
    tape_clear(&file->tape);
}

uint32_t suite_member(const struct suite_file *file, uint32_t object, const char *key)
{
    uint32_t found = tape_member(&file->tape, buf_span(&file->text), object, span_cstr(key));
    must(found != TAPE_NONE, "no such member", key);
    return found;
}

struct span suite_span(const struct suite_file *file, uint32_t token)
{
    const struct tape_token *t = &file->tape.tokens[token];
    uint32_t quote = t->type == TAPE_STRING;
    return span_of(file->text.data + t->offset - quote, t->length + 2 * quote);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **suite_names(const char *folder)
{
    size_t count = 0;
    char **names = calloc(512, sizeof(*names));
    DIR *dir = opendir(folder);
    must(dir != NULL && names != NULL, "cannot open", folder);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL && count < 511;) {
        size_t len = strlen(entry->d_name);
        if (len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0)
            names[count++] = strdup(entry->d_name);
    }
    (void)closedir(dir);
    qsort(names, count, sizeof(*names), by_name);
    return names;
}

void suite_names_free(char **names)
{
    for (char **name = names; *name != NULL; name++)
        free(*name);
    free(names);
}

static void add_remotes(struct library *library, const char *root, const char *below)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/%s", root, below);
    DIR *dir = opendir(path);
    must(dir != NULL, "cannot open", path);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char child[512];
        struct stat info;
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(child, sizeof(child), "%s%s%s", below, below[0] ? "/" : "", entry->d_name);
        (void)snprintf(path, sizeof(path), "%s/%s", root, child);
        must(stat(path, &info) == 0, "cannot stat", path);
        if (S_ISDIR(info.st_mode)) {
            add_remotes(library, root, child);
            continue;
        }
        struct buf raw;
        char uri[640];
        buf_init(&raw, 1u << 20);
        vectors_read("", path, &raw);
        (void)snprintf(uri, sizeof(uri), "http://localhost:1234/%s", child);
        must(library_add(library, span_cstr(uri), buf_span(&raw), NULL) == OK, "not added", path);
        buf_clear(&raw);
    }
    (void)closedir(dir);
}

struct library *suite_library(void)
{
    char root[600];
    struct library *library = library_new();
    must(library != NULL, "no memory", "library");
    (void)snprintf(root, sizeof(root), "%s/remotes", suite_folder());
    add_remotes(library, root, "");
    return library;
}
