#include "node/peer/refusal.h"

#include <jansson.h>
#include <stdio.h>

#define PROBLEM_PREFIX "urn:maillon:problem:"

/* None of them makes the caller do anything but tell and try again. */
static const enum err told[] = {ERR_NOT_SIGNED, ERR_BAD_SIGNATURE, ERR_CLOCK_SKEW, ERR_EXPIRED,
                                ERR_REPLAYED,   ERR_WRONG_HOST,    ERR_BAD_DIGEST, ERR_TOO_MANY,
                                ERR_BUSY,       ERR_DEACTIVATED};

static enum err err_of(const char *type)
{
    size_t prefix = strlen(PROBLEM_PREFIX);
    if (type == NULL || strncmp(type, PROBLEM_PREFIX, prefix) != 0)
        return ERR_BAD_STREAM;
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
        if (strcmp(type + prefix, err_slug(told[i])) == 0)
            return told[i];
    return ERR_BAD_STREAM;
}

enum err refusal_read(int status, struct span body, struct why *why)
{
    char found[sizeof(why->found)];
    json_t *json = json_loadb((const char *)body.data, body.len, 0, NULL);
    enum err err = err_of(json_string_value(json_object_get(json, "type")));
    const char *detail = json_string_value(json_object_get(json, "detail"));
    const char *words = detail == NULL ? NULL : strstr(detail, "; found ");
    if (words != NULL)
        (void)snprintf(found, sizeof(found), "%s", words + strlen("; found "));
    else
        (void)snprintf(found, sizeof(found), "status %d", status);
    json_decref(json);
    return why_set(why, err, "the peer answers POST /v1/sync with 200", 0, NULL, found);
}
