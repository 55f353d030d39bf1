/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/summary.h"

#include "base/strv.h"

void config_summary_done(ConfigSummary *summary)
{
        free(summary->rootfs);
        free(summary->backend);
        (void) strv_free(summary->groups);
        free(summary->broken);
        config_stamps_free(summary->stamps, summary->n_stamps);
        *summary = (ConfigSummary){ 0 };
}

static int fill(const Config *config, ConfigSummary *summary)
{
        const char *source, *backend;

        if (config->rootfs.path) {
                source = rootfs_path_split(config->rootfs.path, &backend);
                if (string_set(&summary->rootfs, source) < 0 ||
                    string_set(&summary->backend, backend) < 0)
                        return -ENOMEM;
        }
        summary->start_auto = config->start.automatic;
        summary->start_order = config->start.order;
        summary->start_delay = config->start.delay;
        summary->ephemeral = config->start.ephemeral;
        summary->unprivileged = config->namespace.n_idmaps > 0;
        return strv_copy(&summary->groups, config->start.groups);
}

int config_summary_from(const Config *config, ConfigSummary *ret)
{
        _cleanup_(config_summary_done) ConfigSummary summary = { 0 };

        if (fill(config, &summary) < 0)
                return -ENOMEM;
        *ret = summary;
        summary = (ConfigSummary){ 0 };
        return 0;
}

int config_summary_load(const char *path, ConfigSummary *ret)
{
        _cleanup_(config_summary_done) ConfigSummary summary = { 0 };
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(config_trace_done) ConfigTrace trace = { 0 };
        _cleanup_(error_done) Error error = ERROR_NULL;
        int r;

        r = config_load_traced(path, &config, &trace, &error);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                r = string_set(&summary.broken, error_message(&error));
        else
                r = fill(config, &summary);
        if (r < 0)
                return r;
        summary.stamps = TAKE_PTR(trace.stamps);
        summary.n_stamps = trace.n_stamps;
        trace.n_stamps = 0;
        *ret = summary;
        summary = (ConfigSummary){ 0 };
        return 0;
}

bool config_summary_is_current(const ConfigSummary *summary)
{
        return summary->n_stamps > 0 &&
               config_stamps_are_current(summary->stamps, summary->n_stamps);
}
