/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The device controller of cgroup v2: a BPF program on the group (BPF_PROG_TYPE_CGROUP_DEVICE)
 * made from rules in the words of the old controller ("c 1:3 rwm"). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The values of BPF_DEVCG_ACC_*. */
#define DEVICE_MKNOD 1U
#define DEVICE_READ 2U
#define DEVICE_WRITE 4U

typedef struct DeviceRule {
        bool allow;
        char type;            /* 'b', 'c'; 'a': both */
        int64_t major, minor; /* -1: any */
        unsigned access;      /* DEVICE_* */
} DeviceRule;

/* "a", "a *:* rwm", "c 1:3 rwm", "b *:* m". Return: 0, -EINVAL. */
int device_rule_parse(const char *text, bool allow, DeviceRule *ret);

/* device_rules_add() - in the sense of the old controller: "a" forgets all rules before it, and
 * two rules for the same device are one with the access of both. The array grows by realloc(3).
 * Return: 0, -ENOMEM. */
int device_rules_add(DeviceRule **rules, size_t *n, const DeviceRule *rule);

/* device_rules_decide() - what the filter says of an access; the definition the program is tested
 * against. The last rule that speaks of the access decides; none: allowed. */
bool device_rules_decide(const DeviceRule *rules,
                         size_t n,
                         char type,
                         int64_t major,
                         int64_t minor,
                         unsigned access);

struct bpf_insn;

/* device_filter_program() - what device_filter_load() hands to the kernel; the caller frees *ret.
 * Return: the number of instructions, -E2BIG (too many rules), -ENOMEM. */
int device_filter_program(const DeviceRule *rules, size_t n, struct bpf_insn **ret);

/* device_filter_load() - the rules as a program, made and checked by the kernel, which takes half a
 * millisecond. Return: its fd, -E2BIG, -errno. */
int device_filter_load(const DeviceRule *rules, size_t n);

/* device_filter_attach() - from now on it binds all processes in the group and below; it goes with
 * the group. Return: 0, -errno. */
int device_filter_attach(int cgroup_fd, int program_fd);
