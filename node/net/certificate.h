/* The node's TLS key and certificate: made once by `maillon init`, self-signed, because peers pin
 * the key from the pairing string and need no authority. An operator may replace both files by
 * those of a public authority; the pin follows the key. */
#ifndef MAILLON_NODE_NET_CERTIFICATE_H
#define MAILLON_NODE_NET_CERTIFICATE_H

#include "proto/base/bytes.h"

#define CERTIFICATE_FILE "tls.crt"
#define CERTIFICATE_KEY_FILE "tls.key"
#define CERTIFICATE_NEXT ".next" /* behind both names: made, and not shown yet */
#define CERTIFICATE_PIN_BYTES 32u

/* Makes dir/tls.key (ECDSA P-256, PKCS #8 PEM, mode 600) and dir/tls.crt for the host of url
 * (https://host or https://host:port; a name, an IPv4 or a bracketed IPv6 address), replacing what
 * is there. ERR_IO, ERR_DISK_FULL, ERR_NO_MEMORY. */
MUST_USE enum err certificate_make(const char *dir, const char *url, struct why *why);
/* The same beside those in use: tls.key.next and tls.crt.next. */
MUST_USE enum err certificate_make_next(const char *dir, const char *url, struct why *why);
/* SHA-256 of the public key (SubjectPublicKeyInfo, DER) of the first certificate in dir/tls.crt.
 * ERR_NOT_FOUND, ERR_IO, ERR_DAMAGED (not a certificate). */
MUST_USE enum err certificate_pin(const char *dir, uint8_t out[CERTIFICATE_PIN_BYTES],
                                  struct why *why);
MUST_USE enum err certificate_pin_next(const char *dir, uint8_t out[CERTIFICATE_PIN_BYTES],
                                       struct why *why);

#endif
