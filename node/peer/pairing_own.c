/* The own pairing string: key, address and certificate of the folder. */
#include "node/peer/pairing_own.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/config.h"
#include "keys/request_key.h"
#include "node/identity/own.h"
#include "node/net/certificate.h"
#include "proto/identity/multikey.h"

static_assert(sizeof(((struct config *)0)->node.url) <= PAIRING_URL_BYTES_MAX,
              "every address that settings hold fits");

static enum err read_request_key(const char *dir, struct pairing *out, struct why *why)
{
    struct public_key key;
    if (strncmp(out->did, "did:key:", 8) != 0)
        return OK; /* its history names it */
    TRY(request_key_need(dir, &key, why));
    struct buf text;
    buf_init(&text, PAIRING_REQUEST_BYTES_MAX);
    multikey_append(&text, &key);
    enum err err = buf_check(&text);
    if (err == OK)
        (void)snprintf(out->request, sizeof(out->request), "%.*s", (int)text.len,
                       (const char *)text.data);
    buf_clear(&text);
    return err;
}

enum err pairing_of(const char *dir, const char *url, struct pairing *out, struct why *why)
{
    uint8_t pin[CERTIFICATE_PIN_BYTES];
    TRY(certificate_pin(dir, pin, why));
    struct buf did;
    buf_init(&did, DID_BYTES_MAX);
    *out = (struct pairing){.request = ""};
    enum err err = own_did(dir, &did, why);
    if (err == OK) {
        (void)snprintf(out->did, sizeof(out->did), "%.*s", (int)did.len, (const char *)did.data);
        (void)snprintf(out->url, sizeof(out->url), "%s", url);
        (void)sodium_bin2base64(out->cert, sizeof(out->cert), pin, sizeof(pin),
                                sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        err = read_request_key(dir, out, why);
    }
    buf_clear(&did);
    return err;
}

/* The address that the running node has. */
static bool read_running_url(const char *dir, char *out, size_t room)
{
    char *path = NULL;
    if (asprintf(&path, "%s/run.json", dir) < 0)
        return false;
    json_t *run = json_load_file(path, 0, NULL);
    const char *url = json_string_value(json_object_get(run, "url"));
    bool fits = url != NULL && (size_t)snprintf(out, room, "%s", url) < room;
    json_decref(run);
    free(path);
    return fits;
}

enum err pairing_own(const char *dir, struct pairing *out, struct why *why)
{
    struct config config;
    char url[PAIRING_URL_BYTES_MAX + 1];
    TRY(config_load(dir, &config, why));
    size_t len = strlen(config.node.url);
    bool is_open = len > 2 && strcmp(config.node.url + len - 2, ":0") == 0;
    if (is_open && !read_running_url(dir, url, sizeof(url)))
        return why_set(why, ERR_BAD_REQUEST,
                       "node.url has port 0, which is picked when the node starts", 0,
                       "a running node", NULL);
    return pairing_of(dir, is_open ? url : config.node.url, out, why);
}
