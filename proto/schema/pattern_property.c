/* The names inside \p{...}: those of ECMA-262, as it spells them, to those of PCRE2. */
#include "proto/schema/pattern_ecma.h"

struct property_name {
    const char *names[3];
    const char *pcre;
    bool category;
};

static const struct property_name table[] = {
#define CATEGORY(short_name, long_name, alias, pcre) {{short_name, long_name, alias}, pcre, true},
#define BINARY(long_name, alias, pcre) {{long_name, alias, ""}, pcre, false},
#include "proto/schema/properties.def"
#undef CATEGORY
#undef BINARY
};

static bool find_in_table(struct span name, bool category_only, struct ecma_property *out)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (category_only && !table[i].category)
            continue;
        for (size_t k = 0; k < 3; k++) {
            if (name.len == 0 || !span_is(name, table[i].names[k]))
                continue;
            bool inverted = table[i].pcre[0] == '^';
            *out = (struct ecma_property){
                .prefix = "",
                .name = span_cstr(table[i].pcre + (inverted ? 1 : 0)),
                .negated = inverted,
            };
            return true;
        }
    }
    return false;
}

/* Unicode writes the names of scripts so; whether there is such a script, PCRE2 knows. */
static bool is_script_form(struct span name)
{
    bool starts_word = true;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        bool upper = c >= 'A' && c <= 'Z';
        bool lower = c >= 'a' && c <= 'z';
        if (c == '_' ? starts_word : !(starts_word ? upper : lower || upper))
            return false;
        starts_word = c == '_';
    }
    return name.len > 0 && !starts_word;
}

static bool take_prefix(struct span *name, const char *prefix)
{
    struct span text = span_cstr(prefix);
    if (!span_starts_with(*name, text))
        return false;
    *name = span_part(*name, text.len, name->len);
    return true;
}

bool ecma_property_find(struct span name, struct ecma_property *out)
{
    if (take_prefix(&name, "General_Category=") || take_prefix(&name, "gc="))
        return find_in_table(name, true, out);
    const char *prefix = NULL;
    if (take_prefix(&name, "Script=") || take_prefix(&name, "sc="))
        prefix = "sc:";
    else if (take_prefix(&name, "Script_Extensions=") || take_prefix(&name, "scx="))
        prefix = "scx:";
    if (prefix == NULL)
        return find_in_table(name, false, out);
    if (!is_script_form(name))
        return false;
    *out = (struct ecma_property){.prefix = prefix, .name = name, .negated = false};
    return true;
}
