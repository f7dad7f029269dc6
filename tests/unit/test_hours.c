/* Opening hours of real places, as they write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/schema/hours.h"

static void append_week(struct buf *out, const char *text)
{
    struct hours_week week;
    buf_reset(out);
    if (hours_read_text(span_cstr(text), &week))
        hours_append_osm(out, &week);
    buf_append_byte(out, '\0');
}

static void french_sentences_become_weeks(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"Horaires d’ouverture\nLundi : 14h - 17h45\nDu mardi au vendredi : 9h - 12h30 / 14h - "
         "17h45",
         "Mo 14:00-17:45; Tu-Fr 09:00-12:30,14:00-17:45"},
        {"8h/12h15 et 13h15/17h du lundi au vendredi", "Mo-Fr 08:00-12:15,13:15-17:00"},
        {"LUNDI AU JEUDI 9h00 a 12h00 et de 13h30 a 17h00\nVENDREDI 9h00 a 12h00 et de 13h30 a "
         "17h30",
         "Mo-Th 09:00-12:00,13:30-17:00; Fr 09:00-12:00,13:30-17:30"},
        {"Du lundi au vendredi de 9:00 a 12:30 et de 13:30 a 17:00",
         "Mo-Fr 09:00-12:30,13:30-17:00"},
        {"jeudi de 14H15 à 16H15 et le vendredi de 9H45 à 11H45", "Th 14:15-16:15; Fr 09:45-11:45"},
        {"jeudi de 14h à 15h30, et 15h30 à 17h", "Th 14:00-17:00"},
        {"mercredi de 14 à 18h", "We 14:00-18:00"},
        {"mardi matin 9h-10h30", "Tu 09:00-10:30"},
        {"mardi de 10h à 12h, le mardi de 14h à 16h", "Tu 10:00-12:00,14:00-16:00"},
        {"Lundi, mardi, mercredi et vendredi : 9h-12h / 14h-18h\nJeudi: 14h-18h",
         "Mo-We,Fr 09:00-12:00,14:00-18:00; Th 14:00-18:00"},
        {"Mardi 16 h 18 h Mercredi : 9 h 30 12 h - 14 h 18 h. Samedi 9 h 30 12 h - 14h 17 heures",
         "Tu 16:00-18:00; We 09:30-12:00,14:00-18:00; Sa 09:30-12:00,14:00-17:00"},
        {"Mardi : 15H-18H30 -- Mercredi : 10H-12H et 14H-18H30",
         "Tu 15:00-18:30; We 10:00-12:00,14:00-18:30"},
        {"Jeudi  :  10h-12h30 - 15h18h", "Th 10:00-12:30,15:00-18:00"},
        {"Lundi - jeudi : 9h - 12h", "Mo-Th 09:00-12:00"},
        {"du samedi au lundi 10h-12h", "Mo,Sa,Su 10:00-12:00"},
        {"tous les jours 9h-18h", "Mo-Su 09:00-18:00"},
        {"lundi 9h-12h, mardi fermé", "Mo 09:00-12:00; Tu off"},
        {"Du lundi au vendredi 9h-12h. Fermé les jours fériés", "Mo-Fr 09:00-12:00; PH off"},
        {"samedi 20h-24h", "Sa 20:00-24:00"},
    };
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        append_week(&out, cases[i][0]);
        assert_string_equal((const char *)out.data, cases[i][1]);
    }
    buf_clear(&out);
}

static void what_is_not_certain_is_not_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "   ",
        "Atelier ouvert sur rendez vous",
        "9h-12h / 14h-17h",
        "Lundi - samedi",
        "Samedi : 9h - 12h30 (uniquement les 2 premiers samedis de chaque mois)",
        "Mercredi : 10H-12H ; 14H-16H (semaine paire) ou 16H-18H (semaine impaire)",
        "2ème jeudi du mois de 14h à 17h",
        "Un lundi sur deux de 9h à 12h",
        "lundi 9h",
        "lundi 9h, 14h",
        "lundi 9 à 12",
        "lundi 12h-9h",
        "lundi 9h-12h-11h-14h",
        "lundi 25h-26h",
        "lundi 9h75-12h",
        "lundi 9h-12h mardi",
        "mardi après-midi fermé",
        "Du lundi au vendredi 9h-17h, fermé les mardi après-midi",
        "lundi fermé 9h-12h",
        "Lundi 9h-12h sauf vacances",
        "Fermé les jours fériés",
        "lundi 123h-124h",
    };
    struct hours_week week;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (hours_read_text(span_cstr(texts[i]), &week))
            fail_msg("read: %s", texts[i]);
    }
}

static void a_text_that_is_too_long_is_not_read(void **state)
{
    (void)state;
    struct hours_week week;
    struct buf text;
    buf_init(&text, 100000);
    for (unsigned i = 0; i < 100; i++)
        buf_append_cstr(&text, "lundi 9h-12h ");
    assert_false(hours_read_text(buf_span(&text), &week));
    for (unsigned i = 0; i < 1000; i++)
        buf_append_cstr(&text, "lundi 9h-12h ");
    assert_false(hours_read_text(buf_span(&text), &week));
    assert_false(hours_is_osm(buf_span(&text)));
    buf_clear(&text);
}

static void cells_of_a_day_add_up(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        const char *second;
        const char *osm;
    } cases[] = {
        {"9h-12h30 / 14h-18h", "", "Mo 09:00-12:30,14:00-18:00"},
        {"08:00-11:30,13:00-16:30", "", "Mo 08:00-11:30,13:00-16:30"},
        {"7 : 30 - 11 : 30 / 12 : 30 - 15 :30", "", "Mo 07:30-11:30,12:30-15:30"},
        {"8: - 12: / 13:-15:", "", "Mo 08:00-12:00,13:00-15:00"},
        {"7:30 - 11:30 ; 12:15 - 16:", "", "Mo 07:30-11:30,12:15-16:00"},
        {"14h-18h", "9h-12h", "Mo 09:00-12:00,14:00-18:00"},
        {"9h-12h", "11h-14h", "Mo 09:00-14:00"},
        {"Fermé", "9h-12h", "Mo 09:00-12:00"},
        {"9h-12h", "fermé", "Mo 09:00-12:00"},
        {"FERMÉ", "", "Mo off"},
        {"13:16:59.999998", "9h-12h", "Mo 09:00-12:00"},
        {"réservé aux scolaires", "", ""},
        {"lundi 9h-12h", "", ""},
        {"9h-12h mardi", "", ""},
    };
    struct buf out;
    buf_init(&out, 1000);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hours_week week = {.holidays_off = false};
        (void)!hours_add_cell(&week.days[0], span_cstr(cases[i].first));
        (void)!hours_add_cell(&week.days[0], span_cstr(cases[i].second));
        buf_reset(&out);
        hours_append_osm(&out, &week);
        buf_append_byte(&out, '\0');
        assert_string_equal((const char *)out.data, cases[i].osm);
    }
    buf_clear(&out);
}

static void a_day_has_a_limited_number_of_spans(void **state)
{
    (void)state;
    struct hours_day day = {.count = 0};
    static const char *const cells[] = {"1h-2h",   "3h-4h",   "5h-6h",   "7h-8h",  "9h-10h",
                                        "11h-12h", "13h-14h", "15h-16h", "17h-18h"};
    for (unsigned i = 0; i < HOURS_SPANS_MAX; i++)
        assert_true(hours_add_cell(&day, span_cstr(cells[i])));
    assert_false(hours_add_cell(&day, span_cstr(cells[HOURS_SPANS_MAX])));
    assert_int_equal(day.count, HOURS_SPANS_MAX);
}

static void osm_is_recognised(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "Mo-Fr 09:00-12:30,13:30-16:30",
        "Tu-Sa 09:00-13:00, 14:00-18:00; We,Fr 14:00-18:00",
        "24/7",
        "Mo off",
        "PH off",
        "Mo-Fr,SH 10:00-12:00; PH closed",
        "week 1-53/2 Mo 09:30-12:30; PH off",
        "Jan-Mar Mo 10:00-12:00",
        "Dec 25 off",
        "Mo 20:00-02:00",
        "09:00-18:00",
        "Mo 10:00+",
        "Mo-Fr 10:00-12:00 \"sur rendez-vous\"",
    };
    static const char *const invalid[] = {
        "",
        "Mo",
        "Mo-Fr",
        "Mo 9:00-12:00",
        "lundi 09:00-12:00",
        "Mo 09:00",
        "Mo 09:60-12:00",
        "Mo 27:00-28:00",
        "Mo-Xx 09:00-12:00",
        "Mo 09:00-12:00;",
        "week 54 Mo 09:00-12:00",
        "Mo 09:00-12:00 \"x",
        "Mo 09:00-12:00 sur rdv",
    };
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        if (!hours_is_osm(span_cstr(valid[i])))
            fail_msg("not taken: %s", valid[i]);
    }
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        if (hours_is_osm(span_cstr(invalid[i])))
            fail_msg("taken: %s", invalid[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(french_sentences_become_weeks),
        cmocka_unit_test(what_is_not_certain_is_not_read),
        cmocka_unit_test(a_text_that_is_too_long_is_not_read),
        cmocka_unit_test(cells_of_a_day_add_up),
        cmocka_unit_test(a_day_has_a_limited_number_of_spans),
        cmocka_unit_test(osm_is_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
