/* How fast one core scans and canonicalises a real-looking record, beside jansson on the same
 * bytes. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/json/jcs.h"
#include "proto/json/tape.h"

static const char text[] =
    "{\"audience\":\"public\",\"body\":{\"@context\":\"https://"
    "www.datafoodconsortium.org\",\"category\":"
    "[\"l\xc3\xa9gumes\",\"tomates\",\"bio\"],\"description\":\"Tomates anciennes cultiv\xc3\xa9"
    "es en pleine "
    "terre, r\xc3\xa9"
    "colt\xc3\xa9"
    "es \xc3\xa0 maturit\xc3\xa9 le matin m\xc3\xaame de la livraison ; "
    "plusieurs vari\xc3\xa9t\xc3\xa9s en m\xc3\xa9lange : noire de Crim\xc3\xa9"
    "e, c\xc5\x93ur de b\xc5\x93uf, "
    "ananas. Caisse consign\xc3\xa9"
    "e, \xc3\xa0 rapporter.\",\"location\":{\"coordinates\":[4.835659,45.764043],"
    "\"type\":\"Point\"},\"name\":\"Tomates "
    "anciennes\",\"offers\":[{\"price\":3.9,\"priceCurrency\":\"EUR\","
    "\"quantity\":{\"unit\":\"kg\",\"value\":1}},{\"price\":17.5,\"priceCurrency\":\"EUR\","
    "\"quantity\":"
    "{\"unit\":\"kg\",\"value\":5}}],\"producer\":\"producers/ferme-des-trois-chenes\",\"url\":"
    "\"https://coop.example/produits/tomates-anciennes\"},\"id\":\"products/"
    "tomates-anciennes\",\"license\":"
    "\"CC-BY-SA-4.0\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"op\":\"put\",\"schema\":\"food/"
    "product@1\","
    "\"time\":\"2026-11-23T18:00:00Z\"}";

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const char *name, double elapsed, unsigned rounds)
{
    printf("{\"name\":\"%s\",\"unit\":\"GB/s\",\"value\":%.3f}\n", name,
           (double)rounds * (double)(sizeof(text) - 1) / elapsed / 1e9);
}

int main(void)
{
    struct span record = SPAN_LITERAL(text);
    struct why why;
    struct tape tape;
    tape_init(&tape);
    const unsigned rounds = 1000000;
    double start = seconds();
    for (unsigned i = 0; i < rounds; i++) {
        if (tape_scan(&tape, record, &tape_record_limits, &why) != OK) {
            fprintf(stderr, "bench: %s at %llu\n", why.rule, (unsigned long long)why.position);
            return 1;
        }
    }
    report("json_scan", seconds() - start, rounds);

    struct jcs *jcs = jcs_new();
    struct buf out;
    buf_init(&out, 1 << 20);
    start = seconds();
    for (unsigned i = 0; i < rounds / 10; i++) {
        buf_reset(&out);
        if (jcs == NULL || jcs_canonicalise(jcs, record, &tape_record_limits, &out, NULL) != OK)
            return 1;
    }
    report("json_canonicalise", seconds() - start, rounds / 10);

    start = seconds();
    for (unsigned i = 0; i < rounds / 10; i++) {
        json_t *value = json_loadb(text, sizeof(text) - 1, JSON_REJECT_DUPLICATES, NULL);
        if (value == NULL)
            return 1;
        json_decref(value);
    }
    report("json_jansson_parse", seconds() - start, rounds / 10);
    buf_clear(&out);
    jcs_free(jcs);
    tape_clear(&tape);
    return 0;
}
