/* maillon pairing: the line that another operator needs. */
#include <stdio.h>

#include "node/cli/cli.h"
#include "node/peer/pairing_own.h"

int cmd_pairing(struct cli *cli);

int cmd_pairing(struct cli *cli)
{
    struct pairing pairing;
    struct why why = {.rule = NULL};
    struct buf text;
    buf_init(&text, PAIRING_BYTES_MAX);
    enum err err = pairing_own(cli->dir, &pairing, &why);
    if (err == OK)
        err = pairing_write(&pairing, &text, &why);
    int code = CLI_OK;
    if (err != OK)
        code = cli_fail(cli, cli->dir, err, &why);
    else if (cli->json)
        cli_print_json(json_pack("{s:s%, s:s, s:s, s:s}", "pairing", (const char *)text.data,
                                 text.len, "origin", pairing.did, "url", pairing.url, "cert",
                                 pairing.cert));
    else
        (void)printf("%.*s\n", (int)text.len, (const char *)text.data);
    buf_clear(&text);
    return code;
}
