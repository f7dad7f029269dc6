/* The file of an Ed25519 key (RFC 8032): made, sealed by a passphrase, loaded. Text of four lines:
 *   maillon-key 1
 *   ed25519
 *   z6Mk...                                             the public key as in did:key
 *   secret <base64 of the seed>                         or
 *   sealed argon2id <passes> <KiB> <salt> <nonce> <box>   numbers, then base64
 * The box is XChaCha20-Poly1305 over the seed; all that stands before it is authenticated, too. */
#ifndef MAILLON_KEYS_KEYFILE_H
#define MAILLON_KEYS_KEYFILE_H

#include "proto/base/ed25519.h"

#define PASSPHRASE_BYTES_MAX 1024u /* a sentence; Argon2id takes more, a frame does not */

/* In vault memory only; freed by vault_free. */
struct secret_key {
    uint8_t bytes[64]; /* seed and public key, as libsodium has it */
};

/* A key file's text, read and not yet opened. Holds a secret: vault memory only. */
struct keyfile_text {
    struct public_key key;
    bool sealed;
    uint8_t seed[32]; /* when not sealed */
    uint32_t passes;  /* the rest when sealed */
    uint32_t memory_kib;
    uint8_t salt[16];
    uint8_t nonce[24];
    uint8_t box[32 + 16];
    size_t header_len; /* bytes that the box authenticates */
};

/* A new key from the system's randomness. NULL: no memory. */
struct secret_key *keyfile_make(void);
struct public_key keyfile_public(const struct secret_key *secret);

/* Writes a file that must not exist yet; passphrase NULL: not sealed. ERR_CONFLICT, ERR_LIMIT
 * (length of the passphrase), ERR_IO, ERR_DISK_FULL, ERR_NO_MEMORY. */
MUST_USE enum err keyfile_write(const char *path, const struct secret_key *secret,
                                const char *passphrase, struct why *why);
/* Loads the secret into read-only vault memory; the caller frees it. passphrase is not used for a
 * file that is not sealed. ERR_NOT_FOUND, ERR_PERMISSIONS, ERR_SEALED, ERR_DAMAGED,
 * ERR_NEWER_FORMAT, ERR_IO, ERR_NO_MEMORY. */
MUST_USE enum err keyfile_load(const char *path, const char *passphrase, struct secret_key **out,
                               struct why *why);
/* The same from the file's text, which lies in vault memory. */
MUST_USE enum err keyfile_open(struct span bytes, const char *passphrase, struct secret_key **out,
                               struct why *why);
/* The same from a descriptor, which is closed; not of a sealed file. */
MUST_USE enum err keyfile_read(int fd, struct secret_key **out, struct why *why);
/* Signs with the key, which must outlive it. For the keys of updates, requests and documents: the
 * log key is the keeper's. */
struct ed25519_signer keyfile_signer(const struct secret_key *secret);
/* Only the public key, without a passphrase; it is not proven to belong to the secret. Same errors.
 */
MUST_USE enum err keyfile_read_public(const char *path, struct public_key *out, bool *sealed_out,
                                      struct why *why);
/* Seals anew under `fresh`, or unseals when that is NULL. Afterwards the old text is gone from the
 * folder; what a disk or a backup keeps of it is not in our hands. Errors of load and write. */
MUST_USE enum err keyfile_reseal(const char *path, const char *passphrase, const char *fresh,
                                 struct why *why);

/* Reads the text alone (pure). ERR_DAMAGED, ERR_NEWER_FORMAT. */
MUST_USE enum err keyfile_parse(struct span text, struct keyfile_text *out, struct why *why);

#endif
