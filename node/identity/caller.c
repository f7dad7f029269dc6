#include "node/identity/caller.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/identity/audiences.h"
#include "node/identity/identities.h"
#include "node/identity/learn.h"
#include "node/net/os.h"
#include "node/node.h"
#include "node/peer/peers.h"
#include "proto/identity/httpsig.h"
#include "proto/identity/nonce_cache.h"
#include "proto/record/record.h"

#define AUTHORITIES 2u
#define AUTHORITY_BYTES_MAX 192u

struct callers {
    pthread_mutex_t mutex; /* of the nonces */
    struct nonce_cache *nonces;
    char scheme[8];
    char text[AUTHORITIES][AUTHORITY_BYTES_MAX]; /* under which we are reached */
    struct span authorities[AUTHORITIES];
    unsigned authority_count;
};

/* ---- our own names ---- */

static void add_authority(struct callers *callers, struct span text)
{
    struct span port =
        strcmp(callers->scheme, "https") == 0 ? SPAN_LITERAL(":443") : SPAN_LITERAL(":80");
    if (text.len > port.len && span_equal(span_part(text, text.len - port.len, text.len), port))
        text.len -= port.len;
    if (text.len == 0 || text.len >= AUTHORITY_BYTES_MAX)
        return;
    char *out = callers->text[callers->authority_count];
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)text.data[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    callers->authorities[callers->authority_count++] = span_of((const uint8_t *)out, text.len);
}

/* The public address, and its host with the port really listened on. */
static void name_ourselves(struct callers *callers, const struct node *node)
{
    const char *after = strstr(node->url, "://");
    const char *authority = after == NULL ? node->url : after + 3;
    (void)snprintf(callers->scheme, sizeof(callers->scheme), "%s",
                   strncmp(node->url, "http://", 7) == 0 ? "http" : "https");
    add_authority(callers, span_cstr(authority));
    if (node->public_server == NULL)
        return;
    const char *colon = strrchr(authority, ':');
    const char *bracket = strrchr(authority, ']');
    bool has_port = colon != NULL && (bracket == NULL || bracket < colon);
    int host = (int)(has_port ? (size_t)(colon - authority) : strlen(authority));
    char text[AUTHORITY_BYTES_MAX];
    (void)snprintf(text, sizeof(text), "%.*s:%u", host, authority,
                   (unsigned)server_port(node->public_server));
    add_authority(callers, span_cstr(text));
}

enum err callers_start(struct node *node, struct callers **out)
{
    struct callers *callers = calloc(1, sizeof(*callers));
    if (callers == NULL)
        return ERR_NO_MEMORY;
    struct os_random random;
    os_random_init(&random);
    struct env env = os_random_env(&random);
    callers->nonces = nonce_cache_new(REQUEST_NONCES_MAX, 2 * node->config.requests.skew_s, &env);
    os_random_clear(&random);
    if (callers->nonces == NULL) {
        free(callers);
        return ERR_NO_MEMORY;
    }
    pthread_mutex_init(&callers->mutex, NULL);
    name_ourselves(callers, node);
    *out = callers;
    return OK;
}

void callers_free(struct callers *callers)
{
    if (callers == NULL)
        return;
    nonce_cache_free(callers->nonces);
    pthread_mutex_destroy(&callers->mutex);
    free(callers);
}

/* ---- keys ---- */

static struct span did_of(struct span keyid)
{
    const uint8_t *hash = keyid.len == 0 ? NULL : memchr(keyid.data, '#', keyid.len);
    return hash == NULL ? keyid : span_part(keyid, 0, (size_t)(hash - keyid.data));
}

enum err caller_find_key(struct node *node, struct span keyid, uint64_t created_s,
                         struct public_key *out, struct why *why)
{
    struct span did = did_of(keyid);
    if (did.len > DID_BYTES_MAX)
        return why_set(why, ERR_BAD_DID, "keyid is <did>#request", 0, NULL, NULL);
    bool is_request = span_is(span_part(keyid, did.len, keyid.len), "#request");
    if (is_request && audiences_request_key(node->audiences, did, out))
        return OK; /* the one key that was handed over is in force until another one is */
    if (span_starts_with(did, SPAN_LITERAL("did:key:")))
        return why_set(why, ERR_NOT_FOUND, "the request key of the caller is known here", 0, NULL,
                       NULL);
    return identities_find_key(node->identities, keyid, DOCUMENT_REQUEST_KEY, created_s * 1000, out,
                               why);
}

/* Another number whenever what is known of this DID has changed. */
static uint64_t version_of(struct node *node, struct span did)
{
    uint64_t listed = audiences_version(node->audiences, did);
    return listed == 0 ? 0 : (listed << 16) + identities_version(node->identities, did);
}

/* A key that is not known may be a new one. Strangers have nothing fetched. */
static void look_for_news(struct node *node, struct span did)
{
    if (!span_starts_with(did, SPAN_LITERAL("did:webvh:")) ||
        audiences_version(node->audiences, did) == 0)
        return;
    if (!peers_want_history(node->peers, did))
        learn_want(node->learn, did);
}

struct looking {
    struct node *node;
    struct caller *caller;
    bool unknown;
};

static enum err find_key(void *ctx, struct span keyid, uint64_t created_s, struct public_key *out,
                         struct why *why)
{
    struct looking *looking = ctx;
    struct span did = did_of(keyid);
    if (did.len > DID_BYTES_MAX)
        return why_set(why, ERR_BAD_DID, "keyid is <did>#request", 0, NULL, NULL);
    if (did.len > 0)
        memcpy(looking->caller->did, did.data, did.len);
    looking->caller->version = version_of(looking->node, did);
    enum err err = caller_find_key(looking->node, keyid, created_s, out, why);
    looking->unknown = err == ERR_NOT_FOUND;
    return err;
}

/* ---- requests ---- */

static enum err remember(struct node *node, const struct httpsig_covered *covered, uint64_t now_s,
                         struct why *why)
{
    struct callers *callers = node->callers;
    pthread_mutex_lock(&callers->mutex);
    enum err err =
        nonce_cache_add(callers->nonces, covered->keyid, covered->nonce, covered->created_s, now_s);
    pthread_mutex_unlock(&callers->mutex);
    return err == OK ? OK
                     : why_set(why, err, "RFC 9421, 7.2.2: a nonce is used once", 0, NULL, NULL);
}

enum err caller_read(struct node *node, const struct http_head *head, struct caller *out,
                     struct why *why)
{
    *out = (struct caller){.proven = false};
    if (http_field(&head->fields, "signature-input").data == NULL)
        return OK;
    uint64_t now_s = os_wall_ms() / 1000;
    struct looking looking = {.node = node, .caller = out};
    struct httpsig_policy policy = {.authorities = node->callers->authorities,
                                    .authority_count = node->callers->authority_count,
                                    .now_s = now_s,
                                    .skew_s = node->config.requests.skew_s,
                                    .keys = &looking,
                                    .find_key = find_key};
    struct httpsig_request request = httpsig_request_of(head, node->callers->scheme);
    struct httpsig_covered covered;
    enum err err = httpsig_verify(&request, &policy, &covered, why);
    if (looking.unknown || err == ERR_BAD_SIGNATURE)
        look_for_news(node, span_cstr(out->did));
    if (err == ERR_NOT_SIGNED || looking.unknown) {
        if (why != NULL)
            *why = (struct why){.rule = NULL};
        return OK;
    }
    TRY(err);
    err = audiences_take_turn(node->audiences, span_cstr(out->did), os_mono_ms(),
                              node->config.requests.per_minute_max);
    if (err != OK)
        return why_set(why, err, "requests.per_minute_max: signed requests of one caller", 0, NULL,
                       NULL);
    TRY(remember(node, &covered, now_s, why));
    out->proven = true;
    out->has_digest = covered.has_digest;
    out->digest = covered.digest;
    return OK;
}

enum err caller_check_body(const struct caller *caller, struct span body, struct why *why)
{
    return caller->has_digest ? content_digest_check(&caller->digest, body, why) : OK;
}

/* ---- what it may read ---- */

/* "voisins" of "circle:voisins". The audience comes first in the canonical bytes of a record, but
 * for members that this version does not know. */
static bool is_in_circle(struct node *node, const struct caller *caller, struct span line)
{
    static const struct span start = {(const uint8_t *)"{\"audience\":\"circle:", 20};
    struct span did = span_cstr(caller->did);
    if (span_starts_with(line, start)) {
        struct cursor cursor = cursor_of(span_part(line, start.len, line.len));
        struct span name = cursor_until(&cursor, '"');
        return !cursor.failed && audiences_is_in_circle(node->audiences, did, name);
    }
    struct tape tape;
    struct record record;
    tape_init(&tape);
    bool is = record_read(line, &tape, &record, NULL) == OK && record.audience_text.len > 7 &&
              audiences_is_in_circle(node->audiences, did,
                                     span_part(record.audience_text, 7, record.audience_text.len));
    tape_clear(&tape);
    return is;
}

bool caller_may_read(struct node *node, const struct caller *caller, const struct store_log *log,
                     const struct log_entry *entry)
{
    if (entry->line.len == 0)
        return false;
    switch (entry->audience) {
    case AUDIENCE_PUBLIC:
        return true;
    case AUDIENCE_COMMONS:
        return caller->proven && audiences_is_member(node->audiences, span_cstr(caller->did));
    case AUDIENCE_CIRCLE:
        return caller->proven && log == node->own && is_in_circle(node, caller, entry->line);
    case AUDIENCE_PRIVATE:
        return false;
    }
    return false;
}

bool caller_has_changed(struct node *node, const struct caller *caller)
{
    return caller->did[0] != '\0' && version_of(node, span_cstr(caller->did)) != caller->version;
}
