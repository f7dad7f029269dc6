/* The own identity: its genesis, its files, and what becomes of changes that broke off. */
#include "node/identity/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "keys/keeper_state.h"
#include "keys/keys.h"
#include "keys/vault.h"
#include "node/identity/identities.h"
#include "node/identity/own_parts.h"
#include "node/net/certificate.h"
#include "node/net/os.h"
#include "proto/identity/did.h"

#define END_OF_TIME_MS 253402300799000ull
#define LOCK_STEP_MS 20u

/* ---- files ---- */

static char *path_in(const char *dir, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", dir, name) < 0)
        BUG("no memory for a path");
    return path;
}

bool own_exists(const char *dir, const char *name)
{
    struct stat status;
    char *path = path_in(dir, name);
    bool there = lstat(path, &status) == 0;
    free(path);
    return there;
}

void own_remove(const char *dir, const char *name)
{
    char *path = path_in(dir, name);
    (void)unlink(path);
    free(path);
}

enum err own_lock(const char *dir, int *fd_out, struct why *why)
{
    char *path = path_in(dir, KEYS_ORIGIN);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd < 0)
        return os_fail(why, "opening keys/origin", errno);
    for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_STEP_MS) {
        if (waited >= OWN_WAIT_MS) {
            (void)close(fd);
            return why_set(why, ERR_LOCKED, "one command at a time changes the keys", 0, NULL,
                           NULL);
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = LOCK_STEP_MS * 1000000L}, NULL);
    }
    *fd_out = fd;
    return OK;
}

enum err own_store(const char *dir, struct span text, struct why *why)
{
    char *path = path_in(dir, IDENTITIES_OWN_FILE);
    enum err err = os_write_file(path, text, 0644, why);
    free(path);
    return err;
}

enum err own_load(const char *dir, struct webvh_history *history, struct buf *text, struct why *why)
{
    const struct webvh_clock clock = {.now_ms = END_OF_TIME_MS};
    char *path = path_in(dir, IDENTITIES_OWN_FILE);
    enum err err = os_read_file(path, WEBVH_BYTES_MAX, text, why);
    free(path);
    if (err != OK || history == NULL)
        return err;
    return webvh_history_read(history, span_of(NULL, 0), buf_span(text), span_of(NULL, 0), &clock,
                              why);
}

static enum err load_new(const char *dir, struct webvh_history **history_out, struct buf *text,
                         struct why *why)
{
    struct webvh_history *history = webvh_history_new();
    if (history == NULL)
        return ERR_NO_MEMORY;
    enum err err = own_load(dir, history, text, why);
    if (err == OK)
        *history_out = history;
    else
        webvh_history_free(history);
    return err;
}

enum err own_did(const char *dir, struct buf *out, struct why *why)
{
    struct webvh_history *history;
    struct buf text;
    buf_init(&text, WEBVH_BYTES_MAX);
    enum err err = load_new(dir, &history, &text, why);
    buf_clear(&text);
    if (err == OK) {
        buf_append_span(out, webvh_current(history).did);
        webvh_history_free(history);
        return buf_check(out);
    }
    if (err != ERR_NOT_FOUND)
        return err;
    struct public_key key;
    bool sealed;
    TRY(keys_read_public(dir, &key, &sealed, why));
    did_key_append(out, &key);
    return buf_check(out);
}

/* ---- genesis ---- */

static bool is_address(struct span host)
{
    bool digits = host.len > 0;
    for (size_t i = 0; i < host.len; i++)
        digits = digits && ((host.data[i] >= '0' && host.data[i] <= '9') || host.data[i] == '.');
    return digits || (host.len > 0 && host.data[0] == '[');
}

static void append_lower(struct buf *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        buf_append_byte(out, c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c);
    }
}

enum err own_append_domain(struct buf *out, const char *url, struct why *why)
{
    struct span host = span_part(span_cstr(url), strlen("https://"), strlen(url));
    struct span port = span_of(NULL, 0);
    for (size_t i = host.len; i > 0 && host.data[i - 1] != ']'; i--) {
        if (host.data[i - 1] != ':')
            continue;
        port = span_part(host, i, host.len);
        host = span_part(host, 0, i - 1);
        break;
    }
    if (is_address(host))
        return why_set(
            why, ERR_BAD_DID,
            "did:webvh 1.0: the address of a node is a host name; for an IP address take "
            "--did-key, an identity that cannot change its key",
            0, "--url https://name.example", url);
    size_t start = out->len;
    append_lower(out, host);
    if (span_is(span_part(buf_span(out), start, out->len), "localhost")) {
        out->len = start;
        buf_append_cstr(out, "node.localhost");
    } else if (memchr(host.data, '.', host.len) == NULL) {
        return why_set(why, ERR_BAD_DID,
                       "did:webvh 1.0: a host name has two labels or more; or take --did-key", 0,
                       "--url https://name.example", url);
    }
    if (port.len > 0 && !span_is(port, "443") && !span_is(port, "0")) {
        buf_append_cstr(out, "%3A");
        buf_append_span(out, port);
    }
    return buf_check(out);
}

enum err own_make_recovery(const char *file, struct secret_key **out, struct why *why)
{
    struct secret_key *secret = keyfile_make();
    if (secret == NULL)
        return ERR_NO_MEMORY;
    enum err err = keyfile_write(file, secret, NULL, why);
    if (err == OK)
        *out = secret;
    else
        vault_free(secret);
    return err;
}

struct genesis {
    struct node_document node;
    struct buf did;
    struct buf url;
    struct buf document;
    struct buf text;
    struct webvh_history *history;
};

/* The first entry is signed by a key that exists for that moment alone; from then on only the
 * recovery key can say anything. */
static enum err write_first(struct genesis *genesis, const struct secret_key *recovery,
                            struct why *why)
{
    struct secret_key *first = keyfile_make();
    if (first == NULL)
        return ERR_NO_MEMORY;
    const struct public_key first_key = keyfile_public(first);
    const struct public_key recovery_key = keyfile_public(recovery);
    const struct ed25519_signer signer = keyfile_signer(first);
    struct webvh_change change = {.document = buf_span(&genesis->document),
                                  .update_keys = &first_key,
                                  .update_key_count = 1,
                                  .next_keys = &recovery_key,
                                  .next_key_count = 1,
                                  .time_ms = os_wall_ms() / 1000 * 1000};
    enum err err = webvh_create(genesis->history, &change, &signer, &genesis->text, why);
    vault_free(first);
    return err;
}

static enum err describe(struct genesis *genesis, const char *dir, const char *url, struct why *why)
{
    struct node_document *node = &genesis->node;
    buf_append_cstr(&genesis->did, "did:webvh:" WEBVH_SCID_PLACEHOLDER ":");
    TRY(own_append_domain(&genesis->did, url, why));
    struct span address = span_cstr(url);
    bool is_open =
        address.len > 2 && span_is(span_part(address, address.len - 2, address.len), ":0");
    buf_append_span(&genesis->url, span_part(address, 0, address.len - (is_open ? 2 : 0)));
    TRY(buf_check(&genesis->url));
    TRY(certificate_pin(dir, node->pins[0].bytes, why));
    node->pin_count = 1;
    node->did = buf_span(&genesis->did);
    node->url = buf_span(&genesis->url);
    node->log_key_count = node->assert_key_count = node->request_key_count = 1;
    node->witness_key_count = 1;
    return node_document_append(&genesis->document, node, why);
}

/* What an init that broke off has left: nothing of it was ever published. */
static void sweep(const char *dir)
{
    static const char *const names[] = {KEYS_LOG_KEY KEYS_NEXT, KEYS_REQUEST_KEY,
                                        KEYS_ASSERT_KEY,        KEYS_WITNESS_KEY,
                                        IDENTITIES_OWN_FILE,    OWN_RECOVERY_FILE};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        own_remove(dir, names[i]);
}

static enum err make_keys(const char *dir, const char *passphrase, struct node_document *node,
                          struct why *why)
{
    TRY(keys_make(dir, KEYS_REQUEST_KEY, passphrase, &node->request_keys[0], why));
    TRY(keys_make(dir, KEYS_ASSERT_KEY, passphrase, &node->assert_keys[0], why));
    TRY(keys_make(dir, KEYS_WITNESS_KEY, NULL, &node->witness_keys[0], why));
    return keys_make(dir, KEYS_LOG_KEY KEYS_NEXT, passphrase, &node->log_keys[0], why);
}

static enum err make_files(struct genesis *genesis, const char *dir,
                           const struct secret_key *recovery, struct why *why)
{
    TRY(write_first(genesis, recovery, why));
    TRY(own_store(dir, buf_span(&genesis->text), why));
    TRY(keys_write_origin(dir, webvh_current(genesis->history).did, why));
    char *state = path_in(dir, KEYS_STATE);
    enum err err = keeper_state_create(state, &genesis->node.log_keys[0], why);
    free(state);
    TRY(err);
    return keys_adopt(dir, KEYS_LOG_KEY, why);
}

static enum err create(struct genesis *genesis, const char *dir, const char *url,
                       const char *recovery_file, const char *passphrase, struct why *why)
{
    char *folder = path_in(dir, KEYS_FOLDER);
    enum err err = mkdir(folder, 0700) == 0 || errno == EEXIST
                       ? OK
                       : os_fail(why, "making the keys folder", errno);
    free(folder);
    TRY(err);
    sweep(dir);
    struct buf domain; /* before anything is made: is there a DID for this address? */
    buf_init(&domain, DID_BYTES_MAX);
    err = own_append_domain(&domain, url, why);
    buf_clear(&domain);
    TRY(err);
    struct secret_key *recovery;
    TRY(own_make_recovery(recovery_file, &recovery, why));
    err = make_keys(dir, passphrase, &genesis->node, why);
    if (err == OK)
        err = describe(genesis, dir, url, why);
    if (err == OK)
        err = make_files(genesis, dir, recovery, why);
    if (err != OK)
        (void)unlink(recovery_file);
    vault_free(recovery);
    return err;
}

enum err own_create(const char *dir, const char *url, const char *recovery_file,
                    const char *passphrase, struct why *why)
{
    struct genesis genesis = {.history = webvh_history_new()};
    buf_init(&genesis.did, DID_BYTES_MAX);
    buf_init(&genesis.url, URL_BYTES_MAX);
    buf_init(&genesis.document, WEBVH_ENTRY_BYTES_MAX);
    buf_init(&genesis.text, WEBVH_ENTRY_BYTES_MAX);
    enum err err = genesis.history == NULL
                       ? ERR_NO_MEMORY
                       : create(&genesis, dir, url, recovery_file, passphrase, why);
    buf_clear(&genesis.did);
    buf_clear(&genesis.url);
    buf_clear(&genesis.document);
    buf_clear(&genesis.text);
    webvh_history_free(genesis.history);
    return err;
}

/* ---- settling ---- */

static bool has_key(const struct public_key *keys, unsigned count, const struct public_key *key)
{
    for (unsigned i = 0; i < count; i++)
        if (memcmp(&keys[i], key, sizeof(*key)) == 0)
            return true;
    return false;
}

static bool read_next(const char *dir, const char *name, struct public_key *out)
{
    bool sealed;
    char *path = path_in(dir, name);
    enum err err = keyfile_read_public(path, out, &sealed, NULL);
    free(path);
    return err == OK;
}

static enum err settle_key(const char *dir, const char *name, const char *next,
                           const struct public_key *keys, unsigned count, struct why *why)
{
    struct public_key key;
    if (!own_exists(dir, next))
        return OK;
    if (!read_next(dir, next, &key) || !has_key(keys, count, &key)) {
        own_remove(dir, next); /* it was never published */
        return OK;
    }
    return strcmp(name, KEYS_LOG_KEY) == 0 ? keys_adopt_log_key(dir, why)
                                           : keys_adopt(dir, name, why);
}

static bool is_pinned(const struct node_document *node, const struct hash *pin)
{
    for (unsigned i = 0; i < node->pin_count; i++)
        if (hash_equal(&node->pins[i], pin))
            return true;
    return false;
}

static enum err settle_tls(const char *dir, const struct node_document *node, struct why *why)
{
    struct hash next;
    struct hash shown;
    if (!own_exists(dir, CERTIFICATE_FILE CERTIFICATE_NEXT))
        return OK;
    if (certificate_pin_next(dir, next.bytes, NULL) != OK || !is_pinned(node, &next)) {
        own_remove(dir, CERTIFICATE_FILE CERTIFICATE_NEXT);
        own_remove(dir, CERTIFICATE_KEY_FILE CERTIFICATE_NEXT);
        return OK;
    }
    if (certificate_pin(dir, shown.bytes, NULL) == OK && is_pinned(node, &shown))
        return OK; /* both are published, the old one is still shown */
    if (own_exists(dir, CERTIFICATE_KEY_FILE CERTIFICATE_NEXT))
        TRY(keys_adopt(dir, CERTIFICATE_KEY_FILE, why));
    return keys_adopt(dir, CERTIFICATE_FILE, why);
}

static enum err settle(const char *dir, const struct webvh_history *history, struct why *why)
{
    struct webvh_version current = webvh_current(history);
    struct node_document node;
    struct tape tape;
    if (webvh_is_deactivated(history))
        return OK;
    tape_init(&tape);
    enum err err = node_document_read(current.document, current.did, &tape, &node, why);
    if (err == OK)
        err = settle_key(dir, KEYS_REQUEST_KEY, KEYS_REQUEST_KEY KEYS_NEXT, node.request_keys,
                         node.request_key_count, why);
    if (err == OK)
        err = settle_key(dir, KEYS_ASSERT_KEY, KEYS_ASSERT_KEY KEYS_NEXT, node.assert_keys,
                         node.assert_key_count, why);
    if (err == OK)
        err = settle_key(dir, KEYS_WITNESS_KEY, KEYS_WITNESS_KEY KEYS_NEXT, node.witness_keys,
                         node.witness_key_count, why);
    if (err == OK)
        err = settle_key(dir, KEYS_LOG_KEY, KEYS_LOG_KEY KEYS_NEXT, node.log_keys,
                         node.log_key_count, why);
    if (err == OK)
        err = settle_tls(dir, &node, why);
    tape_clear(&tape);
    return err;
}

enum err own_settle(const char *dir, struct why *why)
{
    struct webvh_history *history;
    struct buf text;
    int lock;
    if (!own_exists(dir, IDENTITIES_OWN_FILE))
        return OK;
    TRY(own_lock(dir, &lock, why));
    buf_init(&text, WEBVH_BYTES_MAX);
    enum err err = load_new(dir, &history, &text, why);
    buf_clear(&text);
    if (err == OK) {
        err = settle(dir, history, why);
        webvh_history_free(history);
    }
    (void)close(lock);
    return err;
}

bool own_log_key_waits(const char *dir)
{
    struct webvh_history *history;
    struct public_key key;
    struct log_keys keys;
    struct buf text;
    bool waits = false;
    if (!read_next(dir, KEYS_LOG_KEY KEYS_NEXT, &key))
        return false;
    buf_init(&text, WEBVH_BYTES_MAX);
    log_keys_init(&keys);
    if (load_new(dir, &history, &text, NULL) == OK) {
        if (log_keys_of_history(history, &keys) == OK)
            for (unsigned i = 0; i < keys.count; i++)
                waits = waits || (log_key_is_current(&keys, &keys.list[i]) &&
                                  memcmp(&keys.list[i].key, &key, sizeof(key)) == 0);
        webvh_history_free(history);
    }
    log_keys_clear(&keys);
    buf_clear(&text);
    return waits;
}
