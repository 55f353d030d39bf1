/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Profiles: what the parser refuses, and what the compiled filter says, by an interpreter of
 * classic BPF. */

#include <errno.h>
#include <glib.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "runtime/seccomp/compile.h"

static const struct {
        const char *text, *sentence;
} mistakes[] = {
        { "", "p:1: the first line is '', expected version '1' or '2'" },
        { "3\nallowlist\n", "p:1: the first line is '3', expected version '1' or '2'" },
        { "2", "p:2: expected 'allowlist' or 'denylist'" },
        { "2\ngreylist\n",
          "p:2: the second line is 'greylist', expected 'allowlist' or 'denylist'" },
        { "1\ndenylist\n", "p:2: version 1 knows only 'allowlist'" },
        { "1\nallowlist\nread\n",
          "p:3: 'read' is not the number of a system call, as version 1 wants" },
        { "2\ndenylist\nmount errno\n", "p:3: 'errno' needs a number up to 4095" },
        { "2\ndenylist\nmount errno 4096\n", "p:3: 'errno' needs a number up to 4095" },
        { "2\ndenylist\n\n# x\nmount stop\n",
          "p:5: 'stop' is not an action: expected allow, kill, notify, trap or errno NUMBER" },
        { "2\ndenylist\n[all\n", "p:3: '[all' lacks its ']'" },
        { "2\ndenylist\nmount errno 1 0,1,==\n",
          "p:3: '0,1,==' is not a condition: expected [INDEX,VALUE,OPERATOR], or "
          "[INDEX,VALUE,SCMP_CMP_MASKED_EQ,MASK]" },
        { "2\ndenylist\nmount errno 1 [6,1,==]\n",
          "p:3: '[6,1,==]' is not a condition: expected [INDEX,VALUE,OPERATOR], or "
          "[INDEX,VALUE,SCMP_CMP_MASKED_EQ,MASK]" },
};

static void test_mistakes(void)
{
        for (size_t i = 0; i < ELEMENTS(mistakes); i++) {
                _cleanup_(seccomp_profile_free_p) SeccompProfile *profile = NULL;
                _cleanup_(error_done) Error error = ERROR_NULL;

                g_assert_cmpint(seccomp_profile_parse(mistakes[i].text, "p", &profile, &error), <,
                                0);
                g_assert_null(profile);
                g_assert_cmpstr(error_message(&error), ==, mistakes[i].sentence);
        }
}

typedef struct Filter {
        struct sock_filter *code;
        size_t n;
        char **warnings;
} Filter;

static void filter_done(Filter *filter)
{
        free(filter->code);
        (void) strv_free(filter->warnings);
}

static Filter compile(const char *text)
{
        _cleanup_(seccomp_profile_free_p) SeccompProfile *profile = NULL;
        _cleanup_(fd_close_p) int fd = memfd_create("filter", MFD_CLOEXEC);
        Error error = ERROR_NULL;
        Filter filter = { 0 };
        struct stat st;

        g_assert_cmpint(fd, >=, 0);
        if (seccomp_profile_parse(text, "p", &profile, &error) < 0 ||
            seccomp_compile(profile, "p", fd, &filter.warnings, &error) < 0)
                g_error("%s", error_message(&error));
        g_assert_cmpint(fstat(fd, &st), ==, 0);
        g_assert_cmpint(st.st_size % (off_t) sizeof(struct sock_filter), ==, 0);
        filter.code = malloc((size_t) st.st_size);
        g_assert_cmpint(pread(fd, filter.code, (size_t) st.st_size, 0), ==, st.st_size);
        filter.n = (size_t) st.st_size / sizeof(struct sock_filter);
        return filter;
}

static bool jumps(const struct sock_filter *insn, uint32_t a)
{
        switch (BPF_OP(insn->code)) {
        case BPF_JEQ:
                return a == insn->k;
        case BPF_JGT:
                return a > insn->k;
        case BPF_JGE:
                return a >= insn->k;
        case BPF_JSET:
                return (a & insn->k) != 0;
        default:
                g_assert_not_reached();
        }
}

static uint32_t interpret(const Filter *filter, const struct seccomp_data *data)
{
        uint32_t a = 0;

        for (size_t pc = 0; pc < filter->n; pc++) {
                const struct sock_filter *insn = &filter->code[pc];

                if (insn->code == (BPF_LD | BPF_W | BPF_ABS))
                        memcpy(&a, (const char *) data + insn->k, sizeof(a));
                else if (insn->code == (BPF_ALU | BPF_AND | BPF_K))
                        a &= insn->k;
                else if (insn->code == (BPF_JMP | BPF_JA))
                        pc += insn->k;
                else if (BPF_CLASS(insn->code) == BPF_JMP)
                        pc += jumps(insn, a) ? insn->jt : insn->jf;
                else if (insn->code == (BPF_RET | BPF_K))
                        return insn->k;
                else
                        g_assert_not_reached();
        }
        g_assert_not_reached();
}

/* What the filter says of a call on this machine's own architecture. */
static uint32_t ask(const Filter *filter, const char *name, uint64_t second_argument)
{
        struct seccomp_data data = {
                .nr = seccomp_syscall_resolve_name(name),
                .arch = seccomp_arch_native(),
                .args = { 0, second_argument },
        };

        return interpret(filter, &data);
}

static void test_denylist(void)
{
        _cleanup_(filter_done) Filter filter = compile("2\n"
                                                       "denylist\n"
                                                       "reject_force_umount  # a comment\n"
                                                       "[all]\n"
                                                       "kexec_load errno 1\n"
                                                       "ptrace\n"
                                                       "no_such_call errno 1\n"
                                                       "ioctl errno 25 [1,0x5412,==]\n"
                                                       "[s390]\n"
                                                       "mount errno 1\n");

        g_assert_cmpuint(ask(&filter, "kexec_load", 0), ==, SECCOMP_RET_ERRNO | EPERM);
        g_assert_cmpuint(ask(&filter, "ptrace", 0), ==, SECCOMP_RET_KILL_THREAD);
        g_assert_cmpuint(ask(&filter, "read", 0), ==, SECCOMP_RET_ALLOW);
        g_assert_cmpuint(ask(&filter, "umount2", 0), ==, SECCOMP_RET_ALLOW);
        g_assert_cmpuint(ask(&filter, "umount2", MNT_FORCE | MNT_DETACH), ==,
                         SECCOMP_RET_ERRNO | EACCES);
        g_assert_cmpuint(ask(&filter, "ioctl", 0x5412), ==, SECCOMP_RET_ERRNO | ENOTTY);
        g_assert_cmpuint(ask(&filter, "ioctl", 0x5413), ==, SECCOMP_RET_ALLOW);
        g_assert_cmpuint(ask(&filter, "mount", 0), ==, SECCOMP_RET_ALLOW);
        g_assert_cmpuint(strv_length(filter.warnings), ==, 1);
        g_assert_cmpstr(filter.warnings[0], ==,
                        "p:7: unknown system call 'no_such_call', ignoring");
}

static void test_allowlist(void)
{
        _cleanup_(filter_done) Filter filter = compile("2\nallowlist errno 38\nread\nwrite trap\n");
        _cleanup_(filter_done) Filter killing = compile("2\nwhitelist\nread\n");

        g_assert_cmpuint(ask(&filter, "read", 0), ==, SECCOMP_RET_ALLOW);
        g_assert_cmpuint(ask(&filter, "write", 0), ==, SECCOMP_RET_TRAP);
        g_assert_cmpuint(ask(&filter, "mount", 0), ==, SECCOMP_RET_ERRNO | ENOSYS);
        g_assert_cmpuint(ask(&killing, "mount", 0), ==, SECCOMP_RET_KILL_THREAD);
}

static void test_version_1(void)
{
        g_autofree char *text =
                g_strdup_printf("1\nallowlist\n%d\n%d\n", seccomp_syscall_resolve_name("read"),
                                seccomp_syscall_resolve_name("write"));
        _cleanup_(filter_done) Filter filter = compile(text);

        g_assert_cmpuint(ask(&filter, "read", 0), ==, SECCOMP_RET_ALLOW);
        g_assert_cmpuint(ask(&filter, "write", 0), ==, SECCOMP_RET_ALLOW);
        g_assert_cmpuint(ask(&filter, "mount", 0), ==, SECCOMP_RET_KILL_THREAD);
}

/* A 32-bit program must not get around what the 64-bit one is held to. */
static void test_architectures(void)
{
        _cleanup_(filter_done) Filter filter = compile("2\ndenylist\n"
                                                       "kexec_load errno 1\n"
                                                       "[x86]\nptrace errno 2\n");
        struct seccomp_data data = { .arch = AUDIT_ARCH_I386 };

        if (seccomp_arch_native() != SCMP_ARCH_X86_64) {
                g_test_skip("the machine is not an x86_64");
                return;
        }
        data.nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, "kexec_load");
        g_assert_cmpuint(interpret(&filter, &data), ==, SECCOMP_RET_ERRNO | EPERM);
        data.nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, "ptrace");
        g_assert_cmpuint(interpret(&filter, &data), ==, SECCOMP_RET_ERRNO | ENOENT);
        g_assert_cmpuint(ask(&filter, "ptrace", 0), ==, SECCOMP_RET_ALLOW);
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/seccomp/mistakes-name-file-and-line", test_mistakes);
        g_test_add_func("/seccomp/a-denylist-denies-what-it-names", test_denylist);
        g_test_add_func("/seccomp/an-allowlist-allows-what-it-names", test_allowlist);
        g_test_add_func("/seccomp/version-1-is-a-list-of-numbers", test_version_1);
        g_test_add_func("/seccomp/foreign-architectures-are-held-too", test_architectures);
        return g_test_run();
}
