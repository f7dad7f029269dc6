#include "proto/schema/shape.h"

#include "proto/schema/number.h"

unsigned shape_type_bits(struct span name)
{
    static const struct {
        const char *name;
        unsigned bits;
    } types[] = {{"null", 1},    {"boolean", 2}, {"integer", 4}, {"number", 12},
                 {"string", 16}, {"array", 32},  {"object", 64}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (span_is(name, types[i].name))
            return types[i].bits;
    }
    return 0;
}

static bool fails(struct shape_fault *fault, uint32_t token, const char *rule, const char *expected)
{
    *fault = (struct shape_fault){.token = token, .rule = rule, .expected = expected};
    return false;
}

static bool all_strings(const struct schema_document *document, uint32_t array,
                        struct shape_fault *fault)
{
    const char *rule = "JSON Schema Validation 2020-12, 6.5.3: names are an array of strings";
    if (schema_document_token(document, array)->type != TAPE_ARRAY)
        return fails(fault, array, rule, "an array of strings");
    uint32_t item = array + 1;
    for (uint32_t i = 0; i < schema_document_token(document, array)->count; i++) {
        if (schema_document_token(document, item)->type != TAPE_STRING)
            return fails(fault, item, rule, "a string");
        item = schema_document_token(document, item)->next;
    }
    return true;
}

static bool names_map_holds(const struct schema_document *document, uint32_t token,
                            bool schemas_too, struct shape_fault *fault)
{
    if (schema_document_token(document, token)->type != TAPE_OBJECT)
        return fails(fault, token,
                     "JSON Schema Validation 2020-12, 6.5.4: dependencies are an object",
                     "an object");
    uint32_t key = token + 1;
    for (uint32_t i = 0; i < schema_document_token(document, token)->count; i++) {
        bool is_array = schema_document_token(document, key + 1)->type == TAPE_ARRAY;
        if ((is_array || !schemas_too) && !all_strings(document, key + 1, fault))
            return false;
        key = schema_document_token(document, key + 1)->next;
    }
    return true;
}

static bool type_holds(const struct schema_document *document, uint32_t token,
                       struct shape_fault *fault)
{
    const char *rule =
        "JSON Schema Validation 2020-12, 6.1.1: type is a name of a type, or an array of such";
    const char *expected = "null, boolean, integer, number, string, array, object";
    const struct tape_token *t = schema_document_token(document, token);
    if (t->type == TAPE_STRING)
        return shape_type_bits(schema_document_span(document, token)) != 0 ||
               fails(fault, token, rule, expected);
    if (t->type != TAPE_ARRAY || t->count == 0)
        return fails(fault, token, rule, expected);
    for (uint32_t i = 0, item = token + 1; i < t->count; i++) {
        if (schema_document_token(document, item)->type != TAPE_STRING ||
            shape_type_bits(schema_document_span(document, item)) == 0)
            return fails(fault, item, rule, expected);
        item = schema_document_token(document, item)->next;
    }
    return true;
}

static bool number_holds(const struct schema_document *document, uint32_t token, bool is_count,
                         struct shape_fault *fault)
{
    if (schema_document_token(document, token)->type != TAPE_NUMBER)
        return fails(fault, token, "JSON Schema Validation 2020-12, 6.2: a bound is a number",
                     "a number");
    if (!is_count)
        return true;
    struct span text = schema_document_span(document, token);
    if (text.data[0] == '-' || !number_is_integer(schema_document_token(document, token), text))
        return fails(fault, token,
                     "JSON Schema Validation 2020-12, 6.3: a count is a non-negative integer",
                     "a non-negative integer");
    return true;
}

bool shape_holds(const struct schema_document *document, uint32_t token, enum keyword_shape shape,
                 struct shape_fault *fault)
{
    const struct tape_token *t = schema_document_token(document, token);
    struct span text = schema_document_span(document, token);
    switch (shape) {
    case SHAPE_ANY:
    case SHAPE_SCHEMA:
        return true;
    case SHAPE_ANCHOR:
    case SHAPE_FORMAT:
    case SHAPE_PATTERN:
    case SHAPE_REFERENCE:
    case SHAPE_STRING:
        return t->type == TAPE_STRING ||
               fails(fault, token, "JSON Schema 2020-12: this keyword's value is a string",
                     "a string");
    case SHAPE_ARRAY:
        return t->type == TAPE_ARRAY ||
               fails(fault, token, "JSON Schema 2020-12: this keyword's value is an array",
                     "an array");
    case SHAPE_BOOLEAN:
        return t->type == TAPE_TRUE || t->type == TAPE_FALSE ||
               fails(fault, token, "JSON Schema 2020-12: this keyword's value is a boolean",
                     "true or false");
    case SHAPE_COUNT:
        return number_holds(document, token, true, fault);
    case SHAPE_NUMBER:
        return number_holds(document, token, false, fault);
    case SHAPE_POSITIVE:
        if (!number_holds(document, token, false, fault))
            return false;
        return (text.data[0] != '-' && !span_is(text, "0")) ||
               fails(fault, token,
                     "JSON Schema Validation 2020-12, 6.2.1: multipleOf is greater than 0",
                     "a number greater than 0");
    case SHAPE_DEPENDENCIES:
        return names_map_holds(document, token, true, fault);
    case SHAPE_NAMES:
        return all_strings(document, token, fault);
    case SHAPE_NAMES_MAP:
        return names_map_holds(document, token, false, fault);
    case SHAPE_PATTERN_MAP:
    case SHAPE_SCHEMA_MAP:
        return t->type == TAPE_OBJECT ||
               fails(fault, token,
                     "JSON Schema Core 2020-12, 10.3.2: this keyword's value is an object of "
                     "schemas",
                     "an object");
    case SHAPE_SCHEMAS:
        return (t->type == TAPE_ARRAY && t->count > 0) ||
               fails(fault, token,
                     "JSON Schema Core 2020-12, 10.2.1: this keyword's value is an array of at "
                     "least one schema",
                     "an array of at least one schema");
    case SHAPE_TYPE:
        return type_holds(document, token, fault);
    }
    return true;
}
