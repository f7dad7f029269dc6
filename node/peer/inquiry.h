/* Two histories of one log, here and at a peer: asks the peer for what makes the proof, and how far
 * the two are one. What it answers is believed as far as its own signed head proves it; a peer that
 * lies, or says nothing, proves nothing. Lives on one loop. */
#ifndef MAILLON_NODE_PEER_INQUIRY_H
#define MAILLON_NODE_PEER_INQUIRY_H

#include "node/node.h"
#include "node/store/state.h"

struct inquiry;

struct inquiry_options {
    struct node *node;
    struct loop *loop;
    const struct state_peer *peer; /* outlives the inquiry */
    struct store_log *log;
    struct span
        note; /* the checkpoint that the peer showed, its signature verified; empty: ask it */
    void (*done)(void *ctx); /* never before inquiry_start returns */
    void *ctx;
};

/* What is proven goes to faults_add_later. NULL: there is no contradiction, nothing signed here to
 * compare with, or no memory. Freed before done is called. */
struct inquiry *inquiry_start(const struct inquiry_options *options);
void inquiry_free(struct inquiry *inquiry); /* gives it up; NULL is fine */

#endif
