/* French opening hours, word by word. A word that is not known ends the reading: "Samedi 9h-12h
 * (les deux premiers du mois)" must not become "Sa 09:00-12:00". */
#include "proto/schema/hours.h"

#include "proto/base/fold.h"

#define TOKENS_MAX 256u
#define DAY_MINUTES 1440u

enum token_kind {
    TOKEN_TIME,
    TOKEN_DAY,
    TOKEN_EVERY_DAY,
    TOKEN_RANGE, /* "a", "au", a dash: between two days or two times */
    TOKEN_SLASH, /* like a dash between times, like a comma between days */
    TOKEN_AND,   /* "et", comma, semicolon */
    TOKEN_CLOSED,
    TOKEN_HALF_DAY, /* "apres-midi": says nothing beside hours */
    TOKEN_HOLIDAYS,
    TOKEN_END,
};

struct token {
    enum token_kind kind;
    uint16_t value; /* minutes, or the day */
    bool is_bare;   /* a number without h or colon */
};

struct tokens {
    struct token items[TOKENS_MAX];
    unsigned count;
};

static const char day_words[HOURS_DAYS][9] = {"lundi",    "mardi",  "mercredi", "jeudi",
                                              "vendredi", "samedi", "dimanche"};

/* Words that say nothing of their own between days and hours. */
static const char *const noise[] = {
    "d",         "de",         "du",      "des",      "le",     "les",     "la",      "l",
    "jour",      "jours",      "heure",   "heures",   "ouvert", "ouverte", "ouverts", "ouvertes",
    "ouverture", "ouvertures", "horaire", "horaires", "public", "accueil", "puis",    "semaine"};

static bool push(struct tokens *tokens, enum token_kind kind, unsigned value, bool is_bare)
{
    if (tokens->count == TOKENS_MAX)
        return false;
    tokens->items[tokens->count++] =
        (struct token){.kind = kind, .value = (uint16_t)value, .is_bare = is_bare};
    return true;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static uint8_t byte_at(struct span text, size_t at)
{
    return at < text.len ? text.data[at] : 0;
}

static size_t after_spaces(struct span text, size_t at)
{
    while (byte_at(text, at) == ' ')
        at++;
    return at;
}

static size_t after_digits(struct span text, size_t at)
{
    while (is_digit(byte_at(text, at)))
        at++;
    return at;
}

static size_t after_letters(struct span text, size_t at)
{
    while (byte_at(text, at) >= 'a' && byte_at(text, at) <= 'z')
        at++;
    return at;
}

static unsigned number_at(struct span text, size_t at)
{
    unsigned value = (unsigned)(text.data[at] - '0');
    return is_digit(byte_at(text, at + 1)) ? value * 10 + (unsigned)(text.data[at + 1] - '0')
                                           : value;
}

/* Bytes of an hour's sign at `at`: "h", "heures", ":" */
static size_t hour_sign(struct span text, size_t at)
{
    if (byte_at(text, at) == ':')
        return 1;
    size_t end = after_letters(text, at);
    struct span word = span_part(text, at, end - at);
    if (span_is(word, "h") || span_is(word, "heures") || span_is(word, "heure") ||
        span_is(word, "hr") || span_is(word, "hrs"))
        return word.len;
    return 0;
}

/* "9h", "9 h 30", "09:00", "7 : 30", "9", "15h18h" (two of them): at a digit. */
static bool read_time(struct span text, size_t *at, struct tokens *tokens)
{
    size_t end = after_digits(text, *at);
    unsigned hour = number_at(text, *at);
    if (end - *at > 2 || hour > 24)
        return false;
    size_t sign_at = after_spaces(text, end);
    size_t sign = hour_sign(text, sign_at);
    if (sign == 0) {
        *at = end;
        return push(tokens, TOKEN_TIME, hour * 60, true);
    }
    size_t minutes_at = after_spaces(text, sign_at + sign);
    size_t minutes_end = after_digits(text, minutes_at);
    bool has_minutes =
        minutes_end - minutes_at == 2 && hour_sign(text, after_spaces(text, minutes_end)) == 0;
    unsigned minute = has_minutes ? number_at(text, minutes_at) : 0;
    if (minute > 59 || hour * 60 + minute > DAY_MINUTES)
        return false;
    *at = has_minutes ? minutes_end : sign_at + sign;
    return push(tokens, TOKEN_TIME, hour * 60 + minute, false);
}

/* "lundi", "lundis", "lun". */
static bool day_of_word(struct span word, unsigned *day)
{
    for (*day = 0; *day < HOURS_DAYS; (*day)++) {
        struct span full = span_cstr(day_words[*day]);
        struct span plural = span_part(word, 0, word.len - 1);
        if (span_equal(word, full) || (word.len == 3 && span_starts_with(full, word)))
            return true;
        if (word.data[word.len - 1] == 's' && span_equal(plural, full))
            return true;
    }
    return false;
}

static bool is_noise(struct span word)
{
    for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++) {
        if (span_is(word, noise[i]))
            return true;
    }
    return false;
}

/* Takes these words, with single spaces between them. */
static bool take_phrase(struct span text, size_t *at, const char *phrase)
{
    struct span rest = span_part(text, *at, text.len);
    size_t end = *at + strlen(phrase);
    if (!span_starts_with(rest, span_cstr(phrase)) || after_letters(text, end) != end)
        return false;
    *at = end;
    return true;
}

static bool read_word(struct span text, size_t *at, struct tokens *tokens)
{
    unsigned day;
    if (take_phrase(text, at, "tous les jours") || take_phrase(text, at, "7j/7") ||
        take_phrase(text, at, "toute la semaine"))
        return push(tokens, TOKEN_EVERY_DAY, 0, false);
    if (take_phrase(text, at, "apres-midi") || take_phrase(text, at, "apres midi") ||
        take_phrase(text, at, "matin") || take_phrase(text, at, "matinee"))
        return push(tokens, TOKEN_HALF_DAY, 0, false);
    if (take_phrase(text, at, "jours feries"))
        return push(tokens, TOKEN_HOLIDAYS, 0, false);
    size_t end = after_letters(text, *at);
    struct span word = span_part(text, *at, end - *at);
    if (word.len == 0)
        return false;
    *at = end;
    if (span_is(word, "a") || span_is(word, "au"))
        return push(tokens, TOKEN_RANGE, 0, false);
    if (span_is(word, "et"))
        return push(tokens, TOKEN_AND, 0, false);
    if (span_is(word, "ferme") || span_is(word, "fermee") || span_is(word, "fermeture") ||
        span_is(word, "off") || span_is(word, "closed"))
        return push(tokens, TOKEN_CLOSED, 0, false);
    if (day_of_word(word, &day))
        return push(tokens, TOKEN_DAY, day, false);
    return is_noise(word);
}

static bool read_sign(uint8_t c, struct tokens *tokens)
{
    switch (c) {
    case ' ':
    case ':':
    case '.':
    case '\'':
        return true;
    case '-':
        return push(tokens, TOKEN_RANGE, 0, false);
    case '/':
    case '|':
        return push(tokens, TOKEN_SLASH, 0, false);
    case ',':
    case ';':
    case '+':
    case '&':
        return push(tokens, TOKEN_AND, 0, false);
    default:
        return false;
    }
}

static bool tokenise(struct span folded, struct tokens *tokens)
{
    tokens->count = 0;
    for (size_t at = 0; at < folded.len;) {
        uint8_t c = folded.data[at];
        bool is_read;
        if (is_digit(c)) {
            is_read = read_time(folded, &at, tokens);
        } else if (c >= 'a' && c <= 'z') {
            is_read = read_word(folded, &at, tokens);
        } else {
            is_read = read_sign(c, tokens);
            at++;
        }
        if (!is_read)
            return false;
    }
    return push(tokens, TOKEN_END, 0, false);
}

static bool fold_and_tokenise(struct span utf8, struct tokens *tokens)
{
    if (utf8.len > HOURS_TEXT_BYTES_MAX)
        return false;
    struct buf folded;
    buf_init(&folded, 2 * (size_t)HOURS_TEXT_BYTES_MAX);
    fold_append_text(&folded, utf8);
    bool is_read = buf_check(&folded) == OK && tokenise(buf_span(&folded), tokens);
    buf_clear(&folded);
    return is_read;
}

/* Adds a span in its order; spans that touch or overlap become one. */
static bool add_span(struct hours_day *day, unsigned first, unsigned last)
{
    struct hours_day merged = {.is_closed = false};
    bool is_placed = false;
    if (first >= last || last > DAY_MINUTES)
        return false;
    for (unsigned i = 0; i <= day->count; i++) {
        bool is_end = i == day->count;
        if (!is_end && day->spans[i].first <= last && day->spans[i].last >= first) {
            first = day->spans[i].first < first ? day->spans[i].first : first;
            last = day->spans[i].last > last ? day->spans[i].last : last;
            continue;
        }
        if (!is_placed && (is_end || day->spans[i].first > last)) {
            if (merged.count == HOURS_SPANS_MAX)
                return false;
            merged.spans[merged.count++] =
                (struct hours_span){.first = (uint16_t)first, .last = (uint16_t)last};
            is_placed = true;
        }
        if (is_end)
            break;
        if (merged.count == HOURS_SPANS_MAX)
            return false;
        merged.spans[merged.count++] = day->spans[i];
    }
    *day = merged;
    return true;
}

static bool is_separator(enum token_kind kind)
{
    return kind == TOKEN_RANGE || kind == TOKEN_SLASH || kind == TOKEN_AND;
}

/* Pairs of times, or "closed", from *at up to the next day or the end. Between the two times of a
 * pair stands a dash, a slash, "a" or nothing; between pairs anything. */
static bool read_hours(const struct tokens *tokens, unsigned *at, struct hours_day *out)
{
    struct hours_day day = {.count = 0};
    bool is_half = *at > 0 && tokens->items[*at - 1].kind == TOKEN_HALF_DAY;
    const struct token *first = NULL;
    bool is_closed = false;
    bool has_and = false;
    bool any = false;
    for (;; (*at)++) {
        const struct token *token = &tokens->items[*at];
        if (token->kind == TOKEN_CLOSED && tokens->items[*at + 1].kind == TOKEN_HOLIDAYS)
            break;
        if (token->kind == TOKEN_CLOSED) {
            is_closed = true;
            any = true;
        } else if (token->kind == TOKEN_HALF_DAY) {
            is_half = true;
        } else if (is_separator(token->kind)) {
            has_and = has_and || token->kind == TOKEN_AND;
        } else if (token->kind == TOKEN_TIME && first == NULL) {
            first = token;
            has_and = false;
        } else if (token->kind == TOKEN_TIME) {
            bool in_order = day.count == 0 || day.spans[day.count - 1].last <= first->value;
            if (has_and || (first->is_bare && token->is_bare) || !in_order ||
                !add_span(&day, first->value, token->value))
                return false;
            first = NULL;
            any = true;
        } else {
            break;
        }
    }
    /* Closed for half a day, and open when? */
    if (first != NULL || !any || (is_closed && (day.count > 0 || is_half)))
        return false;
    day.is_closed = is_closed;
    *out = day;
    return true;
}

bool hours_add_cell(struct hours_day *day, struct span utf8)
{
    struct tokens tokens;
    struct hours_day read;
    unsigned at = 0;
    if (!fold_and_tokenise(utf8, &tokens) || !read_hours(&tokens, &at, &read) ||
        tokens.items[at].kind != TOKEN_END)
        return false;
    struct hours_day sum = *day;
    for (unsigned i = 0; i < read.count; i++) {
        if (!add_span(&sum, read.spans[i].first, read.spans[i].last))
            return false;
    }
    sum.is_closed = sum.count == 0 && (day->is_closed || read.is_closed);
    *day = sum;
    return true;
}

/* Days from *at: single ones, lists, ranges. A bit each, Monday the lowest. */
static bool read_days(const struct tokens *tokens, unsigned *at, unsigned *days_out)
{
    unsigned days = 0;
    unsigned last = HOURS_DAYS;
    bool is_range = false;
    bool has_separator = false;
    for (;; (*at)++) {
        const struct token *token = &tokens->items[*at];
        if (token->kind == TOKEN_EVERY_DAY) {
            days = 0x7f;
        } else if (token->kind == TOKEN_HALF_DAY) {
            has_separator = false;
        } else if (token->kind == TOKEN_DAY) {
            if (is_range && last >= HOURS_DAYS)
                return false;
            unsigned day = is_range ? last : token->value;
            for (; day != token->value; day = (day + 1) % HOURS_DAYS)
                days |= 1u << day;
            days |= 1u << token->value;
            last = token->value;
            is_range = false;
            has_separator = false;
        } else if (is_separator(token->kind)) {
            /* "du lundi au et" is no list. */
            if (has_separator)
                return false;
            has_separator = true;
            is_range = token->kind == TOKEN_RANGE && days != 0;
        } else {
            break;
        }
    }
    *days_out = days;
    return days != 0;
}

/* The separators that end a group of hours belong to nobody. */
static void skip_separators(const struct tokens *tokens, unsigned *at)
{
    while (is_separator(tokens->items[*at].kind))
        (*at)++;
}

static bool add_to_days(struct hours_week *week, unsigned days, const struct hours_day *hours)
{
    for (unsigned day = 0; day < HOURS_DAYS; day++) {
        if ((days & 1u << day) == 0)
            continue;
        for (unsigned i = 0; i < hours->count; i++) {
            if (!add_span(&week->days[day], hours->spans[i].first, hours->spans[i].last))
                return false;
        }
        week->days[day].is_closed = hours->is_closed && week->days[day].count == 0;
    }
    return true;
}

/* "fermé les jours fériés", in either order. */
static bool read_holidays(const struct tokens *tokens, unsigned *at, struct hours_week *week)
{
    enum token_kind first = tokens->items[*at].kind;
    enum token_kind second = first == TOKEN_END ? TOKEN_END : tokens->items[*at + 1].kind;
    if (!(first == TOKEN_CLOSED && second == TOKEN_HOLIDAYS) &&
        !(first == TOKEN_HOLIDAYS && second == TOKEN_CLOSED))
        return false;
    *at += 2;
    week->holidays_off = true;
    return true;
}

static bool read_group(const struct tokens *tokens, unsigned *at, bool days_first,
                       struct hours_week *week)
{
    unsigned days;
    struct hours_day hours;
    if (days_first && (!read_days(tokens, at, &days) || !read_hours(tokens, at, &hours)))
        return false;
    if (!days_first && (!read_hours(tokens, at, &hours) || !read_days(tokens, at, &days)))
        return false;
    return add_to_days(week, days, &hours);
}

bool hours_read_text(struct span utf8, struct hours_week *out)
{
    struct tokens tokens;
    struct hours_week week = {.holidays_off = false};
    unsigned at = 0;
    bool has_days = false;
    if (!fold_and_tokenise(utf8, &tokens))
        return false;
    skip_separators(&tokens, &at);
    bool days_first = tokens.items[at].kind != TOKEN_TIME;
    if (tokens.items[at].kind == TOKEN_END)
        return false;
    while (tokens.items[at].kind != TOKEN_END) {
        if (!read_holidays(&tokens, &at, &week)) {
            if (!read_group(&tokens, &at, days_first, &week))
                return false;
            has_days = true;
        }
        skip_separators(&tokens, &at);
    }
    if (!has_days)
        return false;
    *out = week;
    return true;
}
