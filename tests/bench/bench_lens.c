/* How many small records one core converts: scan, tree, lens, canonical bytes. Beside it the scan
 * alone. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/schema/lens.h"

static const char lens_text[] =
    "{\"from\":\"a\",\"to\":\"schema.org/Product\",\"rules\":["
    "{\"to\":\"/@type\",\"constant\":\"Product\"},{\"to\":\"/name\",\"from\":\"/nom\"},"
    "{\"to\":\"/description\",\"from\":\"/description\",\"through\":[{\"html\":\"text\"}]},"
    "{\"to\":\"/category\",\"from\":\"/labels\",\"through\":[{\"split\":\";\"},{\"table\":{"
    "\"bio\":\"Organic\",\"local\":\"Local\"},\"otherwise\":\"keep\"}]},"
    "{\"to\":\"/offers\",\"each\":\"/offres\",\"rules\":[{\"to\":\"/price\",\"from\":\"/prix\","
    "\"through\":[{\"number\":{\"decimal\":\",\"}}]},{\"to\":\"/priceCurrency\",\"constant\":"
    "\"EUR\"}]},{\"to\":\"/dateModified\",\"from\":\"/maj\",\"through\":[{\"date\":{\"read\":"
    "\"DD/MM/YYYY\",\"write\":\"date\"}}]},{\"to\":\"/geo\",\"point\":{\"lat\":\"/lat\","
    "\"lon\":\"/lon\"}},{\"to\":\"/url\",\"from\":\"/site\",\"through\":[{\"web\":true}]}]}";

static const char record_text[] =
    "{\"description\":\"Tomates anciennes cultiv\xc3\xa9"
    "es en pleine terre, r\xc3\xa9"
    "colt\xc3\xa9"
    "es le matin m\xc3\xaame.\",\"labels\":\"bio;local;consigne\",\"lat\":45.764043,"
    "\"lon\":4.835659,\"maj\":\"23/11/2026\",\"nom\":\"Tomates anciennes\",\"offres\":["
    "{\"prix\":\"3,90\"},{\"prix\":\"17,50\"}],\"site\":\"coop.example/produits/tomates\"}";

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const char *name, double elapsed, unsigned rounds)
{
    printf("{\"name\":\"%s\",\"unit\":\"records/s\",\"value\":%.0f}\n", name,
           (double)rounds / elapsed);
}

int main(void)
{
    struct span record = SPAN_LITERAL(record_text);
    struct lens *lens = NULL;
    struct lens_work *work = lens_work_new();
    struct lens_result result;
    struct tape tape;
    struct buf out;
    const unsigned rounds = 300000;
    tape_init(&tape);
    buf_init(&out, 1 << 20);
    if (work == NULL || lens_compile(SPAN_LITERAL(lens_text), NULL, &lens, NULL) != OK)
        return 1;
    double start = seconds();
    for (unsigned i = 0; i < rounds; i++) {
        if (tape_scan(&tape, record, &tape_record_limits, NULL) != OK)
            return 1;
    }
    report("lens_scan_alone", seconds() - start, rounds);
    start = seconds();
    for (unsigned i = 0; i < rounds; i++) {
        lens_work_reset(work);
        buf_reset(&out);
        if (tape_scan(&tape, record, &tape_record_limits, NULL) != OK)
            return 1;
        struct tree *source = tree_from_tape(lens_work_arena(work), &tape, record, 0);
        if (lens_apply(lens, LENS_THERE, work, source, &result) != OK || result.fault_total != 0)
            return 1;
        tree_append_canonical(&out, result.value);
    }
    report("lens_convert", seconds() - start, rounds);
    lens_free(lens);
    lens_work_free(work);
    tape_clear(&tape);
    buf_clear(&out);
    return 0;
}
