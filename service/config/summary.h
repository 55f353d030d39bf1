/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a list of containers needs of a configuration, without keeping the Config: thousands of
 * them stay in memory. `stamps` tell whether it is still true. */

#include "config/config.h"
#include "config/parse.h"

typedef struct ConfigSummary {
        char *rootfs;  /* the source, without its backend word; NULL: none */
        char *backend; /* the word before it, or NULL: to be probed */
        char **groups;
        int64_t start_order, start_delay;
        bool start_auto, ephemeral, unprivileged; /* unprivileged: has an idmap */
        char *broken;                             /* the error as a sentence, or NULL */
        ConfigStamp *stamps;
        size_t n_stamps;
} ConfigSummary;

void config_summary_done(ConfigSummary *summary);

/* A configuration that cannot be loaded gives a summary with `broken` set and all else default.
 * Return: 0, -ENOMEM. */
int config_summary_load(const char *path, ConfigSummary *ret);

/* From a Config loaded elsewhere (a run's own); no stamps. Return: 0, -ENOMEM. */
int config_summary_from(const Config *config, ConfigSummary *ret);

/* A few stat(2); false for one without stamps. */
bool config_summary_is_current(const ConfigSummary *summary);
