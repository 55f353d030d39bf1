/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The verbs of org.nagaya1.Container. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "container/addresses.h"
#include "container/config-action.h"
#include "container/forward.h"
#include "container/jobs.h"
#include "container/listing.h"
#include "container/manager.h"
#include "container/operation.h"
#include "container/overrides.h"
#include "container/registry.h"
#include "container/reply.h"
#include "container/verbs-config.h"
#include "container/verbs-storage.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* clang-format off */
static const Field none[]         = { { NULL } };
static const Field in_signal[]    = { { "signal", "i", ACTION_NONE }, { NULL } };
static const Field in_command[]   = { { "command", "as", ACTION_NONE }, { NULL } };
static const Field in_tty[]       = { { "tty", "i", ACTION_NONE }, { NULL } };
static const Field in_key[]       = { { "key", "s", ACTION_NONE }, { NULL } };
static const Field in_fields[]    = { { "fields", "as", ACTION_NONE }, { NULL } };
static const Field in_prefix[]    = { { "prefix", "s", ACTION_NONE }, { NULL } };
static const Field out_job[]      = { { "job", "o", ACTION_NONE }, { NULL } };
static const Field in_new_name[]  = { { "newName", "s", ACTION_NONE }, { NULL } };
static const Field in_snapshot[]  = { { "snapshot", "s", ACTION_NONE }, { NULL } };
static const Field out_snapshots[] = { { "snapshots", "aa{sv}", ACTION_NONE }, { NULL } };
static const Field snapshot_rows[] = {
        { "name", "s", ACTION_NONE }, { "comment", "s", ACTION_NONE }, { "time", "t", ACTION_NONE }, { NULL },
};
static const Field out_log[]      = { { "log", "s", ACTION_NONE }, { NULL } };
static const Field out_value[]    = { { "value", "s", ACTION_NONE }, { NULL } };
static const Field in_file[]      = { { "file", "s", ACTION_NONE }, { NULL } };
static const Field in_text[]      = { { "text", "s", ACTION_NONE }, { NULL } };
static const Field in_setting[]   = { { "key", "s", ACTION_NONE }, { "value", "s", ACTION_NONE }, { NULL } };
static const Field in_attribute[] = { { "file", "s", ACTION_NONE }, { "value", "s", ACTION_NONE }, { NULL } };
static const Field out_effect[]   = { { "effect", "s", ACTION_NONE }, { NULL } };
static const Field out_version[]  = { { "version", "s", ACTION_NONE }, { NULL } };
static const Field out_changed[]  = { { "version", "s", ACTION_NONE }, { "changed", "b", ACTION_NONE }, { NULL } };
static const Field out_keys[]     = { { "keys", "as", ACTION_NONE }, { NULL } };
static const Field out_addresses[] = { { "addresses", "aa{sv}", ACTION_NONE }, { NULL } };
static const Field out_describe[] = { { "description", "a{sv}", ACTION_NONE }, { NULL } };
static const Field in_size[]      = {
        { "tty", "i", ACTION_NONE }, { "columns", "u", ACTION_NONE }, { "rows", "u", ACTION_NONE }, { NULL },
};
static const Field out_console[]  = { { "terminal", "h", ACTION_NONE }, { "tty", "i", ACTION_NONE }, { NULL } };
static const Field out_text[]     = { { "text", "s", ACTION_NONE }, { "version", "s", ACTION_NONE }, { NULL } };
static const Field out_attach[]   = {
        { "pid", "u", ACTION_NONE }, { "session", "h", ACTION_NONE }, { "terminal", "ah", ACTION_NONE }, { NULL },
};

static const Field address_rows[] = {
        { "interface", "s", ACTION_NONE }, { "family", "i", ACTION_NONE }, { "address", "ay", ACTION_NONE }, { NULL },
};

static const Field start_options[] = {
        { "config", "a(ss)", ACTION_CONFIGURE }, { NULL },
};
static const Field stop_options[] = {
        { "timeoutUsec", "x", ACTION_NONE }, { "kill", "b", ACTION_NONE }, { "noKill", "b", ACTION_NONE },
        { "noWait", "b", ACTION_NONE }, { NULL },
};
static const Field reboot_options[] = {
        { "timeoutUsec", "x", ACTION_NONE }, { "noWait", "b", ACTION_NONE }, { NULL },
};
static const Field attach_options[] = {
        { "tty",              "b",  ACTION_NONE },
        { "stdio",            "ah", ACTION_NONE },
        { "environment",      "as", ACTION_NONE },
        { "clearEnvironment", "b",  ACTION_NONE },
        { "uid",              "u",  ACTION_NONE },
        { "gid",              "u",  ACTION_NONE },
        { "cwd",              "s",  ACTION_NONE },
        { "namespaces",       "as", ACTION_HOST },
        { "elevated",         "as", ACTION_HOST },
        { "detach",           "b",  ACTION_NONE },
        { NULL },
};
static const Field version_options[]  = { { "version", "s", ACTION_NONE }, { NULL } };
/* clang-format on */

/* --- life cycle --- */

static Action start_extra(const Call *call)
{
        const json_t *config = json_object_get(call->parameters, "config");
        const char *id = call_string(call, "container");
        const Container *container = id ? manager_container(call->manager, id) : NULL;

        /* Without a root file system of its own it runs in the host's. */
        if (container && !container->broken && !container->summary.rootfs)
                return ACTION_HOST;
        if (json_array_size(config) == 0)
                return ACTION_NONE;
        return overrides_are_owner_safe(config) ? host_unless_unprivileged(call) : ACTION_HOST;
}

static int run_start(Call *call, Container *container, Error *reterr)
{
        int r = overrides_check(json_object_get(call->parameters, "config"), "Start", reterr);

        if (r == 0)
                r = job_check_none(call->manager, container->id, reterr);
        return r < 0 ? r : operation_start(container, call, reterr);
}

static int run_stop(Call *call, Container *container, Error *reterr)
{
        if (call_flag(call, "kill") && call_flag(call, "noKill"))
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Stop: kill and noKill contradict each other");
        if (call_integer(call, "timeoutUsec", 0) < -1)
                return error_at(
                        reterr,
                        error_public(reterr, ERROR_INVALID_ARGS,
                                     "Stop: a timeout is -1 (for ever), 0 or more microseconds"),
                        NULL, "timeoutUsec");
        return operation_stop(container, call, reterr);
}

static int run_reboot(Call *call, Container *container, Error *reterr)
{
        return operation_reboot(container, call, reterr);
}

static int run_forward(Call *call, Container *container, Error *reterr)
{
        return forward(call, container, call->verb->member, reterr);
}

static int run_kill(Call *call, Container *container, Error *reterr)
{
        int64_t signal = call_integer(call, "signal", 0);

        if (signal < 1 || signal > SIGRTMAX)
                return error_at(reterr,
                                error_public(reterr, ERROR_INVALID_ARGS,
                                             "Kill: there is no signal %lld; 1 to %d",
                                             (long long) signal, SIGRTMAX),
                                NULL, "signal");
        return run_forward(call, container, reterr);
}

/* --- inside --- */

static int check_stdio(const Call *call, Error *reterr)
{
        const json_t *stdio = json_object_get(call->parameters, "stdio");
        const char *problem = NULL;

        if (!json_is_array(stdio))
                return 0;
        if (json_array_size(stdio) != 3)
                problem = "takes three file descriptors: input, output, errors";
        for (size_t i = 0; !problem && i < json_array_size(stdio); i++) {
                int fd = call->fds.fds[json_integer_value(json_array_get(stdio, i))];
                struct stat st;

                /* A terminal of the host would be handed into the container (TIOCSTI and worse), a
                 * directory leads out of it. */
                if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode) || (fcntl(fd, F_GETFL) & O_PATH))
                        problem = "must be files, pipes or sockets";
                else if (isatty(fd))
                        problem = "must not be terminals; use tty for a fresh one";
        }
        if (!problem)
                return 0;
        return error_at(reterr,
                        error_public(reterr, ERROR_INVALID_ARGS, "Attach: stdio %s", problem), NULL,
                        "stdio");
}

static int run_attach(Call *call, Container *container, Error *reterr)
{
        int r;

        if (json_array_size(json_object_get(call->parameters, "command")) == 0)
                return error_at(
                        reterr,
                        error_public(reterr, ERROR_INVALID_ARGS, "Attach: the command is empty"),
                        NULL, "command");
        if (call_flag(call, "tty") && call_has(call, "stdio"))
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Attach: tty and stdio exclude each other");
        r = check_stdio(call, reterr);
        return r < 0 ? r : run_forward(call, container, reterr);
}

/* --- what it is --- */

/* The container may have gone while its supervisor was asked. */
static int reply_description(Call *call, const json_t *addresses, Error *reterr)
{
        _cleanup_(strv_free_p) char **fields = NULL;
        Container *container;
        json_t *row;
        int r;

        r = manager_call_container(call, &container, reterr);
        if (r == 0)
                r = json_get_strv(call->parameters, "fields", &fields, reterr);
        if (r < 0)
                return r;
        row = listing_row(container, listing_mask(fields), true);
        if (addresses && row && listing_add_addresses(row, container, addresses) < 0) {
                json_decref(row);
                return error_oom(reterr);
        }
        return reply_pack(call, reterr, "{s:o}", "description", row);
}

static void on_addresses(Call *call, const json_t *addresses)
{
        Error error = ERROR_NULL;

        if (reply_description(call, addresses, &error) < 0)
                call_fail(call, &error);
        error_done(&error);
}

static int run_describe(Call *call, Container *container, Error *reterr)
{
        _cleanup_(strv_free_p) char **fields = NULL;
        int r;

        r = json_get_strv(call->parameters, "fields", &fields, reterr);
        if (r < 0)
                return r;
        r = listing_check_fields(fields, reterr);
        if (r < 0)
                return r;
        if (!listing_wants_addresses(listing_mask(fields)))
                return reply_description(call, NULL, reterr);
        return addresses_ask(call, json_pack("[s]", container->id), on_addresses, reterr);
}

/* clang-format off */
static const Verb verbs[] = {
        { "Start", NULL, start_options, NULL, NULL, ACTION_CONTROL, VERB_DEFINED, start_extra, { .on_container = run_start } },
        { "Stop", NULL, stop_options, NULL, NULL, ACTION_CONTROL, 0, NULL, { .on_container = run_stop } },
        { "Reboot", NULL, reboot_options, NULL, NULL, ACTION_CONTROL, 0, NULL, { .on_container = run_reboot } },
        { "Kill", in_signal, none, NULL, NULL, ACTION_CONTROL, 0, NULL, { .on_container = run_kill } },
        { "Freeze", NULL, none, NULL, NULL, ACTION_CONTROL, 0, NULL, { .on_container = run_forward } },
        { "Thaw", NULL, none, NULL, NULL, ACTION_CONTROL, 0, NULL, { .on_container = run_forward } },
        { "Attach", in_command, attach_options, out_attach, NULL, ACTION_ATTACH, 0, host_unless_unprivileged, { .on_container = run_attach } },
        { "OpenConsole", in_tty, none, out_console, NULL, ACTION_ATTACH, 0, NULL, { .on_container = run_forward } },
        { "ResizeConsole", in_size, none, NULL, NULL, ACTION_ATTACH, 0, NULL, { .on_container = run_forward } },
        { "ReadConsoleLog", NULL, none, out_log, NULL, ACTION_ATTACH, 0, NULL, { .on_container = run_forward } },
        { "Clone", in_new_name, storage_clone_options, out_job, NULL, ACTION_STORAGE, VERB_DEFINED, storage_clone_extra, { .on_container = verb_clone } },
        { "Rename", in_new_name, none, out_job, NULL, ACTION_CONFIGURE, 0, host_unless_unprivileged, { .on_container = verb_rename } },
        { "Destroy", NULL, storage_destroy_options, out_job, NULL, ACTION_STORAGE, 0, NULL, { .on_container = verb_destroy } },
        { "CreateSnapshot", NULL, storage_snapshot_options, out_job, NULL, ACTION_STORAGE, VERB_DEFINED, NULL, { .on_container = verb_create_snapshot } },
        { "ListSnapshots", NULL, none, out_snapshots, snapshot_rows, ACTION_INSPECT, 0, NULL, { .on_container = verb_list_snapshots } },
        { "RestoreSnapshot", in_snapshot, storage_restore_options, out_job, NULL, ACTION_STORAGE, 0, NULL, { .on_container = verb_restore_snapshot } },
        { "DestroySnapshot", in_snapshot, storage_unsnapshot_options, out_job, NULL, ACTION_STORAGE, 0, NULL, { .on_container = verb_destroy_snapshot } },
        { "GetConfig", in_key, NULL, out_value, NULL, ACTION_INSPECT, VERB_DEFINED, NULL, { .on_container = verb_get_config } },
        { "ListConfigKeys", in_prefix, NULL, out_keys, NULL, ACTION_INSPECT, VERB_DEFINED, NULL, { .on_container = verb_list_config_keys } },
        { "ReadConfig", NULL, NULL, out_text, NULL, ACTION_INSPECT, 0, NULL, { .on_container = verb_read_config } },
        { "SetConfig", in_setting, version_options, out_effect, NULL, ACTION_CONFIGURE, 0, config_action_set, { .on_container = verb_set_config } },
        { "UnsetConfig", in_key, version_options, out_effect, NULL, ACTION_CONFIGURE, 0, config_action_unset, { .on_container = verb_unset_config } },
        { "WriteConfig", in_text, version_options, out_version, NULL, ACTION_CONFIGURE, 0, config_action_write, { .on_container = verb_write_config } },
        { "ConvertConfig", NULL, version_options, out_changed, NULL, ACTION_CONFIGURE, 0, host_unless_unprivileged, { .on_container = verb_convert_config } },
        { "GetCgroup", in_file, NULL, out_value, NULL, ACTION_INSPECT, 0, NULL, { .on_container = verb_cgroup } },
        { "SetCgroup", in_attribute, none, NULL, NULL, ACTION_CONFIGURE, 0, config_action_cgroup, { .on_container = verb_cgroup } },
        { "GetAddresses", NULL, NULL, out_addresses, address_rows, ACTION_INSPECT, 0, NULL, { .on_container = run_forward } },
        { "Describe", in_fields, none, out_describe, listing_fields, ACTION_INSPECT, 0, NULL, { .on_container = run_describe } },
        { NULL },
};
/* clang-format on */

static int run(Call *call, Error *reterr)
{
        Container *container;
        int r = manager_call_container(call, &container, reterr);

        return r < 0 ? r : call->verb->run.on_container(call, container, reterr);
}

const VerbTable container_table = { INTERFACE_CONTAINER, "container", "s", verbs, run };
