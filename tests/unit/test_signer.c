/* A real keeper process: this program starts itself as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/keeper.h"
#include "keys/keeper_proc.h"
#include "keys/keys.h"
#include "keys/refusal.h"
#include "keys/signer.h"
#include "keys/warden.h"
#include "proto/log/checkpoint.h"
#include "tests/lib/folder.h"
#include "tests/lib/smalltree.h"

#define SELF "/proc/self/exe"

static const struct smalltree honest = {.fork_at = SMALLTREE_FORK_NEVER};

struct place {
    char *folder;
    struct public_key key;
    struct signer *signer;
    struct buf note;
};

static void start(struct place *place, const char *passphrase)
{
    struct why why = {0};
    enum err err = signer_start(SELF, place->folder, passphrase, &place->signer, &why);
    if (err != OK)
        fail_msg("%s: %s (%s)", err_slug(err), why.rule, why.found);
}

static int setup_folder(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    place->folder = folder_make();
    buf_init(&place->note, NOTE_BYTES_MAX);
    *state = place;
    return 0;
}

static int setup(void **state)
{
    (void)setup_folder(state);
    struct place *place = *state;
    assert_int_equal(keys_init(place->folder, NULL, &place->key, NULL), OK);
    start(place, NULL);
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    signer_stop(place->signer);
    buf_clear(&place->note);
    folder_remove(place->folder);
    free(place);
    return 0;
}

static enum err sign(struct place *place, const struct smalltree *tree, uint64_t from,
                     uint64_t size, struct why *why)
{
    struct merkle_head head = smalltree_head(tree, size);
    struct merkle_proof proof = {0};
    if (from <= size)
        proof = smalltree_proof(tree, from, size);
    buf_reset(&place->note);
    return signer_sign(place->signer, &head, &proof, &place->note, why);
}

static void assert_note_is_of(struct place *place, uint64_t size)
{
    struct checkpoint checkpoint;
    assert_int_equal(checkpoint_open(buf_span(&place->note),
                                     span_cstr(signer_origin(place->signer)), &place->key,
                                     &checkpoint, NULL),
                     OK);
    assert_int_equal(checkpoint.head.size, size);
}

/* The only child of a process, or 0. */
static pid_t child_of(pid_t parent)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char line[64] = "";
    char *got = fgets(line, sizeof(line), file);
    (void)fclose(file);
    return got == NULL ? 0 : (pid_t)strtol(line, NULL, 10);
}

static pid_t warden_pid(void)
{
    return child_of(getpid());
}

static pid_t keeper_pid(void)
{
    return child_of(warden_pid());
}

static void signs_what_extends_and_refuses_the_rest(void **state)
{
    struct place *place = *state;
    struct smalltree forked = {.fork_at = 2};
    struct why why = {0};
    assert_memory_equal(signer_public_key(place->signer)->bytes, place->key.bytes, 32);
    assert_int_equal(sign(place, &honest, 0, 5, NULL), OK);
    assert_note_is_of(place, 5);
    assert_int_equal(sign(place, &honest, 5, 12, NULL), OK);
    assert_note_is_of(place, 12);
    assert_int_equal(sign(place, &honest, 12, 12, NULL), OK);
    assert_note_is_of(place, 12);
    assert_int_equal(sign(place, &honest, 12, 5, &why), ERR_REFUSED_BY_KEEPER);
    assert_int_equal(refusal_of(&why), REFUSAL_HEAD_SMALLER);
    assert_string_equal(why.expected, "12");
    assert_string_equal(why.found, "5");
    assert_int_equal(place->note.len, 0);
    assert_int_equal(sign(place, &forked, 12, 12, NULL), ERR_REFUSED_BY_KEEPER);
    assert_int_equal(sign(place, &forked, 12, 15, NULL), ERR_REFUSED_BY_KEEPER);
    struct merkle_head last;
    assert_int_equal(signer_last(place->signer, &last, NULL), OK);
    assert_int_equal(last.size, 12);
}

/* The attack of an intruder in the node's process: it holds the socket, and can have keepers ended
 * and begun. */
static void no_asking_and_no_new_keeper_makes_it_sign_a_fork(void **state)
{
    struct place *place = *state;
    static const uint64_t asked[][2] = {{10, 10}, {0, 10}, {5, 8}, {10, 14}, {0, 14}, {0, 1}};
    assert_int_equal(sign(place, &honest, 0, 10, NULL), OK);
    for (unsigned keeper = 0; keeper < 3; keeper++) {
        for (uint64_t fork_at = 0; fork_at < 10; fork_at += 3) {
            struct smalltree forked = {.fork_at = fork_at};
            for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
                assert_int_equal(sign(place, &forked, asked[i][0], asked[i][1], NULL),
                                 ERR_REFUSED_BY_KEEPER);
                assert_int_equal(place->note.len, 0);
            }
        }
        signer_release(place->signer);
        assert_int_equal(signer_revive(place->signer, NULL, NULL), OK);
    }
    assert_int_equal(sign(place, &honest, 10, 11, NULL), OK);
    assert_note_is_of(place, 11);
}

static void a_new_keeper_knows_what_the_old_one_signed(void **state)
{
    struct place *place = *state;
    assert_int_equal(sign(place, &honest, 0, 8, NULL), OK);
    signer_stop(place->signer);
    assert_int_equal(warden_pid(), 0);
    start(place, NULL);
    struct merkle_head last;
    assert_int_equal(signer_last(place->signer, &last, NULL), OK);
    assert_int_equal(last.size, 8);
    assert_int_equal(sign(place, &honest, 0, 3, NULL), ERR_REFUSED_BY_KEEPER);
}

static void a_killed_keeper_is_noticed_and_another_takes_over(void **state)
{
    struct place *place = *state;
    assert_int_equal(sign(place, &honest, 0, 8, NULL), OK);
    pid_t killed = keeper_pid();
    assert_int_equal(kill(killed, SIGKILL), 0);
    assert_int_equal(sign(place, &honest, 8, 9, NULL), ERR_CLOSED);
    struct merkle_head last;
    assert_int_equal(signer_last(place->signer, &last, NULL), ERR_CLOSED);
    assert_int_equal(signer_revive(place->signer, NULL, NULL), OK);
    assert_int_not_equal(keeper_pid(), killed);
    assert_int_equal(sign(place, &honest, 8, 9, NULL), OK);
    assert_note_is_of(place, 9);
}

static enum err revive_without_warden(struct place *place)
{
    struct why why = {0};
    enum err err = signer_revive(place->signer, NULL, &why);
    if (err != OK)
        assert_int_equal(refusal_of(&why), REFUSAL_WARDEN_GONE);
    return err;
}

/* The keeper goes with it; it is gone when the socket is. */
static void a_killed_warden_ends_the_keeper_and_is_named(void **state)
{
    struct place *place = *state;
    assert_int_equal(sign(place, &honest, 0, 8, NULL), OK);
    assert_int_equal(kill(warden_pid(), SIGKILL), 0);
    enum err err = OK;
    while ((err = sign(place, &honest, 0, 8, NULL)) != ERR_CLOSED)
        assert_true(err == OK || err == ERR_REFUSED_BY_KEEPER);
    assert_int_equal(revive_without_warden(place), ERR_CLOSED);
}

static void the_warden_opens_the_files_of_its_table_and_no_others(void **state)
{
    struct place *place = *state;
    char *path = folder_path(place->folder, "maillon.ini");
    folder_write(path, "; one\n", 6, 0644);
    int fd = signer_open_file(place->signer, "maillon.ini");
    char text[8] = "";
    assert_true(fd >= 0);
    assert_int_equal(read(fd, text, sizeof(text)), 6);
    close(fd);
    free(path);
    static const char *const refused[] = {"keys/log.key", "keys/keeper.state", "../maillon.ini",
                                          ""};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_int_equal(signer_open_file(place->signer, refused[i]), -1);
    assert_int_equal(signer_open_file(place->signer, "tls.key"), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(sign(place, &honest, 0, 8, NULL), OK);
}

static void still_signs_after_the_signals_that_stop_a_node(void **state)
{
    struct place *place = *state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        assert_int_equal(kill(keeper_pid(), signals[i]), 0);
    assert_int_equal(sign(place, &honest, 0, 8, NULL), OK);
}

static void two_keepers_never_share_a_folder(void **state)
{
    struct place *place = *state;
    struct signer *second = NULL;
    struct why why = {0};
    assert_int_equal(signer_start(SELF, place->folder, NULL, &second, &why), ERR_LOCKED);
    assert_null(second);
    assert_int_equal(refusal_of(&why), REFUSAL_STATE_LOCKED);
}

static void the_keeper_has_its_own_descriptors_only(void **state)
{
    struct place *place = *state;
    (void)place;
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)keeper_pid());
    DIR *dir = opendir(path);
    if (dir == NULL)
        skip(); /* not root: a process that cannot be dumped hides them */
    unsigned count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (entry->d_name[0] != '.')
            count++;
    (void)closedir(dir);
    assert_int_equal(count, 5); /* 0 to 2, the socket, the state */
}

static void a_sealed_key_needs_its_passphrase(void **state)
{
    struct place *place = *state;
    assert_int_equal(keys_init(place->folder, "cinq figues", &place->key, NULL), OK);
    struct signer *signer = NULL;
    assert_int_equal(signer_start(SELF, place->folder, NULL, &signer, NULL), ERR_SEALED);
    assert_int_equal(signer_start(SELF, place->folder, "six figues", &signer, NULL), ERR_SEALED);
    assert_null(signer);
    assert_int_equal(warden_pid(), 0);
    start(place, "cinq figues");
    assert_int_equal(sign(place, &honest, 0, 2, NULL), OK);
    assert_note_is_of(place, 2);
}

static void says_what_is_wrong_with_the_folder(void **state)
{
    struct place *place = *state;
    struct signer *signer = NULL;
    assert_int_equal(signer_start(SELF, place->folder, NULL, &signer, NULL), ERR_NOT_FOUND);
    assert_int_equal(keys_init(place->folder, NULL, &place->key, NULL), OK);
    char *path = folder_path(place->folder, KEYS_STATE);
    assert_int_equal(unlink(path), 0);
    struct why why = {0};
    assert_int_equal(signer_start(SELF, place->folder, NULL, &signer, &why), ERR_DAMAGED);
    assert_int_equal(refusal_of(&why), REFUSAL_STATE_MISSING);
    free(path);
    assert_int_equal(signer_start("/nowhere/maillon", place->folder, NULL, &signer, NULL), ERR_IO);
}

/* A keeper in a child of this process, without a signer between: for frames that no signer sends.
 */
static int raw_keeper(const char *folder, pid_t *pid_out)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    *pid_out = fork();
    assert_true(*pid_out >= 0);
    if (*pid_out == 0) {
        close(ends[0]);
        _exit(keeper_main(ends[1], folder));
    }
    close(ends[1]);
    return ends[0];
}

static void a_frame_too_long_is_refused_whole_and_the_keeper_goes_on(void **state)
{
    struct place *place = *state;
    pid_t pid;
    int fd = raw_keeper(place->folder, &pid);
    uint8_t frame[KEEPER_REQUEST_BYTES_MAX + 1] = {KEEPER_SIGN_CHECKPOINT};
    uint8_t answer[KEEPER_ANSWER_BYTES_MAX];
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(send(fd, frame, sizeof(frame), MSG_NOSIGNAL), sizeof(frame));
        ssize_t got = recv(fd, answer, sizeof(answer), 0);
        assert_int_equal(got, KEEPER_ANSWER_HEAD_BYTES + KEEPER_REFUSAL_BYTES);
        assert_int_equal(answer[KEEPER_REQUEST_HEAD_BYTES], REFUSAL_FRAME);
    }
    close(fd);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_BARE(name) cmocka_unit_test_setup_teardown(name, setup_folder, teardown)

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "keeper") == 0)
        return warden_main((int)strtol(argv[3], NULL, 10), argv[5]);
    const struct CMUnitTest tests[] = {
        TEST(signs_what_extends_and_refuses_the_rest),
        TEST(no_asking_and_no_new_keeper_makes_it_sign_a_fork),
        TEST(a_new_keeper_knows_what_the_old_one_signed),
        TEST(a_killed_keeper_is_noticed_and_another_takes_over),
        TEST(a_killed_warden_ends_the_keeper_and_is_named),
        TEST(the_warden_opens_the_files_of_its_table_and_no_others),
        TEST(still_signs_after_the_signals_that_stop_a_node),
        TEST(two_keepers_never_share_a_folder),
        TEST(the_keeper_has_its_own_descriptors_only),
        TEST_BARE(a_sealed_key_needs_its_passphrase),
        TEST_BARE(says_what_is_wrong_with_the_folder),
        TEST_BARE(a_frame_too_long_is_refused_whole_and_the_keeper_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
