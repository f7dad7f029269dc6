/* The parallel did:web document ("Publishing a Parallel did:web DID" of the standard). */
#include "proto/identity/webvh_state.h"
#include "proto/json/edit.h"

static const struct tape_limits limits = {INTEGRITY_BYTES_MAX, JSON_DEPTH_MAX};

struct web {
    struct span did;      /* did:webvh:... */
    struct span document; /* of the current version */
    struct buf from;      /* "did:webvh:<scid>:" */
    struct buf services;
    struct buf names; /* alsoKnownAs */
    struct buf draft;
    struct buf text; /* canonical, with did:web */
    struct tape tape;
    struct why *why;
};

static enum err refuse(const struct web *web, const char *rule)
{
    return why_set(web->why, ERR_BAD_DOCUMENT, rule, 0, NULL, NULL);
}

static bool has_service(const struct web *web, uint32_t list, const char *fragment)
{
    uint32_t item = list + 1;
    for (uint32_t left = web->tape.tokens[list].count; left > 0; left--) {
        uint32_t id = web->tape.tokens[item].type != TAPE_OBJECT
                          ? TAPE_NONE
                          : tape_member(&web->tape, web->document, item, SPAN_LITERAL("id"));
        if (id != TAPE_NONE && web->tape.tokens[id].type == TAPE_STRING) {
            struct span name = tape_text(&web->tape, web->document, id);
            if (span_starts_with(name, web->did))
                name = span_part(name, web->did.len, name.len);
            if (span_is(name, fragment))
                return true;
        }
        item = web->tape.tokens[item].next;
    }
    return false;
}

static void append_service(struct web *web, const char *context, const char *fragment,
                           const char *file, const char *type)
{
    struct buf *out = &web->services;
    struct webvh_did did;
    CHECK(webvh_did_read(web->did, &did, NULL) == OK);
    if (out->len > 1)
        buf_append_byte(out, ',');
    buf_append_byte(out, '{');
    buf_append_cstr(out, context);
    buf_append_cstr(out, "\"id\":\"");
    buf_append_span(out, web->did);
    buf_append_cstr(out, fragment);
    buf_append_cstr(out, "\",\"serviceEndpoint\":\"");
    webvh_did_append_url(out, &did, "");
    buf_append_cstr(out, file);
    buf_append_cstr(out, "\",\"type\":\"");
    buf_append_cstr(out, type);
    buf_append_cstr(out, "\"}");
}

/* Step 2: the implicit services that are not there. */
static enum err write_services(struct web *web)
{
    struct buf *out = &web->services;
    uint32_t list = tape_member(&web->tape, web->document, 0, SPAN_LITERAL("service"));
    if (list != TAPE_NONE && web->tape.tokens[list].type != TAPE_ARRAY)
        return refuse(web, "DID 1.0, 5.4: service is an array");
    buf_append_byte(out, '[');
    if (list != TAPE_NONE) {
        struct span all = tape_text(&web->tape, web->document, list);
        buf_append(out, all.data + 1, all.len - 2);
    }
    if (list == TAPE_NONE || !has_service(web, list, "#files"))
        append_service(web, "", "#files", "", "relativeRef");
    if (list == TAPE_NONE || !has_service(web, list, "#whois"))
        append_service(web, "\"@context\":\"https://identity.foundation/linked-vp/contexts/v1\",",
                       "#whois", "whois.vp", "LinkedVerifiablePresentation");
    buf_append_byte(out, ']');
    return buf_check(out);
}

/* Is this string, with its quotes, an item of names? */
static bool is_listed(const struct buf *names, struct span quoted)
{
    return memmem(names->data, names->len, quoted.data, quoted.len) != NULL;
}

/* Steps 4 and 5, on the text with did:web: its own name and doubles go, the did:webvh comes. */
static enum err write_names(struct web *web, struct span own)
{
    struct buf *out = &web->names;
    struct span text = buf_span(&web->text);
    uint32_t list = tape_member(&web->tape, text, 0, SPAN_LITERAL("alsoKnownAs"));
    if (list != TAPE_NONE && web->tape.tokens[list].type != TAPE_ARRAY)
        return refuse(web, "DID 1.0, 5.1.3: alsoKnownAs is an array");
    uint32_t item = list + 1;
    buf_append_byte(out, '[');
    for (uint32_t left = list == TAPE_NONE ? 0 : web->tape.tokens[list].count; left > 0; left--) {
        struct span name = edit_value_text(&web->tape, text, item);
        if (web->tape.tokens[item].type != TAPE_STRING)
            return refuse(web, "DID 1.0, 5.1.3: alsoKnownAs holds strings");
        if (!span_equal(tape_text(&web->tape, text, item), own) && !is_listed(out, name)) {
            buf_append_span(out, name);
            buf_append_byte(out, ',');
            TRY(buf_check(out));
        }
        item = web->tape.tokens[item].next;
    }
    buf_append_byte(out, '"');
    buf_append_span(out, web->did);
    buf_append_cstr(out, "\"]");
    return buf_check(out);
}

static enum err write_web(struct web *web, struct jcs *jcs, struct buf *out)
{
    struct edit_member change = {.key = SPAN_LITERAL("service")};
    TRY(tape_scan(&web->tape, web->document, &limits, web->why));
    TRY(write_services(web));
    change.value = buf_span(&web->services);
    edit_append_object(&web->names, &web->tape, web->document, 0, &change, 1);
    TRY(buf_check(&web->names));
    /* Step 3. The order of keys may be another afterwards. */
    webvh_append_replaced(&web->draft, buf_span(&web->names), buf_span(&web->from),
                          SPAN_LITERAL("did:web:"));
    TRY(buf_check(&web->draft));
    TRY(jcs_canonicalise(jcs, buf_span(&web->draft), &limits, &web->text, web->why));
    TRY(tape_scan(&web->tape, buf_span(&web->text), &limits, web->why));
    uint32_t id = tape_member(&web->tape, buf_span(&web->text), 0, SPAN_LITERAL("id"));
    CHECK(id != TAPE_NONE);
    buf_reset(&web->names);
    TRY(write_names(web, tape_text(&web->tape, buf_span(&web->text), id)));
    change =
        (struct edit_member){.key = SPAN_LITERAL("alsoKnownAs"), .value = buf_span(&web->names)};
    buf_reset(&web->draft);
    edit_append_object(&web->draft, &web->tape, buf_span(&web->text), 0, &change, 1);
    TRY(buf_check(&web->draft));
    if (buf_reserve(out, web->draft.len) == NULL) {
        enum err err = buf_check(out);
        out->failed = OK;
        return err;
    }
    buf_append_span(out, buf_span(&web->draft));
    return OK;
}

enum err webvh_append_did_web(const struct webvh_history *history, struct buf *out, struct why *why)
{
    struct webvh_version current = webvh_current(history);
    struct web web = {.did = current.did, .document = current.document, .why = why};
    if (current.deactivated)
        return why_set(why, ERR_DEACTIVATED, "did:webvh: a document of an identity in use", 0, NULL,
                       NULL);
    TRY(buf_check(out));
    struct buf *const bufs[] = {&web.from, &web.services, &web.names, &web.draft, &web.text};
    for (unsigned i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
        buf_init(bufs[i], INTEGRITY_BYTES_MAX);
    tape_init(&web.tape);
    buf_append_cstr(&web.from, "did:webvh:");
    buf_append_span(&web.from, webvh_scid(history));
    buf_append_byte(&web.from, ':');
    struct jcs *jcs = jcs_new();
    enum err err = jcs == NULL ? ERR_NO_MEMORY : buf_check(&web.from);
    if (err == OK)
        err = write_web(&web, jcs, out);
    jcs_free(jcs);
    tape_clear(&web.tape);
    for (unsigned i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
        buf_clear(bufs[i]);
    return err;
}
