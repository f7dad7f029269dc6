/* The rows of refusals.def, by number and back. */
#include "keys/refusal.h"

#include <errno.h>
#include <string.h>

struct refusal_row {
    enum err err;
    const char *rule;
};

static const struct refusal_row rows[REFUSAL_COUNT] = {
#define REFUSAL(name, err, rule) [REFUSAL_##name] = {ERR_##err, rule},
#include "keys/refusals.def"
#undef REFUSAL
};

enum err refuse(struct why *why, enum refusal refusal, const char *expected, const char *found)
{
    CHECK(refusal > REFUSAL_NONE && refusal < REFUSAL_COUNT);
    return why_set(why, rows[refusal].err, rows[refusal].rule, 0, expected, found);
}

enum err refuse_errno(struct why *why, enum refusal refusal, const char *what)
{
    int number = errno;
    if (number == ENOSPC || number == EDQUOT)
        refusal = REFUSAL_FILE_DISK_FULL;
    return refuse(why, refusal, what, strerrordesc_np(number));
}

enum refusal refusal_of(const struct why *why)
{
    for (unsigned i = REFUSAL_NONE + 1; i < REFUSAL_COUNT; i++)
        if (rows[i].rule == why->rule)
            return (enum refusal)i;
    return REFUSAL_FILE_IO;
}
