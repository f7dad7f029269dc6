/* The keeper's mind: which requests it answers, and which heads it signs. Pure: loading the key and
 * making a head durable are handed in by its process (keeper_proc.c) or by a test. */
#ifndef MAILLON_KEYS_KEEPER_H
#define MAILLON_KEYS_KEEPER_H

#include "keys/keyfile.h"
#include "proto/log/merkle.h"

/* A request: type (1 byte), serial (4), body. An answer: the same type and serial, refusal (1, 0
 * for none), body; of a refusal the body is expected and found, NUL-padded. Numbers are big-endian.
 */
#define KEEPER_REQUEST_HEAD_BYTES 5u
#define KEEPER_ANSWER_HEAD_BYTES 6u
#define KEEPER_REFUSAL_BYTES 192u
#define KEEPER_HEAD_BYTES 40u /* size, root */
/* SIGN_CHECKPOINT: head, count of hashes (1 byte), hashes. */
#define KEEPER_REQUEST_BYTES_MAX                                                                   \
    (KEEPER_REQUEST_HEAD_BYTES + KEEPER_HEAD_BYTES + 1 + 32 * MERKLE_PROOF_HASHES_MAX)
#define KEEPER_ANSWER_BYTES_MAX 4096u /* a note of one signature with the longest DID */

static_assert(MERKLE_PROOF_HASHES_MAX <= UINT8_MAX, "the count of hashes is one byte");

enum keeper_request {
#define REQUEST(name, number, needs, times, body_min, body_max, sentence) KEEPER_##name = (number),
#include "keys/requests.def"
#undef REQUEST
};

/* The key with all that belongs to it. */
struct keeper_key {
    const struct secret_key *secret;
    struct public_key key;
    struct merkle_head last;
    char origin[DID_BYTES_MAX + 1];
};

struct keeper_host {
    void *ctx;
    /* Loads all of it; passphrase NULL: none was given. */
    enum err (*open)(void *ctx, const char *passphrase, struct keeper_key *out, struct why *why);
    /* OK only when the head is durable: the signature leaves after it. */
    enum err (*remember)(void *ctx, const struct merkle_head *head, struct why *why);
};

struct keeper {
    struct keeper_host host;
    bool open;
    struct keeper_key key;
};

/* May this head be signed after the last one? OK, also for the last one itself (a lost answer is
 * asked for again); ERR_REFUSED_BY_KEEPER with the rule: smaller, another root for its size, or not
 * proven. */
MUST_USE enum err keeper_check(const struct merkle_head *last, const struct merkle_head *head,
                               const struct merkle_proof *proof, struct why *why);

/* Appends the checkpoint of the head as a signed note (C2SP tlog-checkpoint), in the origin's name.
 */
MUST_USE enum err keeper_write_note(const struct keeper_key *key, const struct merkle_head *head,
                                    struct buf *out, struct why *why);

/* Answers one request into `answer`, which is emptied first. Never fails by what was asked: a bad
 * request is answered with a refusal. */
void keeper_answer(struct keeper *keeper, struct span request, struct buf *answer);

/* The wire forms, shared with the signer. */
void keeper_append_request(struct buf *out, enum keeper_request type, uint32_t serial);
void keeper_append_head(struct buf *out, const struct merkle_head *head);
struct merkle_head keeper_read_head(struct cursor *cursor);
void keeper_append_proof(struct buf *out, const struct merkle_proof *proof);

#endif
