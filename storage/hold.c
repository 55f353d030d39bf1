/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/hold.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/path.h"
#include "base/process.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* What has told its end, and the collector, are gone a moment later. */
#define LOCK_USEC (5 * USEC_PER_SEC)
/* Longer than a supervisor takes to give up. */
#define FREEZE_USEC (60 * USEC_PER_SEC)
#define THAW_MSEC 5000

/* Return: > 0 connected, 0 it does not run, -errno. */
static int connect_supervisor(const char *id, VarlinkClient **ret, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        char path[512];
        int r;

        if (snprintf(path, sizeof(path), CONTROL_DIR "/%s", id) >= (int) sizeof(path))
                return 0;
        /* The path may be longer than an address; a socket without a supervisor is of the last run. */
        fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return 0;
        r = varlink_client_connect(fd_path(fd).text, ret, reterr);
        return r == -ECONNREFUSED ? 0 : r < 0 ? r : 1;
}

static int freeze(Hold *hold, const char *id, Error *reterr)
{
        int r;

        r = varlink_client_send(hold->supervisor, INTERFACE_SUPERVISOR ".Hold", NULL, true, NULL,
                                reterr);
        if (r == 0)
                r = varlink_client_receive(hold->supervisor, FREEZE_USEC, NULL, NULL, reterr);
        return r < 0 ? error_prefix(reterr, r, "Cannot freeze '%s'", id) : 0;
}

int hold_take(const char *lock_dir,
              const char *id,
              const Site *site,
              bool allow_running,
              Hold *ret,
              Error *reterr)
{
        _cleanup_(error_done) Error busy = ERROR_NULL, error = ERROR_NULL;
        int r;

        *ret = HOLD_NULL;
        r = container_lock_take(lock_dir, id, site->directory, &ret->lock, &busy);
        if (r == 0)
                return 0;
        if (busy.code == ERROR_BUSY) {
                r = connect_supervisor(id, &ret->supervisor, &error);
                if (r > 0 && !allow_running)
                        return error_public(reterr, ERROR_CONTAINER_RUNNING,
                                            "Container '%s' is running; stop it first", id);
                if (r > 0)
                        return freeze(ret, id, reterr);
                return container_lock_wait(lock_dir, id, site->directory, LOCK_USEC, &ret->lock,
                                           reterr);
        }
        error_move(reterr, &busy);
        return r;
}

int hold_check(const Hold *hold, const char *id, Error *reterr)
{
        struct pollfd fd;

        if (!hold->supervisor)
                return 0;
        fd = (struct pollfd){ .fd = varlink_client_fd(hold->supervisor), .events = POLLIN };
        if (!varlink_client_has_input(hold->supervisor) && poll(&fd, 1, 0) == 0)
                return 0;
        return error_public(reterr, ERROR_BUSY,
                            "Container '%s' was thawed or stopped while its files were copied; try "
                            "again",
                            id);
}

/* The supervisor closes on us as it thaws: whoever hears of the job's end finds the container running. */
static void wait_until_thawed(const Hold *hold)
{
        struct pollfd fd = { .fd = varlink_client_fd(hold->supervisor), .events = POLLIN };

        if (shutdown(fd.fd, SHUT_WR) == 0)
                (void) poll(&fd, 1, THAW_MSEC);
}

void hold_release(Hold *hold)
{
        if (hold->supervisor)
                wait_until_thawed(hold);
        hold->supervisor = varlink_client_free(hold->supervisor);
        container_lock_release(&hold->lock);
}
