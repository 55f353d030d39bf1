/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/watch.h"

#include <dirent.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/log.h"
#include "base/process.h"
#include "container/manager.h"
#include "container/registry.h"
#include "container/supervisor.h"
#include "interfaces/names.h"

#define ADOPTION_USEC (500 * USEC_PER_MSEC)

struct Watch {
        Manager *manager;
        sd_event_source *source;
};

static void appeared(Manager *manager, const char *id, bool adopting)
{
        Container *container = registry_ensure(manager->registry, id);
        char field[300];
        const char *fields[] = { field, NULL };
        Error error = ERROR_NULL;
        int r;

        if (!container)
                return;
        r = supervisor_follow(container, adopting, &error);
        if (r == -ECONNREFUSED && adopting)
                /* The socket of a supervisor that was killed while nobody watched; the unit's clean-up
                 * is about to remove it. */
                supervisor_adopt_record(container);
        else if (r < 0 && r != -ENOENT && r != -ECONNREFUSED) {
                (void) snprintf(field, sizeof(field), "CONTAINER=%s", id);
                log_error_event(LOG_WARNING, fields, &error, "Cannot follow a supervisor");
        }
        error_done(&error);
        /* Something stale, of a container that is not there. */
        if (r < 0)
                registry_settle_later(container);
}

static void vanished(Manager *manager, const char *id)
{
        Container *container = manager_container(manager, id);

        if (!container)
                return;
        supervisor_vanished(container);
        registry_settle(manager->registry, container);
}

static int scan(Watch *watch, bool adopting, Error *reterr)
{
        _cleanup_(closedir_p) DIR *dir = opendir(CONTROL_DIR);
        struct dirent *entry;

        if (!dir)
                return error_errno(reterr, errno, "Cannot read '%s'", CONTROL_DIR);
        while ((entry = readdir(dir))) {
                Container *container;

                if (entry->d_name[0] == '.')
                        continue;
                container = manager_container(watch->manager, entry->d_name);
                if (!container || !container->supervisor)
                        appeared(watch->manager, entry->d_name, adopting);
        }
        return 0;
}

/* Whose socket's end may have been among the events that are lost. */
static void lose_unfollowed(Manager *manager)
{
        Container *next;

        for (Container *c = manager_containers(manager); c; c = next) {
                next = c->next;
                supervisor_catch_up(c);
                if (state_is_active(c->state) && !c->supervisor)
                        vanished(manager, c->id);
        }
}

static int on_event(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
        Watch *watch = userdata;

        if (event->mask & IN_Q_OVERFLOW) {
                lose_unfollowed(watch->manager);
                (void) scan(watch, false, NULL);
        } else if (event->len == 0 || event->name[0] == '.')
                return 0;
        else if (event->mask & IN_DELETE)
                vanished(watch->manager, event->name);
        else
                appeared(watch->manager, event->name, false);
        return 0;
}

int watch_new(Manager *manager, Watch **ret, Error *reterr)
{
        Watch *watch = calloc(1, sizeof(*watch));
        uint64_t until;
        int r;

        if (!watch)
                return error_oom(reterr);
        *ret = watch;
        watch->manager = manager;
        /* Watched before it is read: nothing can slip through between. A socket is renamed into place
         * when it listens, so its appearance is the moment to connect. */
        r = sd_event_add_inotify(manager->event, &watch->source, CONTROL_DIR,
                                 IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR, on_event, watch);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot watch '%s'", CONTROL_DIR);
        r = scan(watch, true, reterr);
        if (r < 0)
                return r;
        /* Nobody is to be told "stopped" of a container that runs. A supervisor that does not answer
         * (it may be stopped by a signal) is not waited for much longer. */
        until = now_usec() + ADOPTION_USEC;
        for (Container *c = manager_containers(manager); c; c = c->next)
                supervisor_await_adoption(c, until);
        return 0;
}

Watch *watch_free(Watch *watch)
{
        if (!watch)
                return NULL;
        (void) sd_event_source_disable_unref(watch->source);
        free(watch);
        return NULL;
}
