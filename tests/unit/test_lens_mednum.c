/* Mapping files of the digital-mediation hubs: the shapes that they take, and the eight of
 * ../shared over their tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/lib/lens_text.h"
#include "tests/lib/vectors.h"

static void a_mapping_file_is_a_lens(void **state)
{
    (void)state;
    struct lens_text text;
    lens_text_init(
        &text,
        "{\"nom\":{\"colonne\":\"Nom\"},\"commune\":{\"colonne\":\"Ville\"},"
        "\"adresse\":{\"joindre\":{\"colonnes\":[\"N°\",\"Voie/lieu\"],\"séparateur\":\" \"}},"
        "\"code_postal\":{\"colonne\":\"CP\"},\"code_insee\":{\"colonne\":\"insee\"},"
        "\"pivot\":{\"colonne\":\"siret\"},\"latitude\":{\"colonne\":\"geo.lat\"},"
        "\"longitude\":{\"colonne\":\"geo.lon\"},\"courriels\":{\"colonne\":\"mail\"},"
        "\"site_web\":{\"colonne\":\"site\"},\"date_maj\":{\"colonne\":\"maj\"},"
        "\"telephone\":{\"colonne\":\"\"},"
        "\"services\":[{\"colonnes\":[\"a\",\"b.c\"],\"termes\":[\"Démarches\"],\"sauf\":[\"sans\"]"
        ","
        "\"cible\":\"Aide\"},{\"colonnes\":[\"d\"],\"cible\":\"Accès\"}],"
        "\"typologie\":[{\"cible\":\"RFS\"}],"
        "\"horaires\":{\"jours\":[{\"colonne\":\"lu\",\"osm\":\"Mo\"},"
        "{\"colonne\":\"ma\",\"osm\":\"Tu\"}]}}");
    assert_true(span_is(lens_to(text.lens), "mednum/lieu"));
    assert_false(lens_is_both(text.lens));
    assert_string_equal(
        lens_text_apply(
            &text, LENS_THERE,
            "{\"Nom\":\" Café \",\"Ville\":\"Bègles\",\"N°\":20,"
            "\"Voie/lieu\":\"rue du Port\",\"CP\":1400,\"insee\":\"2A4\","
            "\"siret\":\"401 092 267 00020\",\"geo\":{\"lat\":44.8,\"lon\":\"-0,5\"},"
            "\"mail\":\"a@x.example ; b@y.example, a@x.example\","
            "\"site\":\"x.example;http://y.example/\",\"maj\":\"2020/06/30 14:16:50.898\","
            "\"a\":\"démarches sans aide\",\"b\":{\"c\":\"DEMARCHES\"},\"d\":\" \","
            "\"lu\":\"9h-12h\",\"ma\":\"fermé\"}"),
        "{\"adresse\":\"20 rue du Port\",\"code_insee\":\"002A4\",\"code_postal\":\"01400\","
        "\"commune\":\"Bègles\",\"courriels\":[\"a@x.example\",\"b@y.example\"],"
        "\"date_maj\":\"2020-06-30\",\"horaires\":\"Mo 09:00-12:00; Tu off\","
        "\"id\":\"cafe-begles-20-rue-du-port\",\"latitude\":44.8,\"longitude\":-0.5,"
        "\"nom\":\"Café\",\"pivot\":\"40109226700020\",\"services\":[\"Aide\"],"
        "\"site_web\":[\"https://x.example\",\"http://y.example/\"],\"typologie\":[\"RFS\"]}");
    assert_int_equal(text.last.fault_total, 0);
    /* The same column as a flat name, and axes that are swapped. */
    assert_string_equal(
        lens_text_apply(&text, LENS_THERE, "{\"Nom\":\"A\",\"geo.lat\":-0.5,\"geo.lon\":44.8}"),
        "{\"id\":\"a\",\"nom\":\"A\",\"typologie\":[\"RFS\"]}");
    assert_int_equal(text.last.faults[0].kind, LENS_FAULT_OUT_OF_AREA);
    lens_text_clear(&text);
}

static void a_postcode_without_column_is_found_in_the_address(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"8 rue de la Boétie - 33000 Bordeaux", "33000", "8 rue de la Boétie"},
        {"12 rue du Maréchal Joffre 33130 Bègles", "33130", "12 rue du Maréchal Joffre"},
        {"Rue Robert Schuman", NULL, "Rue Robert Schuman"},
        {"33000 Bordeaux", "33000", "33000 Bordeaux"},
        {"BP 123456 Nouméa", NULL, "BP 123456 Nouméa"},
    };
    struct lens_text text;
    lens_text_init(&text, "{\"nom\":{\"colonne\":\"n\"},\"adresse\":{\"colonne\":\"a\"},"
                          "\"code_postal\":{\"colonne\":\"\"},\"id\":{\"colonne\":\"id\"}}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char document[200];
        (void)snprintf(document, sizeof(document), "{\"id\":3,\"a\":\"%s\"}", cases[i][0]);
        (void)lens_text_apply(&text, LENS_THERE, document);
        const struct tree *address = tree_get(text.last.value, "adresse");
        const struct tree *postcode = tree_get(text.last.value, "code_postal");
        assert_true(address != NULL && span_is(address->text, cases[i][2]));
        assert_int_equal(postcode == NULL, cases[i][1] == NULL);
        if (postcode != NULL)
            assert_true(span_is(postcode->text, cases[i][1]));
        assert_true(span_is(tree_get(text.last.value, "id")->text, "3"));
    }
    lens_text_clear(&text);
}

static void a_wrong_mapping_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *mapping;
        const char *pointer;
    } cases[] = {
        {"{\"nom\":{\"colonne\":\"n\",\"x\":1}}", "/nom/x"},
        {"{\"nom\":{\"colonne\":3}}", "/nom/colonne"},
        {"{\"nom\":{\"colonne\":\"n\"},\"adresse\":{}}", "/adresse/colonne"},
        {"{\"nom\":{\"joindre\":{\"colonnes\":\"n\"}}}", "/nom/joindre/colonnes"},
        {"{\"nom\":{\"joindre\":{}}}", "/nom/joindre/colonnes"},
        {"{\"nom\":{\"colonne\":\"n\"},\"services\":[{\"termes\":[\"x\"]}]}", "/services/0/cible"},
        {"{\"nom\":{\"colonne\":\"n\"},\"services\":[{\"cible\":\"x\",\"mots\":[]}]}",
         "/services/0/mots"},
        {"{\"nom\":{\"colonne\":\"n\"},\"services\":[{\"cible\":\"x\",\"colonnes\":[1]}]}",
         "/services/0/colonnes/0"},
        {"{\"nom\":{\"colonne\":\"n\"},\"horaires\":{\"osm\":\"a\",\"semaine\":\"b\"}}",
         "/horaires"},
        {"{\"nom\":{\"colonne\":\"n\"},\"horaires\":{\"mois\":\"a\"}}", "/horaires/mois"},
        {"{\"nom\":{\"colonne\":\"n\"},\"horaires\":{\"jours\":[{\"colonne\":\"a\"}]}}",
         "/horaires/jours/0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lens_refusal refusal = lens_text_refusal(cases[i].mapping);
        assert_string_equal(refusal.pointer, cases[i].pointer);
    }
}

static void read_file(const char *name, const char *ending, struct buf *out)
{
    char path[200];
    (void)snprintf(path, sizeof(path), "data/social/mednum/%s%s", name, ending);
    vectors_read(vectors_shared(), path, out);
}

struct hub {
    const char *name;
    uint32_t rows;
    uint32_t names;
    uint32_t addresses;
    uint32_t towns;
    uint32_t postcodes;
    uint32_t hours;
};

static uint32_t has(const struct tree *value, const char *field)
{
    return !tree_is_blank(tree_get(value, field));
}

static void check_hub(const struct hub *hub)
{
    struct buf json;
    struct lens_text text;
    struct hub seen = {.name = hub->name};
    buf_init(&json, 8 << 20);
    read_file(hub->name, ".mapping.json", &json);
    buf_append_byte(&json, '\0');
    lens_text_init(&text, (const char *)json.data);
    buf_reset(&json);
    read_file(hub->name, ".json", &json);
    struct tree *rows = lens_text_read(&text, buf_span(&json));
    for (uint32_t i = 0; i < rows->count; i++) {
        struct lens_result result;
        assert_int_equal(lens_apply(text.lens, LENS_THERE, text.work, rows->items[i], &result), OK);
        assert_true(has(result.value, "id") || !has(result.value, "nom"));
        seen.names += has(result.value, "nom");
        seen.addresses += has(result.value, "adresse");
        seen.towns += has(result.value, "commune");
        seen.postcodes += has(result.value, "code_postal");
        seen.hours += has(result.value, "horaires");
    }
    seen.rows = rows->count;
    if (memcmp(&seen, hub, sizeof(seen)) != 0)
        fail_msg("%s: %u rows, %u names, %u addresses, %u towns, %u postcodes, %u hours", seen.name,
                 seen.rows, seen.names, seen.addresses, seen.towns, seen.postcodes, seen.hours);
    buf_clear(&json);
    lens_text_clear(&text);
}

static void the_eight_hubs_become_places(void **state)
{
    (void)state;
    static const struct hub hubs[] = {
        {"aix-en-provence", 38, 38, 38, 38, 38, 16},
        {"bus-france-services-charente", 12, 12, 12, 12, 12, 12},
        {"fibre-64", 61, 61, 61, 61, 61, 26},
        {"gironde", 347, 347, 347, 347, 321, 0},
        {"hub-lo", 426, 426, 425, 426, 426, 52},
        {"la-creuse", 91, 91, 89, 91, 91, 30},
        {"maine-et-loire", 243, 240, 240, 240, 240, 0},
        {"nouvelle-caledonie", 92, 92, 92, 92, 92, 72},
    };
    if (vectors_shared() == NULL) {
        skip();
    }
    for (size_t i = 0; i < sizeof(hubs) / sizeof(hubs[0]); i++)
        check_hub(&hubs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mapping_file_is_a_lens),
        cmocka_unit_test(a_postcode_without_column_is_found_in_the_address),
        cmocka_unit_test(a_wrong_mapping_is_refused_with_its_place),
        cmocka_unit_test(the_eight_hubs_become_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
