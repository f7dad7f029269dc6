/* Normalisers, and the schemes with their rules. */
#include "proto/schema/identifier.h"

#include "proto/base/text.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static uint8_t upper(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

static uint8_t lower(uint8_t c)
{
    return is_upper(c) ? (uint8_t)(c - 'A' + 'a') : c;
}

/* ---- normalisers ---- */

/* Bytes of the white space at the start of text: ASCII's, and those that typography puts into
 * numbers. */
static size_t space_at(struct span text)
{
    static const char *const wide[] = {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89", "\xe2\x80\x8b"};
    if (text.len > 0 && (text.data[0] == ' ' || (text.data[0] >= '\t' && text.data[0] <= '\r')))
        return 1;
    for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
        if (span_starts_with(text, span_cstr(wide[i])))
            return strlen(wide[i]);
    return 0;
}

static struct span trim(struct span text)
{
    size_t n;
    while ((n = space_at(text)) > 0)
        text = span_part(text, n, text.len);
    for (bool again = true; again && text.len > 0;) {
        again = false;
        for (size_t back = 1; back <= 3 && back <= text.len; back++)
            if (space_at(span_of(text.data + text.len - back, back)) == back) {
                text.len -= back;
                again = true;
                break;
            }
    }
    return text;
}

static void append_case(struct span text, uint8_t (*change)(uint8_t), struct buf *out)
{
    for (size_t i = 0; i < text.len; i++)
        buf_append_byte(out, change(text.data[i]));
}

static void append_digits(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_digit(text.data[i]))
            buf_append_byte(out, text.data[i]);
}

static void append_compact(struct span text, struct buf *out)
{
    for (size_t i = 0, n; i < text.len; i += n) {
        uint8_t c = text.data[i];
        n = space_at(span_part(text, i, text.len));
        if (n > 0)
            continue;
        n = 1;
        if (c != '.' && c != '-' && c != '/')
            buf_append_byte(out, upper(c));
    }
}

/* Takes a prefix off, in any case of letters. */
static bool strip(struct span *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(text->data[i]) != (uint8_t)prefix[i])
            return false;
    *text = span_part(*text, len, text->len);
    return true;
}

static bool ends_with(struct span text, const char *suffix)
{
    size_t len = strlen(suffix);
    return text.len >= len && memcmp(text.data + text.len - len, suffix, len) == 0;
}

static void append_website(struct span text, struct buf *out)
{
    text = trim(text);
    bool plain = strip(&text, "http://");
    if (!plain && !strip(&text, "https://"))
        (void)strip(&text, "//");
    while (strip(&text, "www."))
        continue;
    const uint8_t *fragment = text.len == 0 ? NULL : memchr(text.data, '#', text.len);
    if (fragment != NULL)
        text.len = (size_t)(fragment - text.data);
    size_t host_len = 0;
    while (host_len < text.len && text.data[host_len] != '/' && text.data[host_len] != '?')
        host_len++;
    struct span host = span_part(text, 0, host_len);
    struct span path = span_part(text, host_len, text.len);
    const char *port = plain ? ":80" : ":443";
    if (ends_with(host, port))
        host.len -= strlen(port);
    while (host.len > 0 && host.data[host.len - 1] == '.')
        host.len--;
    while (path.len > 0 && path.data[path.len - 1] == '/')
        path.len--;
    append_case(host, lower, out);
    if (host.len > 0)
        buf_append_span(out, path);
}

static void append_phone(struct span text, struct buf *out)
{
    text = trim(text);
    (void)strip(&text, "tel:");
    if (text.len > 0 && text.data[0] == '+')
        buf_append_byte(out, '+');
    else if (strip(&text, "00"))
        buf_append_byte(out, '+');
    for (size_t i = 0; i < text.len; i++) {
        if (span_starts_with(span_part(text, i, text.len), SPAN_LITERAL("(0)")))
            i += 2;
        else if (is_digit(text.data[i]))
            buf_append_byte(out, text.data[i]);
    }
}

static const struct {
    const char *name;
    enum normaliser normaliser;
} normalisers[] = {{"trim", NORMALISE_TRIM},       {"digits", NORMALISE_DIGITS},
                   {"upper", NORMALISE_UPPER},     {"lower", NORMALISE_LOWER},
                   {"compact", NORMALISE_COMPACT}, {"website", NORMALISE_WEBSITE},
                   {"email", NORMALISE_EMAIL},     {"phone", NORMALISE_PHONE}};

bool normaliser_read(struct span name, enum normaliser *out)
{
    for (size_t i = 0; i < sizeof(normalisers) / sizeof(*normalisers); i++)
        if (span_is(name, normalisers[i].name)) {
            *out = normalisers[i].normaliser;
            return true;
        }
    return false;
}

void identifier_normalise(enum normaliser normaliser, struct span utf8, struct buf *out)
{
    struct span text = trim(utf8);
    switch (normaliser) {
    case NORMALISE_TRIM:
        buf_append_span(out, text);
        return;
    case NORMALISE_DIGITS:
        append_digits(text, out);
        return;
    case NORMALISE_UPPER:
        append_case(text, upper, out);
        return;
    case NORMALISE_LOWER:
        append_case(text, lower, out);
        return;
    case NORMALISE_COMPACT:
        append_compact(text, out);
        return;
    case NORMALISE_WEBSITE:
        append_website(text, out);
        return;
    case NORMALISE_EMAIL:
        (void)strip(&text, "mailto:");
        append_case(text, lower, out);
        return;
    case NORMALISE_PHONE:
        append_phone(text, out);
        return;
    }
}

/* ---- schemes ---- */

/* Is the value of this shape? 9: a digit, a: an upper-case letter, x: either, anything else:
 * itself. */
static bool has_shape(struct span value, const char *shape)
{
    if (value.len != strlen(shape))
        return false;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        bool holds = c == (uint8_t)shape[i];
        if (shape[i] == '9')
            holds = is_digit(c);
        else if (shape[i] == 'a')
            holds = is_upper(c);
        else if (shape[i] == 'x')
            holds = is_digit(c) || is_upper(c);
        if (!holds)
            return false;
    }
    return true;
}

static bool all_digits(struct span value, size_t min, size_t max)
{
    for (size_t i = 0; i < value.len; i++)
        if (!is_digit(value.data[i]))
            return false;
    return value.len >= min && value.len <= max;
}

/* ISO/IEC 7812-1, annex B. value: digits. */
static bool luhn_holds(struct span value)
{
    unsigned sum = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)(value.data[value.len - 1 - i] - '0');
        if (i % 2 == 1)
            digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
        sum += digit;
    }
    return sum % 10 == 0;
}

static bool is_siren(struct span value)
{
    return all_digits(value, 9, 9) && luhn_holds(value);
}

/* The establishments of La Poste are numbered so that the digits' sum is a multiple of five. */
static bool is_siret(struct span value)
{
    if (!all_digits(value, 14, 14) || !is_siren(span_part(value, 0, 9)))
        return false;
    unsigned sum = 0;
    for (size_t i = 0; i < value.len; i++)
        sum += (unsigned)(value.data[i] - '0');
    return luhn_holds(value) ||
           (span_starts_with(value, SPAN_LITERAL("356000000")) && sum % 5 == 0);
}

/* Overseas registers have a letter in the third place. */
static bool is_rna(struct span value)
{
    return has_shape(value, "W999999999") || has_shape(value, "W9a9999999");
}

static bool is_company_number(struct span value)
{
    return has_shape(value, "99999999") || has_shape(value, "aa999999") ||
           has_shape(value, "aa99999a") || has_shape(value, "aa9999aa") ||
           has_shape(value, "a9999999");
}

static bool is_mutual_number(struct span value)
{
    size_t letters = 0;
    while (letters < 2 && letters < value.len && is_upper(value.data[value.len - 1 - letters]))
        letters++;
    return all_digits(span_part(value, 0, value.len - letters), 1, 6);
}

static unsigned remainder_of(struct span digits, unsigned divisor)
{
    unsigned rest = 0;
    for (size_t i = 0; i < digits.len; i++)
        rest = (rest * 10 + (unsigned)(digits.data[i] - '0')) % divisor;
    return rest;
}

/* The key before a SIREN: (12 + 3 * (SIREN mod 97)) mod 97 where it is a number (CGI, 286 ter). */
static bool is_french_vat(struct span value)
{
    struct span siren = span_part(value, 2, 9);
    if (value.len != 11 || !is_siren(siren))
        return false;
    struct span key = span_part(value, 0, 2);
    return all_digits(key, 2, 2) ? remainder_of(key, 97) == (12 + 3 * remainder_of(siren, 97)) % 97
                                 : has_shape(key, "xx");
}

static bool is_belgian_vat(struct span value)
{
    return all_digits(value, 10, 10) && 97 - remainder_of(span_part(value, 0, 8), 97) ==
                                            remainder_of(span_part(value, 8, 2), 100);
}

/* Shapes as the VIES service of the European Commission gives them. */
static bool is_vat(struct span value)
{
    static const struct {
        const char *country;
        const char *shapes[3];
    } rows[] = {{"AT", {"U99999999"}},
                {"BG", {"999999999", "9999999999"}},
                {"CH", {"E999999999", "E999999999TVA", "E999999999MWST"}},
                {"CY", {"99999999a"}},
                {"CZ", {"99999999", "999999999", "9999999999"}},
                {"DE", {"999999999"}},
                {"DK", {"99999999"}},
                {"EE", {"999999999"}},
                {"EL", {"999999999"}},
                {"ES", {"x9999999x"}},
                {"FI", {"99999999"}},
                {"GB", {"999999999", "999999999999", "aa999"}},
                {"HR", {"99999999999"}},
                {"HU", {"99999999"}},
                {"IE", {"9x99999a", "9999999aa"}},
                {"IT", {"99999999999"}},
                {"LT", {"999999999", "999999999999"}},
                {"LU", {"99999999"}},
                {"LV", {"99999999999"}},
                {"MT", {"99999999"}},
                {"NL", {"999999999B99"}},
                {"NO", {"999999999", "999999999MVA"}},
                {"PL", {"9999999999"}},
                {"PT", {"999999999"}},
                {"SE", {"999999999999"}},
                {"SI", {"99999999"}},
                {"SK", {"9999999999"}},
                {"XI", {"999999999", "999999999999", "aa999"}}};
    struct span number = span_part(value, 2, value.len);
    if (span_starts_with(value, SPAN_LITERAL("FR")))
        return is_french_vat(number);
    if (span_starts_with(value, SPAN_LITERAL("BE")))
        return is_belgian_vat(number);
    if (span_starts_with(value, SPAN_LITERAL("RO")))
        return all_digits(number, 2, 10);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (size_t j = 0; j < 3 && rows[i].shapes[j] != NULL; j++)
            if (span_starts_with(value, span_cstr(rows[i].country)) &&
                has_shape(number, rows[i].shapes[j]))
                return true;
    return false;
}

static bool is_website(struct span value)
{
    size_t host = 0;
    size_t dots = 0;
    while (host < value.len && value.data[host] != '/' && value.data[host] != '?') {
        uint8_t c = value.data[host];
        bool fits = is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == ':' ||
                    c == '_' || c >= 0x80;
        bool twice = c == '.' && (host == 0 || value.data[host - 1] == '.');
        if (!fits || twice)
            return false;
        dots += c == '.';
        host++;
    }
    for (size_t i = host; i < value.len; i++)
        if (value.data[i] <= ' ')
            return false;
    return dots > 0 && value.data[host - 1] != '.';
}

/* ISO 15511. */
static bool is_isil(struct span value)
{
    const uint8_t *dash = value.len == 0 ? NULL : memchr(value.data, '-', value.len);
    size_t prefix = dash == NULL ? 0 : (size_t)(dash - value.data);
    if (prefix < 1 || prefix > 4 || value.len - prefix < 2 || value.len > 16)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        bool letter = is_upper(upper(c));
        if (!letter && (i < prefix || (!is_digit(c) && c != ':' && c != '/' && c != '-')))
            return false;
    }
    return true;
}

/* ISO 17442: 20 characters whose ISO 7064 MOD 97-10 is 1. */
static bool is_lei(struct span value)
{
    if (!has_shape(value, "xxxxxxxxxxxxxxxxxx99"))
        return false;
    unsigned rest = 0;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        rest = is_digit(c) ? (rest * 10 + (unsigned)(c - '0')) % 97
                           : (rest * 100 + (unsigned)(c - 'A') + 10) % 97;
    }
    return rest == 1;
}

/* GS1: 8, 12, 13 or 14 digits, weighted 3 and 1 from the right. */
static bool is_gtin(struct span value)
{
    if (!all_digits(value, 8, 14) || value.len == 9 || value.len == 10 || value.len == 11)
        return false;
    unsigned sum = 0;
    for (size_t i = 0; i < value.len; i++)
        sum += (unsigned)(value.data[value.len - 1 - i] - '0') * (i % 2 == 1 ? 3 : 1);
    return sum % 10 == 0;
}

static bool is_email(struct span value)
{
    const uint8_t *at = value.len == 0 ? NULL : memchr(value.data, '@', value.len);
    if (at == NULL || at == value.data)
        return false;
    size_t local = (size_t)(at - value.data);
    struct span host = span_part(value, local + 1, value.len);
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] <= ' ' || (i > local && value.data[i] == '@'))
            return false;
    return is_website(host);
}

static bool is_phone(struct span value)
{
    bool plus = value.len > 0 && value.data[0] == '+';
    return all_digits(span_part(value, plus, value.len), 3, 15);
}

static bool is_insee(struct span value)
{
    return has_shape(value, "99999") || has_shape(value, "2A999") || has_shape(value, "2B999");
}

static const struct scheme {
    const char *name;
    enum normaliser normaliser;
    bool (*holds)(struct span value);
    const char *rule;
} schemes[] = {
    {"FR-SIRET", NORMALISE_DIGITS, is_siret,
     "FR-SIRET: a SIREN and 5 digits, whose Luhn sum holds"},
    {"FR-SIREN", NORMALISE_DIGITS, is_siren, "FR-SIREN: 9 digits whose Luhn sum holds"},
    {"FR-RNA", NORMALISE_COMPACT, is_rna, "FR-RNA: W and 9 digits"},
    {"FR-INSEE", NORMALISE_COMPACT, is_insee, "FR-INSEE: 5 digits, or 2A or 2B and 3"},
    {"GB-COH", NORMALISE_COMPACT, is_company_number,
     "GB-COH: 8 characters, two letters at most before the digits"},
    {"GB-MPR", NORMALISE_COMPACT, is_mutual_number,
     "GB-MPR: up to 6 digits, then R or RS or nothing"},
    {"VAT", NORMALISE_COMPACT, is_vat, "VAT: the country, then the number as that country has it"},
    {"WEBSITE", NORMALISE_WEBSITE, is_website, "WEBSITE: a host name with a dot"},
    {"EMAIL", NORMALISE_EMAIL, is_email, "EMAIL: a name, @, and a host name with a dot"},
    {"PHONE", NORMALISE_PHONE, is_phone, "PHONE: 3 to 15 digits"},
    {"ISIL", NORMALISE_TRIM, is_isil, "ISIL (ISO 15511): a prefix, a dash, up to 11 characters"},
    {"LEI", NORMALISE_COMPACT, is_lei, "LEI (ISO 17442): 20 characters whose check digits hold"},
    {"GTIN", NORMALISE_DIGITS, is_gtin,
     "GTIN (GS1): 8, 12, 13 or 14 digits whose check digit holds"}};

static const struct scheme *find_scheme(struct span name)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
        if (span_is(name, schemes[i].name))
            return &schemes[i];
    return NULL;
}

enum normaliser identifier_normaliser(struct span scheme)
{
    const struct scheme *row = find_scheme(scheme);
    return row == NULL ? NORMALISE_TRIM : row->normaliser;
}

bool identifier_scheme_is_valid(struct span scheme)
{
    for (size_t i = 0; i < scheme.len; i++)
        if (!is_upper(scheme.data[i]) && !is_digit(scheme.data[i]) && scheme.data[i] != '-')
            return false;
    return scheme.len >= 2 && scheme.len <= 32;
}

bool identifier_scheme_is_known(struct span scheme)
{
    return find_scheme(scheme) != NULL;
}

enum err identifier_check(struct span scheme, struct span value, struct why *why)
{
    const struct scheme *row = find_scheme(scheme);
    if (value.len == 0)
        return why_set(why, ERR_BAD_RECORD, "an identifier has a value", 0, NULL, NULL);
    if (row != NULL && !row->holds(value))
        return why_set(why, ERR_BAD_RECORD, row->rule, 0, NULL, NULL);
    return OK;
}
