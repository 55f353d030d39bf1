/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/clone.h"

#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "storage/hold.h"
#include "storage/backend/options.h"
#include "storage/original.h"
#include "storage/replica.h"

#define LIST_MAX 256
#define SIZE_MIN (1024 * 1024)

typedef struct Cloning {
        const JobRequest *request;
        const Report *report;
        const char *source; /* id */
        Site site;          /* of the source */
        bool snapshot, keep_name, allow_running;
        char **mounts, **hook_arguments;
        BackendOptions options;
        ReplicaSpec spec;
        Original original;
        ContainerLock lock;
        Hold hold;
        Replica replica;
        int kin_fd;
} Cloning;

static void cloning_done(Cloning *c)
{
        replica_done(&c->replica);
        (void) fd_close(c->kin_fd);
        hold_release(&c->hold);
        container_lock_release(&c->lock);
        original_done(&c->original);
        site_done(&c->site);
        (void) strv_free(c->mounts);
        (void) strv_free(c->hook_arguments);
}

static int read_flags(Cloning *c, Error *reterr)
{
        const json_t *parameters = c->request->parameters;
        const struct {
                const char *name;
                bool *flag;
        } flags[] = {
                { "snapshot", &c->snapshot },        { "keepName", &c->keep_name },
                { "keepMac", &c->spec.keep_mac },    { "allowRunning", &c->allow_running },
                { "ephemeral", &c->spec.ephemeral }, { "tmpfs", &c->spec.tmpfs },
        };

        for (size_t i = 0; i < ELEMENTS(flags); i++) {
                int r = json_get_bool(parameters, flags[i].name, flags[i].flag, reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_lists(Cloning *c, Error *reterr)
{
        const json_t *parameters = c->request->parameters;
        int r;

        r = json_get_strv(parameters, "mounts", &c->mounts, reterr);
        if (r >= 0)
                r = json_get_strv(parameters, "hookArguments", &c->hook_arguments, reterr);
        if (r >= 0 &&
            (strv_length(c->mounts) > LIST_MAX || strv_length(c->hook_arguments) > LIST_MAX))
                return error_public(reterr, ERROR_LIMITS_EXCEEDED,
                                    "A clone takes at most %d mounts and %d arguments for hooks",
                                    LIST_MAX, LIST_MAX);
        c->spec.mounts = c->mounts;
        c->spec.hook_arguments = c->hook_arguments;
        return r < 0 ? r : 0;
}

static int read_size(Cloning *c, Error *reterr)
{
        int64_t size = 0;
        int r = json_get_integer(c->request->parameters, "size", &size, reterr);

        if (r < 0)
                return r;
        if (r > 0 && size < SIZE_MIN)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "A size is at least %d bytes (1 MiB), not %lld", SIZE_MIN,
                                    (long long) size);
        c->options.size = (uint64_t) size;
        return 0;
}

static int open_source_site(Cloning *c, Error *reterr)
{
        const char *directory = NULL;
        int r;

        r = json_get_string(c->request->parameters, "source", &c->source, reterr);
        if (r > 0)
                r = json_get_string(c->request->parameters, "sourceDirectory", &directory, reterr);
        if (r == 0)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Parameters 'source' and 'sourceDirectory' are needed");
        if (r < 0)
                return r;
        if (streq(c->source, c->request->container))
                return error_public(reterr, ERROR_CONTAINER_EXISTS,
                                    "A container cannot be cloned to itself");
        return site_open(c->source, directory, SITE_AS_IT_IS, &c->site, reterr);
}

static int check_size(const Cloning *c, const BackendList *candidates, Error *reterr)
{
        return c->options.size > 0 ? backend_option_check("fssize", candidates, reterr) : 0;
}

/* Which storage; the first of a list that is possible here. */
static int plan(Cloning *c, Error *reterr)
{
        const CloneWish wish = c->snapshot ? CLONE_WISH_SHARE : CLONE_WISH_COPY;
        const char *name = NULL;
        BackendList list;
        int r;

        r = json_get_string(c->request->parameters, "backend", &name, reterr);
        if (r < 0)
                return r;
        if (!name || !*name) {
                r = clone_plan(c->original.rootfs.backend, NULL, wish, &c->spec.plan, reterr);
                list = (BackendList){ .items = { c->spec.plan.backend }, .n = 1 };
                return r < 0 ? r : check_size(c, &list, reterr);
        }
        r = backend_candidates(name, BACKEND_CLONE, &list, reterr);
        if (r == 0)
                r = check_size(c, &list, reterr);
        if (r == 0)
                r = backend_find(name, BACKEND_CLONE, &list, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < list.n; i++) {
                if (reterr)
                        error_done(reterr);
                r = clone_plan(c->original.rootfs.backend, list.items[i], wish, &c->spec.plan,
                               reterr);
                if (r == 0)
                        return 0;
        }
        return r;
}

/* The hook needs rights on the host's mounts, and layers that are opened after it. */
static int check_tmpfs(const Cloning *c, Error *reterr)
{
        if (!c->spec.tmpfs)
                return 0;
        if (c->spec.plan.backend != &backend_overlay && c->spec.plan.backend != &backend_overlayfs)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Only the changes of an overlay can be kept in memory: make a "
                                    "snapshot of a directory or of an overlay");
        if (c->original.config->namespace.n_idmaps > 0)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "The changes of a container with an idmap cannot be kept in "
                                    "memory");
        return 0;
}

static int cloning_begin(Cloning *c, Error *reterr)
{
        const JobRequest *request = c->request;
        int r;

        c->kin_fd = kin_lock_wait(request->lock_dir, false, reterr);
        if (c->kin_fd < 0)
                return c->kin_fd;
        r = site_claim(request->site, request->container, request->lock_dir, &c->lock, reterr);
        if (r == 0)
                r = hold_take(request->lock_dir, c->source, &c->site, c->allow_running, &c->hold,
                              reterr);
        if (r == 0)
                r = original_open(&c->site, c->site.fd, c->source, &c->original, reterr);
        if (r == 0)
                r = plan(c, reterr);
        /* A whole copy names nobody. */
        if (r == 0 && !c->spec.plan.share)
                c->kin_fd = fd_close(c->kin_fd);
        return r < 0 ? r : check_tmpfs(c, reterr);
}

static int cloning_run(Cloning *c, Error *reterr)
{
        int r;

        r = read_flags(c, reterr);
        if (r == 0)
                r = read_lists(c, reterr);
        if (r == 0)
                r = read_size(c, reterr);
        if (r == 0)
                r = open_source_site(c, reterr);
        if (r == 0)
                r = cloning_begin(c, reterr);
        if (r < 0)
                return r;
        c->spec.original = &c->original;
        c->spec.source_name = c->site.name;
        c->spec.uts_name = c->keep_name ? NULL : c->spec.site->name;
        r = replica_build(&c->spec, &c->replica, reterr);
        if (r == 0)
                r = hold_check(&c->hold, c->source, reterr);
        return r < 0 ? r : replica_publish(&c->replica, reterr);
}

int clone_job(const JobRequest *request, const Report *report, json_t **ret_result, Error *reterr)
{
        _cleanup_(cloning_done) Cloning c = {
                .request = request,
                .report = report,
                .site = SITE_NULL,
                .spec = {
                        .site = request->site,
                        .container = request->container,
                        .report = report,
                        .hooks = true,
                        .sync_later = true,
                },
                .original = ORIGINAL_NULL,
                .lock = CONTAINER_LOCK_NULL,
                .hold = HOLD_NULL,
                .replica = REPLICA_NULL,
                .kin_fd = -EBADF,
        };
        Kin source;
        int r;

        c.spec.options = &c.options;
        r = cloning_run(&c, reterr);
        if (r < 0)
                return r;
        source = (Kin){ .path = c.site.path, .name = c.site.name };
        report_message(report, "'%s' was made of '%s' %s", c.spec.site->name, c.site.name,
                       replica_method_text(c.replica.method));
        if (c.hold.supervisor && kinship_contains(&c.replica.bases, &source))
                report_message(report, "'%s' runs on: what it changes from now on may show in '%s'",
                               c.site.name, c.spec.site->name);
        *ret_result = json_pack("{s:s,s:s}", "name", c.spec.site->name, "method", c.replica.method);
        return 0;
}
