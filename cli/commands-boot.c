/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whether a container starts at boot is its unit's enablement, which is systemd's matter: there is
 * no verb for it, and systemctl does it. */

#include "base/strv.h"
#include "cli/context.h"
#include "interfaces/container-id.h"

#define SYSTEMCTL "/usr/bin/systemctl"

/* clang-format off */
static const Option enable_options[] = {
        { 0, "now", .help = "Start it now, too" },
        { 0, NULL },
};
static const Option disable_options[] = {
        { 0, "now", .help = "Stop it now, too" },
        { 0, NULL },
};
/* clang-format on */

static int add_units(char ***argv, const Arguments *arguments, Error *reterr)
{
        for (size_t i = 0; i < arguments->n_words; i++) {
                int r = container_id_check(arguments->words[i], reterr);

                if (r < 0)
                        return r;
                if (strv_take(argv, container_id_unit(arguments->words[i])) < 0)
                        return error_oom(reterr);
        }
        return 0;
}

static int run_systemctl(Context *context, Error *reterr)
{
        _cleanup_(strv_free_p) char **argv = NULL;

        if (strv_add(&argv, SYSTEMCTL) < 0 || strv_add(&argv, context->command->name) < 0 ||
            (context->quiet && strv_add(&argv, "--quiet") < 0) ||
            (!context->ask && strv_add(&argv, "--no-ask-password") < 0) ||
            (arguments_flag(context->arguments, "now") && strv_add(&argv, "--now") < 0) ||
            strv_add(&argv, "--") < 0)
                return error_oom(reterr);
        if (add_units(&argv, context->arguments, reterr) < 0)
                return -EINVAL;
        (void) execv(SYSTEMCTL, argv);
        return error_errno(reterr, errno, "Cannot run '%s'", SYSTEMCTL);
}

const Command commands_boot[] = {
        { .name = "enable",
          .arguments = "NAME...",
          .summary = "Start containers at boot",
          .description = "Runs systemctl enable nagaya@NAME.service.",
          .options = enable_options,
          .words_min = 1,
          .words_max = WORDS_ANY,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_systemctl },
        { .name = "disable",
          .arguments = "NAME...",
          .summary = "Do not start containers at boot",
          .description = "Runs systemctl disable nagaya@NAME.service.",
          .options = disable_options,
          .words_min = 1,
          .words_max = WORDS_ANY,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_systemctl },
        { .name = NULL },
};
