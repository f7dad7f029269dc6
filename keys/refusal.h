/* The refusals of keys/ as numbers, so that one process can tell another which rule was broken and
 * the text of a rule stays a static string on both sides. */
#ifndef MAILLON_KEYS_REFUSAL_H
#define MAILLON_KEYS_REFUSAL_H

#include "proto/err.h"

enum refusal {
    REFUSAL_NONE = 0,
#define REFUSAL(name, err, rule) REFUSAL_##name,
#include "keys/refusals.def"
#undef REFUSAL
    REFUSAL_COUNT
};

/* Fills *why by the row and returns the row's error. */
enum err refuse(struct why *why, enum refusal refusal, const char *expected, const char *found);
/* The same for a failed system call: found is the text of errno, and a full disk has its own row.
 */
enum err refuse_errno(struct why *why, enum refusal refusal, const char *what);
/* The row that *why was filled by; REFUSAL_FILE_IO for a rule of another room. */
enum refusal refusal_of(const struct why *why);

#endif
