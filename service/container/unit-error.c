/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/unit-error.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "interfaces/errors.h"

/* systemd.exec(5), "Process Exit Codes": those that mean the supervisor never came to run. */
static const struct {
        int status;
        const char *name;
        const char *meaning;
} exec_failures[] = {
        { 200, "CHDIR", "its working directory cannot be entered" },
        { 203, "EXEC", "the supervisor (nagaya-run) cannot be executed; is it installed?" },
        { 209, "STDOUT", "its output cannot be connected to the journal" },
        { 218, "CAPABILITIES", "its capabilities cannot be set" },
        { 219, "CGROUP", "its cgroup cannot be set up" },
        { 226, "NAMESPACE", "its mount namespace cannot be set up" },
        { 233, "RUNTIME_DIRECTORY", "its runtime directory cannot be made" },
};

/* clang-format off */
static const struct {
        const char *result;
        const char *meaning;
} job_results[] = {
        { "canceled",   "the start was cancelled by another job" },
        { "timeout",    "it took too long" },
        { "dependency", "a unit it depends on failed" },
        { "skipped",    "a condition of the unit is not met" },
        { "invalid",    "the unit cannot be started" },
        { "assert",     "an assertion of the unit failed" },
        { "unsupported", "units of this kind are not supported here" },
        { "collected",  "the unit was garbage collected" },
        { "once",       "the unit was started before and starts only once" },
};
/* clang-format on */

static int raise_exec_failure(const char *unit, int status, Error *reterr)
{
        for (size_t i = 0; i < ELEMENTS(exec_failures); i++)
                if (exec_failures[i].status == status)
                        return error_public(
                                reterr, ERROR_START_FAILED, "Unit '%s' failed: %s (status %d/%s)",
                                unit, exec_failures[i].meaning, status, exec_failures[i].name);
        return error_public(
                reterr, ERROR_START_FAILED,
                "Unit '%s' failed: its supervisor ended with status %d; see journalctl -u %s", unit,
                status, unit);
}

static int raise_failure(const char *unit, const UnitOutcome *outcome, Error *reterr)
{
        if (outcome->status_text[0])
                return error_code(reterr, ERROR_START_FAILED,
                                  outcome->status_errno > 0 ? outcome->status_errno : EIO, "%s",
                                  outcome->status_text);
        if (outcome->exec_main_code == CLD_EXITED)
                return raise_exec_failure(unit, outcome->exec_main_status, reterr);
        if (outcome->exec_main_code == CLD_KILLED || outcome->exec_main_code == CLD_DUMPED)
                return error_public(reterr, ERROR_START_FAILED,
                                    "Unit '%s' failed: its supervisor was killed by SIG%s", unit,
                                    sigabbrev_np(outcome->exec_main_status)
                                            ? sigabbrev_np(outcome->exec_main_status)
                                            : "?");
        return error_public(reterr, ERROR_START_FAILED,
                            "Unit '%s' failed: %s; see systemctl status %s", unit,
                            outcome->result[0] ? outcome->result : outcome->job_result, unit);
}

int unit_outcome_error(const char *unit, const UnitOutcome *outcome, Error *reterr)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < ELEMENTS(job_results); i++)
                if (streq(job_results[i].result, outcome->job_result))
                        r = error_public(reterr, ERROR_START_FAILED,
                                         "Unit '%s' was not started: %s; see systemctl status %s",
                                         unit, job_results[i].meaning, unit);
        if (r == 0)
                r = raise_failure(unit, outcome, reterr);
        return error_at(reterr, r, "unit", unit);
}
