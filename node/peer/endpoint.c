/* Where a peer is. */
#include "node/peer/endpoint.h"

#include <stdio.h>

#include "node/identity/identities.h"
#include "proto/base/base64.h"

void endpoint_pairing_trust(const struct state_peer *settings, struct tls_trust *out)
{
    *out = (struct tls_trust){.count = 0};
    if (settings->cert[0] == '\0')
        return;
    out->count = 1; /* a damaged pin matches no key, and says so */
    if (!base64url_decode_exact(span_cstr(settings->cert), out->pins[0].bytes,
                                sizeof(out->pins[0].bytes)))
        memset(&out->pins[0], 0, sizeof(out->pins[0]));
}

static bool is_webvh(const struct state_peer *settings)
{
    return span_starts_with(span_cstr(settings->did), SPAN_LITERAL("did:webvh:"));
}

bool endpoint_is_certified(struct node *node, const struct state_peer *settings)
{
    struct identity_node known;
    return !is_webvh(settings) ||
           identities_node(node->identities, span_cstr(settings->did), &known) != ERR_NOT_FOUND;
}

enum err endpoint_find(struct node *node, const struct state_peer *settings, struct endpoint *out,
                       struct why *why)
{
    struct identity_node known;
    enum err err = identities_node(node->identities, span_cstr(settings->did), &known);
    if (err == OK && known.deactivated)
        return why_set(why, ERR_DEACTIVATED, "the peer's history ends", 0, NULL, NULL);
    if (err != OK && err != ERR_NOT_FOUND)
        return why_set(why, err, "the peer's DID document is that of a node", 0, NULL, NULL);
    if (err == ERR_NOT_FOUND && settings->url[0] == '\0')
        return why_set(why, err, "the peer's history names its address", 0, NULL, NULL);
    *out = (struct endpoint){.only_public = false};
    if (err == OK)
        out->trust = known.trust;
    else
        endpoint_pairing_trust(settings, &out->trust);
    out->only_public = settings->url[0] == '\0' && node->config.resolver.allow_private == 0;
    (void)snprintf(out->url, sizeof(out->url), "%s",
                   settings->url[0] != '\0' ? settings->url : known.url);
    return OK;
}

json_t *endpoint_trust_json(struct node *node, const struct state_peer *settings)
{
    struct identity_node known;
    enum err err = identities_node(node->identities, span_cstr(settings->did), &known);
    if (err == OK)
        return json_pack("{s:s, s:i, s:i, s:I, s:b, s:s}", "by",
                         known.trust.count > 0 ? "document" : "public", "pins",
                         (int)known.trust.count, "versions", (int)known.version, "changed_ms",
                         (json_int_t)known.changed_ms, "deactivated", known.deactivated, "url",
                         settings->url[0] != '\0' ? settings->url : known.url);
    const char *by = settings->cert[0] != '\0' ? "pairing"
                     : is_webvh(settings)      ? "history"
                                               : "public";
    return json_pack("{s:s, s:i, s:i, s:s}", "by", by, "pins", settings->cert[0] != '\0',
                     "versions", 0, "url", settings->url);
}
