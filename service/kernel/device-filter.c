/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/device-filter.h"

#include <ctype.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/parse.h"

/* The program looks at the rules from the last to the first, so that the first that matches
 * decides. An allow rule matches when it covers all of the access, a deny rule when it forbids any
 * of it. Registers: r2 type, r3 access, r4 major, r5 minor. */

#define PROLOGUE 6
#define PER_RULE 8
#define EPILOGUE 2
#define RULES_MAX 256

static int parse_number(const char **text, int64_t *ret)
{
        char digits[16];
        size_t n = strspn(*text, "0123456789");
        uint32_t value;

        if (**text == '*') {
                (*text)++;
                *ret = -1;
                return 0;
        }
        if (n == 0 || n >= sizeof(digits))
                return -EINVAL;
        memcpy(digits, *text, n);
        digits[n] = '\0';
        if (parse_u32(digits, &value) < 0)
                return -EINVAL;
        *text += n;
        *ret = value;
        return 0;
}

static int parse_access(const char *text, unsigned *ret)
{
        unsigned access = 0;

        for (; *text; text++) {
                if (*text == 'r')
                        access |= DEVICE_READ;
                else if (*text == 'w')
                        access |= DEVICE_WRITE;
                else if (*text == 'm')
                        access |= DEVICE_MKNOD;
                else
                        return -EINVAL;
        }
        *ret = access;
        return access ? 0 : -EINVAL;
}

int device_rule_parse(const char *text, bool allow, DeviceRule *ret)
{
        DeviceRule rule = { .allow = allow, .major = -1, .minor = -1 };

        rule.type = *text++;
        if (rule.type != 'a' && rule.type != 'b' && rule.type != 'c')
                return -EINVAL;
        text += strspn(text, " \t");
        if (rule.type == 'a' && !*text) {
                rule.access = DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD;
                *ret = rule;
                return 0;
        }
        if (parse_number(&text, &rule.major) < 0 || *text++ != ':' ||
            parse_number(&text, &rule.minor) < 0 || !isblank((unsigned char) *text))
                return -EINVAL;
        text += strspn(text, " \t");
        if (parse_access(text, &rule.access) < 0)
                return -EINVAL;
        *ret = rule;
        return 0;
}

static bool rule_is_everything(const DeviceRule *rule)
{
        return rule->type == 'a' && rule->major < 0 && rule->minor < 0 &&
               rule->access == (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD);
}

int device_rules_add(DeviceRule **rules, size_t *n, const DeviceRule *rule)
{
        DeviceRule *grown;

        if (rule_is_everything(rule))
                *n = 0;
        for (size_t i = *n; i > 0; i--) {
                DeviceRule *earlier = &(*rules)[i - 1];

                if (earlier->allow != rule->allow)
                        break;
                if (earlier->type == rule->type && earlier->major == rule->major &&
                    earlier->minor == rule->minor) {
                        earlier->access |= rule->access;
                        return 0;
                }
        }
        grown = realloc(*rules, (*n + 1) * sizeof(**rules));
        if (!grown)
                return -ENOMEM;
        grown[(*n)++] = *rule;
        *rules = grown;
        return 0;
}

bool device_rules_decide(
        const DeviceRule *rules, size_t n, char type, int64_t major, int64_t minor, unsigned access)
{
        for (size_t i = n; i > 0; i--) {
                const DeviceRule *rule = &rules[i - 1];

                if ((rule->type != 'a' && rule->type != type) ||
                    (rule->major >= 0 && rule->major != major) ||
                    (rule->minor >= 0 && rule->minor != minor))
                        continue;
                if (rule->allow ? (access & ~rule->access) == 0 : (access & rule->access) != 0)
                        return rule->allow;
        }
        return true;
}

typedef struct Program {
        struct bpf_insn *code;
        unsigned n;
} Program;

static void
emit(Program *program, unsigned code, unsigned dst, unsigned src, unsigned off, unsigned imm)
{
        program->code[program->n++] = (struct bpf_insn){
                .code = (uint8_t) code,
                .dst_reg = dst & 0xf,
                .src_reg = src & 0xf,
                .off = (int16_t) off,
                .imm = (int32_t) imm,
        };
}

static void emit_prologue(Program *p)
{
        emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, 0, 0);
        emit(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
        emit(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
        emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
        emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1, 4, 0);
        emit(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1, 8, 0);
}

/* The jumps that leave a rule are written when its length is known. */
static void emit_rule(Program *p, const DeviceRule *rule)
{
        unsigned jumps[4], n_jumps = 0;

        if (rule->type != 'a') {
                jumps[n_jumps++] = p->n;
                emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 0,
                     rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
        }
        if (rule->major >= 0) {
                jumps[n_jumps++] = p->n;
                emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, 0, (unsigned) rule->major);
        }
        if (rule->minor >= 0) {
                jumps[n_jumps++] = p->n;
                emit(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 0, (unsigned) rule->minor);
        }
        emit(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
        emit(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0,
             rule->allow ? ~rule->access & 0xffff : rule->access);
        jumps[n_jumps++] = p->n;
        emit(p, BPF_JMP | (rule->allow ? BPF_JNE : BPF_JEQ) | BPF_K, BPF_REG_1, 0, 0, 0);
        emit(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, rule->allow);
        emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
        for (unsigned i = 0; i < n_jumps; i++)
                p->code[jumps[i]].off = (int16_t) (p->n - jumps[i] - 1);
}

int device_filter_program(const DeviceRule *rules, size_t n, struct bpf_insn **ret)
{
        Program program = { 0 };

        if (n > RULES_MAX)
                return -E2BIG;
        program.code = calloc(PROLOGUE + n * PER_RULE + EPILOGUE, sizeof(struct bpf_insn));
        if (!program.code)
                return -ENOMEM;
        emit_prologue(&program);
        for (size_t i = n; i > 0; i--)
                emit_rule(&program, &rules[i - 1]);
        emit(&program, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1);
        emit(&program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
        *ret = program.code;
        return (int) program.n;
}

int device_filter_load(const DeviceRule *rules, size_t n)
{
        static const char license[] = "LGPL";
        _cleanup_(free_p) struct bpf_insn *code = NULL;
        union bpf_attr attr = {
                .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                .license = (uint64_t) (uintptr_t) license,
        };
        long fd;
        int size;

        size = device_filter_program(rules, n, &code);
        if (size < 0)
                return size;
        attr.insn_cnt = (uint32_t) size;
        attr.insns = (uint64_t) (uintptr_t) code;
        fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
        return fd < 0 ? -errno : (int) fd;
}

int device_filter_attach(int cgroup_fd, int program_fd)
{
        union bpf_attr attr = {
                .target_fd = (uint32_t) cgroup_fd,
                .attach_bpf_fd = (uint32_t) program_fd,
                .attach_type = BPF_CGROUP_DEVICE,
                .attach_flags = BPF_F_ALLOW_MULTI,
        };

        return syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)) < 0 ? -errno : 0;
}
