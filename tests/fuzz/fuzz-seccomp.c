/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Any text as a seccomp profile: refused with a sentence, or a value within its bounds. */

#include "fuzz.h"

#include <string.h>

#include "runtime/seccomp/profile.h"

static void check(const SeccompProfile *profile)
{
        MUST(profile->n_rules <= SECCOMP_RULES_MAX);
        for (size_t i = 0; i < profile->n_rules; i++) {
                const SeccompRule *rule = &profile->rules[i];

                MUST(rule->line >= 3);
                MUST(rule->name ? rule->name[0] != '\0' : rule->number >= 0);
                MUST(rule->action.errnum <= 4095);
                MUST(rule->n_arguments <= SECCOMP_ARGUMENTS_MAX);
                for (unsigned n = 0; n < rule->n_arguments; n++)
                        MUST(rule->arguments[n].index < SECCOMP_ARGUMENTS_MAX);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(seccomp_profile_free_p) SeccompProfile *profile = NULL;
        _cleanup_(free_p) char *text = strndup((const char *) data, size);
        _cleanup_(error_done) Error error = ERROR_NULL;

        MUST(text);
        if (seccomp_profile_parse(text, "fuzz", &profile, &error) < 0)
                MUST(error_is_set(&error) && error.message && error.code != 0);
        else
                check(profile);
        return 0;
}
