/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stage: into the user namespace. Born in it, the process has all capabilities there and the host
 * root's uid, which there is nobody's: it opens as a file's owner what root alone may, then becomes
 * the container's root for good. */

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>

#include "runtime/payload/stage.h"
#include "runtime/payload/sync.h"

static int wait_for_maps(StageContext *context, Error *reterr)
{
        SyncMessage message;
        int r = sync_receive(context->sync_fd, &message);

        if (r <= 0)
                return error_errno(reterr, r < 0 ? -r : EPIPE, "The supervisor is gone");
        return message.type == SYNC_GO
                       ? 0
                       : error_errno(reterr, EPROTO, "The supervisor says something unexpected");
}

static int become_root(StageContext *context, Error *reterr)
{
        if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
                return error_errno(reterr, errno, "Cannot become root of the user namespace");
        /* A change of credentials has changed both: prctl(2). */
        if (prctl(PR_SET_PDEATHSIG, context->plan->init.parent_death_signal) < 0 ||
            prctl(PR_SET_DUMPABLE, 0) < 0)
                return error_errno(reterr, errno, "Cannot set up the process");
        return 0;
}

int stage_user(StageContext *context, Error *reterr)
{
        const Plan *plan = context->plan;
        int r;

        if (!stage_has_user_namespace(context))
                return 0;
        r = wait_for_maps(context, reterr);
        if (r < 0)
                return r;
        context->mount_point_fd = open(plan->rootfs_mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (context->mount_point_fd < 0)
                return error_at(reterr,
                                error_errno(reterr, errno, "Cannot open '%s'", plan->rootfs_mount),
                                NULL, plan->rootfs_mount);
        /* /proc/self/timens_offsets is host root's to write. */
        r = stage_time_offsets(context, reterr);
        return r < 0 ? r : become_root(context, reterr);
}
