/* node/cli: what is asked on the command line, and what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/cli/cli.h"
#include "node/peer/pairing.h"
#include "tests/lib/folder.h"

struct answer {
    int code;
    char out[65536];
    char err[65536];
};

static void take_output(int fd, char *text, size_t size)
{
    ssize_t len = pread(fd, text, size - 1, 0);
    assert_true(len >= 0);
    text[len] = '\0';
    (void)close(fd);
}

/* Runs a command line in this process, its output caught. */
static struct answer *ask(const char *const *words)
{
    static struct answer answer;
    char *argv[16] = {NULL};
    int argc = 0;
    for (; words[argc] != NULL; argc++)
        argv[argc] = strdup(words[argc]);
    int caught_out = memfd_create("out", MFD_CLOEXEC);
    int caught_err = memfd_create("err", MFD_CLOEXEC);
    (void)fflush(NULL);
    int kept_out = dup(STDOUT_FILENO);
    int kept_err = dup(STDERR_FILENO);
    assert_true(dup2(caught_out, STDOUT_FILENO) >= 0 && dup2(caught_err, STDERR_FILENO) >= 0);
    answer.code = cli_main(argc, argv);
    (void)fflush(NULL);
    assert_true(dup2(kept_out, STDOUT_FILENO) >= 0 && dup2(kept_err, STDERR_FILENO) >= 0);
    (void)close(kept_out);
    (void)close(kept_err);
    take_output(caught_out, answer.out, sizeof(answer.out));
    take_output(caught_err, answer.err, sizeof(answer.err));
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return &answer;
}

#define ASK(...) ask((const char *const[]){"maillon", __VA_ARGS__, NULL})

static void assert_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("“%s” is not in: %s", part, text);
}

static int in_english(void **state)
{
    (void)state;
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    (void)unsetenv("MAILLON_DIR");
    return 0;
}

static void without_a_command_it_lists_them(void **state)
{
    (void)state;
    struct answer *answer = ask((const char *const[]){"maillon", NULL});
    assert_int_equal(answer->code, CLI_USAGE);
    for (size_t i = 0; i < cli_command_count; i++)
        assert_holds(answer->err, cli_commands[i].name);
    assert_int_equal(ASK("help")->code, CLI_OK);
    assert_int_equal(ASK("--help")->code, CLI_OK);
}

static void every_command_explains_itself_with_an_example(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_command_count; i++) {
        struct answer *answer = ASK(cli_commands[i].name, "--help");
        assert_int_equal(answer->code, CLI_OK);
        assert_holds(answer->out, cli_commands[i].sentence[LANG_EN]);
        assert_holds(answer->out, cli_commands[i].example);
        assert_holds(answer->out, "--dir DIR");
        assert_holds(ASK("help", cli_commands[i].name)->out, cli_commands[i].example);
    }
}

static void every_option_is_that_of_a_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_option_count; i++) {
        bool found = cli_options[i].command[0] == '\0';
        for (size_t j = 0; j < cli_command_count; j++)
            found = found || strcmp(cli_options[i].command, cli_commands[j].name) == 0;
        if (!found)
            fail_msg("--%s", cli_options[i].name);
    }
}

static void an_unknown_word_names_the_nearest(void **state)
{
    (void)state;
    struct answer *answer = ASK("verfy");
    assert_int_equal(answer->code, CLI_USAGE);
    assert_holds(answer->err, "“verify”");
    answer = ASK("init", "--lisen", "x");
    assert_int_equal(answer->code, CLI_USAGE);
    assert_holds(answer->err, "--listen");
    answer = ASK("version", "--zzzzzzz=1");
    assert_int_equal(answer->code, CLI_USAGE);
    assert_holds(answer->err, "no option --zzzzzzz.");
    assert_null(strstr(answer->err, "mean"));
}

static void an_option_of_another_command_is_unknown(void **state)
{
    (void)state;
    assert_int_equal(ASK("version", "--url", "x")->code, CLI_USAGE);
}

static void a_value_is_where_it_must_be(void **state)
{
    (void)state;
    assert_int_equal(ASK("version", "--dir")->code, CLI_USAGE);
    assert_int_equal(ASK("version", "--json=yes")->code, CLI_USAGE);
    assert_int_equal(ASK("version", "--dir=x", "--json")->code, CLI_OK);
}

static void it_speaks_french_to_the_french(void **state)
{
    (void)state;
    (void)setenv("LC_ALL", "fr_FR.UTF-8", 1);
    assert_holds(ASK("verfy")->err, "Vouliez-vous dire « verify » ?");
    assert_holds(ASK("reference", "problems")->out, "La preuve de Merkle ne tient pas.");
    (void)setenv("LC_ALL", "", 1);
    (void)setenv("LC_MESSAGES", "fr_CH", 1);
    assert_int_equal(cli_language(), LANG_FR);
    (void)unsetenv("LC_MESSAGES");
    (void)setenv("LANG", "de_DE", 1);
    assert_int_equal(cli_language(), LANG_EN);
    (void)unsetenv("LANG");
}

static void version_is_printed(void **state)
{
    (void)state;
    assert_string_equal(ASK("version")->out, "maillon " MAILLON_VERSION "\n");
    assert_string_equal(ASK("--version")->out, "maillon " MAILLON_VERSION "\n");
    assert_holds(ASK("version", "--json")->out, "\"version\": \"" MAILLON_VERSION "\"");
}

static void reference_prints_every_row(void **state)
{
    (void)state;
    struct answer *answer = ASK("reference", "problems");
    for (int i = 1; i < ERR_COUNT; i++)
        assert_holds(answer->out, err_slug((enum err)i));
    answer = ASK("reference", "options", "--json");
    for (size_t i = 0; i < cli_option_count; i++)
        assert_holds(answer->out, cli_options[i].name);
    assert_holds(ASK("reference", "settings")->out, "connections_max");
    assert_int_equal(ASK("reference", "nothing")->code, CLI_USAGE);
}

static unsigned mode_of(const char *dir, const char *name)
{
    char path[512];
    struct stat status;
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (stat(path, &status) != 0)
        fail_msg("there is no %s", name);
    return status.st_mode & 07777;
}

static void init_makes_a_private_folder_with_all_a_node_needs(void **state)
{
    (void)state;
    char *parent = folder_make();
    char dir[512];
    (void)snprintf(dir, sizeof(dir), "%s/a/b", parent);
    struct answer *answer =
        ASK("init", "--dir", dir, "--name", "Coop A", "--url", "https://localhost:8443", "--json");
    if (answer->code != CLI_OK)
        fail_msg("%s", answer->err);
    assert_holds(answer->out, "did:webvh:Qm");
    assert_holds(answer->out, "[::]:8443");
    assert_int_equal(mode_of(dir, ""), 0700);
    assert_int_equal(mode_of(dir, "keys"), 0700);
    assert_int_equal(mode_of(dir, "keys/log.key"), 0600);
    assert_int_equal(mode_of(dir, "keys/request.key"), 0600);
    assert_int_equal(mode_of(dir, "keys/assert.key"), 0600);
    assert_int_equal(mode_of(dir, "recovery.key"), 0600);
    (void)mode_of(dir, "did.jsonl");
    assert_int_equal(mode_of(dir, "local.token"), 0600);
    assert_int_equal(mode_of(dir, "tls.key"), 0600);
    (void)mode_of(dir, "tls.crt");
    (void)mode_of(dir, "maillon.ini");
    char token[64] = "";
    char path[600];
    (void)snprintf(path, sizeof(path), "%s/local.token", dir);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fread(token, 1, sizeof(token), file), 43);
    (void)fclose(file);

    /* Its pairing string can be read, and says the same. */
    struct pairing pairing;
    answer = ASK("pairing", "--dir", dir);
    assert_int_equal(answer->code, CLI_OK);
    size_t len = strlen(answer->out);
    assert_int_equal(pairing_read(span_of(answer->out, len - 1), &pairing, NULL), OK);
    assert_string_equal(pairing.url, "https://localhost:8443");
    assert_int_equal(strlen(pairing.cert), PAIRING_CERT_BYTES);

    /* A second time it touches nothing. */
    char did[DID_BYTES_MAX + 1];
    memcpy(did, pairing.did, sizeof(did));
    answer = ASK("init", "--dir", dir);
    assert_int_equal(answer->code, CLI_FAILED);
    assert_holds(answer->err, "maillon: ");
    assert_holds(ASK("pairing", "--dir", dir)->out, did);
    folder_remove(parent);
}

static void init_refuses_an_address_that_peers_cannot_use(void **state)
{
    (void)state;
    char *parent = folder_make();
    char dir[512];
    (void)snprintf(dir, sizeof(dir), "%s/x", parent);
    static const char *const urls[] = {
        "http://localhost:1", "https://localhost:1/x", "localhost", "https://127.0.0.1:1",
        "https://[::1]:1",    "https://coop",          ""};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        assert_int_equal(ASK("init", "--dir", dir, "--url", urls[i])->code, CLI_FAILED);
        assert_int_not_equal(access(dir, F_OK), 0);
    }
    folder_remove(parent);
}

static void init_refuses_a_folder_that_others_read(void **state)
{
    (void)state;
    char *dir = folder_make();
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/something", dir);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(chmod(dir, 0755), 0);
    struct answer *answer = ASK("init", "--dir", dir);
    assert_int_equal(answer->code, CLI_FAILED);
    assert_holds(answer->err, "chmod");
    folder_remove(dir);
}

static void init_goes_on_where_one_broke_off(void **state)
{
    (void)state;
    char *dir = folder_make();
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/maillon.ini", dir);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(chmod(dir, 0700), 0);
    assert_int_equal(ASK("init", "--dir", dir)->code, CLI_OK);
    (void)mode_of(dir, "maillon.ini.old");
    folder_remove(dir);
}

static void pairing_without_a_node_says_so(void **state)
{
    (void)state;
    struct answer *answer = ASK("pairing", "--dir", "/nonexistent");
    assert_int_equal(answer->code, CLI_FAILED);
    assert_holds(answer->err, "maillon: /nonexistent: ");
    assert_int_equal(strncmp(answer->out, "", 1), 0);
}

static void verify_says_what_is_missing(void **state)
{
    (void)state;
    assert_int_equal(ASK("verify")->code, CLI_USAGE);
    assert_int_equal(ASK("verify", "/nonexistent")->code, CLI_FAILED);
    struct answer *answer = ASK("verify", "/dev/null");
    assert_int_equal(answer->code, CLI_FAILED);
    assert_holds(answer->err, "maillon: /dev/null: ");
    answer = ASK("verify", "--json", "/dev/null");
    assert_int_equal(answer->code, CLI_FAILED);
    assert_holds(answer->out, "\"valid\": false");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_command_it_lists_them, in_english),
        cmocka_unit_test_setup(every_command_explains_itself_with_an_example, in_english),
        cmocka_unit_test_setup(every_option_is_that_of_a_command, in_english),
        cmocka_unit_test_setup(an_unknown_word_names_the_nearest, in_english),
        cmocka_unit_test_setup(an_option_of_another_command_is_unknown, in_english),
        cmocka_unit_test_setup(a_value_is_where_it_must_be, in_english),
        cmocka_unit_test_setup(it_speaks_french_to_the_french, in_english),
        cmocka_unit_test_setup(version_is_printed, in_english),
        cmocka_unit_test_setup(reference_prints_every_row, in_english),
        cmocka_unit_test_setup(init_makes_a_private_folder_with_all_a_node_needs, in_english),
        cmocka_unit_test_setup(init_refuses_an_address_that_peers_cannot_use, in_english),
        cmocka_unit_test_setup(init_refuses_a_folder_that_others_read, in_english),
        cmocka_unit_test_setup(init_goes_on_where_one_broke_off, in_english),
        cmocka_unit_test_setup(pairing_without_a_node_says_so, in_english),
        cmocka_unit_test_setup(verify_says_what_is_missing, in_english),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
