/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/registry.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/strv.h"
#include "container/emit.h"
#include "container/manager.h"
#include "container/supervisor.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"
#include "interfaces/unsynced.h"
#include "storage/owner.h"

#define ROOT_EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)
#define PLACE_EVENTS                                                                               \
        (IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |        \
         IN_ONLYDIR)

/* A directory of the container path; a container when it has a config. */
typedef struct Place {
        Registry *registry;
        char *name;
        sd_event_source *watch;
} Place;

struct Registry {
        Manager *manager;
        Container **sorted; /* by id; linked by ->next, too */
        size_t n;
        void *places; /* tree of Place by name */
        sd_event_source *watch;
        sd_event_source *settle; /* looks at those that are unsettled */
        bool quiet;              /* the first scan is no news */
};

/* Where the id stands or belongs. */
static size_t position(const Registry *registry, const char *id)
{
        size_t low = 0, high = registry->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(registry->sorted[middle]->id, id) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

Container *registry_find(Registry *registry, const char *id)
{
        size_t i = position(registry, id);

        return i < registry->n && streq(registry->sorted[i]->id, id) ? registry->sorted[i] : NULL;
}

Container *registry_first(Registry *registry)
{
        return registry->n > 0 ? registry->sorted[0] : NULL;
}

static void relink(Registry *registry, size_t from)
{
        for (size_t i = from > 0 ? from - 1 : 0; i < registry->n; i++)
                registry->sorted[i]->next = i + 1 < registry->n ? registry->sorted[i + 1] : NULL;
}

static int insert(Registry *registry, Container *container)
{
        Container **grown;
        size_t i;

        grown = realloc(registry->sorted, (registry->n + 1) * sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        registry->sorted = grown;
        i = position(registry, container->id);
        memmove(grown + i + 1, grown + i, (registry->n - i) * sizeof(*grown));
        grown[i] = container;
        registry->n++;
        if (registry->quiet)
                return 0; /* linked once, at the end of the scan */
        relink(registry, i);
        return 0;
}

static void drop(Registry *registry, Container *container)
{
        size_t i = position(registry, container->id);

        registry->n--;
        memmove(registry->sorted + i, registry->sorted + i + 1,
                (registry->n - i) * sizeof(Container *));
        relink(registry, i);
        emit_container_removed(container);
        if (container->doomed)
                manager_forget(registry->manager, container->id, true);
        (void) container_free(container);
}

static void set_broken(Container *container, const char *reason)
{
        Registry *registry = container->manager->registry;

        if (streq0(container->broken, reason))
                return;
        (void) string_set(&container->broken, reason);
        if (registry && !registry->quiet)
                emit_container_changed(container, CONTAINER_CHANGED_BROKEN);
}

static void config_path(const Container *container, char ret[static PATH_MAX])
{
        if (snprintf(ret, PATH_MAX, "%s/config", container->directory) >= PATH_MAX)
                ret[0] = '\0';
}

/* An owner that cannot be read must not silently be another one. */
static int load_owner(Container *container, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;

        container->owner = 0;
        fd = open(container->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOTDIR)
                return error_public(reterr, ERROR_CONTAINER_BROKEN,
                                    "'%s' is a symbolic link; a container is a directory",
                                    container->directory);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open '%s'", container->directory);
        return owner_read(fd, &container->owner, reterr);
}

/* It can be seen, and done away with. */
static int check_name(const Container *container, Error *reterr)
{
        _cleanup_(error_done) Error error = ERROR_NULL;

        if (container_name_check(container->name, &error) == 0)
                return 0;
        return error_public(reterr, ERROR_INVALID_NAME, "%s; %s", error_message(&error),
                            container_id_check_any(container->name, NULL) == 0
                                    ? "rename or destroy it"
                                    : "rename or remove its directory by hand");
}

static void load(Container *container)
{
        ConfigSummary summary = { 0 };
        char path[PATH_MAX];
        Error error = ERROR_NULL;

        config_path(container, path);
        if (config_summary_load(path, &summary) < 0)
                return;
        config_summary_done(&container->summary);
        container->summary = summary;
        if (check_name(container, &error) < 0 || load_owner(container, &error) < 0 ||
            unsynced_check(container->directory, &error) < 0)
                set_broken(container, error_message(&error));
        else
                set_broken(container, summary.broken);
        error_done(&error);
}

void registry_refresh(Container *container)
{
        if (!config_summary_is_current(&container->summary))
                load(container);
}

static bool place_has_config(Registry *registry, const char *name)
{
        char path[PATH_MAX];
        struct stat st;

        if (snprintf(path, sizeof(path), "%s/%s/config", registry->manager->container_path, name) >=
            (int) sizeof(path))
                return false;
        return lstat(path, &st) == 0;
}

static Container *add(Registry *registry, const char *id, const char *name, const char *directory)
{
        Container *container = container_new(registry->manager, id, name, directory);

        if (!container)
                return NULL;
        load(container);
        supervisor_adopt_record(container);
        if (insert(registry, container) < 0)
                return container_free(container);
        if (!registry->quiet)
                emit_container_added(container);
        return container;
}

static int compare_place(const void *a, const void *b)
{
        const Place *x = a, *y = b;

        return strcmp(x->name, y->name);
}

static Place *find_place(const Registry *registry, const char *name)
{
        Place key = { .name = (char *) name };
        void *node = tfind(&key, &registry->places, compare_place);

        return node ? *(Place **) node : NULL;
}

/* The container of a directory, as it stands on disk now. */
static void check_place(Registry *registry, const char *name)
{
        Container *container = registry_find(registry, name);
        char directory[PATH_MAX];

        if (find_place(registry, name) && place_has_config(registry, name)) {
                if (container) {
                        load(container);
                        return;
                }
                (void) snprintf(directory, sizeof(directory), "%s/%s",
                                registry->manager->container_path, name);
                (void) add(registry, name, name, directory);
                return;
        }
        if (!container)
                return;
        if (state_is_active(container->state))
                set_broken(container, "its directory or config was removed");
        /* Whoever waits for its end hears of that first: registry_settle(). */
        else if (!container->operation)
                drop(registry, container);
}

/* Not a link to a file that is complete, nor anything else that will never be written. */
static bool is_new_file(const Place *place)
{
        char path[PATH_MAX];
        struct stat st;

        (void) snprintf(path, sizeof(path), "%s/%s/config",
                        place->registry->manager->container_path, place->name);
        return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

/* Whether the container can be used, or what it is. */
static bool decides(const struct inotify_event *event)
{
        return event->len > 0 && (streq(event->name, "config") ||
                                  ((event->mask & IN_DELETE) && streq(event->name, UNSYNCED_MARK)));
}

static int
on_place_event(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
        Place *place = userdata;

        if (!(event->mask & IN_Q_OVERFLOW) && !decides(event))
                return 0;
        /* It is read when it is written. */
        if ((event->mask & IN_CREATE) && is_new_file(place))
                return 0;
        check_place(place->registry, place->name);
        return 0;
}

static void place_free(void *userdata)
{
        Place *place = userdata;

        (void) sd_event_source_disable_unref(place->watch);
        free(place->name);
        free(place);
}

static void remove_place(Registry *registry, const char *name)
{
        Place *place = find_place(registry, name);

        if (!place)
                return;
        (void) tdelete(place, &registry->places, compare_place);
        place_free(place);
}

/* Temporary names of a job that builds, and the trash, begin with a dot; ids of containers that lie
 * elsewhere with a dash. A symlink is followed here: its container shows as one that cannot be used,
 * and why. */
static bool is_place(Registry *registry, const char *name)
{
        char path[PATH_MAX];
        struct stat st;

        if (name[0] == '.' || name[0] == '-')
                return false;
        if (snprintf(path, sizeof(path), "%s/%s", registry->manager->container_path, name) >=
            (int) sizeof(path))
                return false;
        return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static Place *place_new(Registry *registry, const char *name)
{
        Place *place = calloc(1, sizeof(*place));

        if (!place)
                return NULL;
        place->registry = registry;
        place->name = strdup(name);
        if (place->name && tsearch(place, &registry->places, compare_place))
                return place;
        place_free(place);
        return NULL;
}

static void add_place(Registry *registry, const char *name)
{
        char path[PATH_MAX];
        Place *place;
        int r;

        if (find_place(registry, name))
                return;
        place = place_new(registry, name);
        (void) snprintf(path, sizeof(path), "%s/%s", registry->manager->container_path, name);
        r = place ? sd_event_add_inotify(registry->manager->event, &place->watch, path,
                                         PLACE_EVENTS, on_place_event, place)
                  : -ENOMEM;
        /* It may be gone already. */
        if (r < 0 && r != -ENOENT)
                log_event(LOG_WARNING, NULL,
                          "Cannot watch '%s', changes of its config go unseen: %s", path,
                          strerror(-r));
}

void registry_check(Registry *registry, const char *name)
{
        /* The name may be another directory than before. */
        remove_place(registry, name);
        if (is_place(registry, name))
                add_place(registry, name);
        check_place(registry, name);
}

static int scan(Registry *registry, Error *reterr)
{
        _cleanup_(closedir_p) DIR *dir = opendir(registry->manager->container_path);
        struct dirent *entry;

        if (!dir)
                return error_errno(reterr, errno, "Cannot read the container path '%s'",
                                   registry->manager->container_path);
        while ((entry = readdir(dir)))
                if (is_place(registry, entry->d_name)) {
                        add_place(registry, entry->d_name);
                        check_place(registry, entry->d_name);
                }
        relink(registry, 0);
        return 0;
}

static void check_gone(Registry *registry)
{
        for (size_t i = registry->n; i-- > 0;)
                if (registry->sorted[i]->id[0] != '-')
                        check_place(registry, registry->sorted[i]->id);
}

static int on_root_event(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
        Registry *registry = userdata;
        Error error = ERROR_NULL;

        if (event->mask & (IN_Q_OVERFLOW | IN_IGNORED)) {
                check_gone(registry);
                if (scan(registry, &error) < 0)
                        log_error_event(LOG_ERR, NULL, &error, NULL);
                error_done(&error);
        } else if (event->len > 0 && event->name[0] != '.')
                registry_check(registry, event->name);
        return 0;
}

void registry_settle(Registry *registry, Container *container)
{
        if (state_is_active(container->state) || container->operation)
                return;
        if (container->id[0] != '-') {
                if (!find_place(registry, container->id) ||
                    !place_has_config(registry, container->id))
                        check_place(registry, container->id);
        } else if (!container->supervisor)
                drop(registry, container);
}

static int on_settle(sd_event_source *source, void *userdata)
{
        Registry *registry = userdata;

        for (size_t i = registry->n; i-- > 0;) {
                Container *container = registry->sorted[i];

                if (!container->unsettled)
                        continue;
                container->unsettled = false;
                registry_settle(registry, container);
        }
        return 0;
}

void registry_settle_later(Container *container)
{
        Registry *registry = container->manager->registry;

        container->unsettled = true;
        if (registry && registry->settle)
                (void) sd_event_source_set_enabled(registry->settle, SD_EVENT_ONESHOT);
}

int registry_new(Manager *manager, Registry **ret, Error *reterr)
{
        Registry *registry = calloc(1, sizeof(*registry));
        int r;

        if (!registry)
                return error_oom(reterr);
        *ret = registry;
        registry->manager = manager;
        registry->quiet = true;
        r = sd_event_add_inotify(manager->event, &registry->watch, manager->container_path,
                                 ROOT_EVENTS, on_root_event, registry);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot watch the container path '%s'",
                                   manager->container_path);
        r = sd_event_add_defer(manager->event, &registry->settle, on_settle, registry);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot watch the container path '%s'",
                                   manager->container_path);
        r = scan(registry, reterr);
        registry->quiet = false;
        return r;
}

Registry *registry_free(Registry *registry)
{
        if (!registry)
                return NULL;
        (void) sd_event_source_disable_unref(registry->watch);
        (void) sd_event_source_disable_unref(registry->settle);
        registry->settle = NULL;
        tdestroy(registry->places, place_free);
        for (size_t i = 0; i < registry->n; i++)
                (void) container_free(registry->sorted[i]);
        free(registry->sorted);
        free(registry);
        return NULL;
}

Container *registry_ensure(Registry *registry, const char *id)
{
        _cleanup_(free_p) char *directory = NULL, *name = NULL;
        Container *container = registry_find(registry, id);

        if (container)
                return container;
        if (container_id_locate(id, registry->manager->container_path, &directory, &name, NULL) < 0)
                return NULL;
        return add(registry, id, name, directory);
}
