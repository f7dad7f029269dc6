/* TLS 1.3 for both ends: contexts, and pins.
 *
 * A pin is the SHA-256 of a certificate's SubjectPublicKeyInfo: it survives a new certificate for
 * the same key. */
#ifndef MAILLON_NODE_NET_TLS_H
#define MAILLON_NODE_NET_TLS_H

#include <openssl/ssl.h>

#include "proto/base/hash.h"

/* A server's context: TLS 1.3 only. The caller frees it with SSL_CTX_free. ERR_NOT_FOUND, ERR_IO,
 * ERR_PERMISSIONS (others may read the key), ERR_BAD_REQUEST (files are no PEM, or key and
 * certificate do not belong together). */
MUST_USE enum err tls_server_context(const char *cert_path, const char *key_path, SSL_CTX **out,
                                     struct why *why);
/* A client's context: TLS 1.3 only. with_public_cas: the system's CAs are loaded (tens of
 * milliseconds). It verifies nothing until tls_expect says what. NULL: no memory. */
SSL_CTX *tls_client_context(bool with_public_cas);

#define TLS_PINS_MAX 10u /* those of a document, and one of a pairing string */

/* What a client takes for the server that it means. */
struct tls_trust {
    unsigned count;                 /* one of these pins; 0: a chain to a public CA for the host */
    bool any;                       /* whatever it shows: what comes is proven in another way */
    struct hash pins[TLS_PINS_MAX]; /* SHA-256 of SubjectPublicKeyInfo */
};

/* Has this client connection hold the server to *trust. Also sends the name (SNI). The handshake
 * fails otherwise, before a byte of the request is sent. ssl's ex_data refers to *trust: it must
 * outlive ssl. ERR_NO_MEMORY. */
MUST_USE enum err tls_expect(SSL *ssl, const char *host, const struct tls_trust *trust);
/* Does a public CA vouch for what this connection shows? Also where any was taken. */
bool tls_is_vouched(const SSL *ssl);
/* After a failed handshake: was it because the key is not the pinned one, or no public CA vouches?
 */
bool tls_was_distrusted(const SSL *ssl);

/* The pin of the certificate that the other side of a connection shows; false: none. */
bool tls_peer_pin(const SSL *ssl, struct hash *out);

#endif
