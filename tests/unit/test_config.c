/* maillon.ini: what is read, what is refused and on which line, what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "conf/config.h"
#include "conf/value.h"
#include "tests/lib/folder.h"

static void assert_same(const struct config *a, const struct config *b)
{
    struct buf texts[2];
    for (unsigned i = 0; i < 2; i++) {
        buf_init(&texts[i], CONFIG_FILE_BYTES_MAX);
        config_append(&texts[i], i == 0 ? a : b);
        assert_int_equal(buf_check(&texts[i]), OK);
    }
    assert_int_equal(texts[0].len, texts[1].len);
    assert_memory_equal(texts[0].data, texts[1].data, texts[0].len);
    buf_clear(&texts[0]);
    buf_clear(&texts[1]);
}

static enum err read_text(const char *text, struct config *out, struct why *why)
{
    return config_read(span_cstr(text), out, why);
}

static void the_shipped_file_is_what_the_writer_writes(void **state)
{
    (void)state;
    size_t len;
    char *shipped = folder_read("conf/maillon.ini", &len);
    assert_non_null(shipped);
    struct config config;
    config_default(&config);
    struct buf text;
    buf_init(&text, CONFIG_FILE_BYTES_MAX);
    config_append(&text, &config);
    buf_append_byte(&text, '\0');
    assert_int_equal(buf_check(&text), OK);
    assert_string_equal(shipped, (char *)text.data);
    assert_int_equal(len, text.len - 1);
    buf_clear(&text);
    free(shipped);
}

static void an_empty_file_gives_the_defaults(void **state)
{
    (void)state;
    struct config defaults;
    struct config config;
    config_default(&defaults);
    assert_int_equal(read_text("", &config, NULL), OK);
    assert_same(&config, &defaults);
    assert_string_equal(config.listen.public, "[::]:8443");
    assert_string_equal(config.listen.local, "127.0.0.1:0");
    assert_int_equal(config.store.segment_bytes, 256 << 20);
    assert_int_equal(config.timeouts.head_ms, 10000);
}

static void reads_values_with_their_units(void **state)
{
    (void)state;
    struct config config;
    assert_int_equal(read_text("\xef\xbb\xbf; a comment\r\n[node]\r\nname = Coop \xc3\xa0 Lyon\r\n"
                               "[timeouts]\nhead=1500ms\nidle = 2 min\n"
                               "[store]\nsegment = 2GiB ; large\n[sync]\npeer_logs_max: 7",
                               &config, NULL),
                     OK);
    assert_string_equal(config.node.name, "Coop \xc3\xa0 Lyon");
    assert_int_equal(config.timeouts.head_ms, 1500);
    assert_int_equal(config.timeouts.idle_ms, 120000);
    assert_int_equal(config.store.segment_bytes, 2ull << 30);
    assert_int_equal(config.sync.peer_logs_max, 7);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct config config;
    struct config read;
    config_default(&config);
    assert_int_equal(config_set(&config, "node", "name", "Épicerie # 3 = [a]: b", NULL), OK);
    assert_int_equal(config_set(&config, "node", "url", "https://localhost:18443", NULL), OK);
    assert_int_equal(config_set(&config, "listen", "public", "0.0.0.0:0", NULL), OK);
    assert_int_equal(config_set(&config, "store", "segment", "1048577", NULL), OK);
    assert_int_equal(config_set(&config, "timeouts", "idle", "61001 ms", NULL), OK);
    struct buf text;
    buf_init(&text, CONFIG_FILE_BYTES_MAX);
    config_append(&text, &config);
    assert_int_equal(config_read(buf_span(&text), &read, NULL), OK);
    assert_string_equal(read.node.name, config.node.name);
    assert_int_equal(read.store.segment_bytes, 1048577);
    assert_same(&read, &config);
    buf_clear(&text);
}

/* The longest values that are accepted fit into a line of the file. */
static void the_longest_values_are_read_back_too(void **state)
{
    (void)state;
    struct config config;
    struct config read;
    config_default(&config);
    char name[162];
    memset(name, 'n', sizeof(name));
    name[160] = '\0';
    assert_int_equal(config_set(&config, "node", "name", name, NULL), OK);
    name[160] = 'n';
    name[161] = '\0';
    assert_int_equal(config_set(&config, "node", "name", name, NULL), ERR_BAD_SETTING);
    char url[162] = "https://";
    memset(url + 8, 'u', 152);
    assert_int_equal(config_set(&config, "node", "url", url, NULL), OK);
    struct buf text;
    buf_init(&text, CONFIG_FILE_BYTES_MAX);
    config_append(&text, &config);
    assert_int_equal(config_read(buf_span(&text), &read, NULL), OK);
    assert_same(&read, &config);
    buf_clear(&text);
}

/* text is refused on this line, and what was expected names this. */
static void refused(const char *text, enum err err, uint64_t line, const char *expected)
{
    struct config config;
    struct why why = {0};
    memset(&config, 0x5a, sizeof(config));
    assert_int_equal(read_text(text, &config, &why), err);
    assert_int_equal(why.position, line);
    assert_non_null(why.rule);
    if (strstr(why.expected, expected) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", expected, why.expected);
    assert_int_equal(((uint8_t *)&config)[0], 0x5a);
}

static void an_unknown_name_is_refused_with_the_nearest_one(void **state)
{
    (void)state;
    refused("[node]\n\nnmae = A\n", ERR_BAD_SETTING, 3, "[node] name");
    refused("[nodes]\nurl = https://a\n", ERR_BAD_SETTING, 2, "[node] url");
    refused("; one\n[listen]\nconnection_max = 3\n", ERR_BAD_SETTING, 3,
            "[listen] connections_max");
    refused("[store]\nlocal = 127.0.0.1:1\n", ERR_BAD_SETTING, 2, "[listen] local");
    refused("name = A\n", ERR_BAD_SETTING, 1, "[node] name");
    refused("[timeout]\nheda = 1 s\n", ERR_BAD_SETTING, 2, "[timeouts] head");
}

static void a_value_out_of_range_is_refused_with_the_range(void **state)
{
    (void)state;
    refused("[node]\nthreads = 65\n", ERR_BAD_SETTING, 2, "0 to 64");
    refused("[node]\nthreads = -1\n", ERR_BAD_SETTING, 2, "0 to 64");
    refused("[node]\nthreads = 2x\n", ERR_BAD_SETTING, 2, "0 to 64");
    refused("[node]\nthreads =\n", ERR_BAD_SETTING, 2, "0 to 64");
    refused("[node]\nthreads = 99999999999999999999\n", ERR_BAD_SETTING, 2, "0 to 64");
    refused("[timeouts]\nhead = 10\n", ERR_BAD_SETTING, 2, "100 ms to 10 min");
    refused("[timeouts]\nhead = 99 ms\n", ERR_BAD_SETTING, 2, "100 ms to 10 min");
    refused("[store]\nsegment = 1 KiB\n", ERR_BAD_SETTING, 2, "1 MiB to 2 GiB");
    refused("[store]\nsegment = 18446744073709551615 TiB\n", ERR_BAD_SETTING, 2, "1 MiB");
    refused("[listen]\npublic = 8443\n", ERR_BAD_SETTING, 2, "an address");
    refused("[node]\nurl = http://a\n", ERR_BAD_SETTING, 2, "https://");
    refused("[node]\nname =\n", ERR_BAD_SETTING, 2, "1 to 160");
}

static void a_setting_stands_once(void **state)
{
    (void)state;
    refused("[node]\nname = A\nname = B\n", ERR_BAD_SETTING, 3, "");
    refused("[node]\nname = A\n  and more\n", ERR_BAD_SETTING, 3, "");
    refused("[node]\nname = A\n[listen]\n[node]\nname = A\n", ERR_BAD_SETTING, 5, "");
}

static void lines_that_are_nothing_are_refused(void **state)
{
    (void)state;
    refused("[node]\nname\n", ERR_BAD_SETTING, 2, "");
    refused("[node\nname = A\n", ERR_BAD_SETTING, 1, "");
    struct config config;
    struct why why;
    static const char nul[] = "[node]\nname = A\0B\n";
    assert_int_equal(config_read(span_of(nul, sizeof(nul) - 1), &config, &why), ERR_BAD_SETTING);
    assert_int_equal(why.position, 2);
}

static void a_line_and_a_file_have_a_limit(void **state)
{
    (void)state;
    char text[CONFIG_LINE_BYTES_MAX + 3];
    memset(text, 'x', sizeof(text));
    text[0] = ';';
    text[CONFIG_LINE_BYTES_MAX] = '\n';
    text[CONFIG_LINE_BYTES_MAX + 1] = '\0';
    struct config config;
    assert_int_equal(read_text(text, &config, NULL), OK);
    text[CONFIG_LINE_BYTES_MAX] = 'x';
    text[CONFIG_LINE_BYTES_MAX + 1] = '\n';
    text[CONFIG_LINE_BYTES_MAX + 2] = '\0';
    refused(text, ERR_LIMIT, 1, "197");
    char *large = malloc(CONFIG_FILE_BYTES_MAX + 1);
    assert_non_null(large);
    memset(large, '\n', CONFIG_FILE_BYTES_MAX + 1);
    assert_int_equal(config_read(span_of(large, CONFIG_FILE_BYTES_MAX), &config, NULL), OK);
    assert_int_equal(config_read(span_of(large, CONFIG_FILE_BYTES_MAX + 1), &config, NULL),
                     ERR_LIMIT);
    free(large);
}

static void addresses_urls_and_languages_are_checked(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:0", "0.0.0.0:65535", "[::]:8443", "[::1]:1"};
    static const char *const no_addresses[] = {
        "",        ":1",           "127.0.0.1",     "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:01",
        "::1:80",  "[::1]",        "[::1]80",       "[]:1",       "1.2.3:80",        "256.0.0.1:1",
        "host:80", "127.0.0.1:8x", "[127.0.0.1]:80"};
    static const char *const urls[] = {"https://localhost:8443", "https://a.example",
                                       "https://a/b-c", "https://[::1]:8443/", "https://[::1]"};
    static const char *const no_urls[] = {
        "https://",     "http://a",   "https://a b",  "https://a:b",     "https://u@a",
        "https://a?q",  "https:///p", "https://a#f",  "https://a:65536", "HTTPS://a",
        "https://[zz]", "https://:1", "https://a/\"b"};
    static const char *const languages[] = {"fr", "fr, en", "fr,en-GB,oc"};
    static const char *const no_languages[] = {"", "f", "fr,", "fr;en", ",fr", "fr en", "-fr"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        assert_true(value_is_address(span_cstr(addresses[i])));
    for (size_t i = 0; i < sizeof(no_addresses) / sizeof(no_addresses[0]); i++)
        assert_false(value_is_address(span_cstr(no_addresses[i])));
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        assert_true(value_is_url(span_cstr(urls[i])));
    for (size_t i = 0; i < sizeof(no_urls) / sizeof(no_urls[0]); i++)
        assert_false(value_is_url(span_cstr(no_urls[i])));
    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
        assert_true(value_is_languages(span_cstr(languages[i])));
    for (size_t i = 0; i < sizeof(no_languages) / sizeof(no_languages[0]); i++)
        assert_false(value_is_languages(span_cstr(no_languages[i])));
}

static void a_name_is_utf8_without_what_the_file_cannot_hold(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     " a",       "a ",           "a;b",
                                      "a\nb", "a\tb",     "\xc3",         "\xed\xa0\x80",
                                      "\x80", "\xc0\xaf", "\xf5\x80\x80", "\x7f"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(value_is_text(span_cstr(bad[i])));
    assert_true(value_is_text(span_cstr("Épicerie \xf0\x9f\x8d\x85 du coin")));
}

static void writes_a_file_once_and_loads_it(void **state)
{
    (void)state;
    char *folder = folder_make();
    struct config config;
    struct config loaded;
    config_default(&config);
    assert_int_equal(config_load(folder, &loaded, NULL), ERR_NOT_FOUND);
    assert_int_equal(config_set(&config, "node", "name", "Coop A", NULL), OK);
    assert_int_equal(config_write_default(folder, &config, NULL), OK);
    assert_int_equal(config_load(folder, &loaded, NULL), OK);
    assert_same(&loaded, &config);
    assert_int_equal(config_write_default(folder, &config, NULL), ERR_CONFLICT);
    char *path = folder_path(folder, CONFIG_FILE);
    char *beside = folder_path(folder, CONFIG_FILE ".new");
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_nlink, 1);
    assert_int_not_equal(stat(beside, &info), 0);
    free(beside);
    free(path);
    folder_remove(folder);
    assert_int_equal(config_load("/nowhere", &loaded, NULL), ERR_NOT_FOUND);
}

static void a_reload_takes_what_may_change_and_names_what_waits(void **state)
{
    (void)state;
    struct config running;
    config_default(&running);
    struct config fresh = running;
    assert_null(config_reload(&running, &fresh));
    assert_int_equal(config_set(&fresh, "sync", "peer_logs_max", "5", NULL), OK);
    assert_null(config_reload(&running, &fresh));
    assert_int_equal(running.sync.peer_logs_max, 5);
    assert_int_equal(config_set(&fresh, "node", "threads", "3", NULL), OK);
    assert_string_equal(config_reload(&running, &fresh), "threads");
    assert_int_equal(running.node.threads, 0);
}

static void the_reference_has_every_setting(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    config_print_reference(out);
    assert_int_equal(fclose(out), 0);
    struct config config;
    config_default(&config);
    struct buf file;
    buf_init(&file, CONFIG_FILE_BYTES_MAX);
    config_append(&file, &config);
    struct cursor cursor = cursor_of(buf_span(&file));
    unsigned settings = 0;
    while (!cursor_at_end(&cursor)) {
        struct span line = cursor_until(&cursor, '\n');
        const uint8_t *equals = line.len == 0 ? NULL : memmem(line.data, line.len, " = ", 3);
        if (equals == NULL || line.data[0] == ';')
            continue;
        char wanted[128];
        (void)snprintf(wanted, sizeof(wanted), "\n%.*s\n    ", (int)(equals - line.data),
                       (const char *)line.data);
        assert_non_null(strstr(text, wanted));
        settings++;
    }
    assert_int_equal(settings, 22);
    buf_clear(&file);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_file_is_what_the_writer_writes),
        cmocka_unit_test(an_empty_file_gives_the_defaults),
        cmocka_unit_test(reads_values_with_their_units),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_longest_values_are_read_back_too),
        cmocka_unit_test(an_unknown_name_is_refused_with_the_nearest_one),
        cmocka_unit_test(a_value_out_of_range_is_refused_with_the_range),
        cmocka_unit_test(a_setting_stands_once),
        cmocka_unit_test(lines_that_are_nothing_are_refused),
        cmocka_unit_test(a_line_and_a_file_have_a_limit),
        cmocka_unit_test(addresses_urls_and_languages_are_checked),
        cmocka_unit_test(a_name_is_utf8_without_what_the_file_cannot_hold),
        cmocka_unit_test(writes_a_file_once_and_loads_it),
        cmocka_unit_test(a_reload_takes_what_may_change_and_names_what_waits),
        cmocka_unit_test(the_reference_has_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
