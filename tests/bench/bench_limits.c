/* What this machine can do at most with each of the parts that publishing and copying are made of,
 * on one core. */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "node/net/certificate.h"
#include "node/net/tls.h"
#include "proto/base/ed25519.h"
#include "proto/base/hash.h"

#define RECORD_BYTES 800u

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const char *name, const char *unit, double value)
{
    printf("{\"name\":\"%s\",\"unit\":\"%s\",\"value\":%.6g}\n", name, unit, value);
    (void)fflush(stdout);
}

static void bench_sha256(void)
{
    uint8_t record[RECORD_BYTES] = {1};
    const unsigned rounds = 500000;
    double start = seconds();
    for (unsigned i = 0; i < rounds; i++)
        record[0] ^= sha256(span_of(record, sizeof(record))).bytes[0];
    report("limit_sha256", "records/s", rounds / (seconds() - start));
}

static void bench_ed25519(void)
{
    struct public_key key;
    struct signature signature;
    uint8_t secret[64];
    uint8_t text[200] = {0};
    crypto_sign_keypair(key.bytes, secret);
    crypto_sign_detached(signature.bytes, NULL, text, sizeof(text), secret);
    const unsigned rounds = 5000;
    unsigned valid = 0;
    double start = seconds();
    for (unsigned i = 0; i < rounds; i++)
        valid += ed25519_verify(&key, span_of(text, sizeof(text)), &signature);
    report("limit_ed25519_verify", "signatures/s", valid / (seconds() - start));
}

/* One file, 8 MB and an fdatasync at a time: what the disk gives to anyone who means "durable". */
static void bench_append(const char *dir)
{
    char path[4096];
    const unsigned group = 10000;
    const unsigned records = 500000;
    uint8_t *block = calloc(group, RECORD_BYTES);
    (void)snprintf(path, sizeof(path), "%s/limit.append", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (block == NULL || fd < 0)
        exit(1);
    randombytes_buf(block, (size_t)group * RECORD_BYTES);
    double start = seconds();
    for (unsigned i = 0; i < records; i += group)
        if (write(fd, block, (size_t)group * RECORD_BYTES) < 0 || fdatasync(fd) != 0)
            exit(1);
    report("limit_append_fdatasync", "records/s", records / (seconds() - start));
    (void)close(fd);
    (void)unlink(path);
    free(block);
}

/* Rows with random keys, in transactions of 10,000: what a store of SQLite rows would do. */
static void bench_sqlite(const char *dir)
{
    char path[4096];
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    uint8_t record[RECORD_BYTES] = {1};
    uint8_t key[16];
    const int rows = 300000;
    (void)snprintf(path, sizeof(path), "%s/limit.db", dir);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        exit(1);
    (void)sqlite3_exec(db,
                       "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(k BLOB "
                       "PRIMARY KEY, v BLOB) WITHOUT ROWID",
                       NULL, NULL, NULL);
    (void)sqlite3_prepare_v2(db, "INSERT INTO t VALUES(?1,?2)", -1, &insert, NULL);
    double start = seconds();
    for (int i = 0; i < rows; i++) {
        if (i % 10000 == 0)
            (void)sqlite3_exec(db, i == 0 ? "BEGIN" : "COMMIT; BEGIN", NULL, NULL, NULL);
        randombytes_buf(key, sizeof(key));
        (void)sqlite3_bind_blob(insert, 1, key, sizeof(key), SQLITE_TRANSIENT);
        (void)sqlite3_bind_blob(insert, 2, record, sizeof(record), SQLITE_STATIC);
        (void)sqlite3_step(insert);
        (void)sqlite3_reset(insert);
    }
    (void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    report("limit_sqlite_insert", "records/s", rows / (seconds() - start));
    (void)sqlite3_finalize(insert);
    (void)sqlite3_close(db);
}

/* Both ends of TLS 1.3 in one thread, through memory: encrypting and decrypting, and nothing else.
 */
static void bench_tls(const char *dir)
{
    char cert[4096];
    char key[4096];
    SSL_CTX *server_context = NULL;
    (void)snprintf(cert, sizeof(cert), "%s/" CERTIFICATE_FILE, dir);
    (void)snprintf(key, sizeof(key), "%s/" CERTIFICATE_KEY_FILE, dir);
    if (certificate_make(dir, "https://localhost", NULL) != OK ||
        tls_server_context(cert, key, &server_context, NULL) != OK)
        exit(1);
    SSL_CTX *client_context = tls_client_context(false);
    SSL *server = SSL_new(server_context);
    SSL *client = SSL_new(client_context);
    BIO *server_side = NULL;
    BIO *client_side = NULL;
    (void)BIO_new_bio_pair(&server_side, 1 << 18, &client_side, 1 << 18);
    SSL_set_bio(server, server_side, server_side);
    SSL_set_bio(client, client_side, client_side);
    SSL_set_accept_state(server);
    SSL_set_connect_state(client);
    while (!SSL_is_init_finished(server) || !SSL_is_init_finished(client)) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
    }
    static uint8_t block[16384];
    uint64_t bytes = 0;
    double start = seconds();
    while (bytes < UINT64_C(1) << 30) {
        if (SSL_write(server, block, sizeof(block)) <= 0)
            exit(1);
        int got;
        while ((got = SSL_read(client, block, sizeof(block))) > 0)
            bytes += (uint64_t)got;
    }
    report("limit_tls_copy", "records/s", (double)bytes / RECORD_BYTES / (seconds() - start));
    SSL_free(server);
    SSL_free(client);
    SSL_CTX_free(server_context);
    SSL_CTX_free(client_context);
}

int main(int argc, char **argv)
{
    if (argc != 2 || sodium_init() < 0)
        return 2;
    bench_sha256();
    bench_ed25519();
    bench_tls(argv[1]);
    bench_append(argv[1]);
    bench_sqlite(argv[1]);
    return 0;
}
