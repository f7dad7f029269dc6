/* node/net/certificate: what `maillon init` makes, and the pin that peers keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/net/certificate.h"
#include "tests/lib/folder.h"

static X509 *load(const char *folder)
{
    char *path = folder_path(folder, CERTIFICATE_FILE);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    assert_non_null(certificate);
    (void)fclose(file);
    free(path);
    return certificate;
}

static void it_is_for_the_host_of_the_address(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *name;    /* a DNS name, or NULL */
        const char *address; /* else */
    } cases[] = {
        {"https://localhost:8443", "localhost", NULL},
        {"https://coop-a.example", "coop-a.example", NULL},
        {"https://192.0.2.7:1", NULL, "192.0.2.7"},
        {"https://[2001:db8::1]:65535", NULL, "2001:db8::1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *folder = folder_make();
        assert_int_equal(certificate_make(folder, cases[i].url, NULL), OK);
        X509 *certificate = load(folder);
        if (cases[i].name != NULL)
            assert_int_equal(X509_check_host(certificate, cases[i].name, 0, 0, NULL), 1);
        else
            assert_int_equal(X509_check_ip_asc(certificate, cases[i].address, 0), 1);
        assert_int_equal(X509_check_host(certificate, "other.example", 0, 0, NULL), 0);
        /* Signed by its own key. */
        assert_int_equal(X509_verify(certificate, X509_get0_pubkey(certificate)), 1);
        X509_free(certificate);
        folder_remove(folder);
    }
}

static void the_pin_follows_the_key(void **state)
{
    (void)state;
    uint8_t first[CERTIFICATE_PIN_BYTES];
    uint8_t again[CERTIFICATE_PIN_BYTES];
    uint8_t other[CERTIFICATE_PIN_BYTES];
    char *folder = folder_make();
    assert_int_equal(certificate_make(folder, "https://localhost", NULL), OK);
    assert_int_equal(certificate_pin(folder, first, NULL), OK);
    assert_int_equal(certificate_pin(folder, again, NULL), OK);
    assert_int_equal(certificate_make(folder, "https://localhost", NULL), OK);
    assert_int_equal(certificate_pin(folder, other, NULL), OK);
    assert_memory_equal(first, again, sizeof(first));
    assert_memory_not_equal(first, other, sizeof(first));
    folder_remove(folder);
}

static void refuses_what_is_no_certificate(void **state)
{
    (void)state;
    uint8_t pin[CERTIFICATE_PIN_BYTES];
    char *folder = folder_make();
    char *path = folder_path(folder, CERTIFICATE_FILE);
    assert_int_equal(certificate_pin(folder, pin, NULL), ERR_NOT_FOUND);
    folder_write(path, "nothing", 7, 0600);
    assert_int_equal(certificate_pin(folder, pin, NULL), ERR_DAMAGED);
    free(path);
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_for_the_host_of_the_address),
        cmocka_unit_test(the_pin_follows_the_key),
        cmocka_unit_test(refuses_what_is_no_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
