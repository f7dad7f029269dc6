/* How commands answer: refusals, JSON, tables, a bar. */
#include "node/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void print_why(const struct cli *cli, const struct why *why)
{
    if (why == NULL || why->rule == NULL)
        return;
    (void)fprintf(stderr, " (%s", why->rule);
    const char *separator = ": ";
    if (why->expected[0] != '\0') {
        (void)fprintf(stderr, cli_text(cli, "%sexpected %s", "%sattendu : %s"), separator,
                      why->expected);
        separator = ", ";
    }
    if (why->found[0] != '\0')
        (void)fprintf(stderr, cli_text(cli, "%sfound %s", "%strouvé : %s"), separator, why->found);
    (void)fputc(')', stderr);
}

int cli_fail(const struct cli *cli, const char *subject, enum err err, const struct why *why)
{
    (void)fputs("maillon: ", stderr);
    if (subject != NULL)
        (void)fprintf(stderr, cli_text(cli, "%s: ", "%s : "), subject);
    (void)fputs(err_sentence(err, cli->lang), stderr);
    print_why(cli, why);
    (void)fputc('\n', stderr);
    return CLI_FAILED;
}

int cli_usage(const struct cli *cli, const char *english, const char *french)
{
    (void)fprintf(stderr,
                  cli_text(cli, "maillon: %s See `maillon %s --help`.\n",
                           "maillon: %s Voir `maillon %s --help`.\n"),
                  cli_text(cli, english, french), cli->command->name);
    return CLI_USAGE;
}

void cli_print_json(json_t *taken)
{
    (void)json_dumpf(taken, stdout, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    (void)fputc('\n', stdout);
    json_decref(taken);
}

struct cli_table {
    size_t columns;
    size_t count;
    size_t cap;
    char **cells;
};

struct cli_table *cli_table_new(size_t columns)
{
    struct cli_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        BUG("no memory for a table");
    table->columns = columns;
    return table;
}

void cli_table_add(struct cli_table *table, const char *cell)
{
    if (table->count == table->cap) {
        table->cap = table->cap == 0 ? 64 : table->cap * 2;
        char **cells = realloc(table->cells, table->cap * sizeof(*cells));
        if (cells == NULL)
            BUG("no memory for a table");
        table->cells = cells;
    }
    char *copy = strdup(cell);
    if (copy == NULL)
        BUG("no memory for a table");
    table->cells[table->count++] = copy;
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void measure(const struct cli_table *table, size_t *widths)
{
    for (size_t i = 0; i < table->count; i++) {
        size_t here = characters(table->cells[i]);
        size_t column = i % table->columns;
        widths[column] = here > widths[column] ? here : widths[column];
    }
}

void cli_table_print(struct cli_table *taken)
{
    size_t *widths = calloc(taken->columns, sizeof(*widths));
    if (widths == NULL)
        BUG("no memory for a table");
    measure(taken, widths);
    for (size_t i = 0; i < taken->count; i++) {
        size_t column = i % taken->columns;
        bool last = column + 1 == taken->columns || i + 1 == taken->count;
        size_t padding = last ? 0 : widths[column] - characters(taken->cells[i]) + 2;
        (void)printf("%s%*s%s", taken->cells[i], (int)padding, "", last ? "\n" : "");
    }
    for (size_t i = 0; i < taken->count; i++)
        free(taken->cells[i]);
    free(widths);
    free(taken->cells);
    free(taken);
}

static uint64_t now_mono_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

struct cli_progress cli_progress_start(void)
{
    return (struct cli_progress){.started_ms = now_mono_ms(),
                                 .enabled = isatty(STDERR_FILENO) != 0};
}

#define BAR_CHARACTERS 30u

void cli_progress_show(struct cli_progress *progress, const char *word, uint64_t done, uint64_t all)
{
    if (!progress->enabled)
        return;
    uint64_t now_ms = now_mono_ms();
    if (now_ms - progress->started_ms < 1000 || now_ms - progress->shown_ms < 100)
        return;
    progress->shown_ms = now_ms;
    progress->shown = true;
    if (all == 0) {
        (void)fprintf(stderr, "\r\033[K%s %llu", word, (unsigned long long)done);
        return;
    }
    unsigned percent = done >= all ? 100u : (unsigned)((double)done * 100.0 / (double)all);
    char bar[BAR_CHARACTERS + 1];
    unsigned filled = percent * BAR_CHARACTERS / 100u;
    memset(bar, '#', filled);
    memset(bar + filled, '.', BAR_CHARACTERS - filled);
    bar[BAR_CHARACTERS] = '\0';
    (void)fprintf(stderr, "\r\033[K%s [%s] %u %%", word, bar, percent);
}

void cli_progress_end(struct cli_progress *progress)
{
    if (progress->shown)
        (void)fputs("\r\033[K", stderr);
    progress->shown = false;
}
