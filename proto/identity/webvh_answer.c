/* What a verified history answers. */
#include "proto/identity/webvh_state.h"

unsigned webvh_count(const struct webvh_history *history)
{
    return history->count;
}

struct webvh_version webvh_version(const struct webvh_history *history, unsigned number)
{
    CHECK(number >= 1 && number <= history->count);
    const struct webvh_entry *entry = &history->entries[number - 1];
    return (struct webvh_version){.number = number,
                                  .id = webvh_slice_text(history, entry->id),
                                  .time_ms = entry->time_ms,
                                  .did = webvh_slice_text(history, entry->did),
                                  .document = webvh_slice_text(history, entry->document),
                                  .deactivated = entry->deactivated};
}

struct webvh_version webvh_current(const struct webvh_history *history)
{
    return webvh_version(history, history->count);
}

/* Times of versions grow. */
unsigned webvh_number_at(const struct webvh_history *history, uint64_t time_ms)
{
    unsigned low = 0;
    unsigned high = history->count;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (history->entries[middle].time_ms <= time_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct span webvh_scid(const struct webvh_history *history)
{
    return history->count == 0 ? span_of(NULL, 0) : span_of(history->scid, sizeof(history->scid));
}

bool webvh_is_deactivated(const struct webvh_history *history)
{
    return history->parameters.deactivated;
}

bool webvh_is_portable(const struct webvh_history *history)
{
    return history->parameters.portable;
}

uint32_t webvh_ttl_s(const struct webvh_history *history)
{
    return history->parameters.ttl_s;
}

const struct public_key *webvh_update_keys(const struct webvh_history *history, unsigned *count_out)
{
    *count_out = history->parameters.update_key_count;
    return history->parameters.update_keys;
}

bool webvh_is_prerotated(const struct webvh_history *history)
{
    return history->parameters.next_key_count > 0;
}

enum err webvh_find_key(const struct webvh_history *history, struct span url,
                        enum document_role role, uint64_t time_ms, struct public_key *out,
                        struct why *why)
{
    struct document document;
    struct tape tape;
    unsigned number = webvh_number_at(history, time_ms);
    if (number == 0)
        return why_set(why, ERR_NOT_FOUND, "did:webvh: the identity existed at that time", 0, NULL,
                       NULL);
    struct webvh_version version = webvh_version(history, number);
    if (version.deactivated)
        return why_set(why, ERR_DEACTIVATED, "did:webvh: the identity was not given up before",
                       number, NULL, NULL);
    tape_init(&tape);
    enum err err = document_read(version.document, version.did, &tape, &document, why);
    if (err == OK)
        err = document_find_key(&document, url, role, out, why);
    tape_clear(&tape);
    return err;
}

enum err webvh_history_check_extends(const struct webvh_history *old_history,
                                     const struct webvh_history *new_history, struct why *why)
{
    CHECK(old_history->count > 0 && new_history->count > 0);
    if (!span_equal(webvh_scid(old_history), webvh_scid(new_history)))
        return why_set(why, ERR_BAD_HISTORY, "did:webvh: both histories have one scid", 0, NULL,
                       NULL);
    unsigned common =
        old_history->count < new_history->count ? old_history->count : new_history->count;
    /* Entries are chained: where one id is the same, all before it are. */
    struct span old_id = webvh_version(old_history, common).id;
    struct span new_id = webvh_version(new_history, common).id;
    if (!span_equal(old_id, new_id))
        return why_set(why, ERR_FORK, "did:webvh: one entry stands at each number", common, NULL,
                       NULL);
    return new_history->count >= old_history->count
               ? OK
               : why_set(why, ERR_SHRUNKEN, "did:webvh: a history grows", new_history->count, NULL,
                         NULL);
}
