/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/copy/copy.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/xattr.h>
#include <time.h>

#include "base/strv.h"
#include "storage/copy/private.h"

#define REPORT_INTERVAL_NSEC UINT64_C(100000000)

/* What is offered to another thread. */
typedef struct CopyTask {
        Object object;
        bool is_root;
        char path[];
} CopyTask;

void object_close(Object *object)
{
        object->from_fd = fd_close(object->from_fd);
        object->to_fd = fd_close(object->to_fd);
}

/* Puts "/PART" before what is at *at. Return: false when there is no room. */
static bool prepend(char *buffer, char **at, const char *part)
{
        size_t n = strlen(part);

        if (n == 0)
                return true;
        if ((size_t) (*at - buffer) < n + 1)
                return false;
        *at -= n;
        (void) memcpy(*at, part, n);
        *--*at = '/';
        return true;
}

/* The entry's path in the tree; of one that lies very deep, the end of it. */
static const char *entry_path(const Hand *hand, const char *name, char buffer[static PATH_MAX])
{
        char *at = buffer + PATH_MAX - 1;
        bool fits;

        *at = '\0';
        fits = !name || prepend(buffer, &at, name);
        for (const Frame *frame = hand->top; fits && frame; frame = frame->up)
                fits = prepend(buffer, &at, frame->name);
        if (fits && *hand->prefix)
                fits = prepend(buffer, &at, hand->prefix);
        if (*at == '\0')
                return ".";
        return fits ? at + 1 : at;
}

static int fail(Hand *hand, int r, const char *format, ...) _printf_(3, 4);

static int fail(Hand *hand, int r, const char *format, ...)
{
        Copy *copy = hand->copy;
        _cleanup_(free_p) char *sentence = NULL;
        va_list ap;

        va_start(ap, format);
        sentence = string_vformat(format, ap);
        va_end(ap);
        (void) pthread_mutex_lock(&copy->error_lock);
        if (copy->first == 0) {
                copy->first = r;
                (void) error_code(copy->reterr, 0, -r, "%s", sentence ? sentence : strerror(-r));
        }
        (void) pthread_mutex_unlock(&copy->error_lock);
        atomic_store(&copy->failed, true);
        return r;
}

int copy_fail(Hand *hand, int r, CopySide side, const char *what, const char *name)
{
        const TreeCopy *job = hand->copy->job;
        char path[PATH_MAX];

        return fail(hand, r, "Cannot %s '%s' in '%s': %s", what, entry_path(hand, name, path),
                    side == COPY_FROM ? job->from : job->to, strerror(-r));
}

int copy_fail_changed(Hand *hand, const char *name)
{
        char path[PATH_MAX];

        return fail(hand, -ESTALE, "Cannot copy '%s' in '%s': it was replaced meanwhile",
                    entry_path(hand, name, path), hand->copy->job->from);
}

bool copy_has_failed(const Copy *copy)
{
        return atomic_load_explicit(&copy->failed, memory_order_relaxed);
}

static uint64_t now_nsec(void)
{
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
        return (uint64_t) now.tv_sec * UINT64_C(1000000000) + (uint64_t) now.tv_nsec;
}

static CopyStats stats(const Copy *copy)
{
        return (CopyStats){ .files = copy->files, .bytes = copy->bytes, .shared = copy->shared };
}

void copy_account(Copy *copy, uint64_t files, uint64_t bytes)
{
        uint64_t now;

        (void) atomic_fetch_add_explicit(&copy->files, files, memory_order_relaxed);
        (void) atomic_fetch_add_explicit(&copy->bytes, bytes, memory_order_relaxed);
        if (!copy->job->progress)
                return;
        now = now_nsec();
        if (now < atomic_load_explicit(&copy->next_report, memory_order_relaxed) ||
            pthread_mutex_trylock(&copy->report_lock) != 0)
                return;
        if (now >= copy->next_report) {
                CopyStats done = stats(copy);

                copy->next_report = now + REPORT_INTERVAL_NSEC;
                copy->job->progress(&done, copy->job->userdata);
        }
        (void) pthread_mutex_unlock(&copy->report_lock);
}

bool copy_offer(Hand *hand, const Object *object, const char *name)
{
        char path[PATH_MAX];
        const char *text;
        CopyTask *task;

        if (!crew_wants(hand->crew))
                return false;
        text = entry_path(hand, name, path);
        task = malloc(sizeof(*task) + strlen(text) + 1);
        if (!task)
                return false;
        task->object = *object;
        task->is_root = false;
        (void) strcpy(task->path, text);
        if (crew_offer(hand->crew, task))
                return true;
        free(task);
        return false;
}

static void run_task(Crew *crew, unsigned thread, void *data, void *userdata)
{
        _cleanup_(free_p) CopyTask *task = data;
        Copy *copy = userdata;
        CopyBuffers **buffers = &copy->buffers[thread];
        Hand hand = { .copy = copy, .crew = crew, .prefix = task->path };

        if (!*buffers)
                *buffers = malloc(sizeof(**buffers));
        hand.buffers = *buffers;
        if (!hand.buffers)
                (void) copy_fail(&hand, -ENOMEM, COPY_FROM, "copy", NULL);
        if (copy_has_failed(copy))
                object_close(&task->object);
        else if (S_ISDIR(task->object.from.stx_mode))
                copy_tree_run(&hand, &task->object, task->is_root);
        else
                (void) copy_file_fill(&hand, &task->object, NULL);
}

/* What the caller's directory inherited from where it was made would be handed down to all of the copy. */
static int clear_acls(int fd)
{
        static const char *const names[] = { "system.posix_acl_default",
                                             "system.posix_acl_access" };

        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (fremovexattr(fd, names[i]) < 0 && errno != ENODATA && errno != EOPNOTSUPP)
                        return -errno;
        return 0;
}

static int root_open(Hand *hand, Object *ret)
{
        Copy *copy = hand->copy;
        struct stat to;
        int r;

        ret->from_fd = copy->job->from_fd;
        ret->to_fd = copy->job->to_fd;
        if (statx(ret->from_fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &ret->from) < 0)
                return copy_fail(hand, -errno, COPY_FROM, "read", NULL);
        if (fstat(ret->to_fd, &to) < 0)
                return copy_fail(hand, -errno, COPY_TO, "read", NULL);
        r = clear_acls(ret->to_fd);
        if (r < 0)
                return copy_fail(hand, r, COPY_TO, "remove the ACL of", NULL);
        ret->made = to.st_mode & 07777;
        copy->uid = geteuid();
        copy->gid = getegid();
        /* A directory may hand its group down. */
        copy->is_owner_known = to.st_gid == copy->gid;
        copy_early_flags(hand, ret);
        return 0;
}

/* Another pair of fds: they are read and closed as those of any other directory. */
static CopyTask *root_task(Copy *copy, const Object *root)
{
        CopyTask *task = calloc(1, sizeof(*task) + 1);

        if (!task)
                return NULL;
        task->object = *root;
        task->is_root = true;
        task->object.from_fd = copy_open_quietly(copy, root->from_fd, ".", O_RDONLY | O_DIRECTORY);
        task->object.to_fd = fcntl(root->to_fd, F_DUPFD_CLOEXEC, 3);
        if (task->object.from_fd >= 0 && task->object.to_fd >= 0)
                return task;
        object_close(&task->object);
        free(task);
        return NULL;
}

static void copy_all(Hand *hand)
{
        Copy *copy = hand->copy;
        Object root = OBJECT_NULL;
        CopyTask *task;

        if (root_open(hand, &root) < 0)
                return;
        task = root_task(copy, &root);
        if (!task) {
                (void) copy_fail(hand, -errno, COPY_FROM, "open", NULL);
                return;
        }
        crew_run(copy->job->threads, run_task, copy, task);
        hand->buffers = copy->buffers[0];
        if (copy_links_end(hand) == 0 && !copy_has_failed(copy))
                (void) copy_attributes(hand, &root, NULL);
}

int tree_copy(const TreeCopy *job, CopyStats *ret, Error *reterr)
{
        Copy copy = {
                .job = job,
                .links_lock = PTHREAD_MUTEX_INITIALIZER,
                .links_fd = -EBADF,
                .report_lock = PTHREAD_MUTEX_INITIALIZER,
                .error_lock = PTHREAD_MUTEX_INITIALIZER,
                .reterr = reterr,
        };
        Hand hand = { .copy = &copy, .prefix = "" };
        mode_t mask;

        assert(job->from && job->to);
        /* Files are made with the modes they are to have. */
        mask = umask(0);
        copy_all(&hand);
        (void) umask(mask);
        (void) fd_close(copy.links_fd);
        for (size_t i = 0; i < ELEMENTS(copy.buffers); i++)
                free(copy.buffers[i]);
        if (copy.first == 0 && ret)
                *ret = stats(&copy);
        return copy.first;
}
