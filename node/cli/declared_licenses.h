/* The licences that the packs in use declare, in the shape in which proto/record/license.h asks. */
#ifndef MAILLON_NODE_CLI_DECLARED_LICENSES_H
#define MAILLON_NODE_CLI_DECLARED_LICENSES_H

#include "conf/packs.h"
#include "node/cli/cli.h"
#include "proto/record/license.h"

struct declared_licenses {
    struct license_set set; /* each item's `of` is its const struct pack_license * */
    char **packs;           /* the name of the pack of each */
    struct packs_registry *registry;
    struct packs *held;
};

/* The packs of the node's folder and those built in. False: told on stderr. */
bool declared_licenses_open(const struct cli *cli, struct declared_licenses *out);
void declared_licenses_close(struct declared_licenses *declared);

#endif
