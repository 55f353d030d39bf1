/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/errors.h"

#include <string.h>

#include "base/strv.h"
#include "interfaces/names.h"

#define OURS(name, errnum)                                                                         \
        {                                                                                          \
                name, ERROR_NAMESPACE name, NULL, errnum                                           \
        }
#define BUS(name, varlink, errnum)                                                                 \
        {                                                                                          \
                name, "org.freedesktop.DBus.Error." name, varlink, errnum                          \
        }

/* clang-format off */
static const ErrorRow rows[_ERROR_CODE_MAX] = {
        [ERROR_FAILED]                = BUS("Failed", NULL, EIO),
        [ERROR_NO_SUCH_CONTAINER]     = OURS("NoSuchContainer", ENOENT),
        [ERROR_CONTAINER_EXISTS]      = OURS("ContainerExists", EEXIST),
        [ERROR_CONTAINER_RUNNING]     = OURS("ContainerRunning", EALREADY),
        [ERROR_CONTAINER_NOT_RUNNING] = OURS("ContainerNotRunning", EHOSTDOWN),
        [ERROR_CONTAINER_FROZEN]      = OURS("ContainerFrozen", EBUSY),
        [ERROR_CONTAINER_BROKEN]      = OURS("ContainerBroken", EBADMSG),
        [ERROR_HAS_DEPENDENTS]        = OURS("HasDependents", EBUSY),
        [ERROR_HAS_SNAPSHOTS]         = OURS("HasSnapshots", EBUSY),
        [ERROR_NO_SUCH_SNAPSHOT]      = OURS("NoSuchSnapshot", ENOENT),
        [ERROR_NO_SUCH_TEMPLATE]      = OURS("NoSuchTemplate", ENOENT),
        [ERROR_NO_SUCH_JOB]           = OURS("NoSuchJob", ENOENT),
        [ERROR_NO_SUCH_KEY]           = OURS("NoSuchKey", ENOENT),
        [ERROR_NO_SUCH_DEVICE]        = OURS("NoSuchDevice", ENODEV),
        [ERROR_NO_SUCH_CONSOLE]       = OURS("NoSuchConsole", ENXIO),
        [ERROR_INVALID_NAME]          = OURS("InvalidName", EINVAL),
        [ERROR_INVALID_CONFIG]        = OURS("InvalidConfig", EINVAL),
        [ERROR_START_FAILED]          = OURS("StartFailed", EIO),
        [ERROR_HOOK_FAILED]           = OURS("HookFailed", EIO),
        [ERROR_TEMPLATE_FAILED]       = OURS("TemplateFailed", EIO),
        [ERROR_NOT_SUPPORTED]         = OURS("NotSupported", EOPNOTSUPP),
        [ERROR_BUSY]                  = OURS("Busy", EBUSY),
        [ERROR_CANCELLED]             = OURS("Cancelled", ECANCELED),
        [ERROR_TIMED_OUT]             = OURS("TimedOut", ETIMEDOUT),
        [ERROR_ACCESS_DENIED]         = BUS("AccessDenied", INTERFACE_VARLINK_SERVICE ".PermissionDenied", EACCES),
        [ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED]
                                      = BUS("InteractiveAuthorizationRequired",
                                            "io.systemd.InteractiveAuthenticationRequired", EACCES),
        [ERROR_INVALID_ARGS]          = BUS("InvalidArgs", INTERFACE_VARLINK_SERVICE ".InvalidParameter", EINVAL),
        [ERROR_LIMITS_EXCEEDED]       = BUS("LimitsExceeded", NULL, EDQUOT),
        [ERROR_NO_MEMORY]             = BUS("NoMemory", NULL, ENOMEM),
};
/* clang-format on */

const ErrorRow *error_code_row(ErrorCode code)
{
        return &rows[code < _ERROR_CODE_MAX ? code : ERROR_FAILED];
}

const ErrorRow *error_row(const Error *error)
{
        if (error->code == ERROR_FAILED && error->errnum == ENOMEM)
                return &rows[ERROR_NO_MEMORY];
        return error_code_row((ErrorCode) error->code);
}

static bool row_is_called(const ErrorRow *row, const char *name, const char *last)
{
        if (row->varlink && streq(row->varlink, name))
                return true;
        return streq(row->name, last);
}

ErrorCode error_code_from_name(const char *name)
{
        const char *dot = strrchr(name, '.');

        for (ErrorCode code = 0; code < _ERROR_CODE_MAX; code++)
                if (row_is_called(&rows[code], name, dot ? dot + 1 : name))
                        return code;
        return ERROR_FAILED;
}

int error_exit_status(const Error *error)
{
        return error->code == ERROR_INVALID_ARGS ? 2 : 1;
}
