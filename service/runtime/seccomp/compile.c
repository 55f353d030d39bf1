/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One filter per architecture, since a section's rules are for one of them only; merged at the
 * end. */

#include "runtime/seccomp/compile.h"

#include <seccomp.h>

#include "base/strv.h"

#define FAMILY_MAX 4

/* Architectures whose programs a kernel of the first one runs, under LXC's names. */
typedef struct Family {
        struct {
                uint32_t token;
                const char *name;
        } members[FAMILY_MAX];
} Family;

/* clang-format off */
static const Family families[] = {
        { { { SCMP_ARCH_X86_64, "x86_64" }, { SCMP_ARCH_X86, "x86" }, { SCMP_ARCH_X32, "x32" } } },
        { { { SCMP_ARCH_X86, "x86" } } },
        { { { SCMP_ARCH_AARCH64, "arm64" }, { SCMP_ARCH_ARM, "arm" } } },
        { { { SCMP_ARCH_ARM, "arm" } } },
        { { { SCMP_ARCH_PPC64LE, "ppc64le" } } },
        { { { SCMP_ARCH_PPC64, "ppc64" }, { SCMP_ARCH_PPC, "ppc" } } },
        { { { SCMP_ARCH_PPC, "ppc" } } },
        { { { SCMP_ARCH_S390X, "s390x" }, { SCMP_ARCH_S390, "s390" } } },
        { { { SCMP_ARCH_MIPSEL64, "mipsel64" }, { SCMP_ARCH_MIPSEL, "mipsel" },
            { SCMP_ARCH_MIPSEL64N32, "mipsel64n32" } } },
        { { { SCMP_ARCH_MIPS64, "mips64" }, { SCMP_ARCH_MIPS, "mips" },
            { SCMP_ARCH_MIPS64N32, "mips64n32" } } },
        { { { SCMP_ARCH_MIPS, "mips" } } },
        { { { SCMP_ARCH_MIPSEL, "mipsel" } } },
        { { { SCMP_ARCH_RISCV64, "riscv64" } } },
};
/* clang-format on */

static const enum scmp_compare compare_operators[] = {
        [COMPARE_NE] = SCMP_CMP_NE,
        [COMPARE_LT] = SCMP_CMP_LT,
        [COMPARE_LE] = SCMP_CMP_LE,
        [COMPARE_EQ] = SCMP_CMP_EQ,
        [COMPARE_GE] = SCMP_CMP_GE,
        [COMPARE_GT] = SCMP_CMP_GT,
        [COMPARE_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

typedef struct Compiler {
        const SeccompProfile *profile;
        const char *file;
        char **warnings;
        Error *reterr;
} Compiler;

static void filter_release(scmp_filter_ctx *filter)
{
        if (*filter)
                seccomp_release(*filter);
}

static uint32_t action_value(SeccompAction action)
{
        switch (action.verdict) {
        case VERDICT_ALLOW:
                return SCMP_ACT_ALLOW;
        case VERDICT_TRAP:
                return SCMP_ACT_TRAP;
        case VERDICT_NOTIFY:
                return SCMP_ACT_NOTIFY;
        case VERDICT_ERRNO:
                return SCMP_ACT_ERRNO(action.errnum);
        default:
                return SCMP_ACT_KILL;
        }
}

static int add_rule(Compiler *compiler, scmp_filter_ctx filter, const SeccompRule *rule)
{
        struct scmp_arg_cmp arguments[SECCOMP_ARGUMENTS_MAX];
        uint32_t action = action_value(rule->action);
        int number = rule->number, r;

        if (action == action_value(compiler->profile->otherwise))
                return 0;
        if (rule->name)
                number = seccomp_syscall_resolve_name(rule->name);
        if (number == __NR_SCMP_ERROR)
                return 0;
        for (unsigned i = 0; i < rule->n_arguments; i++) {
                const SeccompArgument *argument = &rule->arguments[i];
                bool masked = argument->compare == COMPARE_MASKED_EQ;

                arguments[i] = (struct scmp_arg_cmp){
                        .arg = argument->index,
                        .op = compare_operators[argument->compare],
                        .datum_a = masked ? argument->mask : argument->value,
                        .datum_b = masked ? argument->value : 0,
                };
        }
        r = seccomp_rule_add_array(filter, action, number, rule->n_arguments, arguments);
        if (r < 0 && r != -EEXIST)
                return error_errno(compiler->reterr, -r, "%s:%u: Cannot add the rule",
                                   compiler->file, rule->line);
        return 0;
}

static int build_filter(Compiler *compiler, uint32_t token, const char *name, scmp_filter_ctx *ret)
{
        _cleanup_(filter_release) scmp_filter_ctx filter = NULL;
        int r = 0;

        filter = seccomp_init(action_value(compiler->profile->otherwise));
        if (!filter)
                return error_oom(compiler->reterr);
        if (token != seccomp_arch_native()) {
                r = seccomp_arch_add(filter, token);
                if (r == 0)
                        r = seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
        }
        if (r < 0)
                return error_errno(compiler->reterr, -r, "Cannot filter for architecture '%s'",
                                   name);
        for (size_t i = 0; i < compiler->profile->n_rules; i++) {
                const SeccompRule *rule = &compiler->profile->rules[i];

                if (rule->architecture && !streq(rule->architecture, name))
                        continue;
                r = add_rule(compiler, filter, rule);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(filter);
        return 0;
}

static int warn_unknown(Compiler *compiler)
{
        for (size_t i = 0; i < compiler->profile->n_rules; i++) {
                const SeccompRule *rule = &compiler->profile->rules[i];

                if (rule->name && seccomp_syscall_resolve_name(rule->name) == __NR_SCMP_ERROR &&
                    strv_addf(&compiler->warnings, "%s:%u: unknown system call '%s', ignoring",
                              compiler->file, rule->line, rule->name) < 0)
                        return error_oom(compiler->reterr);
        }
        return 0;
}

static const Family *native_family(void)
{
        static Family lone;

        for (size_t i = 0; i < ELEMENTS(families); i++)
                if (families[i].members[0].token == seccomp_arch_native())
                        return &families[i];
        lone.members[0].token = seccomp_arch_native();
        lone.members[0].name = "native";
        return &lone;
}

static int build_all(Compiler *compiler, scmp_filter_ctx *ret)
{
        _cleanup_(filter_release) scmp_filter_ctx whole = NULL;
        const Family *family = native_family();
        int r;

        for (unsigned i = 0; i < FAMILY_MAX && family->members[i].name; i++) {
                _cleanup_(filter_release) scmp_filter_ctx part = NULL;

                r = build_filter(compiler, family->members[i].token, family->members[i].name,
                                 &part);
                if (r < 0)
                        return r;
                if (!whole) {
                        whole = TAKE_PTR(part);
                        continue;
                }
                r = seccomp_merge(whole, part);
                if (r < 0)
                        return error_errno(compiler->reterr, -r, "Cannot join filters");
                part = NULL; /* the library has taken it */
        }
        *ret = TAKE_PTR(whole);
        return 0;
}

int seccomp_compile(const SeccompProfile *profile,
                    const char *file,
                    int fd,
                    char ***ret_warnings,
                    Error *reterr)
{
        _cleanup_(filter_release) scmp_filter_ctx filter = NULL;
        Compiler compiler = { .profile = profile, .file = file, .reterr = reterr };
        int r;

        r = warn_unknown(&compiler);
        if (r == 0)
                r = build_all(&compiler, &filter);
        if (r == 0) {
                r = seccomp_export_bpf(filter, fd);
                if (r < 0)
                        r = error_errno(reterr, -r, "Cannot write the filter of '%s'", file);
        }
        if (r == 0 && ret_warnings)
                *ret_warnings = TAKE_PTR(compiler.warnings);
        (void) strv_free(compiler.warnings);
        return r;
}
