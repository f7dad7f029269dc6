/* Any bytes as a history (and, behind a NUL, its witnesses' proofs), as an identifier and as a
 * document. What is accepted is well-formed, grows in time, and is accepted again. */
#include <stdlib.h>

#include "proto/identity/webvh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_history(struct span log, struct span witnesses)
{
    const struct webvh_clock now = {.now_ms = 1790000000000};
    struct why why;
    struct webvh_history *history = webvh_history_new();
    CHECK(history != NULL);
    if (webvh_history_read(history, span_of(NULL, 0), log, witnesses, &now, &why) == OK) {
        struct webvh_did did;
        struct buf web;
        for (unsigned i = 1; i <= webvh_count(history); i++) {
            struct webvh_version version = webvh_version(history, i);
            CHECK(webvh_did_read(version.did, &did, NULL) == OK);
            CHECK(span_equal(did.scid, webvh_scid(history)));
            CHECK(webvh_number_at(history, version.time_ms) == i);
        }
        buf_init(&web, 1 << 20);
        enum err err = webvh_append_did_web(history, &web, &why);
        CHECK(err != OK || memmem(web.data, web.len, "alsoKnownAs", 11) != NULL);
        buf_clear(&web);
    } else {
        CHECK(webvh_count(history) == 0);
    }
    webvh_history_free(history);
}

static void check_did(struct span text)
{
    struct webvh_did did;
    struct why why;
    struct buf url;
    if (webvh_did_read(text, &did, &why) != OK)
        return;
    buf_init(&url, 10000);
    webvh_did_append_url(&url, &did, "did.jsonl");
    CHECK(buf_check(&url) == OK);
    CHECK(memmem(url.data, url.len, "/../", 4) == NULL && memchr(url.data, '#', url.len) == NULL);
    CHECK(memchr(url.data, '?', url.len) == NULL && memchr(url.data, '@', url.len) == NULL);
    buf_clear(&url);
}

static void check_document(struct span text)
{
    struct node_document node;
    struct node_document again;
    struct tape tape;
    struct buf out;
    struct why why;
    tape_init(&tape);
    buf_init(&out, 1 << 20);
    if (node_document_read(text, SPAN_LITERAL("did:web:a"), &tape, &node, &why) == OK &&
        node_document_append(&out, &node, &why) == OK) {
        CHECK(node_document_read(buf_span(&out), node.did, &tape, &again, &why) == OK);
        CHECK(again.log_key_count == node.log_key_count && again.pin_count == node.pin_count);
    }
    tape_clear(&tape);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size == 0 ? NULL : memchr(data, 0, size);
    size_t len = nul == NULL ? size : (size_t)(nul - data);
    check_history(span_of(data, len),
                  nul == NULL ? span_of(NULL, 0) : span_of(nul + 1, size - len - 1));
    check_did(span_of(data, size));
    check_document(span_of(data, size));
    return 0;
}
