/* Every failure, once: the codes that functions return, and the details of a refusal.
 *
 * A function that can fail returns `enum err` and is MUST_USE. Details go into a `struct why`, its
 * last parameter, filled only on failure; NULL is allowed where the caller does not care.
 * A broken promise of our own (never of the outside) is a BUG: it prints and stops, in release too.
 */
#ifndef MAILLON_PROTO_ERR_H
#define MAILLON_PROTO_ERR_H

#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))

enum err {
    OK = 0,
#define PROBLEM(name, status, slug, english, french) ERR_##name,
#include "proto/problems.def"
#undef PROBLEM
    ERR_COUNT
};

enum lang { LANG_EN, LANG_FR };

/* Why something was refused. `rule` is a static string naming rule and standard ("RFC 8785, 3.2.3:
 * keys are sorted"); position is the byte offset in the input; expected and found are short,
 * printable and never hold more than a few words of the input (it may be somebody's data). */
struct why {
    const char *rule;
    uint64_t position;
    char expected[96];
    char found[96];
};

/* Fills *why unless it is NULL; expected and found may be NULL (left empty), are cut to fit and
 * made printable. Returns err, so that one writes: return why_set(why, ERR_SYNTAX, ...). */
enum err why_set(struct why *why, enum err err, const char *rule, uint64_t position,
                 const char *expected, const char *found);

/* The row of problems.def. err_slug(OK) is "ok". Static strings. */
const char *err_slug(enum err err);
const char *err_sentence(enum err err, enum lang lang);
int err_http_status(enum err err);

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err try_err_ = (call);                                                                \
        if (try_err_ != OK)                                                                        \
            return try_err_;                                                                       \
    } while (0)

/* We are wrong: print where and what, then stop. */
_Noreturn void bug_at(const char *file, int line, const char *text);
#define BUG(text) bug_at(__FILE__, __LINE__, (text))
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            BUG("broken promise: " #condition);                                                    \
    } while (0)

#endif
