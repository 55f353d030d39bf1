/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* LXC's seccomp profiles (lxc.container.conf(5), SECCOMP CONFIGURATION), versions 1 and 2, as a
 * value. Parsing needs no libseccomp; compiling (seccomp-compile.h) does. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define SECCOMP_ARGUMENTS_MAX 6
#define SECCOMP_RULES_MAX 4096

typedef enum SeccompVerdict {
        VERDICT_ALLOW,
        VERDICT_KILL,
        VERDICT_TRAP,
        VERDICT_ERRNO,
        VERDICT_NOTIFY, /* another process is asked */
} SeccompVerdict;

typedef struct SeccompAction {
        SeccompVerdict verdict;
        uint16_t errnum; /* of VERDICT_ERRNO */
} SeccompAction;

typedef enum SeccompCompare {
        COMPARE_NE,
        COMPARE_LT,
        COMPARE_LE,
        COMPARE_EQ,
        COMPARE_GE,
        COMPARE_GT,
        COMPARE_MASKED_EQ, /* (argument & mask) == value */
} SeccompCompare;

typedef struct SeccompArgument {
        unsigned index;
        SeccompCompare compare;
        uint64_t value, mask;
} SeccompArgument;

typedef struct SeccompRule {
        unsigned line;            /* of the file */
        const char *architecture; /* a name of LXC's, static; NULL: all */
        char *name;               /* of the system call, NULL: number */
        int number;
        SeccompAction action;
        SeccompArgument arguments[SECCOMP_ARGUMENTS_MAX]; /* all must hold */
        unsigned n_arguments;
} SeccompRule;

typedef struct SeccompProfile {
        SeccompAction otherwise; /* for calls without a rule */
        SeccompRule *rules;
        size_t n_rules;
} SeccompProfile;

/* seccomp_profile_parse() - `file` stands in messages, with the line. Return: 0, -errno
 * (ERROR_INVALID_CONFIG). */
int seccomp_profile_parse(const char *text, const char *file, SeccompProfile **ret, Error *reterr);
SeccompProfile *seccomp_profile_free(SeccompProfile *profile);
DEFINE_CLEANUP(SeccompProfile *, seccomp_profile_free)
