/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/process.h"
#include "container/operation-kind.h"
#include "interfaces/errors.h"

#define REBOOT_TIMEOUT_USEC (60 * (int64_t) USEC_PER_SEC)

static int on_reboot_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
        Operation *operation = userdata;
        Error error = ERROR_NULL;

        (void) error_public(&error, ERROR_TIMED_OUT,
                            "Container '%s' did not run again in time after it was asked to reboot",
                            operation->container->id);
        operation_end(operation, &error);
        error_done(&error);
        return 0;
}

static void on_reboot_reply(
        void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Operation *operation = userdata;
        Error lost = ERROR_NULL;

        operation->link = link_free(operation->link);
        if (error && error->errnum == ECONNRESET && error->code == ERROR_FAILED) {
                (void) error_public(&lost, ERROR_CONTAINER_NOT_RUNNING,
                                    "Container '%s' ended meanwhile", operation->container->id);
                operation_end(operation, &lost);
                error_done(&lost);
        } else if (error)
                operation_end(operation, error);
}

static int begin_reboot(Operation *operation, Call *call, Error *reterr)
{
        Container *container = operation->container;
        int64_t timeout = call_integer(call, "timeoutUsec", REBOOT_TIMEOUT_USEC);
        int r;

        r = supervisor_call(container, "Reboot", NULL, NULL, on_reboot_reply, operation,
                            &operation->link, reterr);
        if (r < 0)
                return r;
        if (timeout >= 0) {
                r = sd_event_add_time_relative(container->manager->event, &operation->timer,
                                               CLOCK_MONOTONIC, (uint64_t) timeout, 0,
                                               on_reboot_timeout, operation);
                if (r < 0)
                        return error_errno(reterr, -r, "Cannot set a timer");
        }
        if (call_flag(call, "noWait")) {
                call_reply(call, NULL);
                return 0;
        }
        return operation_join(operation, call, NULL, reterr);
}

int operation_reboot(Container *container, Call *call, Error *reterr)
{
        _cleanup_(operation_free_p) Operation *operation = NULL;
        int r;

        if (container->operation)
                return error_public(reterr, ERROR_BUSY,
                                    "Container '%s' is already being started, stopped or rebooted",
                                    container->id);
        if (!container_is_running(container))
                return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING,
                                    "Container '%s' is not running", container->id);
        operation = operation_new(container, OPERATION_REBOOT);
        if (!operation)
                return error_oom(reterr);
        container->operation = operation;
        r = begin_reboot(operation, call, reterr);
        if (r < 0)
                return r;
        (void) TAKE_PTR(operation);
        return 0;
}

void operation_reboot_notice(Operation *operation, State state)
{
        if (state == STATE_STOPPED)
                operation->began = true;
        else if (state == STATE_RUNNING && operation->began)
                operation_end(operation, NULL);
        else if (state == STATE_ABORTING)
                operation_start_ended_early(operation);
}
