/* Speed of sync without disk and network: records read, and a log served and followed, on one core.
 * Prints "name value unit". */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/lib/memlog.h"

#define RECORDS 200000u
#define PIECE 65536u

static double seconds(clockid_t clock)
{
    struct timespec now;
    CHECK(clock_gettime(clock, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* About 800 bytes a line, as the real catalogues have them. */
static struct memlog *make_log(void)
{
    char body[1024];
    struct memlog *log = memlog_new(1);
    for (unsigned i = 0; i < RECORDS; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "products/%u", i);
        (void)snprintf(body, sizeof(body),
                       "{\"categories\":[\"l\xc3\xa9gumes\",\"frais\",\"saison\"],\"description\":"
                       "\"Tomates anciennes "
                       "de plein champ, cueillies \xc3\xa0 maturit\xc3\xa9 et livr\xc3\xa9"
                       "es le jour m\xc3\xaame dans les points de "
                       "retrait de la coop\xc3\xa9rative ; lot num\xc3\xa9ro %u de la "
                       "saison.\",\"geo\":{\"lat\":"
                       "45.18%u7,\"lon\":5.72%u7},\"identifier\":\"3760%08u\",\"image\":\"https://"
                       "exemple.fr/images/"
                       "tomates/%u.jpg\",\"name\":\"Tomates anciennes n\xc2\xb0 "
                       "%u\",\"offers\":[{\"price\":%u,"
                       "\"priceCurrency\":\"EUR\",\"unit\":\"kg\"},{\"price\":%u,\"priceCurrency\":"
                       "\"EUR\",\"unit\":"
                       "\"cagette\"}],\"producer\":{\"address\":\"12 chemin des Vignes, 38000 "
                       "Grenoble\",\"name\":\"Ferme "
                       "des Quatre Vents\",\"siret\":\"123456789%05u\"}}",
                       i, i % 97 + 1, i % 89 + 1, i, i, i, i % 9 + 2, i % 40 + 10, i % 100000);
        memlog_put(log, id, NULL, body);
    }
    memlog_sign(log);
    return log;
}

static void bench_read(const struct memlog *log)
{
    struct tape tape;
    tape_init(&tape);
    size_t bytes = 0;
    double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t i = 0; i < RECORDS; i++) {
        struct record record;
        CHECK(record_read(memlog_line(log, i), &tape, &record, NULL) == OK);
        bytes += record.line.len;
    }
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    printf("{\"name\":\"sync_record_bytes\",\"unit\":\"B\",\"value\":%.0f}\n",
           (double)bytes / RECORDS);
    printf("{\"name\":\"sync_record_read\",\"unit\":\"GB/s\",\"value\":%.3f}\n",
           (double)bytes / cpu / 1e9);
    tape_clear(&tape);
}

static void bench_hash(const struct memlog *log)
{
    size_t bytes = 0;
    uint8_t seen = 0;
    double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t i = 0; i < RECORDS; i++) {
        struct hash leaf = merkle_leaf_hash(memlog_line(log, i));
        seen ^= leaf.bytes[0];
        bytes += memlog_line(log, i).len;
    }
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    CHECK(seen == 0 || bytes > 0);
    printf("{\"name\":\"sync_leaf_hash\",\"unit\":\"GB/s\",\"value\":%.3f}\n",
           (double)bytes / cpu / 1e9);
}

static enum err open_log(void *ctx, struct span origin, struct merkle_range *range_out,
                         bool *own_out)
{
    (void)ctx;
    (void)origin;
    *range_out = (struct merkle_range){.size = 0};
    *own_out = false;
    return OK;
}

/* Everything in pieces as a connection brings them; a batch counts as durable at once. */
static void bench_sync(struct memlog *log)
{
    struct follow_options options = {.open_log = open_log};
    struct follow *follow = follow_new(&options);
    struct serve *serve = memserve_new(SPAN_LITERAL("{\"logs\":{}}"), &log, 1);
    struct buf out;
    buf_init(&out, 1u << 22);
    uint64_t entries = 0;
    double serve_cpu = 0;
    double follow_cpu = 0;
    bool idle = false;
    while (!idle) {
        double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
        buf_reset(&out);
        CHECK(serve_pull(serve, 0, PIECE, &out, &idle) == OK);
        double middle = seconds(CLOCK_PROCESS_CPUTIME_ID);
        size_t at = 0;
        while (at < out.len) {
            struct follow_effects effects;
            size_t used;
            CHECK(follow_feed(follow, span_part(buf_span(&out), at, out.len), 0, &used, &effects,
                              NULL) == OK);
            at += used;
            if (effects.batch == NULL)
                continue;
            entries += effects.batch->count;
            follow_persisted(follow, effects.batch, 0, &effects);
        }
        serve_cpu += middle - start;
        follow_cpu += seconds(CLOCK_PROCESS_CPUTIME_ID) - middle;
    }
    CHECK(entries == RECORDS);
    printf("{\"name\":\"sync_serve\",\"unit\":\"us/record\",\"value\":%.3f}\n",
           serve_cpu / RECORDS * 1e6);
    printf("{\"name\":\"sync_follow\",\"unit\":\"us/record\",\"value\":%.3f}\n",
           follow_cpu / RECORDS * 1e6);
    printf("{\"name\":\"sync_both\",\"unit\":\"records/s\",\"value\":%.0f}\n",
           RECORDS / (serve_cpu + follow_cpu));
    serve_free(serve);
    follow_free(follow);
    buf_clear(&out);
}

int main(void)
{
    struct memlog *log = make_log();
    bench_read(log);
    bench_hash(log);
    bench_sync(log);
    memlog_free(log);
    return 0;
}
