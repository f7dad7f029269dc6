#include <stdio.h>
#include <string.h>

#include "node/cli/schema_input.h"

#define ITEM_BYTES_MAX JSON_TEXT_BYTES_MAX

static const struct tape_limits limits = {.bytes_max = JSON_TEXT_BYTES_MAX,
                                          .depth_max = JSON_DEPTH_MAX};

/* Standard input as a file that can be looked at twice. */
static FILE *whole_stdin(void)
{
    char part[65536];
    FILE *copy = tmpfile();
    if (copy == NULL)
        return NULL;
    for (;;) {
        size_t got = fread(part, 1, sizeof(part), stdin);
        if (got == 0)
            break;
        if (fwrite(part, 1, got, copy) != got) {
            (void)fclose(copy);
            return NULL;
        }
    }
    if (ferror(stdin) != 0 || fflush(copy) != 0) {
        (void)fclose(copy);
        return NULL;
    }
    rewind(copy);
    return copy;
}

static bool begins_with_bracket(FILE *file)
{
    int byte = fgetc(file);
    if (byte == 0xef && fgetc(file) == 0xbb && fgetc(file) == 0xbf)
        byte = fgetc(file);
    while (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r')
        byte = fgetc(file);
    rewind(file);
    (void)fflush(file);
    return byte == '[';
}

enum err schema_input_open(struct schema_input *input, const char *name, enum import_format format,
                           struct why *why)
{
    bool is_stdin = strcmp(name, "-") == 0;
    *input = (struct schema_input){.asked = format,
                                   .file = is_stdin ? whole_stdin() : fopen(name, "rbe")};
    buf_init(&input->item, ITEM_BYTES_MAX);
    buf_init(&input->text, JSON_TEXT_BYTES_MAX);
    tape_init(&input->tape);
    if (input->file == NULL)
        return is_stdin ? ERR_IO : ERR_NOT_FOUND;
    input->is_array = begins_with_bracket(input->file);
    struct import_options options = {.format = format, .name = is_stdin ? NULL : name};
    input->jcs = jcs_new();
    if (input->jcs == NULL)
        return ERR_NO_MEMORY;
    TRY(import_open(fileno(input->file), &options, &input->source, why));
    input->is_lines = import_source_format(input->source) == IMPORT_NDJSON ||
                      import_source_format(input->source) == IMPORT_CSV;
    input->is_array = input->is_array && !input->is_lines;
    return OK;
}

void schema_input_close(struct schema_input *input)
{
    import_close(input->source);
    jcs_free(input->jcs);
    buf_clear(&input->item);
    buf_clear(&input->text);
    tape_clear(&input->tape);
    if (input->file != NULL)
        (void)fclose(input->file);
}

const struct why schema_input_no_document = {
    .rule = "documents are JSON objects: one, a list of them, or one per line",
    .expected = "an object",
    .found = "none"};

bool schema_input_lacks_document(const struct schema_input *input)
{
    return input->place.number == 0 && !input->is_array && input->asked == IMPORT_AUTO;
}

enum err schema_input_next(struct schema_input *input, struct why *why)
{
    buf_reset(&input->item);
    buf_reset(&input->text);
    TRY(import_next(input->source, &input->item, &input->place, why));
    enum err err = jcs_canonicalise(input->jcs, buf_span(&input->item), &limits, &input->text, why);
    if (err == OK)
        err = tape_scan(&input->tape, buf_span(&input->text), &limits, why);
    /* The end of the input alone is ERR_NOT_FOUND. */
    CHECK(err != ERR_NOT_FOUND);
    return err;
}
