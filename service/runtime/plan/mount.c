/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: the lines of lxc.mount.fstab and lxc.mount.entry. A target ends up relative to the container's
 * root and is only ever followed from there. */

#include <string.h>
#include <sys/mount.h>

#include "base/strv.h"
#include "config/mount-option.h"
#include "runtime/plan/build.h"

/* Where Debian's LXC mounts a root: absolute targets in configurations made for it. */
#define LXC_ROOTFS_MOUNT "/usr/lib/x86_64-linux-gnu/lxc/rootfs"

typedef struct MountLine {
        PlanMount mount;
        char **data;
        bool bind;
} MountLine;

static void mount_line_done(MountLine *line)
{
        plan_mount_done(&line->mount);
        (void) strv_free(line->data);
}

static void apply_option(MountLine *line, const MountOption *option)
{
        PlanMount *mount = &line->mount;

        mount->set = (mount->set & ~option->clear) | option->set;
        mount->clear = (mount->clear & ~option->set) | option->clear;
        if (option->propagation)
                mount->propagation = option->propagation;
        line->bind |= option->bind;
        mount->recursive |= option->recursive;
        mount->change |= option->change;
        mount->optional |= option->optional;
}

static int take_idmap(PlanBuild *build, const char *key, const char *text, MountLine *line)
{
        const char *value = startswith(text, "idmap=");
        bool container = streq(value, "container");

        if (!container && value[0] != '/')
                return plan_invalid(build, key,
                                    "Mount option '%s' is neither idmap=container nor idmap=PATH, "
                                    "the absolute path of a user namespace",
                                    text);
        if (container && build->plan->n_id_maps == 0)
                return plan_invalid(build, key,
                                    "Mount option '%s' needs the container's own ranges of ids: "
                                    "set 'lxc.idmap'",
                                    text);
        return string_set(&line->mount.idmap, value) < 0 ? plan_oom(build) : 0;
}

static int take_option(PlanBuild *build, const char *key, const char *text, MountLine *line)
{
        const MountOption *option = mount_option_find(text);
        const char *create = startswith(text, "create=");

        if (option) {
                apply_option(line, option);
                return 0;
        }
        if (startswith(text, "idmap="))
                return take_idmap(build, key, text, line);
        if (streq(text, "relative")) {
                line->mount.source_in_root = true;
                return 0;
        }
        if (startswith(text, "x-"))
                return 0;
        if (!create)
                return strv_add(&line->data, text) < 0 ? plan_oom(build) : 0;
        if (!streq(create, "dir") && !streq(create, "file"))
                return plan_invalid(build, key,
                                    "Mount option '%s' is neither create=dir nor "
                                    "create=file",
                                    text);
        line->mount.create = streq(create, "dir") ? CREATE_DIRECTORY : CREATE_FILE;
        return 0;
}

static int take_options(PlanBuild *build, const char *key, const char *text, MountLine *line)
{
        _cleanup_(strv_free_p) char **options = NULL;

        if (text && strv_split(&options, text, ",") < 0)
                return plan_oom(build);
        strv_foreach(option, options) {
                int r = take_option(build, key, *option, line);

                if (r < 0)
                        return r;
        }
        /* "rw" takes back an "ro"; only a remount lifts what the source's mount forbids. */
        if (!line->mount.change)
                line->mount.clear = 0;
        if (line->data) {
                line->mount.data = strv_join(line->data, ",");
                if (!line->mount.data)
                        return plan_oom(build);
        }
        return 0;
}

int plan_take_options(PlanBuild *build, const char *key, const char *text, PlanMount *ret)
{
        _cleanup_(mount_line_done) MountLine line = { 0 };
        int r = take_options(build, key, text, &line);

        if (r < 0)
                return r;
        *ret = line.mount;
        line.mount = (PlanMount){ 0 };
        return 0;
}

/* \040 and the like of fstab(5), in place. */
static void decode_octal(char *text)
{
        char *out = text;

        for (; *text; text++) {
                if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
                    text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
                        *out++ = (char) ((text[1] - '0') << 6 | (text[2] - '0') << 3 |
                                         (text[3] - '0'));
                        text += 3;
                        continue;
                }
                *out++ = *text;
        }
        *out = '\0';
}

/* What follows the directory in the path, or NULL when it is not below. */
static const char *below(const char *path, const char *directory)
{
        size_t n = strlen(directory);

        while (n > 0 && directory[n - 1] == '/')
                n--;
        if (n == 0 || strncmp(path, directory, n) != 0 || (path[n] != '/' && path[n] != '\0'))
                return NULL;
        return path + n;
}

static int normalize_target(PlanBuild *build, const char *key, const char *text, char **ret)
{
        _cleanup_(strv_free_p) char **parts = NULL, **kept = NULL;

        if (strv_split(&parts, text, "/") < 0)
                return plan_oom(build);
        strv_foreach(part, parts) {
                if (streq(*part, ".."))
                        return plan_invalid(build, key, "Mount target '%s' has '..' in it", text);
                if (!streq(*part, ".") && strv_add(&kept, *part) < 0)
                        return plan_oom(build);
        }
        if (!kept)
                return plan_invalid(build, key, "Mount target '%s' is the container's root itself",
                                    text);
        *ret = strv_join(kept, "/");
        return *ret ? 0 : plan_oom(build);
}

/* Return: 1 the target is outside of the root: nobody in the container could ever see it. */
static int take_target(PlanBuild *build, const char *key, const char *text, PlanMount *mount)
{
        const char *roots[] = { build->plan->rootfs, build->plan->rootfs_mount, LXC_ROOTFS_MOUNT };
        const char *rest = text[0] == '/' ? NULL : text;
        int r;

        for (size_t i = 0; i < ELEMENTS(roots) && !rest; i++)
                rest = below(text, roots[i]);
        if (rest)
                return normalize_target(build, key, rest, &mount->target);
        r = plan_warn(build,
                      "Mount target '%s' of '%s' is not below the root file system, ignoring", text,
                      key);
        return r < 0 ? r : 1;
}

static int check_source(PlanBuild *build, const char *key, MountLine *line)
{
        PlanMount *mount = &line->mount;

        if (mount->idmap && (!line->bind || mount->source_in_root))
                return plan_invalid(build, key,
                                    "Mount option 'idmap=%s' is only for a bind mount of a path of "
                                    "the host",
                                    mount->idmap);
        if (!line->bind)
                return 0;
        if (mount->source[0] != '/' && !mount->source_in_root)
                return plan_invalid(build, key,
                                    "Mount source '%s' is neither absolute nor has the option "
                                    "'relative'",
                                    mount->source);
        /* Its words for a file system mean nothing to a bind mount. */
        free(mount->data);
        mount->data = NULL;
        return 0;
}

int plan_add_mount(PlanBuild *build, PlanMount *mount)
{
        Plan *plan = build->plan;
        PlanMount *grown = realloc(plan->mounts, (plan->n_mounts + 1) * sizeof(PlanMount));

        if (!grown)
                return plan_oom(build);
        plan->mounts = grown;
        plan->mounts[plan->n_mounts++] = *mount;
        *mount = (PlanMount){ 0 };
        return 0;
}

static int take_fields(PlanBuild *build, const char *key, char **fields, MountLine *line)
{
        PlanMount *mount = &line->mount;
        int r;

        r = take_options(build, key, fields[3], line);
        if (r < 0)
                return r;
        if (string_set(&mount->source, fields[0]) < 0)
                return plan_oom(build);
        line->bind |= streq(fields[2], "bind");
        if (streq(fields[2], "none") && !line->bind && mount->propagation)
                mount->change = true;
        if (!line->bind && !mount->change && string_set(&mount->type, fields[2]) < 0)
                return plan_oom(build);
        r = mount->change ? 0 : check_source(build, key, line);
        return r < 0 ? r : take_target(build, key, fields[1], mount);
}

static int take_line(PlanBuild *build, const char *key, const char *text)
{
        _cleanup_(mount_line_done) MountLine line = { 0 };
        _cleanup_(strv_free_p) char **fields = NULL;
        int r;

        if (strv_split(&fields, text, " \t\r") < 0)
                return plan_oom(build);
        if (!fields || fields[0][0] == '#')
                return 0;
        if (strv_length(fields) < 3)
                return plan_invalid(build, key, "Mount line '%s' has no source, target and type",
                                    text);
        strv_foreach(field, fields)
                decode_octal(*field);
        r = take_fields(build, key, fields, &line);
        if (r != 0)
                return r < 0 ? r : 0;
        return plan_add_mount(build, &line.mount);
}

int plan_build_mounts(PlanBuild *build)
{
        _cleanup_(strv_free_p) char **lines = NULL;

        if (build->input->fstab && strv_split(&lines, build->input->fstab, "\n") < 0)
                return plan_oom(build);
        strv_foreach(line, lines) {
                int r = take_line(build, "lxc.mount.fstab", *line);

                if (r < 0)
                        return r;
        }
        strv_foreach(entry, build->config->mount.entries) {
                int r = take_line(build, "lxc.mount.entry", *entry);

                if (r < 0)
                        return r;
        }
        return 0;
}
