/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/unit-outcome.h"

#include "base/strv.h"
#include "interfaces/errors.h"

#define SYSTEMD "org.freedesktop.systemd1."
#define DBUS "org.freedesktop.DBus.Error."

/* clang-format off */
static const struct {
        const char *name;
        const char *what;
        const char *hint; /* before the unit */
} refusals[] = {
        { SYSTEMD "UnitMasked",               "is masked", "lift that with systemctl unmask" },
        { SYSTEMD "NoSuchUnit",               "is not found", "is nagaya installed, and systemctl daemon-reload done? See systemctl cat" },
        { DBUS "FileNotFound",                "is not found", "is nagaya installed, and systemctl daemon-reload done? See systemctl cat" },
        { SYSTEMD "LoadFailed",               "cannot be loaded", "see systemctl status" },
        { SYSTEMD "BadUnitSetting",           "has a bad setting", "see systemctl status" },
        { SYSTEMD "ShuttingDown",             "cannot be changed while the host shuts down", "see systemctl status" },
        { SYSTEMD "TransactionIsDestructive", "cannot be changed against what the host is doing (shutting down?)", "see systemctl list-jobs, systemctl status" },
        { SYSTEMD "OnlyByDependency",         "may only be started by another unit", "see systemctl cat" },
};
/* clang-format on */

int unit_refusal(const sd_bus_error *problem, UnitVerb verb, const char *unit, Error *reterr)
{
        const char *text = problem->message ? problem->message : problem->name;
        ErrorCode code = verb == UNIT_START ? ERROR_START_FAILED : ERROR_FAILED;
        int r = 0;

        for (size_t i = 0; r == 0 && i < ELEMENTS(refusals); i++)
                if (streq(refusals[i].name, problem->name))
                        r = error_public(reterr, code, "Unit '%s' %s; %s %s", unit,
                                         refusals[i].what, refusals[i].hint, unit);
        if (r == 0)
                r = error_public(reterr, code, "Unit '%s' cannot be %s: %s", unit,
                                 verb == UNIT_START ? "started" : "stopped", text);
        return error_at(reterr, r, "unit", unit);
}

static const struct {
        const char *name;
        bool undelivered;
} absences[] = {
        { DBUS "NoReply", true },        { DBUS "Disconnected", false },
        { DBUS "ServiceUnknown", true }, { DBUS "NameHasNoOwner", true },
        { DBUS "NoServer", true },
};

static bool is_absence(const sd_bus_error *problem, bool undelivered)
{
        for (size_t i = 0; i < ELEMENTS(absences); i++)
                if (streq(absences[i].name, problem->name))
                        return absences[i].undelivered || !undelivered;
        return false;
}

bool unit_error_is_absence(const sd_bus_error *problem)
{
        return is_absence(problem, false);
}

bool unit_error_is_undelivered(const sd_bus_error *problem)
{
        return is_absence(problem, true);
}

void unit_details_init(UnitDetails *details, const char *job_result)
{
        *details = (UnitDetails){
                .outcome = {
                        .job_result = job_result,
                        .active_state = "",
                        .load_state = "",
                        .result = "",
                        .status_text = "",
                },
                .job_path = "",
        };
}

void unit_details_done(UnitDetails *details)
{
        details->reply = sd_bus_message_unref(details->reply);
}

static int read_property(sd_bus_message *message, UnitDetails *details)
{
        UnitOutcome *outcome = &details->outcome;
        uint32_t job_id;
        const struct {
                const char *name, *signature;
                void *target;
        } rows[] = {
                { "ActiveState", "s", &outcome->active_state },
                { "LoadState", "s", &outcome->load_state },
                { "Result", "s", &outcome->result },
                { "StatusText", "s", &outcome->status_text },
                { "StatusErrno", "i", &outcome->status_errno },
                { "ExecMainCode", "i", &outcome->exec_main_code },
                { "ExecMainStatus", "i", &outcome->exec_main_status },
                { "InactiveExitTimestampMonotonic", "t", &details->up_usec },
                { "InactiveEnterTimestampMonotonic", "t", &details->down_usec },
                { "Job", "(uo)", &job_id },
        };
        const char *name;
        int r = sd_bus_message_read_basic(message, 's', &name);

        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (streq(rows[i].name, name))
                        /* The last is for the second part of a job. */
                        return sd_bus_message_read(message, "v", rows[i].signature, rows[i].target,
                                                   &details->job_path);
        return sd_bus_message_skip(message, "v");
}

int unit_details_read(UnitDetails *details, sd_bus_message *reply)
{
        int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = read_property(reply, details);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        if (r < 0)
                return r;
        details->reply = sd_bus_message_ref(reply);
        return 0;
}

static bool is_down(const char *active_state)
{
        return streq(active_state, "inactive") || streq(active_state, "failed");
}

/* One that is up, or on the way, can be started once more: nothing happens, or its job is found. */
bool unit_has_been(UnitVerb verb, const UnitDetails *details, uint64_t since_usec)
{
        if (verb == UNIT_STOP)
                return details->down_usec >= since_usec;
        return details->up_usec >= since_usec && is_down(details->outcome.active_state);
}

const char *unit_infer_result(UnitVerb verb, const char *active_state)
{
        if (verb == UNIT_STOP)
                return is_down(active_state) ? "done" : "canceled";
        return streq(active_state, "active") || streq(active_state, "reloading") ? "done"
                                                                                 : "failed";
}
