/* The own pairing string: key, address and certificate of the folder. */
#include "node/peer/pairing_own.h"

#include <sodium.h>
#include <stdio.h>

#include "conf/config.h"
#include "keys/keys.h"
#include "node/net/certificate.h"
#include "proto/identity/did.h"

static_assert(sizeof(((struct config *)0)->node.url) <= PAIRING_URL_BYTES_MAX,
              "every address that settings hold fits");

enum err pairing_own(const char *dir, struct pairing *out, struct why *why)
{
    struct config config;
    struct public_key key;
    uint8_t pin[CERTIFICATE_PIN_BYTES];
    bool sealed;
    TRY(keys_read_public(dir, &key, &sealed, why));
    TRY(config_load(dir, &config, why));
    TRY(certificate_pin(dir, pin, why));
    struct buf did;
    buf_init(&did, DID_BYTES_MAX);
    did_key_append(&did, &key);
    enum err err = buf_check(&did);
    if (err == OK) {
        (void)snprintf(out->did, sizeof(out->did), "%.*s", (int)did.len, (const char *)did.data);
        (void)snprintf(out->url, sizeof(out->url), "%s", config.node.url);
        (void)sodium_bin2base64(out->cert, sizeof(out->cert), pin, sizeof(pin),
                                sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    }
    buf_clear(&did);
    return err;
}
