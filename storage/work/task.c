/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/work/task.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "interfaces/names.h"
#include "interfaces/varlink-message.h"
#include "kernel/cgroup.h"
#include "storage/job/child.h"

#define MESSAGES_MAX 32
#define REAP_USEC (500 * USEC_PER_MSEC)

struct TaskPrivate {
        json_t *parameters;
        Child *child; /* the worker, then the collector of what a killed one left */
        int channel_fd, worker_fd;
        Source *channel;
        char group[32]; /* "": none */
        int group_fd;
        bool cancelled;
        int code, signal; /* how the worker ended */
        json_t *progress; /* the last message of it, or NULL */
        json_t *messages; /* array */
        json_t *outcome;
};

static const char *const state_names[_TASK_STATE_MAX] = {
        [TASK_RUNNING] = "running",
        [TASK_DONE] = "done",
        [TASK_FAILED] = "failed",
        [TASK_CANCELLED] = "cancelled",
};

const char *task_state_name(TaskState state)
{
        return state_names[state];
}

bool task_is_gone(const Task *task)
{
        return !task->private->child;
}

const json_t *task_outcome(const Task *task)
{
        return task->private->outcome;
}

Task *task_free(Task *task)
{
        struct TaskPrivate *private;

        if (!task)
                return NULL;
        private = task->private;
        if (private) {
                (void) child_abandon(private->child);
                (void) source_free(private->channel);
                (void) fd_close(private->channel_fd);
                (void) fd_close(private->worker_fd);
                (void) fd_close(private->group_fd);
                json_decref(private->parameters);
                json_decref(private->messages);
                json_decref(private->progress);
                json_decref(private->outcome);
                free(private);
        }
        (void) source_free(task->expiry);
        free(task->container);
        free(task->other);
        free(task);
        return NULL;
}

/* Takes `outcome`. */
static void finish(Task *task, TaskState state, json_t *outcome)
{
        if (task->state != TASK_RUNNING) {
                json_decref(outcome);
                return;
        }
        task->state = state;
        task->private->outcome = outcome;
        task->context->on_end(task, task->context->userdata);
}

static void finish_with_error(Task *task, TaskState state, const Error *error)
{
        _cleanup_(free_p) char *container = NULL, *job = NULL;

        container = string_format("CONTAINER=%s", task->container);
        job = string_format("JOB=%" PRId64, task->number);
        log_error_event(state == TASK_CANCELLED ? LOG_INFO : LOG_ERR,
                        container && job ? (const char *[]){ container, job, NULL } : NULL, error,
                        NULL);
        finish(task, state, varlink_error_internal(error, INTERFACE_WORKER));
}

static void handle_error(Task *task, json_t *message)
{
        json_t *parameters = json_object();

        if (parameters && json_object_update(parameters, message) == 0)
                (void) json_object_del(parameters, "event");
        finish(task, TASK_FAILED, varlink_error_new(INTERFACE_WORKER ".Failed", parameters));
}

static void handle_message(Task *task, json_t *message)
{
        struct TaskPrivate *private = task->private;
        const char *event = json_string_value(json_object_get(message, "event"));

        if (task->state != TASK_RUNNING)
                return;
        if (streq(event, "end")) {
                finish(task, TASK_DONE, varlink_reply_new(json_incref(message), false));
                return;
        }
        if (streq(event, "error")) {
                handle_error(task, message);
                return;
        }
        if (streq(event, "progress")) {
                json_decref(private->progress);
                private->progress = json_incref(message);
        }
        if (streq(event, "message") && json_array_size(private->messages) < MESSAGES_MAX)
                (void) json_array_append(private->messages, message);
        task->context->on_event(task, message, task->context->userdata);
}

static void drain_channel(Task *task)
{
        struct TaskPrivate *private = task->private;

        for (;;) {
                json_t *message;
                int r = report_read(private->channel_fd, &message);

                if (r == 0)
                        return;
                if (r == -EBADMSG)
                        continue;
                if (r < 0) {
                        private->channel = source_free(private->channel);
                        return;
                }
                handle_message(task, message);
                json_decref(message);
        }
}

static int on_channel(Source *source, int fd, uint32_t events, void *userdata)
{
        drain_channel(userdata);
        return 0;
}

/* What a template left running goes with its job. */
static void reap_group(Task *task)
{
        struct TaskPrivate *private = task->private;

        if (!private->group[0])
                return;
        private->group_fd = fd_close(private->group_fd);
        (void) cgroup_reap(task->context->group_fd, private->group, now_usec() + REAP_USEC);
}

static void finish_killed(Task *task)
{
        const struct TaskPrivate *private = task->private;
        _cleanup_(error_done) Error error = ERROR_NULL;

        if (private->cancelled) {
                (void) error_public(&error, ERROR_CANCELLED, "The job on '%s' was cancelled",
                                    task->container);
                finish_with_error(task, TASK_CANCELLED, &error);
                return;
        }
        if (private->signal > 0)
                (void) error_code(&error, ERROR_FAILED, EIO,
                                  "The job on '%s' was killed by signal %d", task->container,
                                  private->signal);
        else
                (void) error_code(&error, ERROR_FAILED, EIO,
                                  "The job on '%s' ended without a result (exit status %d)",
                                  task->container, private->code);
        finish_with_error(task, TASK_FAILED, &error);
}

static void on_collector_end(int code, int sig, void *userdata)
{
        Task *task = userdata;

        task->private->child = NULL;
        drain_channel(task);
        if (task->state == TASK_RUNNING)
                finish_killed(task);
        task->context->on_gone(task, task->context->userdata);
}

static JobRequest job_request(const Task *task)
{
        return (JobRequest){
                .container = task->container,
                .parameters = task->private->parameters,
                .lock_dir = task->context->lock_dir,
                .container_path = task->context->container_path,
                .template_directories = task->context->template_directories,
                .unit_directories = task->context->unit_directories,
                .host_mounts = "/proc/1/ns/mnt",
        };
}

static int worker_main(void *userdata)
{
        Task *task = userdata;
        Report report = { .fd = task->private->worker_fd };
        JobRequest request = job_request(task);

        return job_run(task->kind, &request, &report) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

void task_sync(const Task *task)
{
        const JobRequest request = job_request(task);

        if (task->state == TASK_DONE && !task_is_gone(task))
                job_sync(task->kind, &request);
}

static int collector_main(void *userdata)
{
        Task *task = userdata;
        Report report = { .fd = task->private->worker_fd };
        JobRequest request = job_request(task);

        job_settle(task->kind, &request, &report);
        return 0;
}

/* A process of the task, which reports over a socket of its own. Return: 0, -errno. */
static int start_process(Task *task, ChildSpec *spec)
{
        struct TaskPrivate *private = task->private;
        int pair[2], r;

        private->channel = source_free(private->channel);
        private->channel_fd = fd_close(private->channel_fd);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        private->channel_fd = pair[0];
        private->worker_fd = pair[1];
        spec->keep_fd = private->worker_fd;
        spec->userdata = task;
        r = loop_add_fd(task->context->loop, private->channel_fd, EPOLLIN, on_channel, task,
                        &private->channel);
        if (r == 0)
                r = child_start(task->context->loop, spec, &private->child);
        private->worker_fd = fd_close(private->worker_fd);
        return r;
}

static void on_worker_end(int code, int sig, void *userdata)
{
        Task *task = userdata;
        ChildSpec collector = {
                .group_fd = -EBADF,
                .main = collector_main,
                .end = on_collector_end,
        };

        task->private->child = NULL;
        task->private->code = code;
        task->private->signal = sig;
        drain_channel(task);
        reap_group(task);
        /* The end is told when what it made is gone, or when what it had begun is done. It may also
         * have been killed after its end, while it removed things. */
        if ((task->state == TASK_RUNNING || sig > 0) && start_process(task, &collector) == 0)
                return;
        if (task->state == TASK_RUNNING)
                finish_killed(task);
        task->context->on_gone(task, task->context->userdata);
}

/* Best effort: without a delegated group the worker alone can be killed, which takes its template
 * along, but not what the template started. */
static void make_group(Task *task)
{
        struct TaskPrivate *private = task->private;

        if (task->context->group_fd < 0)
                return;
        (void) snprintf(private->group, sizeof(private->group), "job-%" PRId64, task->number);
        private->group_fd = cgroup_make(task->context->group_fd, private->group, NULL);
        if (private->group_fd < 0)
        private->group[0] = '\0';
}

static int start_worker(Task *task, Error *reterr)
{
        ChildSpec spec = { .main = worker_main, .end = on_worker_end };
        int r;

        make_group(task);
        spec.group_fd = task->private->group_fd;
        r = start_process(task, &spec);
        if (r < 0) {
                reap_group(task);
                return error_errno(reterr, -r, "Cannot start a worker process");
        }
        return 0;
}

int task_start(const TaskContext *context, const TaskSpec *spec, Task **ret, Error *reterr)
{
        _cleanup_(task_free_p) Task *task = calloc(1, sizeof(*task));
        int r;

        if (!task)
                return error_oom(reterr);
        *task = (Task){
                .context = context,
                .number = spec->number,
                .kind = spec->kind,
                .owner = spec->owner,
                .container = strdup(spec->container),
                .other = spec->other ? strdup(spec->other) : NULL,
                .private = calloc(1, sizeof(struct TaskPrivate)),
        };
        if (!task->container || (spec->other && !task->other) || !task->private)
                return error_oom(reterr);
        *task->private = (struct TaskPrivate){
                .parameters = json_incref(spec->parameters),
                .channel_fd = -EBADF,
                .worker_fd = -EBADF,
                .group_fd = -EBADF,
                .messages = json_array(),
        };
        r = start_worker(task, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(task);
        return 0;
}

void task_cancel(Task *task)
{
        struct TaskPrivate *private = task->private;

        if (task->state != TASK_RUNNING || !private->child || private->cancelled)
                return;
        private->cancelled = true;
        if (private->group_fd >= 0)
                (void) cgroup_kill(private->group_fd);
        (void) child_kill(private->child, SIGKILL);
}

json_t *task_history(const Task *task)
{
        _cleanup_(json_decref_p) json_t *history = json_copy(task->private->messages);
        json_t *progress = task->private->progress
                                   ? json_incref(task->private->progress)
                                   : json_pack("{s:s,s:f}", "event", "progress", "progress", -1.0);

        if (!history || json_array_append_new(history, progress) < 0)
                return NULL;
        return json_incref(history);
}
