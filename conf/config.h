/* The node's settings: maillon.ini read strictly, written with a comment for each setting, and
 * listed. */
#ifndef MAILLON_CONF_CONFIG_H
#define MAILLON_CONF_CONFIG_H

#include <stdio.h>

#include "proto/base/bytes.h"

#define CONFIG_FILE "maillon.ini"
#define CONFIG_LINE_BYTES_MAX 197u /* inih's own limit, less the end of the line */
#define CONFIG_FILE_BYTES_MAX 65536u

/* Plain values: copied by assignment. Every text ends with NUL and is never empty. */
struct config {
    struct {
        char name[161];
        char url[161];
        char languages[161];
        uint64_t threads; /* 0: one for each core */
        char user[65];    /* whom root becomes; "owner": the folder's */
    } node;
    struct {
        char public[129]; /* "[::]:8443" */
        char local[129];
        uint64_t connections_max;
        uint64_t connections_per_address_max;
    } listen;
    struct {
        uint64_t head_ms;
        uint64_t body_stall_ms;
        uint64_t write_stall_ms;
        uint64_t idle_ms;
    } timeouts;
    struct {
        uint64_t segment_bytes;
    } store;
    struct {
        uint64_t allow_private;
    } resolver;
    struct {
        uint64_t peer_logs_max;
        uint64_t peer_bytes_max;
        uint64_t compress;
    } sync;
    struct {
        uint64_t ask_peers_ms;
    } keys;
    struct {
        uint64_t skew_s;
        uint64_t per_minute_max;
    } requests;
    struct {
        uint64_t quorum;
    } witness;
};

void config_default(struct config *out);

/* Reads the text; what it does not set is as in config_default. why->position is the line, expected
 * names the nearest setting or the range. ERR_BAD_SETTING (unknown, twice, out of range, no setting
 * at all), ERR_LIMIT (a line or the file is too long). */
MUST_USE enum err config_read(struct span text, struct config *out, struct why *why);
/* Reads dir/maillon.ini. The same, ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. */
MUST_USE enum err config_load(const char *dir, struct config *out, struct why *why);

/* Sets one value from text, as the file would: for options of `maillon init`. ERR_BAD_SETTING. */
MUST_USE enum err config_set(struct config *config, const char *section, const char *key,
                             const char *value, struct why *why);

/* Takes over from fresh what may change while the node runs. Returns the full name
 * ("listen.public") of the first other setting that differs and so waits for a restart, or NULL. */
const char *config_reload(struct config *running, const struct config *fresh);

/* Appends the commented file with these values. config_read gives the same values back. */
void config_append(struct buf *out, const struct config *config);
/* Writes it as dir/maillon.ini, durable, mode 644. ERR_CONFLICT when there is one; ERR_IO,
 * ERR_DISK_FULL, ERR_NO_MEMORY. */
MUST_USE enum err config_write_default(const char *dir, const struct config *config,
                                       struct why *why);

/* The table of all settings, for `maillon reference settings`. */
void config_print_reference(FILE *out);

#endif
