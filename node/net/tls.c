#include "node/net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <sys/stat.h>

#include "node/net/os.h"

static const uint8_t alpn[] = "\x08http/1.1";
#define ALPN_BYTES (sizeof(alpn) - 1)

/* ---- contexts ---- */

static enum err refuse(struct why *why, const char *rule)
{
    unsigned long code = ERR_get_error();
    ERR_clear_error();
    return why_set(why, ERR_BAD_REQUEST, rule, 0, NULL,
                   code == 0 ? NULL : ERR_reason_error_string(code));
}

static enum err check_key_file(const char *path, struct why *why)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return os_fail(why, "opening the TLS key", errno);
    if ((status.st_mode & 077) != 0)
        return why_set(why, ERR_PERMISSIONS, "the TLS key has mode 600", 0, NULL, NULL);
    return OK;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *ctx)
{
    (void)ssl;
    (void)ctx;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_len, alpn, ALPN_BYTES, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301, 3.2 */
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);
    if (context == NULL)
        return NULL;
    (void)SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* An idle connection gives its record buffers back: 34 KiB less for each. */
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return context;
}

static enum err load(SSL_CTX *context, const char *cert_path, const char *key_path, struct why *why)
{
    struct stat status;
    if (stat(cert_path, &status) != 0)
        return os_fail(why, "opening the TLS certificate", errno);
    TRY(check_key_file(key_path, why));
    if (SSL_CTX_use_certificate_chain_file(context, cert_path) != 1)
        return refuse(why, "tls.crt holds a certificate as PEM");
    if (SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1)
        return refuse(why, "tls.key holds the certificate's private key as PEM");
    return OK;
}

enum err tls_server_context(const char *cert_path, const char *key_path, SSL_CTX **out,
                            struct why *why)
{
    SSL_CTX *context = new_context(TLS_server_method());
    if (context == NULL)
        return ERR_NO_MEMORY;
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_num_tickets(context, 0); /* connections are few and long */
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    enum err err = load(context, cert_path, key_path, why);
    if (err == OK)
        *out = context;
    else
        SSL_CTX_free(context);
    return err;
}

SSL_CTX *tls_client_context(bool with_public_cas)
{
    SSL_CTX *context = new_context(TLS_client_method());
    if (context == NULL)
        return NULL;
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_alpn_protos(context, alpn, ALPN_BYTES) != 0 ||
        (with_public_cas && SSL_CTX_set_default_verify_paths(context) != 1)) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

/* ---- pins ---- */

static bool pin_of(X509 *certificate, struct hash *out)
{
    uint8_t *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (len <= 0)
        return false;
    *out = sha256(span_of(der, (size_t)len));
    OPENSSL_free(der);
    return true;
}

static int trust_slot = -1;
static pthread_once_t trust_once = PTHREAD_ONCE_INIT;

static void make_trust_slot(void)
{
    trust_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static bool is_pinned(const struct tls_trust *trust, const struct hash *shown)
{
    for (unsigned i = 0; i < trust->count; i++)
        if (hash_equal(&trust->pins[i], shown))
            return true;
    return false;
}

/* With a pin the key itself is the trust: whoever signed the certificate, and its dates, say
 * nothing. Where any is taken the chain's fault stays noted, for tls_is_vouched. */
static int check_shown(int preverified, X509_STORE_CTX *store)
{
    (void)preverified;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct tls_trust *trust = SSL_get_ex_data(ssl, trust_slot);
    if (trust != NULL && trust->any)
        return 1;
    if (X509_STORE_CTX_get_error_depth(store) > 0)
        return 1;
    X509 *shown = X509_STORE_CTX_get_current_cert(store);
    struct hash found;
    if (trust != NULL && shown != NULL && pin_of(shown, &found) && is_pinned(trust, &found)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

enum err tls_expect(SSL *ssl, const char *host, const struct tls_trust *trust)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    bool is_address = X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    if (!is_address && SSL_set_tlsext_host_name(ssl, host) != 1)
        return ERR_NO_MEMORY;
    if ((trust->count == 0 || trust->any) && !is_address &&
        X509_VERIFY_PARAM_set1_host(param, host, 0) != 1)
        return ERR_NO_MEMORY;
    if (trust->count == 0 && !trust->any) {
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
        return OK;
    }
    (void)pthread_once(&trust_once, make_trust_slot);
    if (trust_slot < 0 || SSL_set_ex_data(ssl, trust_slot, (void *)(uintptr_t)trust) != 1)
        return ERR_NO_MEMORY;
    SSL_set_verify(ssl, SSL_VERIFY_PEER, check_shown);
    return OK;
}

bool tls_is_vouched(const SSL *ssl)
{
    return SSL_get_verify_result(ssl) == X509_V_OK;
}

bool tls_was_distrusted(const SSL *ssl)
{
    return SSL_get_verify_result(ssl) != X509_V_OK;
}

bool tls_peer_pin(const SSL *ssl, struct hash *out)
{
    X509 *shown = SSL_get0_peer_certificate(ssl);
    return shown != NULL && pin_of(shown, out);
}
