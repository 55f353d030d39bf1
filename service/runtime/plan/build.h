/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts of plan_make(); nobody else includes this. */

#include <stdio.h>

#include "runtime/plan/plan.h"

typedef struct PlanBuild {
        const Config *config;
        const PlanInput *input;
        Plan *plan;
        char **warnings;
        Error *reterr;
} PlanBuild;

typedef struct NetBuild {
        PlanBuild *plan;
        const NetConfig *config;
        PlanNet *net;
} NetBuild;

/* Each fills its part of build->plan. Return: 0, -errno with the error in build->reterr. */
int plan_build_namespaces(PlanBuild *build);
int plan_build_idmap(PlanBuild *build);
int plan_build_rootfs(PlanBuild *build);
int plan_build_automounts(PlanBuild *build);
int plan_build_mounts(PlanBuild *build);
int plan_build_terminals(PlanBuild *build);
int plan_build_limits(PlanBuild *build);
int plan_build_cgroup(PlanBuild *build);
int plan_build_security(PlanBuild *build);
int plan_build_labels(PlanBuild *build);
int plan_build_init(PlanBuild *build);
int plan_build_nets(PlanBuild *build);

/* plan-net.c: do the nics say that the host's network is shared? */
bool plan_net_is_shared(const Config *config);
/* The value of a subkey, or NULL. */
const char *plan_net_get(const NetBuild *build, const char *subkey);
/* The values of a list are appended; a number is left alone when it is not given. Return: 0, -errno
 * (raised). */
int plan_net_addresses(
        const NetBuild *build, const char *subkey, int family, Address **list, size_t *n);
int plan_net_numbers(const NetBuild *build, const char *subkey, uint16_t **list, size_t *n);
int plan_net_number(const NetBuild *build, const char *subkey, uint32_t *ret);
/* "'lxc.net.N.SUBKEY' ..." Return: -errno. */
int plan_net_invalid(const NetBuild *build, const char *subkey, const char *format, ...)
        _printf_(3, 4);
/* Return: 0, -ENOMEM (raised). */
int plan_net_warn(const NetBuild *build, const char *subkey, const char *why);
/* plan-net-type.c: what only a nic of this type has. */
int plan_net_type(const NetBuild *build);

/* plan-print-net.c */
void plan_print_net(FILE *out, const PlanNet *net);

/* plan_take_options() - the words of a mount's options, separated by commas; NULL is none. */
int plan_take_options(PlanBuild *build, const char *key, const char *text, PlanMount *ret);
void plan_mount_done(PlanMount *mount);
/* Takes the mount. */
int plan_add_mount(PlanBuild *build, PlanMount *mount);
/* What the container may ever have. */
uint64_t plan_capabilities(const Config *config);

/* "Cannot honour KEY": always name the key; the format says what about it. Return: -errno. */
int plan_refuse(PlanBuild *build, const char *key, const char *format, ...) _printf_(3, 4);
int plan_invalid(PlanBuild *build, const char *key, const char *format, ...) _printf_(3, 4);
/* Return: 0, -ENOMEM (raised). */
int plan_warn(PlanBuild *build, const char *format, ...) _printf_(2, 3);
/* Return: -ENOMEM. */
int plan_oom(PlanBuild *build);
