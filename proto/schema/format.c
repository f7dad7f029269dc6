/* Names of formats, and which parser decides. */
#include "proto/schema/format.h"

#include "proto/base/text.h"
#include "proto/schema/format_parts.h"
#include "proto/schema/pattern.h"

struct row {
    const char *name;
    bool (*holds)(struct span text);
};

static const struct row rows[FORMAT_COUNT] = {
    [FORMAT_UNKNOWN] = {"", NULL},
    [FORMAT_DATE] = {"date", format_date},
    [FORMAT_TIME] = {"time", format_time},
    [FORMAT_DATE_TIME] = {"date-time", format_date_time},
    [FORMAT_DURATION] = {"duration", format_duration},
    [FORMAT_EMAIL] = {"email", format_email},
    [FORMAT_IDN_EMAIL] = {"idn-email", format_idn_email},
    [FORMAT_HOSTNAME] = {"hostname", format_hostname},
    [FORMAT_IDN_HOSTNAME] = {"idn-hostname", format_idn_hostname},
    [FORMAT_IPV4] = {"ipv4", format_ipv4},
    [FORMAT_IPV6] = {"ipv6", format_ipv6},
    [FORMAT_URI] = {"uri", format_uri},
    [FORMAT_URI_REFERENCE] = {"uri-reference", format_uri_reference},
    [FORMAT_IRI] = {"iri", format_iri},
    [FORMAT_IRI_REFERENCE] = {"iri-reference", format_iri_reference},
    [FORMAT_URI_TEMPLATE] = {"uri-template", format_uri_template},
    [FORMAT_JSON_POINTER] = {"json-pointer", format_json_pointer},
    [FORMAT_RELATIVE_JSON_POINTER] = {"relative-json-pointer", format_relative_json_pointer},
    [FORMAT_REGEX] = {"regex", format_regex},
    [FORMAT_UUID] = {"uuid", format_uuid},
};

enum format format_find(struct span name)
{
    for (enum format format = FORMAT_UNKNOWN + 1; format < FORMAT_COUNT; format++)
        if (span_is(name, rows[format].name))
            return format;
    return FORMAT_UNKNOWN;
}

const char *format_name(enum format format)
{
    CHECK(format < FORMAT_COUNT);
    return rows[format].name;
}

bool format_holds(enum format format, struct span utf8)
{
    CHECK(format < FORMAT_COUNT);
    if (format == FORMAT_UNKNOWN)
        return true;
    return text_is_utf8(utf8) && rows[format].holds(utf8);
}

bool format_regex(struct span utf8)
{
    return pattern_check(utf8, NULL) == OK;
}

bool format_uuid(struct span text)
{
    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text.data[i] != '-' : !is_hex(text.data[i]))
            return false;
    }
    return true;
}
