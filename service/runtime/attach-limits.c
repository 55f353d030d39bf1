/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What init may do and what it is called, for the programs that join it. */

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "runtime/attach-child.h"
#include "runtime/plan/plan.h"
#include "runtime/supervisor.h"

#define FILE_SIZE_MAX 65536

static const char *status_field(const char *status, const char *name)
{
        const char *line = strstr(status, name);

        return line ? line + strlen(name) : "";
}

static int read_of_init(const Supervisor *s, const char *file, char **ret, Error *reterr)
{
        char path[64];
        int r;

        (void) snprintf(path, sizeof(path), "/proc/%d/%s", s->run.child.pid, file);
        r = file_read(AT_FDCWD, path, FILE_SIZE_MAX, ret, NULL);
        return r < 0 ? error_errno(reterr, -r, "Cannot read '%s'", path) : 0;
}

/* The child writes it by the same proc: in the container there may be another one. */
static int read_label(const Supervisor *s, AttachChild *child, Error *reterr)
{
        int r;

        child->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        child->label_module = label_module();
        r = child->proc_fd < 0 ? -errno
                               : label_read(child->proc_fd, child->label_module, s->run.child.pid,
                                            &child->label);
        return r < 0 ? error_errno(reterr, -r, "Cannot read the label of init") : 0;
}

/* Not all of them: an init like systemd raises its own number of files, for itself. */
static int read_resources(const Supervisor *s, AttachChild *child, Error *reterr)
{
        for (int i = 0; i < RLIM_NLIMITS; i++) {
                const char *name = plan_limit_name(i);

                child->limited[i] = key_value_get(&s->config->prlimit, name);
                if (child->limited[i] && prlimit(s->run.child.pid, i, NULL, &child->limits[i]) < 0)
                        return error_errno(reterr, errno, "Cannot read the limit '%s' of init",
                                           name);
        }
        return 0;
}

int attach_read_limits(const Supervisor *s,
                       const AttachRequest *request,
                       AttachChild *child,
                       Error *reterr)
{
        _cleanup_(free_p) char *status = NULL, *personality = NULL;
        int r;

        r = read_of_init(s, "status", &status, reterr);
        if (r == 0)
                r = read_of_init(s, "personality", &personality, reterr);
        if (r == 0)
                r = read_resources(s, child, reterr);
        if (r == 0 && s->run.security.labelled && !request->keep_label)
                r = read_label(s, child, reterr);
        if (r < 0)
                return r;
        child->capabilities = strtoull(status_field(status, "\nCapBnd:"), NULL, 16);
        child->no_new_privs = strtoul(status_field(status, "\nNoNewPrivs:"), NULL, 10) == 1;
        child->personality = strtoul(personality, NULL, 16);
        return 0;
}

void attach_child_done(AttachChild *child)
{
        child->environment = strv_free(child->environment);
        free(child->label);
        child->label = NULL;
        child->proc_fd = fd_close(child->proc_fd);
}
