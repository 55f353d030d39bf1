/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* apparmor(7), /proc/PID/attr of proc(5) */

#include "kernel/label.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"

#define APPARMOR_DIR "/sys/kernel/security/apparmor"
#define LABEL_SIZE_MAX 4096
#define PROFILES_SIZE_MAX (16U << 20)

/* AppArmor's own directory is there since Linux 5.8, beside those of other modules. */
static const struct {
        const char *exec, *current;
} attributes[] = {
        [LABEL_NONE] = { NULL, NULL },
        [LABEL_APPARMOR] = { "thread-self/attr/apparmor/exec", "attr/apparmor/current" },
        [LABEL_SELINUX] = { "thread-self/attr/exec", "attr/current" },
};

LabelModule label_module(void)
{
        _cleanup_(free_p) char *text = NULL;

        if (access("/sys/fs/selinux/enforce", F_OK) == 0)
                return LABEL_SELINUX;
        if (file_read(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &text, NULL) == 0 &&
            text[0] == 'Y')
                return LABEL_APPARMOR;
        return LABEL_NONE;
}

/* In one write(2): that is a label. */
static int write_attribute(int proc_fd, const char *path, const char *prefix, const char *label)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        char text[LABEL_SIZE_MAX];
        int n = snprintf(text, sizeof(text), "%s%s", prefix, label);

        if (n < 0 || (size_t) n >= sizeof(text))
                return -ENAMETOOLONG;
        fd = path_open_in_root(proc_fd, path, O_WRONLY | O_NOCTTY, 0);
        if (fd < 0)
                return fd;
        return write(fd, text, (size_t) n) == n ? 0 : -errno;
}

int label_set_at_exec(int proc_fd, LabelModule module, const char *label)
{
        if (!attributes[module].exec)
                return -EOPNOTSUPP;
        return write_attribute(proc_fd, attributes[module].exec,
                               module == LABEL_APPARMOR ? "exec " : "", label);
}

int label_set_of_keys(int proc_fd, const char *label)
{
        return write_attribute(proc_fd, "thread-self/attr/keycreate", "", label);
}

int label_parse(const char *text, char **ret)
{
        size_t n = strcspn(text, "\n");
        const char *mode;

        *ret = NULL;
        /* "NAME (enforce)" */
        mode = n > 0 && text[n - 1] == ')' ? memrchr(text, '(', n) : NULL;
        if (mode && mode > text && mode[-1] == ' ')
                n = (size_t) (mode - 1 - text);
        if (n == 0 || (n == strlen("unconfined") && startswith(text, "unconfined")))
                return 0;
        *ret = strndup(text, n);
        return *ret ? 0 : -ENOMEM;
}

int label_read(int proc_fd, LabelModule module, pid_t pid, char **ret)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *text = NULL;
        char path[64];
        int r;

        *ret = NULL;
        if (!attributes[module].current)
                return 0;
        (void) snprintf(path, sizeof(path), "%d/%s", pid, attributes[module].current);
        fd = path_open_in_root(proc_fd, path, O_RDONLY | O_NOCTTY, 0);
        r = fd < 0 ? fd : file_read_fd(fd, LABEL_SIZE_MAX, &text, NULL);
        return r < 0 ? r : label_parse(text, ret);
}

/* Lines "NAME (MODE)". */
int apparmor_profile_is_loaded(const char *name)
{
        _cleanup_(free_p) char *text = NULL;
        size_t n = strlen(name);
        int r;

        r = file_read(AT_FDCWD, APPARMOR_DIR "/profiles", PROFILES_SIZE_MAX, &text, NULL);
        if (r < 0)
                return r;
        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
                if (strncmp(line, name, n) == 0 && startswith(line + n, " ("))
                        return 1;
        return 0;
}

bool apparmor_mediates_mounts(void)
{
        return access(APPARMOR_DIR "/features/mount/mask", F_OK) == 0;
}

int apparmor_profile_remove(const char *name)
{
        int r = file_write_attribute(AT_FDCWD, APPARMOR_DIR "/.remove", name);

        return r == -ENOENT ? 0 : r;
}
