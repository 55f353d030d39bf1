/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The program is run here, by an interpreter of the few instructions it is made of, and must decide
 * as device_rules_decide() does. */

#include <glib.h>
#include <linux/bpf.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/device-filter.h"

typedef struct Rules {
        DeviceRule *items;
        size_t n;
} Rules;

static void rules_done(Rules *rules)
{
        free(rules->items);
}

/* "+c 1:3 rwm" allows, "-a" denies. */
static Rules rules_new(const char *const *texts)
{
        Rules rules = { 0 };

        for (; *texts; texts++) {
                DeviceRule rule;

                g_assert_cmpint(device_rule_parse(*texts + 1, **texts == '+', &rule), ==, 0);
                g_assert_cmpint(device_rules_add(&rules.items, &rules.n, &rule), ==, 0);
        }
        return rules;
}

static uint64_t operand(const struct bpf_insn *insn, const uint64_t *reg)
{
        return BPF_SRC(insn->code) == BPF_X ? reg[insn->src_reg] : (uint64_t) (int64_t) insn->imm;
}

static bool interpret(const struct bpf_insn *code, int n, const struct bpf_cgroup_dev_ctx *ctx)
{
        uint64_t reg[11] = { [1] = (uint64_t) (uintptr_t) ctx };

        for (int pc = 0; pc < n; pc++) {
                const struct bpf_insn *insn = &code[pc];
                uint64_t *dst = &reg[insn->dst_reg], value = operand(insn, reg);

                switch (insn->code & ~BPF_X) {
                case BPF_LDX | BPF_MEM | BPF_W:
                        *dst = *(uint32_t *) (uintptr_t) (reg[insn->src_reg] +
                                                          (uint64_t) insn->off);
                        break;
                case BPF_ALU64 | BPF_MOV:
                        *dst = value;
                        break;
                case BPF_ALU64 | BPF_RSH:
                        *dst >>= value;
                        break;
                case BPF_ALU64 | BPF_AND:
                        *dst &= value;
                        break;
                case BPF_JMP | BPF_JNE:
                        pc += *dst != value ? insn->off : 0;
                        break;
                case BPF_JMP | BPF_JEQ:
                        pc += *dst == value ? insn->off : 0;
                        break;
                case BPF_JMP | BPF_EXIT:
                        return reg[0] != 0;
                default:
                        g_assert_not_reached();
                }
        }
        g_assert_not_reached();
}

static const char *const rule_sets[][12] = {
        { NULL },
        { "-a", NULL },
        { "+a", "-c 1:3 w", NULL },
        { "-c 1:3 rwm", "+c 1:3 r", "+c 1:3 w", NULL },
        { "-a", "+c *:* m", "+b *:* m", "+c 1:3 rwm", "+c 136:* rw", "+c *:5 r", NULL },
        { "-a", "+c 1:* rwm", "-c 1:3 w", "+c 5:0 rwm", NULL },
        { "-b 8:0 rwm", "-a", "+a", NULL },
        { "-a *:* rw", "+b 8:1 rwm", "+a 1:3 rw", NULL },
};

static void test_program(void)
{
        static const uint32_t numbers[] = { 0, 1, 3, 5, 8, 136 };

        for (size_t i = 0; i < ELEMENTS(rule_sets); i++) {
                _cleanup_(rules_done) Rules rules = rules_new(rule_sets[i]);
                _cleanup_(free_p) struct bpf_insn *code = NULL;
                int n = device_filter_program(rules.items, rules.n, &code);

                g_assert_cmpint(n, >, 0);
                for (unsigned j = 0; j < 6 * 6 * 2 * 7; j++) {
                        bool block = j / 36 % 2;
                        unsigned access = j / 72 + 1;
                        struct bpf_cgroup_dev_ctx ctx = {
                                .access_type = access << 16 | (block ? 1U : 2U),
                                .major = numbers[j % 6],
                                .minor = numbers[j / 6 % 6],
                        };

                        g_assert_cmpint(interpret(code, n, &ctx), ==,
                                        device_rules_decide(rules.items, rules.n, block ? 'b' : 'c',
                                                            ctx.major, ctx.minor, access));
                }
        }
}

static void test_decisions(void)
{
        static const struct {
                unsigned set;
                char type;
                int64_t major, minor;
                unsigned access;
                bool allowed;
        } rows[] = {
                { 0, 'c', 1, 3, DEVICE_READ, true },
                { 1, 'c', 1, 3, DEVICE_READ, false },
                { 2, 'c', 1, 3, DEVICE_READ, true },
                { 2, 'c', 1, 3, DEVICE_READ | DEVICE_WRITE, false },
                { 3, 'c', 1, 3, DEVICE_READ | DEVICE_WRITE, true },
                { 3, 'c', 1, 3, DEVICE_MKNOD, false },
                { 4, 'b', 8, 0, DEVICE_MKNOD, true },
                { 4, 'b', 8, 0, DEVICE_READ, false },
                { 4, 'c', 136, 7, DEVICE_READ | DEVICE_WRITE, true },
                { 5, 'c', 1, 3, DEVICE_READ, true },
                { 5, 'c', 1, 3, DEVICE_WRITE, false },
                { 6, 'b', 8, 0, DEVICE_READ, true },
        };

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                _cleanup_(rules_done) Rules rules = rules_new(rule_sets[rows[i].set]);

                g_assert_cmpint(device_rules_decide(rules.items, rules.n, rows[i].type,
                                                    rows[i].major, rows[i].minor, rows[i].access),
                                ==, rows[i].allowed);
        }
}

static void test_bad_rules(void)
{
        static const char *const texts[] = {
                "",
                "x",
                "c",
                "c 1",
                "c 1:3",
                "c 1:3 ",
                "c 1:3 x",
                "c 1:3rwm",
                "c -1:3 r",
                "c 1 :3 r",
                "c 99999999999:1 r",
                "b *: r",
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                DeviceRule rule;

                g_assert_cmpint(device_rule_parse(texts[i], true, &rule), ==, -EINVAL);
        }
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/device-filter/the-last-rule-that-speaks-decides", test_decisions);
        g_test_add_func("/device-filter/the-program-decides-as-the-rules", test_program);
        g_test_add_func("/device-filter/what-is-not-a-rule-is-refused", test_bad_rules);
        return g_test_run();
}
