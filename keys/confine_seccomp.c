/* The table of system calls as a program for the kernel (seccomp, BPF): calls are told apart by
 * number, one comparison each; the kernel remembers which need no look at their arguments. */
#include "keys/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keys/refusal.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "keys/syscalls.def was written for x86-64 and arm64"
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

#define CONFINE_OWN_PID UINT32_C(0xfffffffe) /* stands for the number that this process has */
#define PROGRAM_MAX 1024u

enum who { NODE = 1, WARDEN = 2, KEEPER = 4, OPENED = 8, SANITIZER = 16 };

static const unsigned who_of[] = {[CONFINE_NODE] = NODE,
                                  [CONFINE_WARDEN] = WARDEN,
                                  [CONFINE_KEEPER] = KEEPER,
                                  [CONFINE_OPENED] = OPENED};

struct row {
    uint32_t number;
    unsigned who;
    uint32_t answer; /* SECCOMP_RET_... */
    uint32_t argument;
    uint32_t mask; /* 0: whatever the arguments are */
    uint32_t value;
};

static const struct row rows[] = {
#define CALL(name, who) {__NR_##name, who, SECCOMP_RET_ALLOW, 0, 0, 0},
#define CALL_WHEN(name, who, argument, mask, value)                                                \
    {__NR_##name, who, SECCOMP_RET_ALLOW, argument, mask, value},
#define CALL_FAILS(name, who, number) {__NR_##name, who, SECCOMP_RET_ERRNO | (number), 0, 0, 0},
#include "keys/syscalls.def"
#undef CALL
#undef CALL_WHEN
#undef CALL_FAILS
};

struct program {
    unsigned short count;
    struct sock_filter steps[PROGRAM_MAX];
};

static void step(struct program *program, struct sock_filter taken)
{
    CHECK(program->count < PROGRAM_MAX);
    program->steps[program->count++] = taken;
}

static void load(struct program *program, size_t offset)
{
    step(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void answer(struct program *program, uint32_t value)
{
    step(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value));
}

/* The next step only when the loaded word is this; otherwise `beyond` steps on. */
static void unless_equal_skip(struct program *program, uint32_t value, uint8_t beyond)
{
    step(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, beyond));
}

static void add_row(struct program *program, const struct row *row)
{
    if (row->mask == 0) {
        unless_equal_skip(program, row->number, 1);
        answer(program, row->answer);
        return;
    }
    uint32_t value = row->value == CONFINE_OWN_PID ? (uint32_t)getpid() : row->value;
    unless_equal_skip(program, row->number, 5);
    /* Both machines have their low half first. */
    load(program, offsetof(struct seccomp_data, args) + row->argument * sizeof(uint64_t));
    step(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, row->mask));
    unless_equal_skip(program, value, 1);
    answer(program, row->answer);
    load(program, offsetof(struct seccomp_data, nr));
}

static void write_program(struct program *program, unsigned who)
{
    load(program, offsetof(struct seccomp_data, arch));
    unless_equal_skip(program, ARCHITECTURE, 1);
    step(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0));
    answer(program, SECCOMP_RET_KILL_PROCESS);
    load(program, offsetof(struct seccomp_data, nr));
    /* What a sanitizer needs goes before the refusals of the profile. */
    for (unsigned pass = IS_SANITIZED ? 0 : 1; pass < 2; pass++)
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            if ((rows[i].who & (pass == 0 ? SANITIZER : who)) != 0)
                add_row(program, &rows[i]);
    answer(program, SECCOMP_RET_KILL_PROCESS);
}

enum err confine_calls(enum confine_profile profile, struct why *why)
{
    struct program program = {.count = 0};
    write_program(&program, who_of[profile]);
    struct sock_fprog filter = {.len = program.count, .filter = program.steps};
    /* A number other than 0 is the thread that could not be given the filter. */
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0)
        return refuse_errno(why, REFUSAL_CONFINE, "seccomp");
    return OK;
}
