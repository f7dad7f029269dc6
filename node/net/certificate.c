/* A self-signed certificate (RFC 5280), by OpenSSL. */
#include "node/net/certificate.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/file.h"
#include "proto/base/hash.h"

#define HOST_BYTES_MAX 253u
#define VALID_DAYS 3650 /* pinned: who changes the key tells its peers */

/* The host of the URL, without brackets. */
static void take_host(const char *url, char *out, size_t size)
{
    const char *start = strstr(url, "://");
    start = start == NULL ? url : start + 3;
    size_t len = strcspn(start, *start == '[' ? "]" : ":/");
    if (*start == '[') {
        start++;
        len--;
    }
    (void)snprintf(out, size, "%.*s", (int)len, start);
}

static bool is_address(const char *host)
{
    return strchr(host, ':') != NULL || strspn(host, "0123456789.") == strlen(host);
}

static bool set_serial(X509 *certificate)
{
    uint8_t bytes[16];
    if (RAND_bytes(bytes, (int)sizeof(bytes)) != 1)
        return false;
    bytes[0] = (uint8_t)((bytes[0] & 0x7fu) | 0x40u); /* positive, and always of one length */
    BIGNUM *number = BN_bin2bn(bytes, (int)sizeof(bytes), NULL);
    bool done =
        number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return done;
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool done = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

static bool set_names(X509 *certificate, const char *host)
{
    char alternative[HOST_BYTES_MAX + 8];
    char common[65]; /* X.520: at most 64 */
    (void)snprintf(alternative, sizeof(alternative), "%s:%s", is_address(host) ? "IP" : "DNS",
                   host);
    (void)snprintf(common, sizeof(common), "%.64s", host);
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1,
                                      -1, 0) == 1 &&
           X509_set_issuer_name(certificate, name) == 1 &&
           add_extension(certificate, NID_subject_alt_name, alternative);
}

static X509 *make_certificate(EVP_PKEY *key, const char *host)
{
    X509 *certificate = X509_new();
    bool done = certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
                set_serial(certificate) &&
                X509_gmtime_adj(X509_getm_notBefore(certificate), -24L * 3600) != NULL &&
                X509_time_adj_ex(X509_getm_notAfter(certificate), VALID_DAYS, 0, NULL) != NULL &&
                X509_set_pubkey(certificate, key) == 1 && set_names(certificate, host) &&
                add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
                add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
                add_extension(certificate, NID_ext_key_usage, "serverAuth,clientAuth") &&
                X509_sign(certificate, key, EVP_sha256()) > 0;
    if (done)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static enum err write_memory(const char *dir, const char *name, BIO *memory, struct why *why)
{
    char *text = NULL;
    long len = BIO_get_mem_data(memory, &text);
    char *path = file_path(dir, name);
    enum err err = ERR_NO_MEMORY;
    if (path != NULL && len > 0)
        err = file_write_private(path, span_of(text, (size_t)len), true, why);
    free(path);
    return err;
}

static enum err write_both(const char *dir, bool next, EVP_PKEY *key, X509 *certificate,
                           struct why *why)
{
    BIO *secret = BIO_new(BIO_s_secmem()); /* wiped when it is freed */
    BIO *public = BIO_new(BIO_s_mem());
    enum err err = ERR_NO_MEMORY;
    if (secret != NULL && public != NULL &&
        PEM_write_bio_PKCS8PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_X509(public, certificate) == 1)
        err = write_memory(dir, next ? CERTIFICATE_KEY_FILE CERTIFICATE_NEXT : CERTIFICATE_KEY_FILE,
                           secret, why);
    if (err == OK)
        err = write_memory(dir, next ? CERTIFICATE_FILE CERTIFICATE_NEXT : CERTIFICATE_FILE, public,
                           why);
    BIO_free(secret);
    BIO_free(public);
    return err;
}

static enum err make(const char *dir, bool next, const char *url, struct why *why)
{
    char host[HOST_BYTES_MAX + 1];
    take_host(url, host, sizeof(host));
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key == NULL ? NULL : make_certificate(key, host);
    enum err err = ERR_NO_MEMORY; /* all that can be missing: the host was checked */
    if (certificate != NULL)
        err = write_both(dir, next, key, certificate, why);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return err;
}

enum err certificate_make(const char *dir, const char *url, struct why *why)
{
    return make(dir, false, url, why);
}

enum err certificate_make_next(const char *dir, const char *url, struct why *why)
{
    return make(dir, true, url, why);
}

static bool hash_key(X509 *certificate, uint8_t out[CERTIFICATE_PIN_BYTES])
{
    uint8_t *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (len <= 0)
        return false;
    struct hash hash = sha256(span_of(der, (size_t)len));
    memcpy(out, hash.bytes, CERTIFICATE_PIN_BYTES);
    OPENSSL_free(der);
    return true;
}

static enum err pin_of(const char *dir, const char *name, uint8_t out[CERTIFICATE_PIN_BYTES],
                       struct why *why)
{
    char *path = file_path(dir, name);
    if (path == NULL)
        return ERR_NO_MEMORY;
    FILE *file = fopen(path, "rbe");
    free(path);
    if (file == NULL)
        return why_set(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "tls.crt", 0, NULL,
                       strerror(errno));
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    bool done = certificate != NULL && hash_key(certificate, out);
    X509_free(certificate);
    return done ? OK : why_set(why, ERR_DAMAGED, "tls.crt", 0, "a certificate in PEM", NULL);
}

enum err certificate_pin(const char *dir, uint8_t out[CERTIFICATE_PIN_BYTES], struct why *why)
{
    return pin_of(dir, CERTIFICATE_FILE, out, why);
}

enum err certificate_pin_next(const char *dir, uint8_t out[CERTIFICATE_PIN_BYTES], struct why *why)
{
    return pin_of(dir, CERTIFICATE_FILE CERTIFICATE_NEXT, out, why);
}
