/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/verbs-storage.h"

#include <fcntl.h>

#include "base/path.h"
#include "base/strv.h"
#include "container/jobs.h"
#include "container/manager.h"
#include "container/operation.h"
#include "container/reply.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"
#include "storage/snapshots.h"

/* clang-format off */
const Field storage_clone_options[] = {
        { "snapshot",      "b",  ACTION_NONE },
        { "backend",       "s",  ACTION_NONE },
        { "size",          "t",  ACTION_NONE },
        { "path",          "s",  ACTION_HOST },
        { "keepName",      "b",  ACTION_NONE },
        { "keepMac",       "b",  ACTION_NONE },
        { "allowRunning",  "b",  ACTION_CONTROL }, /* it is frozen meanwhile */
        { "ephemeral",     "b",  ACTION_NONE },
        { "tmpfs",         "b",  ACTION_NONE },
        { "mounts",        "as", ACTION_HOST },
        { "hookArguments", "as", ACTION_HOST },    /* of programs that run as root */
        { NULL },
};
const Field storage_destroy_options[]    = {
        { "force", "b", ACTION_CONTROL }, { "snapshots", "b", ACTION_NONE }, { NULL },
};
const Field storage_snapshot_options[]   = { { "comment", "s", ACTION_NONE }, { NULL } };
const Field storage_restore_options[]    = { { "newName", "s", ACTION_CREATE }, { NULL } };
const Field storage_unsnapshot_options[] = { { "all", "b", ACTION_NONE }, { NULL } };
/* clang-format on */

/* A new container comes of it. */
Action storage_clone_extra(const Call *call)
{
        return ACTION_CREATE;
}

static bool is_up(const Container *container)
{
        return state_is_active(container->state) || operation_is_start(container->operation);
}

static int check_stopped(const Container *container, const char *instead, Error *reterr)
{
        if (!is_up(container))
                return 0;
        return error_public(reterr, ERROR_CONTAINER_RUNNING,
                            "Container '%s' is %s; stop it first%s", container->id,
                            state_name(container->state), instead);
}

/* A job of the container `id`, which works on `other`, too (or NULL). `parameters` is taken. */
static int start_job(Call *call,
                     const char *kind,
                     const char *id,
                     const char *other,
                     json_t *parameters,
                     Error *reterr)
{
        Job *job;
        int r;

        if (!parameters)
                return error_oom(reterr);
        r = job_start(call, kind, id, other, parameters, &job, reterr);
        return r < 0 ? r : reply_pack(call, reterr, "{s:I}", "job", (json_int_t) job->number);
}

/* The options as they were given. `parameters` is freed when it fails. */
static json_t *add_options(const Call *call, const Field *options, json_t *parameters)
{
        for (; parameters && options->name; options++)
                if (call_has(call, options->name) &&
                    json_object_set(parameters, options->name,
                                    json_object_get(call->parameters, options->name)) < 0) {
                        json_decref(parameters);
                        return NULL;
                }
        return parameters;
}

/* Where a new container will lie. */
typedef struct Place {
        char *id, *directory;
} Place;

static void place_done(Place *place)
{
        free(place->id);
        free(place->directory);
}

static int check_path(const char *path, Error *reterr)
{
        if (path_is_normalized(path) && !streq(path, "/"))
                return 0;
        return error_at(reterr,
                        error_public(reterr, ERROR_INVALID_ARGS,
                                     "'%.200s' is not the absolute path of a directory, without "
                                     "'..' and a slash at its end",
                                     path),
                        NULL, "path");
}

/* `path` NULL: in the container path. */
static int
find_place(const Call *call, const char *path, const char *name, Place *ret, Error *reterr)
{
        Manager *manager = call->manager;
        int r;

        if (!path)
                path = manager->container_path;
        ret->id = container_id_of(path, name, manager->container_path);
        ret->directory = string_format("%s/%s", path, name);
        if (!ret->id || !ret->directory)
                return error_oom(reterr);
        r = container_id_check(ret->id, reterr);
        if (r == 0 && manager_container(manager, ret->id))
                r = error_public(reterr, ERROR_CONTAINER_EXISTS, "Container '%s' already exists",
                                 ret->id);
        return r;
}

/* --- Clone --- */

int verb_clone(Call *call, Container *container, Error *reterr)
{
        const char *path = call_string(call, "path");
        _cleanup_(place_done) Place place = { NULL, NULL };
        json_t *parameters;
        int r;

        r = path ? check_path(path, reterr) : 0;
        if (r == 0 && !call_flag(call, "allowRunning"))
                r = check_stopped(container, ", or allow it to run", reterr);
        if (r == 0)
                r = find_place(call, path, call_string(call, "newName"), &place, reterr);
        if (r < 0)
                return r;
        parameters = json_pack("{s:s,s:s,s:s}", "directory", place.directory, "source",
                               container->id, "sourceDirectory", container->directory);
        return start_job(call, "clone", place.id, container->id,
                         add_options(call, storage_clone_options, parameters), reterr);
}

/* --- Rename --- */

/* It stays in its container path. */
int verb_rename(Call *call, Container *container, Error *reterr)
{
        const char *name = call_string(call, "newName");
        _cleanup_(place_done) Place place = { NULL, NULL };
        _cleanup_(free_p) char *path = NULL;
        int r;

        r = check_stopped(container, "", reterr);
        if (r < 0)
                return r;
        path = strndup(container->directory,
                       (size_t) (strrchr(container->directory, '/') - container->directory));
        if (!path)
                return error_oom(reterr);
        r = find_place(call, path, name, &place, reterr);
        if (r < 0)
                return r;
        return start_job(call, "rename", container->id, place.id,
                         json_pack("{s:s,s:s,s:s}", "directory", container->directory, "newName",
                                   name, "newContainer", place.id),
                         reterr);
}

/* --- Destroy --- */

static int start_destroy(Call *call, Container *container, Error *reterr)
{
        return start_job(call, "destroy", container->id, NULL,
                         json_pack("{s:s,s:b}", "directory", container->directory, "snapshots",
                                   call_flag(call, "snapshots")),
                         reterr);
}

int verb_destroy(Call *call, Container *container, Error *reterr)
{
        int r;

        if (!is_up(container))
                return start_destroy(call, container, reterr);
        if (!call_flag(call, "force"))
                return check_stopped(container, ", or use force", reterr);
        /* Not stopped for nothing. */
        r = job_check_none(call->manager, container->id, reterr);
        return r < 0 ? r : operation_stop_then(container, call, start_destroy, reterr);
}

/* --- snapshots --- */

int verb_create_snapshot(Call *call, Container *container, Error *reterr)
{
        int r;

        r = check_stopped(container, "", reterr);
        if (r < 0)
                return r;
        return start_job(call, "snapshot", container->id, NULL,
                         add_options(call, storage_snapshot_options,
                                     json_pack("{s:s}", "directory", container->directory)),
                         reterr);
}

/* Return: 0, -ENOENT (there are none), -errno. */
static int read_list(const Container *container, SnapshotList *ret, Error *reterr)
{
        _cleanup_(snapshot_place_done) SnapshotPlace place = SNAPSHOT_PLACE_NULL;
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *path = NULL;
        int r;

        path = strndup(container->directory,
                       (size_t) (strrchr(container->directory, '/') - container->directory));
        if (!path)
                return error_oom(reterr);
        fd = open(container->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open '%s'", container->directory);
        r = snapshot_place_open(path, container->name, fd, false, &place, reterr);
        return r < 0 ? r : snapshot_list(&place, true, ret, reterr);
}

int verb_list_snapshots(Call *call, Container *container, Error *reterr)
{
        _cleanup_(snapshot_list_done) SnapshotList list = { 0 };
        _cleanup_(json_decref_p) json_t *rows = json_array();
        int r;

        r = read_list(container, &list, reterr);
        if (r < 0 && r != -ENOENT)
                return r;
        for (size_t i = 0; i < list.n; i++)
                if (json_array_append_new(
                            rows,
                            json_pack("{s:o,s:o,s:I}", "name", json_from_text(list.items[i].name),
                                      "comment",
                                      json_from_text(list.items[i].comment ? list.items[i].comment
                                                                           : ""),
                                      "time", (json_int_t) list.items[i].time_usec)) < 0)
                        return error_oom(reterr);
        return reply_pack(call, reterr, "{s:O}", "snapshots", rows);
}

static int restore_to_new(Call *call, const Container *container, const char *name, Error *reterr)
{
        _cleanup_(place_done) Place place = { NULL, NULL };
        int r;

        r = find_place(call, NULL, name, &place, reterr);
        if (r < 0)
                return r;
        return start_job(call, "restore", place.id, container->id,
                         json_pack("{s:s,s:s,s:s,s:s}", "directory", place.directory, "snapshot",
                                   call_string(call, "snapshot"), "source", container->id,
                                   "sourceDirectory", container->directory),
                         reterr);
}

int verb_restore_snapshot(Call *call, Container *container, Error *reterr)
{
        const char *name = call_string(call, "newName");
        int r;

        r = snapshot_name_check(call_string(call, "snapshot"), reterr);
        if (r == 0 && !name)
                r = check_stopped(container, ", or restore to another name", reterr);
        if (r < 0)
                return r;
        if (name)
                return restore_to_new(call, container, name, reterr);
        return start_job(call, "restore", container->id, NULL,
                         json_pack("{s:s,s:s}", "directory", container->directory, "snapshot",
                                   call_string(call, "snapshot")),
                         reterr);
}

int verb_destroy_snapshot(Call *call, Container *container, Error *reterr)
{
        bool all = call_flag(call, "all");
        int r;

        r = all ? 0 : snapshot_name_check(call_string(call, "snapshot"), reterr);
        if (r < 0)
                return r;
        return start_job(call, "destroy-snapshot", container->id, NULL,
                         json_pack("{s:s,s:s,s:b}", "directory", container->directory, "snapshot",
                                   call_string(call, "snapshot"), "all", all),
                         reterr);
}
