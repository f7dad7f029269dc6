/* Counts, tallies, and what is said of them. */
#include "node/cli/publish_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TALLIES_SHOWN 20u /* on a terminal; the report has all */

void publish_reason(char *out, size_t size, enum err err, const struct why *why, enum lang lang)
{
    const char *expected = lang == LANG_FR ? "attendu : " : "expected ";
    const char *found = lang == LANG_FR ? "trouvé : " : "found ";
    const char *sentence = err_sentence(err, lang);
    if (why->rule == NULL) {
        (void)snprintf(out, size, "%s", sentence);
        return;
    }
    bool both = why->expected[0] != '\0' && why->found[0] != '\0';
    bool any = why->expected[0] != '\0' || why->found[0] != '\0';
    (void)snprintf(out, size, "%s (%s%s%s%s%s%s%s)", sentence, why->rule, any ? ": " : "",
                   why->expected[0] == '\0' ? "" : expected, why->expected, both ? ", " : "",
                   why->found[0] == '\0' ? "" : found, why->found);
}

struct publish_fault *publish_report_refuse(struct publish_report *report,
                                            const struct import_place *place)
{
    report->refused++;
    if (report->faults == NULL)
        report->faults = calloc(IMPORT_FAULTS_MAX, sizeof(*report->faults));
    if (report->faults == NULL || report->fault_count == IMPORT_FAULTS_MAX)
        return NULL;
    struct publish_fault *fault = &report->faults[report->fault_count++];
    fault->place = *place;
    return fault;
}

static bool is_same(const struct publish_tally *a, const struct publish_tally *b)
{
    return strcmp(a->field, b->field) == 0 && strcmp(a->kind, b->kind) == 0;
}

void publish_tally_add(struct publish_tallies *tallies, const struct publish_tally_row *row)
{
    struct publish_tally fresh = {.last_item = row->item};
    (void)snprintf(fresh.field, sizeof(fresh.field), "%.*s", (int)row->field.len,
                   (const char *)row->field.data);
    (void)snprintf(fresh.kind, sizeof(fresh.kind), "%s", row->kind);
    (void)snprintf(fresh.reason, sizeof(fresh.reason), "%s", row->reason);
    if (tallies->items == NULL)
        tallies->items = calloc(IMPORT_TALLIES_MAX, sizeof(*tallies->items));
    size_t at = 0;
    while (at < tallies->count && !is_same(&tallies->items[at], &fresh))
        at++;
    if (tallies->items == NULL || at == IMPORT_TALLIES_MAX) {
        tallies->others += row->rows;
        return;
    }
    struct publish_tally *tally = &tallies->items[at];
    if (at == tallies->count)
        tallies->items[tallies->count++] = fresh;
    else if (tally->last_item == row->item)
        return;
    tally->rows += row->rows;
    tally->last_item = row->item;
}

void publish_report_clear(struct publish_report *report)
{
    free(report->faults);
    free(report->left.items);
    free(report->lost.items);
    free(report->doubtful.items);
    *report = (struct publish_report){.items = 0};
}

static const char *item_name(const struct cli *cli, enum import_format format)
{
    const char *english = import_item_name(format);
    if (cli->lang == LANG_EN)
        return english;
    if (strcmp(english, "row") == 0 || strcmp(english, "line") == 0)
        return "ligne";
    return strcmp(english, "feature") == 0 ? "objet" : "élément";
}

static void print_fault(const struct cli *cli, const char *name, const struct publish_fault *fault)
{
    const struct import_place *place = &fault->place;
    (void)fprintf(stderr, "%s:%llu: %s %llu%s%s%s%s: %s\n", name, (unsigned long long)place->line,
                  item_name(cli, place->format), (unsigned long long)place->number,
                  fault->id[0] == '\0' ? "" : " ", fault->id, fault->field[0] == '\0' ? "" : " ",
                  fault->field, fault->reason);
}

static void print_count(uint64_t count, const char *words)
{
    if (count > 0)
        (void)printf("%llu %s\n", (unsigned long long)count, words);
}

static void print_tallies(const struct cli *cli, const char *heading,
                          const struct publish_tallies *tallies)
{
    if (tallies->count > 0)
        (void)printf("%s\n", heading);
    for (size_t i = 0; i < tallies->count && i < TALLIES_SHOWN; i++) {
        const struct publish_tally *tally = &tallies->items[i];
        const char *colon = cli_text(cli, ": ", " : ");
        (void)printf("  %s%s%s (%llu)\n", tally->field, tally->reason[0] == '\0' ? "" : colon,
                     tally->reason, (unsigned long long)tally->rows);
    }
}

/* What a person should know beyond the counts. */
static void print_more(const struct cli *cli, const struct publish_report *report)
{
    print_count(report->unchanged,
                cli_text(cli, "unchanged, not published again", "inchangées, non republiées"));
    print_count(report->renderings, cli_text(cli, "renderings for the other audience",
                                             "versions pour l'autre audience"));
    print_count(report->waiting, cli_text(cli, "wait for a pack that this node does not have",
                                          "attendent un pack que ce noeud n'a pas"));
    print_count(report->personal,
                cli_text(cli, "hold personal data", "contiennent des données personnelles"));
    print_count(report->exposed,
                cli_text(cli,
                         "are personal as a whole and for everybody to read: --audience private, "
                         "circle:NAME or commons keeps such records in",
                         "sont entièrement personnelles et lisibles par tout le monde : --audience "
                         "private, circle:NOM ou commons restreint de telles fiches"));
    print_count(report->left_out, cli_text(cli, "left out, no type of the pack takes them",
                                           "laissées de côté, aucun type du pack ne les prend"));
    print_tallies(cli, cli_text(cli, "Left out:", "Laissées de côté :"), &report->left);
    print_tallies(
        cli, cli_text(cli, "Not understood, by field (rows):", "Non compris, par champ (lignes) :"),
        &report->doubtful);
    print_tallies(
        cli,
        cli_text(cli, "Not carried over, by field (rows):", "Non repris, par champ (lignes) :"),
        &report->lost);
}

int publish_report_print(const struct cli *cli, const char *name,
                         const struct publish_report *report)
{
    for (size_t i = 0; i < report->fault_count; i++)
        print_fault(cli, name, &report->faults[i]);
    if (report->refused > report->fault_count)
        (void)fprintf(stderr, cli_text(cli, "... and %llu more\n", "... et %llu autres\n"),
                      (unsigned long long)(report->refused - report->fault_count));
    if (report->cut_short)
        (void)fprintf(stderr,
                      cli_text(cli, "%s: The rest of the file could not be read.\n",
                               "%s : Le reste du fichier n'a pas pu être lu.\n"),
                      name);
    (void)printf(cli_text(cli, "%llu published, %llu refused, of %llu\n",
                          "%llu publiées, %llu refusées, sur %llu\n"),
                 (unsigned long long)report->accepted, (unsigned long long)report->refused,
                 (unsigned long long)report->items);
    print_more(cli, report);
    return report->refused > 0 || report->cut_short ? CLI_FAILED : CLI_OK;
}

json_t *publish_report_json(const struct publish_report *report)
{
    json_t *faults = json_array();
    for (size_t i = 0; i < report->fault_count; i++) {
        const struct publish_fault *fault = &report->faults[i];
        (void)json_array_append_new(
            faults,
            json_pack("{s:s, s:I, s:I, s:I, s:s, s:s?, s:s}", "kind",
                      import_item_name(fault->place.format), "number",
                      (json_int_t)fault->place.number, "line", (json_int_t)fault->place.line,
                      "offset", (json_int_t)fault->place.offset, "problem", fault->slug, "id",
                      fault->id[0] == '\0' ? NULL : fault->id, "reason", fault->reason));
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:b, s:o}", "items", (json_int_t)report->items,
                     "accepted", (json_int_t)report->accepted, "unchanged",
                     (json_int_t)report->unchanged, "refused", (json_int_t)report->refused,
                     "complete", !report->cut_short, "faults", faults);
}

static json_t *tallies_json(const struct publish_tallies *tallies, const char *name, bool reason)
{
    json_t *out = json_array();
    for (size_t i = 0; i < tallies->count; i++) {
        const struct publish_tally *tally = &tallies->items[i];
        json_t *row = json_pack("{s:s, s:I}", name, tally->field, "rows", (json_int_t)tally->rows);
        if (reason)
            (void)json_object_set_new(row, "reason", json_string(tally->reason));
        (void)json_array_append_new(out, row);
    }
    return out;
}

static json_t *refusals_json(const struct publish_report *report)
{
    json_t *out = json_array();
    for (size_t i = 0; i < report->fault_count; i++) {
        const struct publish_fault *fault = &report->faults[i];
        (void)json_array_append_new(
            out,
            json_pack("{s:I, s:I, s:s?, s:s, s:s?, s:s}", "row", (json_int_t)fault->place.number,
                      "line", (json_int_t)fault->place.line, "id",
                      fault->id[0] == '\0' ? NULL : fault->id, "field", fault->field, "keyword",
                      fault->keyword[0] == '\0' ? NULL : fault->keyword, "reason", fault->reason));
    }
    return out;
}

json_t *publish_report_whole(const struct publish_report *report, const char *name,
                             const char *pack)
{
    json_t *out =
        json_pack("{s:s, s:s, s:b}", "file", name, "pack", pack, "complete", !report->cut_short);
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {{"items", report->items},         {"accepted", report->accepted},
                  {"unchanged", report->unchanged}, {"refused", report->refused},
                  {"left_out", report->left_out},   {"waiting", report->waiting},
                  {"personal", report->personal},   {"renderings", report->renderings},
                  {"exposed", report->exposed},     {"aliases", report->aliases}};
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
        (void)json_object_set_new(out, counts[i].name, json_integer((json_int_t)counts[i].count));
    (void)json_object_set_new(out, "refusals", refusals_json(report));
    (void)json_object_set_new(out, "lost", tallies_json(&report->lost, "path", false));
    (void)json_object_set_new(out, "faults", tallies_json(&report->doubtful, "field", true));
    (void)json_object_set_new(out, "left_out_kinds", tallies_json(&report->left, "kind", false));
    return out;
}
