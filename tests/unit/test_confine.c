/* What is given up, tried: each trial is a child that confines itself and then does what it may
 * not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/confine.h"
#include "keys/keys.h"
#include "node/confinement.h"
#include "tests/lib/folder.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

struct place {
    char *folder;
    char *key;
    char *state;
    char *settings;
    char *logs;
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    struct public_key key;
    assert_non_null(place);
    place->folder = folder_make();
    assert_int_equal(keys_init(place->folder, NULL, &key, NULL), OK);
    place->key = folder_path(place->folder, KEYS_LOG_KEY);
    place->state = folder_path(place->folder, KEYS_STATE);
    place->settings = folder_path(place->folder, "maillon.ini");
    place->logs = folder_path(place->folder, "logs");
    folder_write(place->settings, "; none\n", 7, 0600);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    free(place->key);
    free(place->state);
    free(place->settings);
    free(place->logs);
    folder_remove(place->folder);
    free(place);
    return 0;
}

/* ---- trials ---- */

typedef int (*trial_fn)(const struct place *place); /* 0, or an errno */

#define DIED (-1) /* by SIGSYS */

static enum err confine(enum confine_profile profile, const struct place *place)
{
    const struct confine_path paths[] = {{place->state, CONFINE_WRITE}, {place->key, CONFINE_READ}};
    if (profile == CONFINE_NODE)
        return confinement_enter(place->folder, NULL);
    TRY(confine_any(NULL));
    TRY(confine_files(paths, 2, false, NULL));
    return confine_calls(profile, NULL);
}

static int run(enum confine_profile profile, const struct place *place, trial_fn trial)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(confine(profile, place) == OK ? trial(place) : 255);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGSYS);
        return DIED;
    }
    assert_int_not_equal(WEXITSTATUS(status), 255);
    return WEXITSTATUS(status);
}

static int outcome(bool failed)
{
    return failed ? errno : 0;
}

static int open_to(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return outcome(fd < 0);
}

static int read_key(const struct place *place)
{
    return open_to(place->key, O_RDONLY);
}

static int write_key(const struct place *place)
{
    return open_to(place->key, O_WRONLY);
}

static int write_state(const struct place *place)
{
    return open_to(place->state, O_RDWR);
}

static int remove_state(const struct place *place)
{
    return outcome(unlink(place->state) != 0);
}

static int rename_state(const struct place *place)
{
    return outcome(rename(place->state, place->key) != 0);
}

static int read_settings(const struct place *place)
{
    return open_to(place->settings, O_RDONLY);
}

static int read_passwords(const struct place *place)
{
    (void)place;
    return open_to("/etc/shadow", O_RDONLY);
}

static int read_a_program(const struct place *place)
{
    (void)place;
    return open_to("/bin/sh", O_RDONLY);
}

static int make_beside(const struct place *place)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/new", place->folder);
    return open_to(path, O_WRONLY | O_CREAT);
}

static int make_in_logs(const struct place *place)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/new", place->logs);
    return open_to(path, O_WRONLY | O_CREAT);
}

static int execute(const struct place *place)
{
    (void)place;
    char *arguments[] = {NULL};
    (void)execve("/bin/true", arguments, arguments);
    return errno;
}

static int start_a_process(const struct place *place)
{
    (void)place;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return outcome(pid < 0);
}

static int trace(const struct place *place)
{
    (void)place;
    return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0);
}

static int mount_something(const struct place *place)
{
    return outcome(mount("none", place->folder, "tmpfs", 0, NULL) != 0);
}

static int load_bpf(const struct place *place)
{
    (void)place;
    union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY};
    return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)) < 0);
}

static int set_up_a_ring(const struct place *place)
{
    (void)place;
    struct io_uring_params params = {0};
    return outcome(syscall(SYS_io_uring_setup, 1, &params) < 0);
}

static int load_a_module(const struct place *place)
{
    (void)place;
    return outcome(syscall(SYS_init_module, "", 0, "") != 0);
}

static int load_a_kernel(const struct place *place)
{
    (void)place;
    return outcome(syscall(SYS_kexec_load, 0, 0, NULL, 0) != 0);
}

static int ask_the_keyring(const struct place *place)
{
    (void)place;
    return outcome(syscall(SYS_keyctl, 0, 0) < 0);
}

static int kill_another(const struct place *place)
{
    (void)place;
    return outcome(kill(getppid(), SIGCONT) != 0);
}

static int leave_the_namespace(const struct place *place)
{
    (void)place;
    return outcome(syscall(SYS_unshare, 0x10000000) != 0); /* CLONE_NEWUSER */
}

static int open_a_socket(const struct place *place)
{
    (void)place;
    return outcome(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0);
}

static int open_a_raw_packet_socket(const struct place *place)
{
    (void)place;
    return outcome(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) < 0);
}

static int open_a_local_socket(const struct place *place)
{
    (void)place;
    return outcome(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0);
}

static int map_code(const struct place *place)
{
    (void)place;
    return outcome(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                   MAP_FAILED);
}

static int read_for_writing(const struct place *place)
{
    return open_to(place->state, O_RDONLY);
}

static void *nothing(void *ctx)
{
    return ctx;
}

static int work(const struct place *place)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
        return EAGAIN;
    void *room = malloc(1u << 22);
    if (room == NULL)
        return ENOMEM;
    memset(room, 1, 1u << 22);
    free(room);
    return make_in_logs(place);
}

/* ---- claims ---- */

struct forbidden {
    const char *what;
    trial_fn trial;
    bool by_sanitizer; /* a sanitizer's own calls: not forbidden in its variants */
};

static const struct forbidden to_all[] = {
    {"execve", execute, false},
    {"ptrace", trace, true},
    {"mount", mount_something, false},
    {"bpf", load_bpf, false},
    {"io_uring_setup", set_up_a_ring, false},
    {"init_module", load_a_module, false},
    {"kexec_load", load_a_kernel, false},
    {"keyctl", ask_the_keyring, false},
    {"unshare", leave_the_namespace, false},
    {"kill", kill_another, true},
};

static void a_forbidden_call_ends_the_process_in_each_profile(void **state)
{
    const struct place *place = *state;
    for (enum confine_profile profile = CONFINE_NODE; profile <= CONFINE_OPENED; profile++)
        for (size_t i = 0; i < sizeof(to_all) / sizeof(to_all[0]); i++) {
            const struct forbidden *call = &to_all[i];
            if (call->by_sanitizer && IS_SANITIZED)
                continue;
            if (run(profile, place, call->trial) != DIED)
                fail_msg("%s in profile %u", call->what, profile);
        }
}

static void only_the_warden_may_fork(void **state)
{
    const struct place *place = *state;
    assert_int_equal(run(CONFINE_WARDEN, place, start_a_process), 0);
    if (IS_SANITIZED)
        return;
    assert_int_equal(run(CONFINE_NODE, place, start_a_process), DIED);
    assert_int_equal(run(CONFINE_KEEPER, place, start_a_process), DIED);
    assert_int_equal(run(CONFINE_OPENED, place, start_a_process), DIED);
}

static void only_the_node_may_open_a_socket_of_the_families_it_needs(void **state)
{
    const struct place *place = *state;
    for (enum confine_profile profile = CONFINE_WARDEN; profile <= CONFINE_OPENED; profile++) {
        assert_int_equal(run(profile, place, open_a_socket), DIED);
        assert_int_equal(run(profile, place, open_a_local_socket), DIED);
    }
    assert_int_equal(run(CONFINE_NODE, place, open_a_socket), 0);
    assert_int_equal(run(CONFINE_NODE, place, open_a_raw_packet_socket), EAFNOSUPPORT);
}

static void the_keeper_maps_no_code(void **state)
{
    const struct place *place = *state;
    for (enum confine_profile profile = CONFINE_WARDEN; profile <= CONFINE_OPENED; profile++)
        assert_int_equal(run(profile, place, map_code), DIED);
}

static void the_node_cannot_read_or_alter_the_keys(void **state)
{
    const struct place *place = *state;
    if (!confine_has_files())
        skip();
    assert_int_equal(run(CONFINE_NODE, place, read_key), EACCES);
    assert_int_equal(run(CONFINE_NODE, place, write_key), EACCES);
    assert_int_equal(run(CONFINE_NODE, place, write_state), EACCES);
    assert_int_equal(run(CONFINE_NODE, place, remove_state), EACCES);
    assert_int_equal(run(CONFINE_NODE, place, rename_state), EACCES);
}

static void the_node_reaches_its_own_files_alone(void **state)
{
    const struct place *place = *state;
    if (!confine_has_files())
        skip();
    assert_int_equal(run(CONFINE_NODE, place, read_settings), 0);
    assert_int_equal(run(CONFINE_NODE, place, make_in_logs), 0);
    assert_int_equal(run(CONFINE_NODE, place, make_beside), EACCES);
    assert_int_equal(run(CONFINE_NODE, place, read_a_program), EACCES);
    assert_int_equal(run(CONFINE_NODE, place, read_passwords), EACCES);
}

static void the_keeper_reaches_its_folder_alone(void **state)
{
    const struct place *place = *state;
    if (!confine_has_files())
        skip();
    assert_int_equal(run(CONFINE_KEEPER, place, read_key), 0);
    assert_int_equal(run(CONFINE_KEEPER, place, write_state), 0);
    assert_int_equal(run(CONFINE_KEEPER, place, write_key), EACCES);
    assert_int_equal(run(CONFINE_KEEPER, place, read_settings), EACCES);
    assert_int_equal(run(CONFINE_KEEPER, place, read_a_program), EACCES);
}

static void a_keeper_with_its_key_open_opens_nothing_more(void **state)
{
    const struct place *place = *state;
    if (IS_SANITIZED)
        skip();
    assert_int_equal(run(CONFINE_OPENED, place, read_for_writing), DIED);
    assert_int_equal(run(CONFINE_OPENED, place, read_key), DIED);
}

static void the_node_still_works(void **state)
{
    const struct place *place = *state;
    assert_int_equal(run(CONFINE_NODE, place, work), 0);
}

static void nobody_gains_rights_or_is_dumped_or_traced(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool fine = confine_any(NULL) == OK && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
                    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
        _exit(fine ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_user_who_does_not_own_the_folder_is_refused(void **state)
{
    const struct place *place = *state;
    struct why why = {0};
    bool still_root = false;
    if (geteuid() != 0)
        skip();
    assert_int_equal(confine_become("nobody", place->folder, &still_root, &why), ERR_BAD_SETTING);
    assert_int_equal(confine_become("no such user", place->folder, &still_root, &why),
                     ERR_BAD_SETTING);
    assert_int_equal(confine_become("owner", place->folder, &still_root, &why), OK);
    assert_true(still_root);
    assert_int_equal(geteuid(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_forbidden_call_ends_the_process_in_each_profile),
        TEST(only_the_warden_may_fork),
        TEST(only_the_node_may_open_a_socket_of_the_families_it_needs),
        TEST(the_keeper_maps_no_code),
        TEST(the_node_cannot_read_or_alter_the_keys),
        TEST(the_node_reaches_its_own_files_alone),
        TEST(the_keeper_reaches_its_folder_alone),
        TEST(a_keeper_with_its_key_open_opens_nothing_more),
        TEST(the_node_still_works),
        TEST(nobody_gains_rights_or_is_dumped_or_traced),
        TEST(a_user_who_does_not_own_the_folder_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
