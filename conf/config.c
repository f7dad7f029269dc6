/* maillon.ini: read through inih line by line, so that every refusal names its line; written from
 * the same table that it is read by. */
#include "conf/config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/value.h"
#include "proto/limits.h"

enum setting_kind {
    SETTING_TEXT,
    SETTING_URL,
    SETTING_LANGUAGES,
    SETTING_ADDRESS,
    SETTING_NUMBER,
    SETTING_BYTES,
    SETTING_DURATION
};

struct setting {
    const char *section;
    const char *key;
    enum setting_kind kind;
    size_t offset;
    size_t size;
    const char *fallback_text;
    uint64_t fallback;
    uint64_t min;
    uint64_t max;
    const char *unit;
    bool reload;
    const char *sentence;
};

#define PLACE(field)                                                                               \
    .offset = offsetof(struct config, field), .size = sizeof(((struct config *)0)->field)

static const struct setting settings[] = {
#include "conf/settings.def"
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

#define RULE_UNKNOWN                                                                               \
    "maillon.ini: the section and the key are known; see `maillon reference settings`"
#define RULE_TWICE "maillon.ini: a setting stands there once; remove one of the two"
#define RULE_VALUE "maillon.ini: the value is of the kind and in the range that the setting has"
#define RULE_LINE                                                                                  \
    "maillon.ini: a line is a [section], key = value, or a comment that begins with ; or #"
#define RULE_LONG "maillon.ini: a line has at most 197 bytes, the file 64 KiB"
#define RULE_FILE "maillon.ini in the node's folder can be read; `maillon init` makes one"
#define RULE_WRITE "maillon.ini can be written into the node's folder"
#define RULE_EXISTS "maillon.ini is not there yet; edit the one that is"

static bool is_number(const struct setting *setting)
{
    switch (setting->kind) {
    case SETTING_TEXT:
    case SETTING_URL:
    case SETTING_LANGUAGES:
    case SETTING_ADDRESS:
        return false;
    case SETTING_NUMBER:
    case SETTING_BYTES:
    case SETTING_DURATION:
        return true;
    }
    BUG("a kind of setting without a row");
}

static const struct value_unit *units_of(const struct setting *setting)
{
    if (setting->kind == SETTING_BYTES)
        return value_bytes;
    return setting->kind == SETTING_DURATION ? value_duration : value_count;
}

static void *field(struct config *config, const struct setting *setting)
{
    return (char *)config + setting->offset;
}

static const void *field_const(const struct config *config, const struct setting *setting)
{
    return (const char *)config + setting->offset;
}

static uint64_t number_of(const struct config *config, const struct setting *setting)
{
    uint64_t number;
    memcpy(&number, field_const(config, setting), sizeof(number));
    return number;
}

void config_default(struct config *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *setting = &settings[i];
        if (is_number(setting))
            memcpy(field(out, setting), &setting->fallback, sizeof(setting->fallback));
        else
            memcpy(field(out, setting), setting->fallback_text, strlen(setting->fallback_text) + 1);
    }
}

static const struct setting *setting_named(const char *section, const char *key)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (strcmp(settings[i].section, section) == 0 && strcmp(settings[i].key, key) == 0)
            return &settings[i];
    return NULL;
}

/* "section.key" of a setting, or of what was written in its place. */
static void append_name(struct buf *out, const char *section, const char *key)
{
    buf_append_cstr(out, section);
    buf_append_byte(out, '.');
    buf_append_cstr(out, key);
    buf_append_byte(out, '\0');
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

#define DISTANCE_NAME_BYTES_MAX 96u

/* Letters to insert, remove or replace (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
    size_t row[DISTANCE_NAME_BYTES_MAX + 1];
    size_t width = strlen(b);
    if (width > DISTANCE_NAME_BYTES_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[width];
}

static enum err refuse_unknown(const char *section, const char *key, uint64_t line, struct why *why)
{
    struct buf found;
    struct buf name;
    buf_init(&found, 2 * CONFIG_LINE_BYTES_MAX);
    buf_init(&name, DISTANCE_NAME_BYTES_MAX);
    append_name(&found, section, key);
    const struct setting *nearest = &settings[0];
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < SETTINGS && buf_check(&found) == OK; i++) {
        buf_reset(&name);
        append_name(&name, settings[i].section, settings[i].key);
        size_t far = buf_check(&name) == OK
                         ? distance((const char *)found.data, (const char *)name.data)
                         : SIZE_MAX;
        /* The right key in the wrong section is nearer than any misspelling. */
        if (strcmp(settings[i].key, key) == 0)
            far = 0;
        if (far < best) {
            best = far;
            nearest = &settings[i];
        }
    }
    char hint[96];
    (void)snprintf(hint, sizeof(hint), "[%s] %s", nearest->section, nearest->key);
    enum err err = why_set(why, ERR_BAD_SETTING, RULE_UNKNOWN, line, hint,
                           buf_check(&found) == OK ? (const char *)found.data : NULL);
    buf_clear(&name);
    buf_clear(&found);
    return err;
}

static const char *kind_sentence(const struct setting *setting)
{
    switch (setting->kind) {
    case SETTING_TEXT:
        return "text of 1 to 160 bytes, without ;";
    case SETTING_URL:
        return "https://host, with a port and a path if needed";
    case SETTING_LANGUAGES:
        return "language tags such as: fr, en";
    case SETTING_ADDRESS:
        return "an address in numbers and a port, such as 127.0.0.1:0 or [::]:8443";
    case SETTING_NUMBER:
    case SETTING_BYTES:
    case SETTING_DURATION:
        return "a number";
    }
    BUG("a kind of setting without a sentence");
}

static void append_range(struct buf *out, const struct setting *setting)
{
    value_append_number(out, setting->min, units_of(setting));
    buf_append_cstr(out, " to ");
    value_append_number(out, setting->max, units_of(setting));
}

static enum err refuse_value(const struct setting *setting, const char *value, uint64_t line,
                             struct why *why)
{
    uint8_t room[96];
    struct buf expected = {.data = room, .cap = sizeof(room), .max = sizeof(room)};
    buf_append_cstr(&expected, setting->key);
    buf_append_cstr(&expected, ": ");
    if (is_number(setting))
        append_range(&expected, setting);
    else
        buf_append_cstr(&expected, kind_sentence(setting));
    buf_append_byte(&expected, '\0');
    return why_set(why, ERR_BAD_SETTING, RULE_VALUE, line,
                   buf_check(&expected) == OK ? (const char *)room : setting->key, value);
}

static bool text_fits(const struct setting *setting, struct span text)
{
    if (text.len == 0 || text.len >= setting->size)
        return false;
    switch (setting->kind) {
    case SETTING_TEXT:
        return value_is_text(text);
    case SETTING_URL:
        return value_is_url(text);
    case SETTING_LANGUAGES:
        return value_is_languages(text);
    case SETTING_ADDRESS:
        return value_is_address(text);
    case SETTING_NUMBER:
    case SETTING_BYTES:
    case SETTING_DURATION:
        break;
    }
    BUG("a number is no text");
}

static enum err set_value(struct config *config, const struct setting *setting, const char *value,
                          uint64_t line, struct why *why)
{
    struct span text = span_cstr(value);
    if (is_number(setting)) {
        uint64_t number;
        if (!value_read_number(text, units_of(setting), &number) || number < setting->min ||
            number > setting->max)
            return refuse_value(setting, value, line, why);
        memcpy(field(config, setting), &number, sizeof(number));
        return OK;
    }
    if (!text_fits(setting, text))
        return refuse_value(setting, value, line, why);
    memcpy(field(config, setting), value, text.len + 1);
    return OK;
}

enum err config_set(struct config *config, const char *section, const char *key, const char *value,
                    struct why *why)
{
    const struct setting *setting = setting_named(section, key);
    if (setting == NULL)
        return refuse_unknown(section, key, 0, why);
    return set_value(config, setting, value, 0, why);
}

/* What reading holds: the first failure is the one that is told. */
struct reading {
    struct cursor cursor;
    uint64_t line;
    uint64_t line_refused; /* the last one read while all was well */
    bool seen[SETTINGS];
    struct config *config;
    enum err err;
    struct why *why;
};

/* For inih, in the shape of fgets: one line, or NULL at the end and after a failure. */
static char *next_line(char *out, int size, void *ctx)
{
    struct reading *reading = ctx;
    if (reading->err != OK || cursor_at_end(&reading->cursor))
        return NULL;
    const struct span input = reading->cursor.input;
    size_t left = input.len - reading->cursor.position;
    const uint8_t *from = input.data + reading->cursor.position;
    const uint8_t *end = memchr(from, '\n', left);
    struct span line = cursor_take(&reading->cursor, end == NULL ? left : (size_t)(end - from) + 1);
    reading->line++;
    if (reading->err == OK)
        reading->line_refused = reading->line;
    if (line.len > CONFIG_LINE_BYTES_MAX + 1 || line.len >= (size_t)size) {
        reading->err =
            why_set(reading->why, ERR_LIMIT, RULE_LONG, reading->line, "197 bytes", NULL);
        return NULL;
    }
    if (memchr(line.data, '\0', line.len) != NULL) {
        reading->err =
            why_set(reading->why, ERR_BAD_SETTING, RULE_LINE, reading->line, NULL, "a NUL byte");
        return NULL;
    }
    memcpy(out, line.data, line.len);
    out[line.len] = '\0';
    return out;
}

/* For inih: 1 goes on. */
static int on_setting(void *ctx, const char *section, const char *key, const char *value)
{
    struct reading *reading = ctx;
    if (reading->err != OK)
        return 1;
    const struct setting *setting = setting_named(section, key);
    if (setting == NULL) {
        reading->err = refuse_unknown(section, key, reading->line, reading->why);
        return 1;
    }
    bool *seen = &reading->seen[setting - settings];
    if (*seen) {
        reading->err =
            why_set(reading->why, ERR_BAD_SETTING, RULE_TWICE, reading->line, NULL, setting->key);
        return 1;
    }
    *seen = true;
    reading->err = set_value(reading->config, setting, value, reading->line, reading->why);
    return 1;
}

enum err config_read(struct span text, struct config *out, struct why *why)
{
    if (text.len > CONFIG_FILE_BYTES_MAX)
        return why_set(why, ERR_LIMIT, RULE_LONG, 0, "64 KiB", NULL);
    struct config config;
    config_default(&config);
    struct reading reading = {.cursor = cursor_of(text), .config = &config, .why = why};
    int line = ini_parse_stream(next_line, &reading, on_setting, &reading);
    if (line < 0)
        return ERR_NO_MEMORY;
    /* inih goes on behind a line that it cannot read; the first fault is the one to name. */
    if (reading.err != OK && (line == 0 || (uint64_t)line >= reading.line_refused))
        return reading.err;
    if (line > 0)
        return why_set(why, ERR_BAD_SETTING, RULE_LINE, (uint64_t)line, NULL, NULL);
    *out = config;
    return OK;
}

static enum err refuse_file(const char *rule, struct why *why)
{
    int number = errno;
    enum err err = number == ENOENT                       ? ERR_NOT_FOUND
                   : number == EEXIST                     ? ERR_CONFLICT
                   : number == ENOSPC || number == EDQUOT ? ERR_DISK_FULL
                                                          : ERR_IO;
    return why_set(why, err, rule, 0, NULL, strerrordesc_np(number));
}

static int open_folder(const char *dir)
{
    return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static enum err read_all(int fd, struct buf *out, struct why *why)
{
    for (;;) {
        uint8_t *room = buf_reserve(out, 4096);
        if (room == NULL)
            return why_set(why, buf_check(out), RULE_LONG, 0, "64 KiB", NULL);
        ssize_t got = read(fd, room, 4096);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return refuse_file(RULE_FILE, why);
        if (got == 0)
            return OK;
        buf_commit(out, (size_t)got);
    }
}

enum err config_load(const char *dir, struct config *out, struct why *why)
{
    int folder = open_folder(dir);
    if (folder < 0)
        return refuse_file(RULE_FILE, why);
    int fd = openat(folder, CONFIG_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum err err = fd < 0 ? refuse_file(RULE_FILE, why) : OK;
    close(folder);
    if (err != OK)
        return err;
    struct buf text;
    buf_init(&text, CONFIG_FILE_BYTES_MAX + 4096);
    err = read_all(fd, &text, why);
    close(fd);
    if (err == OK)
        err = config_read(buf_span(&text), out, why);
    buf_clear(&text);
    return err;
}

const char *config_reload(struct config *running, const struct config *fresh)
{
    const char *waits = NULL;
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *setting = &settings[i];
        const void *now = field_const(running, setting);
        const void *then = field_const(fresh, setting);
        bool same = is_number(setting) ? number_of(running, setting) == number_of(fresh, setting)
                                       : strcmp(now, then) == 0;
        if (same)
            continue;
        if (setting->reload)
            memcpy(field(running, setting), then, setting->size);
        else if (waits == NULL)
            waits = setting->key;
    }
    return waits;
}

static void append_value(struct buf *out, const struct config *config,
                         const struct setting *setting)
{
    if (is_number(setting))
        value_append_number(out, number_of(config, setting), units_of(setting));
    else
        buf_append_cstr(out, field_const(config, setting));
}

static void append_setting(struct buf *out, const struct config *config,
                           const struct setting *setting)
{
    buf_append_cstr(out, "\n; ");
    buf_append_cstr(out, setting->sentence);
    if (is_number(setting)) {
        buf_append_cstr(out, " (");
        append_range(out, setting);
        buf_append_cstr(out, ")");
    }
    buf_append_byte(out, '\n');
    buf_append_cstr(out, setting->key);
    buf_append_cstr(out, " = ");
    append_value(out, config, setting);
    buf_append_byte(out, '\n');
}

void config_append(struct buf *out, const struct config *config)
{
    buf_append_cstr(out, "; Settings of this Maillon node. `maillon reference settings` lists them "
                         "all with their defaults.\n");
    const char *section = "";
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(section, settings[i].section) != 0) {
            section = settings[i].section;
            buf_append_cstr(out, "\n[");
            buf_append_cstr(out, section);
            buf_append_cstr(out, "]\n");
        }
        append_setting(out, config, &settings[i]);
    }
}

static bool write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.data, bytes.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes = span_part(bytes, (size_t)put, bytes.len);
    }
    return true;
}

#define NEW_FILE CONFIG_FILE ".new"

static enum err write_beside(int folder, struct span text, struct why *why)
{
    (void)unlinkat(folder, NEW_FILE, 0); /* of an init that was broken off */
    int fd = openat(folder, NEW_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return refuse_file(RULE_WRITE, why);
    enum err err = write_all(fd, text) && fsync(fd) == 0 ? OK : refuse_file(RULE_WRITE, why);
    close(fd);
    return err;
}

static enum err write_in(int folder, struct span text, struct why *why)
{
    TRY(write_beside(folder, text, why));
    enum err err = OK;
    if (linkat(folder, NEW_FILE, folder, CONFIG_FILE, 0) != 0)
        err = refuse_file(errno == EEXIST ? RULE_EXISTS : RULE_WRITE, why);
    (void)unlinkat(folder, NEW_FILE, 0);
    if (err == OK && fsync(folder) != 0)
        err = refuse_file(RULE_WRITE, why);
    return err;
}

enum err config_write_default(const char *dir, const struct config *config, struct why *why)
{
    struct buf text;
    buf_init(&text, CONFIG_FILE_BYTES_MAX);
    config_append(&text, config);
    if (buf_check(&text) != OK) {
        buf_clear(&text);
        return ERR_NO_MEMORY;
    }
    int folder = open_folder(dir);
    enum err err =
        folder < 0 ? refuse_file(RULE_WRITE, why) : write_in(folder, buf_span(&text), why);
    if (folder >= 0)
        close(folder);
    buf_clear(&text);
    return err;
}

void config_print_reference(FILE *out)
{
    const char *section = "";
    struct buf line;
    buf_init(&line, 4096);
    struct config config;
    config_default(&config);
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *setting = &settings[i];
        if (strcmp(section, setting->section) != 0)
            (void)fprintf(out, "%s[%s]\n", i == 0 ? "" : "\n", setting->section);
        section = setting->section;
        buf_reset(&line);
        append_value(&line, &config, setting);
        buf_append_cstr(&line, "; ");
        if (is_number(setting))
            append_range(&line, setting);
        else
            buf_append_cstr(&line, kind_sentence(setting));
        buf_append_byte(&line, '\0');
        if (buf_check(&line) != OK)
            break;
        (void)fprintf(out, "%s\n    %s\n    default %s%s\n", setting->key, setting->sentence,
                      (const char *)line.data, setting->reload ? "; reloaded on SIGHUP" : "");
    }
    buf_clear(&line);
}
