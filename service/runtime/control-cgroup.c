/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/control-cgroup.h"

#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "config/cgroup-file.h"
#include "interfaces/errors.h"
#include "runtime/plan/cgroup-translate.h"
#include "runtime/supervisor.h"

#define TEXT_MAX (64 * 1024)

static int need_string(const ControlCall *call, const char *name, const char **ret, Error *reterr)
{
        int r = json_get_string(call->parameters, name, ret, reterr);

        if (r != 0)
                return r < 0 ? r : 0;
        r = error_public(reterr, ERROR_INVALID_ARGS, "Parameter '%s' is missing", name);
        return error_at(reterr, r, NULL, name);
}

static int need_group(const Supervisor *s, const char *file, Error *reterr)
{
        int r = cgroup_file_check(file, reterr);

        if (r == 0 && (s->run.payload_fd < 0 || !run_has_init(s)))
                return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING,
                                    "Container '%s' is not running", s->id);
        return r;
}

/* Without the newline at its end. Return: 0, -errno. */
static int read_attribute(const Supervisor *s, const char *file, char **ret)
{
        size_t n;
        int r = file_read(s->run.payload_fd, file, TEXT_MAX, ret, &n);

        if (r == 0 && n > 0 && (*ret)[n - 1] == '\n')
                (*ret)[n - 1] = '\0';
        return r;
}

static int attribute_error(int r, const char *what, const char *file, Error *reterr)
{
        if (r == -ENOENT || r == -EOPNOTSUPP)
                return error_public(
                        reterr, ERROR_NO_SUCH_KEY,
                        "There is no control group file '%s' here: the controller '%.*s' "
                        "is not available to the container's unit, or has no such file",
                        file, (int) strcspn(file, "."), file);
        if (r == -EINVAL || r == -ERANGE)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "The control group file '%s' does not take this value", file);
        if (r == -EROFS)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "The control group file '%s' can only be read", file);
        return error_errno(reterr, -r, "Cannot %s the control group file '%s'", what, file);
}

static int lost_error(const CgroupFile *v1, const char *file, Error *reterr)
{
        return error_public(reterr, ERROR_NO_SUCH_KEY,
                            "The control group file '%s' is of version 1: %s", file,
                            cgroup_file_lost(v1));
}

/* A file of version 1 in its own words. */
static int read_v1(const Supervisor *s, const CgroupFile *v1, const char *file, char **ret)
{
        const char *second = cgroup_file_companion(v1);
        _cleanup_(free_p) char *text = NULL, *companion = NULL;
        char name[CGROUP_NAME_SIZE];
        int r;

        cgroup_file_name(v1, file, name);
        r = read_attribute(s, name, &text);
        if (r < 0)
                return r;
        /* The quota of the period, and the other way round, are in the same text. */
        if (second && !cgroup_file_companion(cgroup_file_find(second))) {
                r = read_v1(s, cgroup_file_find(second), second, &companion);
                if (r < 0)
                        return r;
        }
        return cgroup_file_to_v1(v1, text, companion, ret);
}

/* ---- the freezer, which version 2 has in the group itself, and we in the container's state */

static const char freezer[] = "freezer.state";

static int get_freezer(const Supervisor *s, char **ret)
{
        const char *state = s->state == STATE_FROZEN     ? "FROZEN"
                            : s->state == STATE_FREEZING ? "FREEZING"
                                                         : "THAWED";

        *ret = strdup(state);
        return *ret ? 0 : -ENOMEM;
}

static int set_freezer(Supervisor *s, ControlCall *call, const char *value, Error *reterr)
{
        if (streq(value, "FROZEN"))
                return freeze_request(s, call->connection, reterr);
        if (streq(value, "THAWED"))
                return freeze_thaw(s, reterr);
        return error_public(reterr, ERROR_INVALID_ARGS,
                            "'%s' is set to FROZEN or THAWED, not to '%s'", freezer, value);
}

/* ---- the methods */

static int get_text(const Supervisor *s, const char *file, char **ret, Error *reterr)
{
        const CgroupFile *v1 = cgroup_file_find(file);
        int r;

        if (streq(file, freezer))
                r = get_freezer(s, ret);
        else if (v1 && cgroup_file_lost(v1))
                return lost_error(v1, file, reterr);
        else
                r = v1 ? read_v1(s, v1, file, ret) : read_attribute(s, file, ret);
        return r < 0 ? attribute_error(r, "read", file, reterr) : 0;
}

int control_get_cgroup(ControlCall *call, void *userdata, Error *reterr)
{
        const Supervisor *s = userdata;
        _cleanup_(free_p) char *text = NULL;
        const char *file;
        int r;

        r = need_string(call, "file", &file, reterr);
        if (r == 0)
                r = need_group(s, file, reterr);
        if (r == 0)
                r = get_text(s, file, &text, reterr);
        if (r < 0)
                return r;
        call->reply = json_pack("{s:s}", "value", text);
        return call->reply ? CONTROL_DONE : error_oom(reterr);
}

/* What is to be written, and where. */
static int translate(const Supervisor *s,
                     const char *file,
                     const char *value,
                     char name[static CGROUP_NAME_SIZE],
                     char text[static CGROUP_VALUE_SIZE],
                     Error *reterr)
{
        const CgroupFile *v1 = cgroup_file_find(file);
        _cleanup_(free_p) char *companion = NULL;
        const char *second;
        int r;

        if (!v1) {
                (void) snprintf(name, CGROUP_NAME_SIZE, "%s", file);
                r = snprintf(text, CGROUP_VALUE_SIZE, "%s", value) < CGROUP_VALUE_SIZE ? 0
                                                                                       : -EINVAL;
        } else if (cgroup_file_lost(v1)) {
                return lost_error(v1, file, reterr);
        } else {
                cgroup_file_name(v1, file, name);
                second = cgroup_file_companion(v1);
                r = second ? read_v1(s, cgroup_file_find(second), second, &companion) : 0;
                if (r == 0)
                        r = cgroup_file_to_v2(v1, value, companion, text);
        }
        return r < 0 ? attribute_error(r, "write", file, reterr) : 0;
}

int control_set_cgroup(ControlCall *call, void *userdata, Error *reterr)
{
        Supervisor *s = userdata;
        _cleanup_(free_p) char *previous = NULL;
        char name[CGROUP_NAME_SIZE], text[CGROUP_VALUE_SIZE];
        const char *file, *value;
        int r;

        r = need_string(call, "file", &file, reterr);
        if (r == 0)
                r = need_string(call, "value", &value, reterr);
        if (r == 0)
                r = need_group(s, file, reterr);
        if (r == 0 && streq(file, freezer))
                return set_freezer(s, call, value, reterr);
        if (r == 0)
                r = translate(s, file, value, name, text, reterr);
        if (r < 0)
                return r;
        (void) read_attribute(s, name, &previous);
        r = file_write_attribute(s->run.payload_fd, name, text);
        if (r < 0)
                return attribute_error(r, "write", file, reterr);
        call->reply = json_pack("{s:s*}", "previous",
                                previous && !strchr(previous, '\n') ? previous : NULL);
        return call->reply ? CONTROL_DONE : error_oom(reterr);
}
