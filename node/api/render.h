/* A record in another form than its own line. */
#ifndef MAILLON_NODE_API_RENDER_H
#define MAILLON_NODE_API_RENDER_H

#include "node/api/router.h"

/* Answers the call with the body of the line (copied) in the vocabulary that ?as= names, on the
 * pool. ERR_NOT_ACCEPTABLE names what there is instead. */
void render_as(struct call *call, struct span line);

#endif
